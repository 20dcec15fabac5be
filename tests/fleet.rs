//! Many boxes at once: `just sso-fleet`, and a signal that leads to a login on its box.
#![expect(unreachable_pub, reason = "modules of a test see each other's functions")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a failing test panics")]

#[path = "login/bench.rs"]
#[expect(dead_code, reason = "the tests of the other logins use the rest")]
mod bench;
#[path = "fleet/call.rs"]
mod call;
#[path = "fleet/manifests.rs"]
mod manifests;
#[path = "remote/metta.rs"]
#[expect(dead_code, reason = "the tests of one box use the rest")]
mod metta;
#[path = "sandbox/served.rs"]
#[expect(dead_code, reason = "the sandbox's own tests use the rest")]
mod served;
#[path = "fleet/signals.rs"]
mod signals;
mod support;
