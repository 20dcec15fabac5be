//! Why there are no credentials or no session: the few reasons that a caller acts on, told apart.

use std::fmt;

use sso_tool::exit::{Exit, Fault};
use sso_tool::sanitize::sanitize;
use sso_tool::shell::shell_word;
use sso_tool::stream::Document;

use crate::session::cached::Session;

/// What is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The session is over, or there never was one: a person must log in.
    Expired,
    /// The service says no to this account, role or key. A login doesn't help.
    Denied,
    /// The service can't be reached, answers 5xx or throttles.
    Unreachable,
    /// Somebody else is at it, for longer than there was time to wait.
    Busy,
}

impl Why {
    /// The word for the document's `error`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Denied => "denied",
            Self::Unreachable => "unreachable",
            Self::Busy => "busy",
        }
    }

    /// The kind that a document's `error` names; `None` if it is in other words.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        let all = [Self::Expired, Self::Denied, Self::Unreachable, Self::Busy];
        all.into_iter().find(|why| why.word() == word)
    }

    /// The status of a command that ends so.
    pub fn exit(self) -> Exit {
        match self {
            Self::Expired => Exit::LoginRequired,
            Self::Denied => Exit::Config,
            Self::Unreachable => Exit::Unavailable,
            Self::Busy => Exit::TryLater,
        }
    }
}

/// A reason in words.
#[derive(Clone, Debug)]
pub struct SessionError {
    /// Its kind.
    pub why: Why,
    /// Whether there is nothing that could have expired: never logged in, logged out, or a torn file.
    pub is_absent: bool,
    reason: String,
    hint: Option<String>,
    cure: Cure,
}

/// Whose login would help against an expiry.
#[derive(Clone, Debug)]
enum Cure {
    /// That of the profile itself.
    Own,
    /// That of another profile, which this one's credentials are made of.
    Of(String),
    /// Nobody's.
    None,
}

impl SessionError {
    fn new(why: Why, reason: impl Into<String>) -> Self {
        Self { why, is_absent: false, reason: reason.into(), hint: None, cure: Cure::Own }
    }

    /// The session can't be had without a person.
    pub(crate) fn expired(session: &Session<'_>) -> Self {
        Self::new(Why::Expired, format!("{} is over", named(session)))
    }

    /// There is no session in the cache.
    pub(crate) fn absent(session: &Session<'_>) -> Self {
        let reason = format!("{} has no token in the cache: never logged in, or logged out", named(session));
        Self { is_absent: true, ..Self::new(Why::Expired, reason) }
    }

    /// There is a file, and no client can read it. To log in writes a new one.
    pub(crate) fn torn(session: &Session<'_>) -> Self {
        let reason = format!("the token file of {} is not one whole JSON object", named(session));
        Self { is_absent: true, ..Self::new(Why::Expired, reason) }
    }

    /// The file says that the session is valid, and the service says it isn't: only a forced login helps.
    pub(crate) fn rejected(session: &Session<'_>) -> Self {
        let reason = format!("{} is not accepted any more, whatever its file says", named(session));
        Self { hint: Some("--force".to_owned()), ..Self::new(Why::Expired, reason) }
    }

    /// It ends soon and can't be renewed.
    pub(crate) fn ending(session: &Session<'_>, when: &str) -> Self {
        Self::new(Why::Expired, format!("{} ends at {when} and can't be renewed", named(session)))
    }

    /// Keys that are over. A login doesn't change static ones.
    pub(crate) fn expired_keys(reason: impl Into<String>) -> Self {
        Self { cure: Cure::None, ..Self::new(Why::Expired, reason) }
    }

    /// Permission is lacking.
    pub(crate) fn denied(reason: impl Into<String>) -> Self {
        Self::new(Why::Denied, reason)
    }

    /// No (useful) answer.
    pub(crate) fn unreachable(reason: impl Into<String>) -> Self {
        Self::new(Why::Unreachable, reason)
    }

    /// Somebody holds a lock.
    pub(crate) fn busy(reason: impl Into<String>) -> Self {
        Self::new(Why::Busy, reason)
    }

    /// Names the next command.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether only a forced login helps: the session's own file says that it is valid.
    pub(crate) fn takes_force(&self) -> bool {
        self.hint.as_deref() == Some("--force")
    }

    /// The same for a profile whose credentials are made of those of `source`.
    #[must_use]
    pub(crate) fn of_source(self, source: &str) -> Self {
        let cure = match self.cure {
            Cure::Own => Cure::Of(source.to_owned()),
            other => other,
        };
        Self { cure, ..self }
    }

    /// The profile to log in with, if a login of `profile` or of what it is made of would help.
    pub(crate) fn login<'a>(&'a self, profile: &'a str) -> Option<&'a str> {
        match (self.why, &self.cure) {
            (Why::Expired, Cure::Own) => Some(profile),
            (Why::Expired, Cure::Of(source)) => Some(source),
            _ => None,
        }
    }

    /// What is the matter, without the profile.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Adds `error` and `reason` to a document.
    pub fn add_to(&self, document: &mut Document) {
        document.set("error", self.why.word());
        document.set("reason", self.reason.as_str());
    }

    /// The error of a command about `profile`: for an expired session a single line with the command that helps, since
    /// an SDK shows its user no more of a `credential_process`.
    pub fn fault(&self, profile: &str) -> Fault {
        let (name, reason) = (sanitize(profile), &self.reason);
        let fault = |text: String| Fault::new(self.why.exit(), text);
        if let Some(login) = self.login(profile) {
            let force = if self.takes_force() { " --force" } else { "" };
            return fault(format!(
                "profile \"{name}\": {reason}; run: sso-login {}{force}",
                shell_word(login)
            ));
        }
        let fault = fault(format!("profile \"{name}\": {reason}"));
        match &self.hint {
            Some(hint) => fault.hint(hint.as_str()),
            None => fault,
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
