//! What happens when a login is required: `mode` in files, settings and documents.

use std::fmt;

/// What happens when a login is required.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Ask a person first.
    Notify,
    /// Log in at once.
    Auto,
    /// Do nothing: a person logs in by hand.
    Standalone,
}

impl Mode {
    /// Every mode, in the order of a list for people.
    pub const ALL: [Self; 3] = [Self::Notify, Self::Auto, Self::Standalone];

    /// The word in files, settings and documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Notify => "notify",
            Self::Auto => "auto",
            Self::Standalone => "standalone",
        }
    }

    /// The mode of a word: exactly as written by [`word`](Self::word).
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.word() == word)
    }

    /// What it does, for people.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Notify => "asks before it opens a browser",
            Self::Auto => "opens a browser when a session expires",
            Self::Standalone => "idle: you log in yourself",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
