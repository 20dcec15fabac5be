//! A dialog: what it shows, and what comes of it.

use super::limits::Interruption;
use super::question::Question;
use crate::session::answer::Answer;

pub(super) const REFRESH: &str = "Refresh";
pub(super) const SNOOZE: &str = "Snooze";
pub(super) const DONT_REMIND: &str = "Don't Remind";
pub(super) const CANCEL: &str = "Cancel";
pub(super) const DISABLE: &str = "Disable Reminders";

/// What the person said.
#[derive(Debug, PartialEq)]
pub(super) enum Response {
    /// Log in.
    Refresh,
    /// Something else, which is the outcome.
    No(Answer),
    /// Nothing: somebody logged in elsewhere meanwhile.
    Moot,
}

/// What came of one dialog.
#[derive(Debug, PartialEq)]
pub(super) enum Reply<T> {
    /// An answer.
    Given(T),
    /// Closed, ignored, or nothing that could be understood.
    Nothing,
    /// The question could not be shown, and why.
    Broken(String),
    /// A signal that told this process to end.
    Interrupted(i32),
    /// A login elsewhere made the question moot.
    Moot,
}

impl<T> From<Interruption> for Reply<T> {
    fn from(interruption: Interruption) -> Self {
        match interruption {
            Interruption::Signal(signal) => Self::Interrupted(signal),
            Interruption::Moot => Self::Moot,
        }
    }
}

/// The three buttons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Button {
    Refresh,
    Snooze,
    DontRemind,
}

/// A program that can ask.
pub(super) trait Dialog {
    /// Shows the question.
    fn choose(&self, question: &Question) -> Reply<Button>;
    /// Asks for how long, in seconds.
    fn snooze(&self, question: &Question) -> Reply<u64>;
    /// Warns before the reminders end.
    fn confirm(&self, question: &Question) -> Reply<()>;
}

impl<T> Reply<T> {
    pub(super) fn then<U>(self, next: impl FnOnce(T) -> Reply<U>) -> Reply<U> {
        match self {
            Self::Given(value) => next(value),
            Self::Nothing => Reply::Nothing,
            Self::Broken(why) => Reply::Broken(why),
            Self::Interrupted(signal) => Reply::Interrupted(signal),
            Self::Moot => Reply::Moot,
        }
    }

    /// After the first dialog nothing is tried with another program: the person was asked.
    pub(super) fn or_later(self) -> Self {
        match self {
            Self::Broken(_) => Self::Nothing,
            reply => reply,
        }
    }
}

impl Button {
    pub(super) fn of_label(label: &str) -> Option<Self> {
        match label {
            REFRESH => Some(Self::Refresh),
            SNOOZE => Some(Self::Snooze),
            DONT_REMIND => Some(Self::DontRemind),
            _ => None,
        }
    }
}
