//! `sso-signal service`: watcher and monitor as services of this user, under launchd or systemd.

mod aws;
mod choice;
mod install;
mod kind;
mod launchd;
mod logs;
mod manager;
mod permit;
mod plan;
mod plist;
mod report;
mod role;
mod systemd;
mod template;
mod unit;

pub(crate) use install::{InstallOptions, install, restart, uninstall};
pub(crate) use logs::logs;
pub(crate) use permit::permit;
pub(crate) use report::status;
