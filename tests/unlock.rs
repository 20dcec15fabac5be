//! Keys unlocked and relocked by the recipes, with the real AWS CLI v2 and beside a watcher at work.
#![cfg(target_os = "linux")]
#![expect(unreachable_pub, reason = "modules of a test see each other's functions")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a failing test panics")]

#[path = "login/bench.rs"]
#[expect(dead_code, reason = "the tests of sso-login use the rest")]
mod bench;
#[path = "unlock/logins.rs"]
mod logins;
#[path = "unlock/ring.rs"]
mod ring;
#[path = "watcher/running.rs"]
#[expect(dead_code, reason = "the tests of the watcher use the rest")]
mod running;
#[path = "sandbox/served.rs"]
#[expect(dead_code, reason = "the sandbox's own tests use the rest")]
mod served;
mod support;
#[path = "unlock/watched.rs"]
mod watched;
