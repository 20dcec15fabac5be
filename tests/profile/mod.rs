//! What `sso-profile` promises, with the real botocore as the judge of files read and written.

mod botocore;
mod edit;
mod env;
mod faults;
mod monitor;
mod odd;
mod resolve;
mod show;
mod source;
mod torn;
mod write;
