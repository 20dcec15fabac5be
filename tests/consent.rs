//! What a person is told before AWS asks for consent, and what programs can count.
#![expect(unreachable_pub, reason = "modules of a test see each other's functions")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a failing test panics")]

#[path = "consent/aws.rs"]
mod aws;
#[path = "login/bench.rs"]
#[expect(dead_code, reason = "the tests of logins use the rest")]
mod bench;
#[path = "consent/later.rs"]
mod later;
#[path = "consent/ours.rs"]
mod ours;
#[path = "sandbox/served.rs"]
#[expect(dead_code, reason = "the sandbox's own tests use the rest")]
mod served;
mod support;
