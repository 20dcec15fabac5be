//! `sso-login`, whole: a session is ensured, by whom and how often, and what everybody is told.
#![expect(unreachable_pub, reason = "modules of a test see each other's functions")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a failing test panics")]

#[path = "login/ask.rs"]
mod ask;
#[path = "login/aws.rs"]
mod aws;
#[path = "login/bench.rs"]
mod bench;
#[path = "login/crowd.rs"]
mod crowd;
#[path = "login/endpoint.rs"]
mod endpoint;
#[path = "login/ensure.rs"]
mod ensure;
#[path = "login/faults.rs"]
mod faults;
#[path = "login/filter.rs"]
mod filter;
#[path = "login/peers.rs"]
mod peers;
#[path = "login/proxy.rs"]
mod proxy;
#[path = "login/read_only.rs"]
mod read_only;
#[path = "login/secrets.rs"]
mod secrets;
#[path = "sandbox/served.rs"]
#[expect(dead_code, reason = "the sandbox's own tests use the rest")]
mod served;
#[path = "login/service.rs"]
mod service;
#[path = "login/stranger.rs"]
mod stranger;
mod support;
#[path = "login/waiting.rs"]
mod waiting;
