//! Asking a person, whole: from a signal through a dialog to what is remembered.
#![expect(unreachable_pub, reason = "modules of a test see each other's functions")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a failing test panics")]

#[path = "login/bench.rs"]
#[expect(dead_code, reason = "the tests of logins use the rest")]
mod bench;
#[path = "ask/hostile.rs"]
mod hostile;
#[path = "ask/kdialog.rs"]
mod kdialog;
#[path = "ask/osascript.rs"]
mod osascript;
#[path = "sandbox/served.rs"]
#[expect(dead_code, reason = "the sandbox's own tests use the rest")]
mod served;
#[path = "ask/session.rs"]
mod session;
mod support;
#[path = "ask/terminal.rs"]
mod terminal;
#[path = "ask/watch.rs"]
mod watch;
#[path = "ask/zenity.rs"]
mod zenity;
