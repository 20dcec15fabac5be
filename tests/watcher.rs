//! The watcher and the monitor as people run them: by recipes and tasks, in a loop that nothing stops.
#![cfg(target_os = "linux")]
#![expect(unreachable_pub, reason = "modules of a test see each other's functions")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a failing test panics")]

#[path = "login/bench.rs"]
#[expect(dead_code, reason = "the tests of sso-login use the rest")]
mod bench;
#[path = "watcher/commands.rs"]
mod commands;
#[path = "watcher/containers.rs"]
mod containers;
#[path = "watcher/dashboard.rs"]
mod dashboard;
#[path = "watcher/day.rs"]
mod day;
#[path = "watcher/loops.rs"]
mod loops;
#[path = "watcher/running.rs"]
mod running;
#[path = "sandbox/served.rs"]
#[expect(dead_code, reason = "the sandbox's own tests use the rest")]
mod served;
mod support;
