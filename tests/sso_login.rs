//! The tests of `sso-login` as whole processes.
#![expect(unreachable_pub, reason = "modules of a test see each other's functions")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a failing test panics")]

mod accounts;
mod ask;
mod consent;
mod console;
mod credentials;
mod doctor;
mod fleet;
mod foresight;
mod login;
mod matrix;
mod packaging;
mod pipeline;
mod pkce;
mod readme;
mod remote;
mod roundtrip;
mod sandbox;
mod serve;
mod services;
mod setup;
mod steps;
mod subjects;
mod support;
mod terminal;
mod torture;
mod unlock;
mod watcher;
