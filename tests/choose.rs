//! What `sso-profile choose` promises to a person at a terminal, and where there is none.
#![expect(unreachable_pub, reason = "modules of a test see each other's functions")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a failing test panics")]

mod support;

#[path = "choose/endings.rs"]
mod endings;
#[path = "choose/keys.rs"]
mod keys;
#[path = "choose/pick.rs"]
mod pick;
#[path = "choose/pty.rs"]
mod pty;
#[path = "choose/screen.rs"]
mod screen;
