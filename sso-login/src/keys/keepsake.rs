//! What a login of a round trip may change in the cache, as it was before: to be put back if a later step fails.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use anyhow::Context as _;
use sso_cache::key::Registrant;
use sso_cache::registration::Flow;
use sso_profile::{AwsConfig, Sso};
use sso_signal::{quiet_one, settle_one};
use sso_tool::atomic_write::{FileMode, remove, replace};
use sso_tool::settings::Settings;
use sso_tool::stream::Document;

use super::recovery_log::RecoveryLog;
use crate::session::cached::Session;
use crate::session::logout::logout;
use crate::session::obtain::{HowFar, Want, obtain};
use crate::setup::config_copy::ConfigCopy;

/// A login, and the cache files that it may change.
pub(super) struct Login {
    /// A config that has the profile whatever becomes of the person's.
    pub(super) copy: ConfigCopy,
    pub(super) profile: String,
    /// Whether the session was there before.
    pub(super) was_there: bool,
    token: Keepsake,
    registrations: Vec<Keepsake>,
}

impl Login {
    /// A login that is about to begin, with this profile of the copy.
    pub(super) fn new(
        sso: &Sso,
        copy: ConfigCopy,
        profile: String,
        settings: &Settings,
        log: Option<&mut RecoveryLog>,
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
            && let Some(log) = log
            && obtain(&session, Want::Valid, HowFar::Cached)?.cached().is_none()
        {
            log.logs_in(name);
        }
        Ok(Self { copy, profile, was_there: false, token, registrations })
    }

    /// Ends the session that it began, and puts the files back.
    pub(super) fn undo(&self) -> anyhow::Result<()> {
        if self.was_there {
            return Ok(());
        }
        // An old token is another session, which is not ours to end.
        let is_ours = self.token.is_changed()?;
        let end = if is_ours { log_out(&self.profile, &self.copy.settings).map(drop) } else { Ok(()) };
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
            Some(bytes) => replace(&self.path, bytes, FileMode::Private),
            None => remove(&self.path).map(drop),
        }
    }
}

/// Marks a session as locked on purpose, so that no watcher asks for it, and ends it. The mark comes first: a monitor
/// may look in between. That it ended is noted, too: the session is valid again by a login only, which ends the mark.
pub(super) fn relock(profile: &str, settings: &Settings) -> anyhow::Result<Document> {
    let marked = keep_quiet(profile, settings);
    // A mark that can't be made keeps no session alive.
    let document = log_out(profile, settings)?;
    marked?;
    settle_one(&document, settings)?;
    Ok(document)
}

fn keep_quiet(profile: &str, settings: &Settings) -> anyhow::Result<()> {
    // With its session, by which it is marked.
    let mut document = Document::new();
    AwsConfig::load(settings)?.known_profile(profile)?.add_to(&mut document, Some("argument"));
    quiet_one(&document, settings)
}

fn log_out(profile: &str, settings: &Settings) -> anyhow::Result<Document> {
    let mut document = Document::new().with("profile", profile);
    let config = AwsConfig::load(settings)?;
    match logout(settings, &config, &config.known_profile(profile)?, &mut document)? {
        None => Ok(document),
        Some(failure) => Err(failure.nameless_fault().into()),
    }
}
