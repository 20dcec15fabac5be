//! `sso-login`, whole: a session is ensured, by whom and how often, and what everybody is told.

mod ask;
mod aws;
pub mod bench;
mod crowd;
mod endpoint;
mod ensure;
mod faults;
mod filter;
mod interleavings;
mod peers;
pub mod proxy;
mod read_only;
pub mod secrets;
mod service;
mod stranger;
mod waiting;
mod warm;
