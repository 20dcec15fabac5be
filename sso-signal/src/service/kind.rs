//! Which program runs services.

/// A service manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ManagerKind {
    /// macOS.
    Launchd,
    /// Linux, with a user's manager running.
    Systemd,
    /// A container, a host without systemd, an ssh session without a session bus.
    Nobody,
}

impl ManagerKind {
    /// The word in documents.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Launchd => "launchd",
            Self::Systemd => "systemd",
            Self::Nobody => "none",
        }
    }
}
