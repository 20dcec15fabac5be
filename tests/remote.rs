//! `sso-login tunnel`, whole: a real sshd, a box with a network and a HOME of its own, real tunnels.
#![expect(unreachable_pub, reason = "modules of a test see each other's functions")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a failing test panics")]

#[path = "login/bench.rs"]
#[expect(dead_code, reason = "the tests of the other logins use the rest")]
mod bench;
#[path = "remote/ends.rs"]
mod ends;
#[path = "remote/metta.rs"]
#[expect(dead_code, reason = "the tests of a fleet use the rest")]
mod metta;
#[path = "sandbox/served.rs"]
#[expect(dead_code, reason = "the sandbox's own tests use the rest")]
mod served;
mod support;
#[path = "pkce/under_way.rs"]
#[expect(dead_code, reason = "the tests of a browser here use the rest")]
mod under_way;
#[path = "remote/whole.rs"]
mod whole;
