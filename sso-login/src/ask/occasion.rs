//! Why a person is asked, besides a session that isn't there.

use std::time::Duration;

use sso_tool::time::Moment;

/// Why a person is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Occasion {
    /// The end of a session that runs, and would be ended for a new one.
    pub(crate) ends_at: Option<Moment>,
    /// For how long a command needs a session, which a person has just run.
    pub(crate) needed: Option<Duration>,
}
