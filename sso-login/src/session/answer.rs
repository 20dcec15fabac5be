//! What came of a login: the outcome, as a document's keys and as a command's status.

use serde_json::Value;
use sso_lock::{Lock, Owner};
use sso_tool::exit::{Exit, Fault};
use sso_tool::outcome::Outcome;
use sso_tool::sanitize::sanitize;
use sso_tool::stream::Document;
use sso_tool::time::{self, Moment};

use crate::session::login_options::Via;
use crate::session::waiting;

/// The OAuth word for a code that nobody approved in time.
const EXPIRED_CODE: &str = "expired_token";

/// An outcome (DESIGN 3) with what a document and a person are told about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    outcome: Outcome,
    exit: Exit,
    keys: Vec<(&'static str, Value)>,
    reason: Option<String>,
    hint: Option<String>,
}

impl Answer {
    /// Logged in.
    pub fn success(via: Via, expires_at: Moment) -> Self {
        Self::good(via.word(), expires_at)
    }

    /// Renewed without a person.
    pub fn renewed(expires_at: Moment) -> Self {
        Self::good("refresh", expires_at)
    }

    fn good(via: &'static str, expires_at: Moment) -> Self {
        Self::new(Outcome::Success).with("via", via).with("expiresAt", time::format(expires_at))
    }

    /// The session was valid already: nothing was done.
    pub fn valid(expires_at: Moment) -> Self {
        Self::new(Outcome::Valid).with("expiresAt", time::format(expires_at))
    }

    /// The login failed. `error` is a word for programs.
    pub fn failed(error: &str, reason: impl Into<String>) -> Self {
        Self::new(Outcome::Failed).with("error", error).because(reason)
    }

    /// The service can't be reached: outcome `failed`, status 69.
    pub fn unreachable(reason: impl Into<String>) -> Self {
        Self { exit: Exit::Unavailable, ..Self::failed("unreachable", reason) }
    }

    /// The login took too long.
    pub fn timeout(reason: impl Into<String>) -> Self {
        Self::new(Outcome::Timeout).because(reason)
    }

    /// Nobody approved the login while the service took an approval.
    pub fn expired_code(reason: impl Into<String>) -> Self {
        Self::timeout(reason).with("error", EXPIRED_CODE)
    }

    /// Whether it is [`expired_code`](Self::expired_code): no time limit of this process's own.
    pub(crate) fn is_expired_code(&self) -> bool {
        self.outcome == Outcome::Timeout && self.error() == Some(EXPIRED_CODE)
    }

    /// Another login holds the lock.
    pub fn busy(lock: &Lock, holder: Option<&Owner>) -> Self {
        Self::held("another login is under way", lock, holder)
    }

    /// Another question is open on this host.
    pub fn busy_asking(lock: &Lock, holder: Option<&Owner>) -> Self {
        Self::held("another question is open", lock, holder)
    }

    fn held(what: &str, lock: &Lock, holder: Option<&Owner>) -> Self {
        let in_words = waiting::in_words(holder);
        Self::new(Outcome::Busy).because(format!("{what}: {in_words}")).hint(lock.help(holder))
    }

    /// The profile isn't there, or can't be logged in; both until the config changes. The reason is a sentence of its own,
    /// which names what it is about.
    pub fn unknown_profile(reason: impl Into<String>) -> Self {
        Self::new(Outcome::UnknownProfile).because(reason)
    }

    /// The person said "later".
    pub fn snoozed(seconds: u64) -> Self {
        Self::new(Outcome::Snoozed).with("seconds", seconds)
    }

    /// The person closed or ignored the question, or there was no way to ask.
    pub fn dismissed(note: Option<&str>) -> Self {
        let answer = Self::new(Outcome::Dismissed);
        match note {
            Some(note) => answer.because(note),
            None => answer,
        }
    }

    /// The person doesn't want to be reminded.
    pub fn suppressed() -> Self {
        Self::new(Outcome::Suppressed)
    }

    /// A signal told this process to end while a person was busy with the login.
    pub fn interrupted(signal: i32) -> Self {
        let exit = Exit::of_signal(signal);
        Self {
            exit,
            ..Self::failed("interrupted", "the login was interrupted; a page it opened no longer works")
        }
    }

