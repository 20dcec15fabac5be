//! `sso-login key-set`: a key that is stored only if it works.
//!
//! Set, unlock, get, relock: only when all four held there is a key, until then one on trial that nobody else sees.
//! Whatever fails on the way leaves key, config and cache as they were, and no session behind.

mod args;
pub(crate) mod prompter;
mod recovery_log;
mod reporter;
mod rollback;
pub(crate) mod running;
mod scratch;
mod site;
pub(crate) mod stop;
pub(crate) mod tools;
mod vault;
mod wizard;

use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;
use sso_lock::{Lock, Outcome};
use sso_profile::key::{self, Look, Slug, Standing, VaultName};
use sso_profile::{AwsConfig, Sso};
use sso_tool::exit::{Exit, Fault, status_of, warn};
use sso_tool::recipe::Recipe;
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::stream::Document;

pub use self::args::{KeySetArgs, SetUp};

use self::running::Said;
use self::stop::is_cancelled;
use self::tools::{Call, Tools};
use self::vault::{Vault, adapter};
use crate::interrupt::Interrupt;
use crate::session::cached::Session;
use crate::session::consent_forecast::foresee;
use crate::session::obtain::{HowFar, Want, obtain};
use crate::session::waiting;
use prompter::Answers;
use recovery_log::RecoveryLog;
use reporter::Reporter;
use rollback::Undo;

/// Sets a key, one process at a time.
pub fn run(args: &KeySetArgs, settings: &Settings) -> anyhow::Result<Exit> {
    let slug = Slug::new(&args.env, &args.key).map_err(|why| Fault::new(Exit::Usage, why))?;
    // Two at once would lock each other's session in the middle of a proof. A signal ends the wait for it, as ever.
    let lock = Lock::of(settings, "key-set")?;
    let timeout = args.timeout.unwrap_or_else(|| settings.login_timeout());
    let is_told = io::stderr().is_terminal();
    let guard = match waiting::acquire(settings, &lock, "sso-login key-set", timeout, is_told)? {
        Outcome::Held(guard) => guard,
        Outcome::Busy(owner) => {
            let holder = owner.map_or_else(String::new, |owner| format!(": {}", owner.in_words()));
            let message = format!("another key is being set{holder}");
            return Err(Fault::new(Exit::TryLater, message).hint("sso-lock status key-set").into());
        }
    };
    let exit = try_out(args, &slug, &Interrupt::hold()?, settings);
    guard.release()?;
    exit
}

fn try_out(
    args: &KeySetArgs,
    slug: &Slug,
    interrupt: &Interrupt,
    settings: &Settings,
) -> anyhow::Result<Exit> {
    scratch::sweep(settings, |left| recovery_log::follow(left, settings))?;
    // A vault without profiles needs no config.
    let config = config_file(settings).ok();
    let trail = RecoveryLog::begin(slug, config.as_deref(), settings)?;
    let mut round = Round {
        args,
        set_up: args.set_up.clone(),
        settings,
        slug,
        answers: Answers::new(interrupt),
        tools: Tools::new(interrupt),
        told: Reporter::new(slug, args.text),
        undo: Undo { trail: Some(trail), ..Undo::default() },
        has_logged_in: false,
        session_end: None,
    };
    let err = match round.trip() {
        // It is kept: whoever doesn't read that anymore takes nothing back.
        Ok((words, document)) => {
            round.told.end(&words, &document)?;
            return Ok(Exit::Done);
        }
        Err(err) => err,
    };
    let undo = std::mem::take(&mut round.undo);
    let is_kept = key::is_kept(slug, settings).unwrap_or_default();
    let what = if is_kept { "stays as it was" } else { "is not stored" };
    let left = undo.run(slug, settings, &round.tools);
    if is_cancelled(&err) && left.is_empty() {
        let document = Document::new().with("slug", slug.to_string()).with("cancelled", true);
        round.told.end("nothing was chosen, and nothing is stored", &document)?;
        return Ok(Exit::No);
    }
    let mut message = format!("key `{slug}` {what}: {err:#}");
    for what in left {
        message = format!("{message}; {what}");
    }
    Err(Fault::reworded(&err, message).into())
}

/// One round trip under way.
struct Round<'a> {
    args: &'a KeySetArgs,
    /// What is known of a profile to be set up.
    set_up: SetUp,
    settings: &'a Settings,
    slug: &'a Slug,
    answers: Answers<'a>,
    tools: Tools<'a>,
    told: Reporter,
    undo: Undo,
    /// Whether a person has logged in for this.
    has_logged_in: bool,
    /// What becomes of the session, once that is decided.
    session_end: Option<SessionEnd>,
}

