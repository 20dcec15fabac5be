//! What `sso-profile` promises, with the real botocore as the judge of files read and written.
#![expect(unreachable_pub, reason = "modules of a test see each other's functions")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a failing test panics")]

mod support;

#[path = "profile/botocore.rs"]
mod botocore;
#[path = "profile/edit.rs"]
mod edit;
#[path = "profile/faults.rs"]
mod faults;
#[path = "profile/odd.rs"]
mod odd;
#[path = "profile/resolve.rs"]
mod resolve;
#[path = "profile/show.rs"]
mod show;
#[path = "profile/write.rs"]
mod write;
