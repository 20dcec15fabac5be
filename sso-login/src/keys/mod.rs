//! `sso-login key-set`: a key that is stored only if it works.
//!
//! Set, unlock, get, relock: only when all four held there is a key, until then one on trial that nobody else sees.
//! Whatever fails on the way leaves key, config and cache as they were, and no session behind.

mod args;
mod config_change;
mod keepsake;
mod recovery_log;
mod reporter;
mod rollback;
mod steps;
mod vault;
mod wizard;

use std::io::{self, IsTerminal as _};

use anyhow::Context as _;
use serde_json::Value;
use sso_lock::{Lock, Outcome};
use sso_profile::key::{self, Slug, VaultName};
use sso_profile::{AwsConfig, Sso};
use sso_tool::exit::{Exit, Fault, warn};
use sso_tool::recipe::Recipe;
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::stream::Document;

pub use self::args::{KeySetArgs, SetUp};

use self::config_change::ConfigChange;
use self::keepsake::Login;
use self::recovery_log::RecoveryLog;
use self::reporter::Reporter;
use self::rollback::Stopped;
use self::steps::steps;
use self::vault::adapter;
use crate::interrupt::{self, Interrupt};
use crate::login::consent_forecast::foresee;
use crate::session::cached::Session;
use crate::session::obtain::{HowFar, Want, obtain};
use crate::session::waiting;
use crate::setup::config_copy::{config_file, sweep};
use crate::setup::login_process::{LoginEnd, LoginProcess};
use crate::setup::portal_session::PortalSession;
use crate::setup::prompter::Answers;
use crate::setup::stop::is_cancelled;

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
            let holder = waiting::in_words(owner.as_ref());
            let message = format!("another key is being set: {holder}");
            return Err(Fault::new(Exit::TryLater, message).hint(lock.help(owner.as_ref())).into());
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
    sweep(settings, |left| {
        recovery_log::follow(left, settings);
        true
    })?;
    // A vault without profiles needs no config.
    let config = config_file(settings).ok();
    let trail = RecoveryLog::begin(slug, config.as_deref(), settings)?;
    let mut round = Round {
        args,
        set_up: args.set_up.clone(),
        settings,
        slug,
        interrupt,
        answers: Answers::new(interrupt),
        told: Reporter::new(slug, args.text),
        reference: String::new(),
        portal: None,
        role: Document::new(),
        proof: Document::new(),
        has_logged_in: false,
        session_end: None,
        trail: Some(trail),
        login: None,
        unlocked: None,
        config_change: None,
    };
    let ended_calls = interrupt.end_calls();
    let (steps, begun) = match adapter(args.vault).reference(&mut round) {
        Ok(reference) => {
            let sets_up = reference.is_none();
            round.reference = reference.unwrap_or_default();
            (steps(sets_up), Ok(()))
        }
        Err(err) => (Vec::new(), Err(Stopped::at_once(err))),
    };
    let Err(stopped) = begun.and_then(|()| rollback::forward(&steps, &mut round, interrupt::check)) else {
        // The key is kept: whoever doesn't read that anymore takes nothing back.
        let (words, document) = round.outcome();
        round.told.end(&words, &document)?;
        return Ok(Exit::Done);
    };
    // No signal stops what is undone.
    drop(ended_calls);
    let is_kept = key::is_kept(slug, settings).unwrap_or_default();
    let what = if is_kept { "stays as it was" } else { "is not stored" };
    // The log's room is for what follows.
    drop(round.trail.take());
    let left = stopped.undo(&mut round);
    if is_cancelled(&stopped.why) && left.is_empty() {
        let document = Document::new().with("slug", slug.to_string()).with("cancelled", true);
        round.told.end("nothing was chosen, and nothing is stored", &document)?;
        return Ok(Exit::No);
    }
    let mut message = format!("key `{slug}` {what}: {:#}", stopped.why);
    for err in left {
        message = format!("{message}; {err:#}");
    }
    Err(Fault::reworded(&stopped.why, message).into())
}

