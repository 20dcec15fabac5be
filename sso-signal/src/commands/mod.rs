//! One file for each subcommand: its flags, its help and what it does.

pub mod clear;
pub mod log;
pub mod mode;
pub mod notify;
pub mod quiet;
pub mod read;
pub mod request;
pub mod service;
pub mod settle;
pub mod snooze;
pub mod status;
pub mod wait;
pub mod write;
