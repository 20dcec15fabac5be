//! What `sso-signal` promises as a process: every subcommand, hostile files, faults at every system call.
#![expect(unreachable_pub, reason = "modules of a test see each other's functions")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a failing test panics")]

mod support;

#[path = "signal/clock.rs"]
mod clock;
#[path = "signal/container.rs"]
mod container;
#[path = "signal/faults.rs"]
mod faults;
#[path = "signal/hostile.rs"]
mod hostile;
#[path = "signal/large.rs"]
mod large;
#[path = "signal/quiet.rs"]
mod quiet;
#[path = "signal/raise.rs"]
mod raise;
#[path = "signal/session.rs"]
mod session;
#[path = "signal/settings.rs"]
mod settings;
#[path = "signal/settle.rs"]
mod settle;
#[path = "signal/state.rs"]
mod state;
#[path = "signal/unfit.rs"]
mod unfit;
#[path = "signal/unreadable.rs"]
mod unreadable;
#[path = "signal/watch.rs"]
mod watch;
