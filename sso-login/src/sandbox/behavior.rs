//! How the sandbox behaves: who approves, how long things live, and the faults on request.

use std::time::Duration;

use super::fault::Fault;

/// Who says yes to a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Approval {
    /// The sandbox, after `--pending` polls
    Auto,
    /// A person, on a page with Allow and Deny
    Ask,
}

/// Everything about the sandbox that may change while it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Behavior {
    pub(super) approve: Approval,
    /// Polls of a device code that answer `authorization_pending` before the user decides.
    pub(super) pending: u64,
    /// Polls of a device code that answer `slow_down`, before all others.
    pub(super) slow_down: u64,
    /// The user denies instead of approving.
    pub(super) deny: bool,
    /// The device code expires instead of being approved.
    pub(super) expire: bool,
    pub(super) no_refresh_token: bool,
    /// Seconds between polls that a device authorization asks for.
    pub(super) interval: u64,
    pub(super) device_expires_in: Duration,
    /// `None`: an hour, or eight for a client without scopes (AWS-FORMATS 4.1).
    pub(super) token_lifetime: Option<Duration>,
    pub(super) session_lifetime: Duration,
    pub(super) role_lifetime: Duration,
    pub(super) registration_lifetime: Duration,
    /// Taken in order: the first that fits a request answers it.
    pub(super) faults: Vec<Fault>,
}

const HOUR: u64 = 3600;

impl Default for Behavior {
    fn default() -> Self {
        Self {
            approve: Approval::Auto,
            pending: 1,
            slow_down: 0,
            deny: false,
            expire: false,
            no_refresh_token: false,
            interval: 1,
            device_expires_in: Duration::from_secs(600),
            token_lifetime: None,
            session_lifetime: Duration::from_secs(8 * HOUR),
            role_lifetime: Duration::from_secs(HOUR),
            registration_lifetime: Duration::from_secs(90 * 24 * HOUR),
            faults: Vec::new(),
        }
    }
}

impl Behavior {
    /// How long an access token lives, for a client that may or may not refresh it.
    pub(super) fn access_lifetime(&self, refreshable: bool) -> Duration {
        self.token_lifetime.unwrap_or(Duration::from_secs(if refreshable { HOUR } else { 8 * HOUR }))
    }
}
