//! The AWS CLI as a way to log in.

pub mod complaint;
pub mod login;
pub mod page;
