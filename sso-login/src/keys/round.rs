//! One round trip of a key under way.

use anyhow::Context as _;
use serde_json::Value;
use sso_profile::key::{Slug, VaultName};
use sso_profile::{AwsConfig, Sso};
use sso_tool::exit::{Exit, warn};
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::stream::Document;

use super::args::{KeySetArgs, SetUp};
use super::config_change::ConfigChange;
use super::keepsake::Login;
use super::recovery_log::RecoveryLog;
use super::reporter::Reporter;
use crate::interrupt::Interrupt;
use crate::login::consent_forecast::foresee;
use crate::session::cached::Session;
use crate::session::obtain::{HowFar, Want, obtain};
use crate::setup::config_copy::ConfigCopy;
use crate::setup::login_process::{LoginEnd, LoginProcess};
use crate::setup::portal_session::PortalSession;
use crate::setup::prompter::Prompter;

/// One round trip under way.
pub(super) struct Round<'a> {
    pub(super) args: &'a KeySetArgs,
    /// What is known of a profile to be set up.
    pub(super) set_up: SetUp,
    pub(super) settings: &'a Settings,
    pub(super) slug: &'a Slug,
    pub(super) interrupt: &'a Interrupt,
    pub(super) prompter: Prompter<'a>,
    pub(super) reporter: Reporter,
    /// What the key points at, once that is known.
    pub(super) reference: String,
    /// Where to log in for a new profile.
    pub(super) portal: Option<PortalSession>,
    /// The account and the role of a new profile.
    pub(super) role: Document,
    /// What the proof of the key found.
    pub(super) proof: Document,
    /// Whether a person has logged in for this.
    pub(super) has_logged_in: bool,
    /// What becomes of the session, once that is decided.
    pub(super) session_end: Option<SessionEnd>,
    /// What tells the next one, if this is killed.
    pub(super) log: Option<RecoveryLog>,
    /// A login for the set-up, or to unlock, that may have to be undone.
    pub(super) login: Option<Login>,
    /// A profile whose vault was unlocked for a key that may fail yet.
    pub(super) unlocked: Option<String>,
    /// A profile that may be written.
    pub(super) config_change: Option<ConfigChange>,
}

/// What becomes of a session when its key has proven itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SessionEnd {
    /// Logged out: the key is locked.
    LoggedOut,
    /// Still logged in: the key is unlocked.
    Kept,
}

impl Round<'_> {
    pub(super) fn portal(&self) -> anyhow::Result<&PortalSession> {
        self.portal.as_ref().context("nobody knows yet where to log in")
    }

    pub(super) fn described(&self) -> Document {
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
    pub(super) fn log_in(&mut self, profile: &str, settings: &Settings) -> anyhow::Result<LoginEnd> {
        self.decide_session_end(profile, settings)?;
        let process = LoginProcess {
            via: self.args.via,
            is_forced: !self.has_logged_in
                && (self.has_other_token()? || self.would_register(profile, settings)?),
            no_browser: self.args.no_browser,
            timeout: self.args.timeout,
        };
        let about = Document::new().with("profile", profile);
        let end = process.run(about, settings, self.interrupt, |event| self.reporter.event(event))?;
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

    /// Takes note of what a login to the profile may change, unless that was done for its set-up.
    pub(super) fn keep_for_undo(&mut self) -> anyhow::Result<()> {
        if self.login.is_none()
            && let Some(sso) = AwsConfig::load(self.settings)?.known_profile(&self.reference)?.sso
        {
            let (copy, profile) = (ConfigCopy::new(self.settings)?, self.reference.clone());
            self.login = Some(Login::new(&sso, copy, profile, self.settings, self.log.as_mut())?);
        }
        Ok(())
    }

    pub(super) fn keeps_session(&self) -> bool {
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
        if self.prompter.is_somebody_there() {
            let question = format!(
                "Session \"{session}\" is in use ({users}). Log it out at the end, to prove that the key locks?"
            );
            if !self.prompter.agrees(&question)? {
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
pub(super) fn is_login(document: &Document) -> bool {
    let text = |key| document.get(key).and_then(Value::as_str);
    text("outcome") != Some(sso_tool::outcome::Outcome::Valid.word()) && text("via") != Some("refresh")
}
