//! What a login is asked to do, apart from the profile.

use std::str::FromStr;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use sso_tool::mode::Mode;
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::stream::Document;
use sso_tool::time;

/// How the session is got when a person must log in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Via {
    #[default]
    /// The way in `SSO_LOGIN_VIA`; else the AWS CLI v2 if it is found, else `pkce` or `device`
    Auto,
    /// `aws sso login`
    Aws,
    /// A browser on this machine, without the AWS CLI
    Pkce,
    /// A URL and a code, without the AWS CLI
    Device,
}

impl Via {
    /// The word, on command lines and in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Aws => "aws",
            Self::Pkce => "pkce",
            Self::Device => "device",
        }
    }

    /// What `Auto` means: what `SSO_LOGIN_VIA` says. A typo in that is a warning, and stops nothing.
    #[must_use]
    pub fn meant(self, settings: &Settings) -> Self {
        if self != Self::Auto {
            return self;
        }
        let Some(text) = settings.text("SSO_LOGIN_VIA") else { return Self::Auto };
        text.trim().parse().unwrap_or_else(|_| {
            settings.warn_once(format!(
                "SSO_LOGIN_VIA must be auto, aws, pkce or device, not `{text}`; auto is used"
            ));
            Self::Auto
        })
    }
}

impl FromStr for Via {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        <Self as ValueEnum>::from_str(text, true)
    }
}

/// Who is asked before a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Ask {
    /// As the document's `mode` says
    Auto,
    /// Ask before every login
    Always,
    /// Never ask
    Never,
}

/// Whether there may be a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// There may.
    Given,
    /// If a person agrees.
    Asked,
    /// There must be none, and nobody is to be asked.
    Denied,
}

/// What to do.
#[derive(Clone, Copy, Debug)]
pub struct LoginOptions {
    /// Log in even if the session is valid.
    pub force: bool,
    /// How.
    pub via: Via,
    /// Whether a browser may be opened here.
    pub opens_browser: bool,
    /// Who is asked first.
    pub ask: Ask,
    /// How long the question waits for an answer.
    pub ask_timeout: Duration,
    /// How long the login may take.
    pub timeout: Option<Duration>,
    /// For how long the session is to last.
    pub min_left: Option<Duration>,
    /// Whether a session that runs may be ended for a new one without a question.
    pub is_agreed: bool,
}

impl LoginOptions {
    /// Whether there may be a login on another host for a document. Consent to `corp` here is none to a profile of that
    /// name there: `SSO_AUTO_PROFILES` lists that one as `corp@HOST`.
    pub fn permission_elsewhere(
        &self,
        settings: &Settings,
        document: &Document,
        host: &str,
    ) -> anyhow::Result<Permission> {
        let is_auto =
            self.ask == Ask::Auto && document.text("mode")?.and_then(Mode::of_word) == Some(Mode::Auto);
        if !is_auto {
            return self.permission(settings, document);
        }
        let there = format!("{}@{host}", document.text("profile")?.unwrap_or_default());
        let is_listed = settings.auto_profiles().contains(&there);
        Ok(if is_listed { Permission::Given } else { Permission::Asked })
    }

    /// Whether there may be a login for a document. A `mode` that isn't known, or is null, is no consent: a person is asked.
    pub fn permission(&self, settings: &Settings, document: &Document) -> anyhow::Result<Permission> {
        let unknown = |mode: &str| {
            settings.warn_once(format!(
                "`mode` of the document must be notify, auto or standalone, not `{mode}`; notify is used"
            ));
            Permission::Asked
        };
        Ok(match self.ask {
            Ask::Always => Permission::Asked,
            Ask::Never => Permission::Given,
            Ask::Auto => match document.text("mode")? {
                None if document.contains_key("mode") => unknown("null"),
                None => Permission::Given,
                Some(word) => match Mode::of_word(word) {
                    Some(Mode::Notify) => Permission::Asked,
                    Some(Mode::Standalone) => Permission::Denied,
                    Some(Mode::Auto) => {
                        let profile = document.text("profile")?.unwrap_or_default();
                        let is_listed = settings.auto_profiles().iter().any(|listed| listed == profile);
                        if is_listed { Permission::Given } else { Permission::Asked }
                    }
                    None => unknown(&sanitize(word)),
                },
            },
        })
    }

    /// When a login that begins now is over: `--timeout`, else `SSO_LOGIN_TIMEOUT`, else 120 s; ten minutes where the
    /// page is opened on another machine.
    pub fn deadline(&self, settings: &Settings) -> Instant {
        const ELSEWHERE: Duration = Duration::from_secs(600);
        let set = self.timeout.or_else(|| settings.own_login_timeout());
        after(match set {
            Some(timeout) => timeout,
            None if !self.opens_browser => ELSEWHERE,
            None => settings.login_timeout(),
        })
    }
}

/// Reads the time limit of a login, which must be some time. For clap's `value_parser`.
pub fn parse_timeout(text: &str) -> Result<Duration, String> {
    match time::parse_duration(text)? {
        Duration::ZERO => Err("the timeout must be more than zero".to_owned()),
        timeout => Ok(timeout),
    }
}

/// How long to wait for a lock: a watcher comes again at its next poll; everybody else wants the result.
pub(crate) fn lock_timeout(document: &Document, deadline: Instant) -> anyhow::Result<Duration> {
    Ok(match document.text("mode")? {
        Some(_) => Duration::ZERO,
        None => deadline.saturating_duration_since(Instant::now()),
    })
}

/// The time after a duration from now. A duration that no clock can hold is a year: nobody waits longer.
pub(crate) fn after(duration: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    Instant::now() + duration.min(YEAR)
}
