//! `sso-login whoami`, `accounts` and `logout`, whole.
#![expect(unreachable_pub, reason = "modules of a test see each other's functions")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a failing test panics")]

#[path = "login/bench.rs"]
#[expect(dead_code, reason = "the tests of the login use the rest")]
mod bench;
#[path = "accounts/list.rs"]
mod list;
#[path = "accounts/logout.rs"]
mod logout;
#[path = "sandbox/served.rs"]
#[expect(dead_code, reason = "the sandbox's own tests use the rest")]
mod served;
mod support;
#[path = "accounts/whoami.rs"]
mod whoami;
