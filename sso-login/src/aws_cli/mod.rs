//! The AWS CLI as a way to log in.

pub mod complaint;
pub mod page;
pub mod program;
