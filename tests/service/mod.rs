//! The watcher as a service: what is written for launchd and systemd, and what their programs are told.

mod fakes;
mod files;
mod launchd;
mod logs;
mod refusals;
mod systemd;
