//! What there was before, to be put back if the set-up or the round trip fails.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use anyhow::Context as _;
use sso_cache::key::Registrant;
use sso_cache::registration::Flow;
use sso_profile::key::{self, Slug};
use sso_profile::snapshot::Snapshot;
use sso_profile::{AwsConfig, Sso};
use sso_signal::{quiet_one, settle_one};
use sso_tool::atomic_write::{Mode, remove, replace};
use sso_tool::exit::{Exit, status_of};
use sso_tool::settings::Settings;
use sso_tool::stream::Document;

use super::config_of;
use super::recovery_log::RecoveryLog;
use super::scratch::Scratch;
use super::tools::{Call, Tools};
use crate::session::cached::Session;
use crate::session::obtain::{HowFar, Want, obtain};

/// What has been done so far, as what undoes it.
#[derive(Default)]
pub(super) struct Undo {
    /// What tells the next one, if this is killed.
    pub(super) trail: Option<RecoveryLog>,
    /// A login for the set-up, or to unlock.
    pub(super) login: Option<Login>,
    /// A profile whose vault was unlocked for a key that may fail yet.
    pub(super) unlocked: Option<String>,
    /// Whether the key may be on trial.
    pub(super) is_on_trial: bool,
    /// A profile that may be written.
    pub(super) config: Option<Written>,
}

/// A profile in the person's config, and the file before and after.
pub(super) struct Written {
    pub(super) name: String,
    pub(super) before: Snapshot,
    pub(super) since: Snapshot,
}

impl Written {
    /// Puts the file back, byte for byte. If somebody else changed it meanwhile, that stays, and only a profile that is new
    /// is taken out.
    fn undo(&self, settings: &Settings) -> anyhow::Result<()> {
        if self.before.put_back(&self.since)? {
            return Ok(());
        }
        // Where it was read and which endpoints it has is not the profile's own.
        let profile = |config: &AwsConfig| {
            let profile = config.profile(&self.name)?;
            let own =
                profile.map(|profile| (profile.sso, profile.account_id, profile.role_name, profile.region));
            anyhow::Ok(own)
        };
        if profile(&AwsConfig::load(settings)?)? != profile(&AwsConfig::of_text(self.since.text())?)? {
            return Ok(());
        }
        let was_there = AwsConfig::of_text(self.before.text())?.contains(&self.name);
        anyhow::ensure!(!was_there, "it was changed meanwhile, and still has the new profile");
        sso_profile::remove_profile(&self.name, settings)
    }
}

/// A login, and the cache files that it may change.
pub(super) struct Login {
    /// A config file that has the profile whatever becomes of the person's.
    pub(super) scratch: Scratch,
    /// Whether the session was there before.
    pub(super) was_there: bool,
    token: Keepsake,
    registrations: Vec<Keepsake>,
}

impl Login {
    /// A login that is about to begin, with the profile of the scratch config.
    pub(super) fn new(
        sso: &Sso,
        scratch: Scratch,
        settings: &Settings,
        trail: Option<&mut RecoveryLog>,
    ) -> anyhow::Result<Self> {
        let session = Session::new(settings, sso)?;
        let registration = |tool: &str| {
            Keepsake::of(session.cache.registration(Registrant {
                region: &sso.region,
                scopes: sso.scopes.as_deref(),
                session_name: sso.session.as_deref(),
                start_url: &sso.start_url,
                tool,
            }))
        };
        let ours = [Flow::Device, Flow::AuthorizationCode].map(Flow::tool);
        let registrations =
            ["botocore"].into_iter().chain(ours).map(registration).collect::<Result<_, _>>()?;
        let token = Keepsake::of(session.token_file())?;
        if let Some(name) = &sso.session
            && let Some(trail) = trail
            && obtain(&session, Want::Valid, HowFar::Cached)?.cached().is_none()
        {
            trail.logs_in(name);
        }
        Ok(Self { scratch, was_there: false, token, registrations })
    }

