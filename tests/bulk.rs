//! What `sso-profile remove` and `write --all` promise, with botocore, the AWS CLI and the SDK for Rust reading along.
#![expect(unreachable_pub, reason = "modules of a test see each other's functions")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a failing test panics")]

mod support;

#[path = "bulk/cut.rs"]
mod cut;
#[path = "bulk/faults.rs"]
mod faults;
#[path = "bulk/listed.rs"]
mod listed;
#[path = "bulk/marks.rs"]
mod marks;
#[path = "bulk/organisation.rs"]
mod organisation;
#[path = "bulk/peers.rs"]
mod peers;
#[path = "bulk/pipeline.rs"]
mod pipeline;
#[path = "bulk/random.rs"]
mod random;
#[path = "bulk/remove.rs"]
mod remove;