/// One round trip under way.
struct Round<'a> {
    args: &'a KeySetArgs,
    /// What is known of a profile to be set up.
    set_up: SetUp,
    settings: &'a Settings,
    slug: &'a Slug,
    interrupt: &'a Interrupt,
    answers: Answers<'a>,
    told: Reporter,
    /// What the key points at, once that is known.
    reference: String,
    /// Where to log in for a new profile.
    portal: Option<PortalSession>,
    /// The account and the role of a new profile.
    role: Document,
    /// What the proof of the key found.
    proof: Document,
    /// Whether a person has logged in for this.
    has_logged_in: bool,
    /// What becomes of the session, once that is decided.
    session_end: Option<SessionEnd>,
    /// What tells the next one, if this is killed.
    trail: Option<RecoveryLog>,
    /// A login for the set-up, or to unlock, that may have to be undone.
    login: Option<Login>,
    /// A profile whose vault was unlocked for a key that may fail yet.
    unlocked: Option<String>,
    /// A profile that may be written.
    config_change: Option<ConfigChange>,
}

/// What becomes of a session when its key has proven itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SessionEnd {
    /// Logged out: the key is locked.
    LoggedOut,
    /// Still logged in: the key is unlocked.
    Kept,
}

impl Round<'_> {
    /// What to say at the end, to people and to programs.
    fn outcome(&self) -> (String, Document) {
        let (state, words) = if !adapter(self.args.vault).locks() {
            ("granted", String::new())
        } else if self.keeps_session() {
            ("granted", " Its session stays logged in.".to_owned())
        } else {
            ("locked", format!(" It is locked now; to unlock it: {}", Recipe::Unlock(&self.args.env)))
        };
        let mut document = self.described().with("state", state);
        document.extend(self.proof.iter().map(|(key, value)| (key.clone(), value.clone())));
        (format!("{} is stored, and works.{words}", self.slug), document)
    }

    fn portal(&self) -> anyhow::Result<&PortalSession> {
        self.portal.as_ref().context("nobody knows yet where to log in")
    }

    fn described(&self) -> Document {
        let reference = self.reference.as_str();
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

    /// Ensures the session of a profile of this config: `aws sso login --profile …`, unless somebody wants another way.
    ///
    /// Also where the session is valid, if the next login would be the one that asks for consent: that is to happen
    /// here, where a person expects it, and not when the key is unlocked some day.
    fn log_in(&mut self, profile: &str, settings: &Settings) -> anyhow::Result<LoginEnd> {
        self.decide_session_end(profile, settings)?;
        let process = LoginProcess {
            via: self.args.via,
            is_forced: !self.has_logged_in
                && (self.has_other_token()? || self.would_register(profile, settings)?),
            no_browser: self.args.no_browser,
            timeout: self.args.timeout,
        };
        let about = Document::new().with("profile", profile);
        let end = process.run(about, settings, self.interrupt, |event| self.told.event(event))?;
        if end.exit == Exit::Done {
            self.has_logged_in |= is_login(&end.document);
            if !self.has_logged_in
                && let Some(login) = &mut self.login
            {
                // A session that was there, renewed maybe, is not ours to end.
                login.was_there = true;
            }
        }
        Ok(end)
    }

    fn keeps_session(&self) -> bool {
        self.session_end == Some(SessionEnd::Kept)
    }

    /// Decides, before the first login, whether the session ends with the round trip. One that is valid is in use: ending it
    /// logs all its profiles out, so a person at a terminal is asked, and elsewhere it is said.
    fn decide_session_end(&mut self, profile: &str, settings: &Settings) -> anyhow::Result<()> {
        if self.session_end.is_some() {
            return Ok(());
        }
        self.session_end = Some(SessionEnd::LoggedOut);
        if self.args.keep_session {
            self.session_end = Some(SessionEnd::Kept);
            return Ok(());
        }
        let Some(sso) = AwsConfig::load(settings)?.known_profile(profile)?.sso else { return Ok(()) };
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
                "Session \"{session}\" is in use ({users}). Log it out at the end, to prove that the key locks?"
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

    /// Whether a valid token has the new session's name, and is another portal's.
    fn has_other_token(&self) -> anyhow::Result<bool> {
        let own = self.portal.as_ref().map(|session| session.has_own_token(self.settings)).transpose()?;
        Ok(own.flatten() == Some(false))
    }

    fn would_register(&self, profile: &str, settings: &Settings) -> anyhow::Result<bool> {
        let profile = AwsConfig::load(settings)?.known_profile(profile)?;
        let forecast = foresee(settings, &profile, self.args.via, !self.args.no_browser)?;
        Ok(forecast.is_some_and(|forecast| forecast.is_new()))
    }
}

/// Whether the answer of a login is one of a login, not of a session that was there.
fn is_login(document: &Document) -> bool {
    let text = |key| document.get(key).and_then(Value::as_str);
    text("outcome") != Some(sso_tool::outcome::Outcome::Valid.word()) && text("via") != Some("refresh")
}
