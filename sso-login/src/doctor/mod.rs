//! The checks of `sso-login doctor`.
//!
//! Each check is a function in a file of its own and one line of [`CHECKS`]; it hands back findings: what was seen, how bad
//! it is, what to do.

mod cache;
mod config;
mod endpoint;
mod finding;
mod liveness;
mod permissions;
mod programs;
mod proxy;
mod reach;
mod readers;
pub(crate) mod report;
pub(crate) mod scope;
mod sessions;
mod static_keys;
mod variables;

use finding::Finding;
use scope::Scope;

/// Looks at one thing, or at a few that belong together.
pub(crate) type Check = fn(&Scope<'_>) -> Vec<Finding>;

/// All checks, in the order of their findings.
pub(crate) const CHECKS: [Check; 12] = [
    programs::aws,
    variables::check,
    config::check,
    static_keys::check,
    readers::check,
    cache::check,
    permissions::check,
    sessions::check,
    endpoint::check,
    liveness::check,
    programs::browser,
    programs::dialog,
];
