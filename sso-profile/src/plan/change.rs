//! What becomes of a profile: `change` in documents.

/// What becomes of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The profile is new.
    Added,
    /// The profile was there and said something else.
    Replaced,
    /// The profile says already what was asked for.
    Unchanged,
    /// The profile is taken out.
    Removed,
    /// The profile would go, if another profile didn't take its credentials from it.
    Kept,
}

impl Change {
    /// The word in documents.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Replaced => "replaced",
            Self::Unchanged => "unchanged",
            Self::Removed => "removed",
            Self::Kept => "kept",
        }
    }
}