/// What becomes of a session when its key has proven itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SessionEnd {
    /// It is logged out: the key is locked.
    LoggedOut,
    /// It stays logged in: the key is unlocked.
    Kept,
}

impl Round<'_> {
    /// Answers what to say at the end, to people and to programs.
    fn trip(&mut self) -> anyhow::Result<(String, Document)> {
        let vault = adapter(self.args.vault);
        let reference = vault.reference(self)?;
        self.set(&reference).with_step("set")?;
        let held = vault.unlock(self, &reference).with_step("unlock")?;
        self.told.step("unlock", &held.words, &held.more)?;
        let proof = self.get(vault, &reference).with_step("get")?;
        self.relock(vault, &reference).with_step("relock")?;
        self.keep(&reference)?;

        let (state, words) = if vault.locks() && self.keeps_session() {
            ("granted", " Its session stays logged in.".to_owned())
        } else if vault.locks() {
            ("locked", format!(" It is locked now; to unlock it: {}", Recipe::Unlock(&self.args.env)))
        } else {
            ("granted", String::new())
        };
        let mut document = self.described(&reference).with("state", state);
        document.extend(proof.iter().map(|(key, value)| (key.clone(), value.clone())));
        Ok((format!("{} is stored, and works.{words}", self.slug), document))
    }

    fn set(&mut self, reference: &str) -> anyhow::Result<()> {
        self.undo.is_on_trial = true;
        self.store(reference, Standing::OnTrial)?;
        self.tools.check()?;
        let vault = self.args.vault.as_str();
        let words = format!("{} points at {reference} in {vault}", self.slug);
        self.told.step("set", &words, &Document::new().with("vault", vault).with("reference", reference))
    }

    /// Makes it a key. Who is told to end now gets that in between: it is kept, or it is not.
    fn keep(&self, reference: &str) -> anyhow::Result<()> {
        self.store(reference, Standing::Kept)
    }

    fn store(&self, reference: &str, standing: Standing) -> anyhow::Result<()> {
        key::set(self.slug, self.args.vault, reference, standing, self.settings).map(drop)
    }

    fn get(&mut self, vault: &dyn Vault, reference: &str) -> anyhow::Result<Document> {
        let Look { document, end } = self.look()?;
        if end? == Exit::No {
            let why = document.text("reason")?.unwrap_or("it has no value").to_owned();
            return Err(Fault::new(Exit::Config, why).into());
        }
        let value = document.text("value")?.context("the key has no value")?;
        let held = vault.prove(self, reference, value)?;
        self.told.step("get", &held.words, &held.more)?;
        Ok(held.more)
    }

    fn relock(&mut self, vault: &dyn Vault, reference: &str) -> anyhow::Result<()> {
        let held = vault.relock(self, reference)?;
        let exit = self.look()?.end.unwrap_or_else(|fault| status_of(&fault.into()));
        let is_locked = vault.locks() && !self.keeps_session();
        let expected = if is_locked { Exit::LoginRequired } else { Exit::Done };
        if exit != expected {
            let message = format!("afterwards its status is {} instead of {}", exit.code(), expected.code());
            return Err(Fault::new(Exit::Io, message).into());
        }
        self.told.step("relock", &held.words, &held.more)
    }

    fn look(&self) -> anyhow::Result<Look> {
        self.tools.check()?;
        key::look(self.slug, Standing::OnTrial, self.settings)
    }

    fn described(&self, reference: &str) -> Document {
        let mut document = Document::new();
        if self.args.vault != VaultName::Env {
            document.set("profile", reference);
        }
        document
            .with("slug", self.slug.to_string())
            .with("env", self.args.env.as_str())
            .with("key", self.args.key.as_str())
            .with("vault", self.args.vault.as_str())
            .with("reference", reference)
    }

    /// Ensures the session of a profile: `aws sso login --profile …`, unless somebody wants another way.
    ///
    /// Also where the session is valid, if the next login would be the one that asks for consent: that is to happen
    /// here, where a person expects it, and not when the key is unlocked some day.
    fn log_in(&mut self, profile: &str, scratch: Option<&Path>) -> anyhow::Result<Said> {
        self.decide_session_end(profile, scratch)?;
        let is_forced = !self.has_logged_in && self.would_register(profile, scratch)?;
        let call = Call::login(self.args.via.word(), is_forced, self.args.no_browser, self.args.timeout);
        let call = call.about(Document::new().with("profile", profile)).shown();
        let tools = match scratch {
            Some(config) => self.tools.with_config(config),
            None => self.tools,
        };
        let said = tools.run_with(&call, |event| self.told.event(event))?;
        if said.exit == Exit::Done {
            self.has_logged_in |= is_login(&said);
            if !self.has_logged_in
                && let Some(login) = &mut self.undo.login
            {
                // A session that was there, renewed maybe, is not ours to end.
                login.was_there = true;
            }
        }
        Ok(said)
    }

    fn keeps_session(&self) -> bool {
        self.session_end == Some(SessionEnd::Kept)
    }

    /// Decides, before the first login, whether the session ends with the round trip. One that is valid is in use: ending it
    /// logs all its profiles out, so a person at a terminal is asked, and elsewhere it is said.
    fn decide_session_end(&mut self, profile: &str, scratch: Option<&Path>) -> anyhow::Result<()> {
        if self.session_end.is_some() {
            return Ok(());
        }
        self.session_end = Some(SessionEnd::LoggedOut);
        if self.args.keep_session {
            self.session_end = Some(SessionEnd::Kept);
            return Ok(());
        }
        let Some(sso) = config_of(scratch, self.settings)?.known_profile(profile)?.sso else { return Ok(()) };
        if obtain(&Session::new(self.settings, &sso)?, Want::Valid, HowFar::Cached)?.cached().is_none() {
            return Ok(());
        }
        let session = sanitize(sso.session.as_deref().unwrap_or(&sso.start_url));
        let is_same = |other: &Sso| other.session == sso.session && other.start_url == sso.start_url;
        let config = AwsConfig::load(self.settings)?;
        let users: Vec<_> = config
            .profiles()
            .filter(|(_, profile)| {
                profile.as_ref().is_ok_and(|profile| profile.sso.as_ref().is_some_and(is_same))
            })
            .map(|(name, _)| sanitize(name))
            .collect();
        let users = if users.is_empty() { "no profile".to_owned() } else { users.join(", ") };
        if self.answers.is_somebody_there() {
            let question = format!(
                "Session \"{session}\" is in use ({users}). Log it out at the end, which proves that the key locks?"
            );
            if !self.answers.agrees(&question)? {
                self.session_end = Some(SessionEnd::Kept);
            }
            return Ok(());
        }
        let message = format!(
            "session \"{session}\" is in use ({users}) and is logged out at the end; --keep-session leaves it logged in"
        );
        warn(self.settings.tool(), &message);
        Ok(())
    }

    fn would_register(&self, profile: &str, scratch: Option<&Path>) -> anyhow::Result<bool> {
        let config = config_of(scratch, self.settings)?;
        let profile = config.known_profile(profile)?;
        let forecast = foresee(self.settings, &profile, self.args.via, !self.args.no_browser)?;
        Ok(forecast.is_some_and(|forecast| forecast.is_new()))
    }
}

