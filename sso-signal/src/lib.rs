//! Keep the "login required" signals and what the user decided about them.

mod changes;
mod cli;
mod commands;
mod cooldown;
mod dashboard;
#[cfg(test)]
mod fuzz;
pub mod heartbeat;
mod journal;
mod logout_report;
mod machine;
pub mod mode;
mod notices;
mod queue;
mod reminder;
mod reminder_key;
mod reminder_store;
mod service;
mod sighting;
mod signal;
mod signal_store;

pub use cli::Cli;
pub use commands::quiet::quiet_one;
pub use commands::settle::{end_lock, settle_one};
pub use machine::{LEASE, LONGEST_SNOOZE};
pub use reminder::{ConfigStamp, config_stamp};
