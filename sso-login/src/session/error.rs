//! Why there are no credentials or no session: the kind that a caller acts on, the reason, and what helps.

use std::fmt;
use std::path::Path;

use sso_profile::Profile;
use sso_tool::exit::Fault;
use sso_tool::failure::FailureKind;
use sso_tool::sanitize::sanitize;
use sso_tool::stream::Document;

use crate::session::cached::Session;

/// A failure: its kind, the reason in words, and what helps against it.
#[derive(Clone, Debug)]
pub struct SessionError {
    pub kind: FailureKind,
    /// Whether there is nothing that could have expired: never logged in, logged out, or a torn file.
    pub is_absent: bool,
    reason: String,
    remedy: Remedy,
}

/// What helps.
#[derive(Clone, Debug)]
enum Remedy {
    /// Nothing that a command could do.
    Nothing,
    Login {
        /// The profile to log in with, if the credentials are made of those of another one.
        source: Option<Box<Profile>>,
        /// Whether the session's own file says that it is valid, so that only a forced login helps.
        is_forced: bool,
    },
    /// A renewal, where the cache can be written.
    Elsewhere,
    Command(String),
}

impl SessionError {
    fn new(kind: FailureKind, reason: impl Into<String>) -> Self {
        Self { kind, is_absent: false, reason: reason.into(), remedy: Remedy::Nothing }
    }

    /// A login helps.
    fn needing_login(reason: impl Into<String>, is_forced: bool) -> Self {
        Self { remedy: Remedy::Login { source: None, is_forced }, ..Self::new(FailureKind::Expired, reason) }
    }

    /// The session can't be had without a person.
    pub(crate) fn expired(session: &Session<'_>) -> Self {
        Self::needing_login(format!("{} has expired", named(session)), false)
    }

    /// There is no session in the cache.
    pub(crate) fn absent(session: &Session<'_>) -> Self {
        let reason = format!("{} has no token in the cache: never logged in, or logged out", named(session));
        Self { is_absent: true, ..Self::needing_login(reason, false) }
    }

    /// There is a file that no client can read; `why` is the cache's word for it. A login writes a new one.
    pub(crate) fn torn(session: &Session<'_>, why: &str) -> Self {
        let reason = format!("the token file of {} {why}", named(session));
        Self { is_absent: true, ..Self::needing_login(reason, false) }
    }

    /// The file says that the session is valid, and the service says it isn't: only a forced login helps.
    pub(crate) fn rejected(session: &Session<'_>) -> Self {
        let reason = format!("AWS no longer accepts {}, although its file looks valid", named(session));
        Self::needing_login(reason, true)
    }

    /// The session ends soon and can't be renewed.
    pub(crate) fn ending(session: &Session<'_>, when: &str) -> Self {
        Self::needing_login(format!("{} ends at {when} and can't be renewed", named(session)), false)
    }

    /// The session has expired, and can be renewed, but not here: what a renewal gives has no place, and may be good for one use only.
    pub(crate) fn unwritable(session: &Session<'_>, folder: &Path) -> Self {
        let reason = format!(
            "{} has expired and can't be renewed here, where nothing can be written to {}",
            named(session),
            sanitize(&folder.to_string_lossy())
        );
        Self { remedy: Remedy::Elsewhere, ..Self::new(FailureKind::Expired, reason) }
    }

    /// Keys that are over. A login doesn't change static ones.
    pub(crate) fn expired_keys(reason: impl Into<String>) -> Self {
        Self::new(FailureKind::Expired, reason)
    }

    /// Permission is lacking.
    pub(crate) fn denied(reason: impl Into<String>) -> Self {
        Self::new(FailureKind::Denied, reason)
    }

    /// No (useful) answer.
    pub(crate) fn unreachable(reason: impl Into<String>) -> Self {
        Self::new(FailureKind::Unreachable, reason)
    }

    /// Somebody holds a lock.
    pub(crate) fn busy(reason: impl Into<String>) -> Self {
        Self::new(FailureKind::Busy, reason)
    }

    /// What is asked for and what the configuration says don't go together.
    pub(crate) fn config(reason: impl Into<String>) -> Self {
        Self::new(FailureKind::Config, reason)
    }

    /// The work is to be done on another host, by this command.
    pub(crate) fn remote(reason: impl Into<String>) -> Self {
        Self::new(FailureKind::Remote, reason)
    }

    /// Names the next command, where no login helps.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.remedy = Remedy::Command(hint.into());
        self
    }

    /// Whether only a forced login helps.
    pub(crate) fn takes_force(&self) -> bool {
        matches!(self.remedy, Remedy::Login { is_forced: true, .. })
    }

    /// Whether a renewal helps, where the cache can be written.
    pub(crate) fn is_elsewhere(&self) -> bool {
        matches!(self.remedy, Remedy::Elsewhere)
    }

    /// The error of a profile whose credentials are made of those of `origin`.
    #[must_use]
    pub(crate) fn of_source(mut self, origin: &Profile) -> Self {
        if let Remedy::Login { source: source @ None, .. } = &mut self.remedy {
            *source = Some(Box::new(origin.clone()));
        }
        self
    }

    /// What to log in with, if a login of `profile` or of what it is made of would help.
    pub(crate) fn login<'a>(&'a self, profile: &'a Profile) -> Option<&'a Profile> {
        match &self.remedy {
            Remedy::Login { source, .. } => Some(source.as_deref().unwrap_or(profile)),
            Remedy::Nothing | Remedy::Elsewhere | Remedy::Command(_) => None,
        }
    }

    /// What is the matter, without the profile.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Adds `error` and `reason` to a document.
    pub fn add_to(&self, document: &mut Document) {
        document.set("error", self.kind.word());
        document.set("reason", self.reason.as_str());
    }

    /// The error where nobody needs to be told whose it is.
    pub(crate) fn nameless_fault(&self) -> Fault {
        Fault::new(self.kind.exit(), self.reason.as_str())
    }

    /// The error of a command about `profile`: for an expired session a single line with the command that helps, since
    /// an SDK shows its user no more of a `credential_process`.
    pub fn fault(&self, profile: &Profile) -> Fault {
        let said = format!("{} \"{}\": {}", profile.noun(), sanitize(&profile.name), self.reason);
        let exit = self.kind.exit();
        if let Some(login) = self.login(profile) {
            let force = if self.takes_force() { " --force" } else { "" };
            return Fault::new(exit, format!("{said}; run: sso-login {}{force}", login.arguments()));
        }
        match &self.remedy {
            Remedy::Command(hint) => Fault::new(exit, said).hint(hint.as_str()),
            Remedy::Elsewhere => Fault::new(
                exit,
                format!("{said}; run where it can: sso-login refresh {}", profile.arguments()),
            ),
            _ => Fault::new(exit, said),
        }
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// The session as people name it.
pub(crate) fn named(session: &Session<'_>) -> String {
    match &session.sso.session {
        Some(name) => format!("SSO session \"{}\"", sanitize(name)),
        None => format!("the SSO session of {}", sanitize(&session.sso.start_url)),
    }
}
