//! `sso-signal service`: the watcher as a service of this user, under launchd or systemd.

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
mod systemd;
mod unit;

pub use install::{Wish, install, restart, uninstall};
pub use logs::logs;
pub use permit::permit;
pub use report::status;

pub use sso_tool::defaults::WATCHER_LABEL as LABEL;
/// The systemd user unit.
pub const UNIT: &str = "sso-watcher.service";
/// What a file of ours has in it, and no other's.
const MARK: &str = "Written by `sso-signal service install`";
