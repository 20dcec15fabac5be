//! What `sso-profile` promises, with the real botocore as the judge of files read and written.

#[path = "profile/botocore.rs"]
mod botocore;
mod support;
