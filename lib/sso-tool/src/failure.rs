//! Why something can't be had: the kinds that a caller acts on, told apart by one word in a document (`error`), one exit
//! status, and one sentence with the command that helps.

use serde_json::Value;

use crate::document::Document;
use crate::exit::Exit;

/// The kind of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// A session or credentials have expired or aren't there: a person must log in.
    Expired,
    /// The service says no to this account, role or key. A login doesn't help.
    Denied,
    /// The service can't be reached, answers 5xx or throttles.
    Unreachable,
    /// Somebody else is at it, for longer than there was time to wait.
    Busy,
    /// The document is about another host, where this command has to run.
    Remote,
    /// The profile isn't there, or can't be used as it is configured.
    UnknownProfile,
    /// The configuration is wrong in a way that a tool says in its own words.
    Config,
}

impl FailureKind {
    const ALL: [Self; 7] = [
        Self::Expired,
        Self::Denied,
        Self::Unreachable,
        Self::Busy,
        Self::Remote,
        Self::UnknownProfile,
        Self::Config,
    ];

    /// The word for the document's `error`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Denied => "denied",
            Self::Unreachable => "unreachable",
            Self::Busy => "busy",
            Self::Remote => "remote",
            Self::UnknownProfile => "unknown-profile",
            Self::Config => "config",
        }
    }

    /// The kind of the `error` that a document has; [`FailureKind::Config`] if it is in a tool's own words.
    pub fn of_error(document: &Document) -> Self {
        let word = document.get("error").and_then(Value::as_str);
        Self::ALL.into_iter().find(|kind| Some(kind.word()) == word).unwrap_or(Self::Config)
    }

    /// The status of a command that ends so.
    pub fn exit(self) -> Exit {
        match self {
            Self::Expired => Exit::LoginRequired,
            Self::Denied | Self::Remote | Self::UnknownProfile | Self::Config => Exit::Config,
            Self::Unreachable => Exit::Unavailable,
            Self::Busy => Exit::TryLater,
        }
    }
}
