//! The subcommands: each with its arguments and what it does.

pub mod choose;
pub mod env;
pub mod key;
pub mod remove;
pub mod show;
pub mod write;
