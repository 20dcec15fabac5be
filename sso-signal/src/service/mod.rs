//! `sso-signal service`: watcher and monitor as services of this user, under launchd or systemd.

mod aws;
mod install;
mod launchd;
mod logs;
mod manager;
mod permit;
mod plan;
mod plist;
mod program;
mod report;
mod role;
mod systemd;
mod unit;

pub use install::{Wish, install, restart, uninstall};
pub use logs::logs;
pub use permit::permit;
pub use report::status;

/// What a file of ours has in it, and no other's.
const MARK: &str = "Written by `sso-signal service install`";