    /// Ends the session that it began, and puts the files back.
    fn undo(&self, tools: &Tools<'_>) -> anyhow::Result<()> {
        if self.was_there {
            return Ok(());
        }
        let tools = tools.with_config(&self.scratch.config);
        // An old token is another session, which is not ours to end.
        let is_ours = self.token.is_changed()?;
        let end = if is_ours { log_out(&self.scratch.profile, &tools).map(drop) } else { Ok(()) };
        for file in self.registrations.iter().chain([&self.token]) {
            file.put_back()?;
        }
        end.context("the session could not be ended")
    }
}

/// A file as it was.
struct Keepsake {
    path: PathBuf,
    bytes: Option<Vec<u8>>,
}

impl Keepsake {
    fn of(path: PathBuf) -> anyhow::Result<Self> {
        let bytes = match fs::read(&path) {
            Ok(bytes) => Some(bytes),
            Err(err) if err.kind() == ErrorKind::NotFound => None,
            Err(err) => return Err(err).with_context(|| format!("cannot read {}", path.display())),
        };
        Ok(Self { path, bytes })
    }

    fn is_changed(&self) -> anyhow::Result<bool> {
        Ok(Self::of(self.path.clone())?.bytes != self.bytes)
    }

    fn put_back(&self) -> anyhow::Result<()> {
        match &self.bytes {
            _ if !self.is_changed()? => Ok(()),
            Some(bytes) => replace(&self.path, bytes, Mode::Private),
            None => remove(&self.path).map(drop),
        }
    }
}

impl Undo {
    /// Undoes all of it, the last first, whatever fails on the way. Answers what could not be undone.
    pub(super) fn run(mut self, slug: &Slug, settings: &Settings, tools: &Tools<'_>) -> Vec<String> {
        let tools = &tools.deaf();
        // Its room is for what follows.
        drop(self.trail.take());
        let mut left = Vec::new();
        let mut attempt = |what: &str, result: anyhow::Result<()>| {
            if let Err(err) = result {
                left.push(format!("{what}: {err:#}"));
            }
        };
        if let Some(profile) = &self.unlocked {
            let ended = relock(profile, settings, tools).or_else(|err| match &self.login {
                // Somebody has removed the profile: its session is there all the same.
                Some(login) if status_of(&err) == Exit::Config => {
                    relock(&login.scratch.profile, settings, &tools.with_config(&login.scratch.config))
                }
                _ => Err(err),
            });
            attempt("the session could not be ended", ended.map(drop));
        } else if let Some(login) = &self.login {
            attempt("the login could not be undone", login.undo(tools));
        }
        if self.is_on_trial {
            attempt("the test of the key could not be stopped", key::end_trial(slug, settings));
        }
        if let Some(written) = &self.config {
            attempt("the config file could not be put back", written.undo(settings));
        }
        left
    }
}

/// Marks a session as locked on purpose, so that no watcher asks for it, and ends it. The mark comes first: a monitor
/// may look in between. That it ended is noted, too: the session is valid again by a login only, which ends the mark.
pub(super) fn relock(profile: &str, settings: &Settings, tools: &Tools<'_>) -> anyhow::Result<Document> {
    let marked = keep_quiet(profile, settings, tools);
    // A mark that can't be made keeps no session alive.
    let document = log_out(profile, tools)?;
    marked?;
    settle_one(&document, settings)?;
    Ok(document)
}

fn keep_quiet(profile: &str, settings: &Settings, tools: &Tools<'_>) -> anyhow::Result<()> {
    // With its session, by which it is marked.
    let mut document = Document::new();
    config_of(tools.config(), settings)?.known_profile(profile)?.add_to(&mut document, Some("argument"));
    quiet_one(&document, settings)
}

fn log_out(profile: &str, tools: &Tools<'_>) -> anyhow::Result<Document> {
    let document = Document::new().with("profile", profile);
    let call = Call::of("sso-login", &["logout", "--exit-status", "-"]).about(document);
    Ok(tools.run(&call)?.good()?.document)
}