/// The person's config, or the copy of it that a set-up works with.
fn config_of(copy: Option<&Path>, settings: &Settings) -> anyhow::Result<AwsConfig> {
    match copy {
        Some(path) => {
            AwsConfig::of_text(&fs::read_to_string(path).context("cannot read the copy of the config")?)
        }
        None => AwsConfig::load(settings),
    }
}

/// Whether the answer of a login is one of a login, not of a session that was there.
fn is_login(said: &Said) -> bool {
    let text = |key| said.document.get(key).and_then(Value::as_str);
    text("outcome") != Some(sso_tool::outcome::Outcome::Valid.word()) && text("via") != Some("refresh")
}

/// The config file that gets the profile.
fn config_file(settings: &Settings) -> anyhow::Result<PathBuf> {
    let nowhere = || {
        Fault::new(Exit::Config, "AWS_CONFIG_FILE is set and empty: there is no file to write")
            .hint("unset AWS_CONFIG_FILE")
    };
    Ok(sso_profile::config_file::config_path(settings)?.ok_or_else(nowhere)?)
}

/// Says in which step it failed; status and hint stay.
trait WithStep<T> {
    fn with_step(self, step: &str) -> anyhow::Result<T>;
}

impl<T> WithStep<T> for anyhow::Result<T> {
    fn with_step(self, step: &str) -> Self {
        self.map_err(|err| {
            if is_cancelled(&err) {
                return err;
            }
            Fault::reworded(&err, format!("{step}: {err:#}")).into()
        })
    }
}
