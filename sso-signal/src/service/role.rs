//! What a service is there for: each has a name of its own with the service manager, and logs of its own.

use sso_tool::defaults;

/// The services of this suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Asks, or logs in, whenever a signal is due.
    Watcher,
    /// Looks at every session, and raises signals.
    Monitor,
}

impl Role {
    /// The word for people.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Watcher => "watcher",
            Self::Monitor => "monitor",
        }
    }

    /// The label of the launchd agent.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Watcher => defaults::WATCHER_LABEL,
            Self::Monitor => defaults::MONITOR_LABEL,
        }
    }

    /// The systemd user unit.
    pub(super) fn unit(self) -> &'static str {
        match self {
            Self::Watcher => "sso-watcher.service",
            Self::Monitor => "sso-monitor.service",
        }
    }

    /// What it does, for a list of services.
    pub(super) fn description(self) -> &'static str {
        match self {
            Self::Watcher => "SSO watcher: asks for a login when an AWS SSO session has expired",
            Self::Monitor => "SSO monitor: renews AWS SSO sessions and raises a signal when one has expired",
        }
    }
}
