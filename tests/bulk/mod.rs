//! What `sso-profile remove` and `write --all` promise, with botocore, the AWS CLI and the SDK for Rust reading along.

mod cut;
mod faults;
mod listed;
mod marks;
mod organisation;
mod peers;
mod pipeline;
mod random;
mod remove;
