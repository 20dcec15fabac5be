//! The watcher as a service: what is written for launchd and systemd, and what their programs are told.
#![expect(unreachable_pub, reason = "modules of a test see each other's functions")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a failing test panics")]

mod support;

#[path = "service/fakes.rs"]
mod fakes;
#[path = "service/files.rs"]
mod files;
#[path = "service/launchd.rs"]
mod launchd;
#[path = "service/logs.rs"]
mod logs;
#[path = "service/refusals.rs"]
mod refusals;
#[path = "service/systemd.rs"]
mod systemd;
