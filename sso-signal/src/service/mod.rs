//! `sso-signal service`: watcher and monitor as services of this user, under launchd or systemd.

mod aws;
mod install;
mod launchd;
mod logs;
mod manager;
mod permit;
mod plan;
mod plist;
mod report;
mod role;
mod systemd;
mod unit;

pub(crate) use install::{InstallOptions, install, restart, uninstall};
pub(crate) use logs::logs;
pub(crate) use permit::permit;
pub(crate) use report::status;

/// What a file of ours has in it, and no other's.
const MARK: &str = "Written by `sso-signal service install`";
