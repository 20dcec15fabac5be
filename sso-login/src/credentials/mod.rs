//! The credentials of a profile, wherever its config says that they come from.

pub(crate) mod asked_role;
pub mod assume_role;
mod aws_login;
pub mod credential_process;
pub mod export;
pub mod federation;
pub(crate) mod identity;
pub(crate) mod listing;
pub mod resolver;
pub mod role;
pub mod signing_keys;
pub mod sts;