    /// An outcome that another machine's document says, with what it says about it; `None` if that is no outcome.
    pub(crate) fn relayed(outcome: &str, document: &Document) -> Option<Self> {
        let is_unreachable = document.get("error").is_some_and(|error| error == "unreachable");
        let outcome = Outcome::of_word(outcome)?;
        let mut answer = Self::new(outcome);
        if outcome == Outcome::Failed && is_unreachable {
            answer.exit = Exit::Unavailable;
        }
        Some(match document.get("reason").and_then(Value::as_str) {
            Some(reason) => answer.because(sanitize(reason)),
            None => answer,
        })
    }

    /// The AWS CLI of another machine ended well, which has no words for that.
    pub(crate) fn relayed_success() -> Self {
        Self::new(Outcome::Success).with("via", Via::Aws.word())
    }

    /// The answer with another status of the command.
    pub(crate) fn exiting(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }

    fn new(outcome: Outcome) -> Self {
        Self { outcome, exit: outcome.exit(), keys: Vec::new(), reason: None, hint: None }
    }

    /// Adds a key to the document.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.set(key, value);
        self
    }

    /// Adds a key to the document.
    pub(crate) fn set(&mut self, key: &'static str, value: impl Into<Value>) {
        self.keys.push((key, value.into()));
    }

    /// Adds the next command for a person.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the next command for a person, if there is one.
    pub(crate) fn hint_if(self, hint: Option<&str>) -> Self {
        match hint {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }

    pub(crate) fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// The word for programs that says why it failed.
    pub(crate) fn error(&self) -> Option<&str> {
        self.keys.iter().find(|(key, _)| *key == "error").and_then(|(_, value)| value.as_str())
    }

    /// What people are told about it.
    pub(crate) fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// For how many seconds a snooze is.
    pub fn seconds(&self) -> Option<u64> {
        self.keys.iter().find(|(key, _)| *key == "seconds").and_then(|(_, value)| value.as_u64())
    }

    /// Whether there is a valid session now.
    pub fn is_good(&self) -> bool {
        self.exit == Exit::Done
    }

    /// Whether somebody logged in, or the session was renewed, just now.
    pub(crate) fn is_login(&self) -> bool {
        self.outcome == Outcome::Success
    }

    /// The status of the command.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// Adds the outcome to a document. A `reason` to log in gives way to the reason of a failure.
    pub fn add_to(&self, document: &mut Document) {
        document.set("outcome", self.outcome.word());
        for (key, value) in &self.keys {
            document.set(key, value.clone());
        }
        if let Some(reason) = &self.reason {
            document.set("reason", reason.as_str());
        }
        if let Some(hint) = &self.hint {
            document.set("hint", hint.as_str());
        }
    }

    /// Whether a next command for a person is known.
    pub(crate) fn has_hint(&self) -> bool {
        self.hint.is_some()
    }

    /// [`fault`](Self::fault) about the profile of a document, or about its session.
    pub(crate) fn fault_of(&self, document: &Document) -> anyhow::Result<Option<Fault>> {
        Ok(match document.text("profile")? {
            Some(name) => self.fault("profile", name),
            None => self.fault("sso-session", document.text("ssoSession")?.unwrap_or_default()),
        })
    }

    /// The line for a person, if the outcome is a failure: of a `profile` or an `sso-session`, and its name.
    pub fn fault(&self, noun: &str, name: &str) -> Option<Fault> {
        let reason = self.reason.as_ref()?;
        let fault = match self.outcome {
            Outcome::UnknownProfile => Fault::new(self.exit, reason.as_str()),
            _ => Fault::new(self.exit, format!("{noun} `{name}`: {reason}")),
        };
        Some(fault.hint_if(self.hint.as_deref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_the_profile_once() {
        for (answer, line) in [
            (
                Answer::unknown_profile("profile `corp` is not in the file"),
                "profile `corp` is not in the file",
            ),
            (Answer::failed("expired_token", "it has expired"), "profile `corp`: it has expired"),
        ] {
            assert_eq!(answer.fault("profile", "corp").unwrap().to_string(), line);
        }
    }
}
