//! How good a token, a registration or credentials are: `state` in documents.

use std::fmt;

/// The state of a token, a registration or credentials at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// Not expired.
    Valid,
    /// Valid, and near an end that nobody can put off.
    Ending,
    /// A token that is over and can be renewed without a person.
    Refreshable,
    /// Over.
    Expired,
    /// There is no file.
    Missing,
    /// There is a file that says nothing usable.
    Corrupt,
}

impl TokenState {
    /// The word in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Ending => "ending",
            Self::Refreshable => "refreshable",
            Self::Expired => "expired",
            Self::Missing => "missing",
            Self::Corrupt => "corrupt",
        }
    }

    /// The state that a checked document names; `None` if it is in other words.
    pub fn of_word(word: &str) -> Option<Self> {
        let all = [Self::Valid, Self::Ending, Self::Refreshable, Self::Expired, Self::Missing, Self::Corrupt];
        all.into_iter().find(|state| state.word() == word)
    }

    /// Whether only a person can mend a token in this state. A refreshable one wakes nobody.
    pub fn needs_login(self) -> bool {
        matches!(self, Self::Ending | Self::Expired | Self::Missing | Self::Corrupt)
    }
}

impl fmt::Display for TokenState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
