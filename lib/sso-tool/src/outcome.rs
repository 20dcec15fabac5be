//! What came of a question or a login: `outcome` in documents.

use std::fmt;

use crate::exit::Exit;

/// What came of a question or a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Logged in, or renewed without a person.
    Success,
    /// The session was valid all along.
    Valid,
    /// The login failed.
    Failed,
    /// The login took too long.
    Timeout,
    /// "Later", in as many `seconds`.
    Snoozed,
    /// The question was closed or ignored, or there was no way to ask.
    Dismissed,
    /// "Don't remind me."
    Suppressed,
    /// Another login is under way.
    Busy,
    /// The profile isn't in the AWS config, or can't be used.
    UnknownProfile,
}

impl Outcome {
    /// Every outcome, in the order of a list for people.
    pub const ALL: [Self; 9] = [
        Self::Success,
        Self::Valid,
        Self::Failed,
        Self::Timeout,
        Self::Snoozed,
        Self::Dismissed,
        Self::Suppressed,
        Self::Busy,
        Self::UnknownProfile,
    ];

    /// The word in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Valid => "valid",
            Self::Failed => "failed",
            Self::Timeout => "timeout",
            Self::Snoozed => "snoozed",
            Self::Dismissed => "dismissed",
            Self::Suppressed => "suppressed",
            Self::Busy => "busy",
            Self::UnknownProfile => "unknown-profile",
        }
    }

    /// The outcome of a word: exactly as written by [`word`](Self::word).
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.word() == word)
    }

    /// The status of a command that ends so, if nothing more is known.
    pub fn exit(self) -> Exit {
        match self {
            Self::Success | Self::Valid => Exit::Done,
            Self::Failed | Self::Suppressed => Exit::LoginRequired,
            Self::Timeout => Exit::Timeout,
            Self::Snoozed | Self::Dismissed | Self::Busy => Exit::TryLater,
            Self::UnknownProfile => Exit::Config,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_as_it_is_written() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::of_word(outcome.word()), Some(outcome));
        }
        assert_eq!((Outcome::of_word("Success"), Outcome::of_word("")), (None, None));
    }
}
