//! `sso-login credentials`, `exec` and `refresh`, whole: what programs get without anybody.
#![expect(unreachable_pub, reason = "modules of a test see each other's functions")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a failing test panics")]

#[path = "login/bench.rs"]
#[expect(dead_code, reason = "the tests of the login use the rest")]
mod bench;
#[path = "credentials/canary.rs"]
mod canary;
#[path = "credentials/crowd.rs"]
mod crowd;
#[path = "credentials/exec.rs"]
mod exec;
#[path = "credentials/faults.rs"]
mod faults;
#[path = "credentials/handout.rs"]
mod handout;
#[path = "credentials/kinds.rs"]
mod kinds;
#[path = "credentials/peers.rs"]
mod peers;
#[path = "credentials/refresh.rs"]
mod refresh;
#[path = "sandbox/served.rs"]
#[expect(dead_code, reason = "the sandbox's own tests use the rest")]
mod served;
mod support;
