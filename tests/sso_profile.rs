//! The tests of `sso-profile` as whole processes.
#![expect(unreachable_pub, reason = "modules of a test see each other's functions")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a failing test panics")]

mod bulk;
mod choose;
mod keys;
mod profile;
mod support;
