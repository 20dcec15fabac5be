//! Keep the "login required" signals and what the user decided about them.

pub mod clear;
mod content;
pub mod cooldown;
pub mod dashboard;
pub mod entry;
pub mod folder;
pub mod heartbeat;
pub mod host;
pub mod journal;
pub mod machine;
pub mod memory;
pub mod mode;
pub mod places;
pub mod quiet;
pub mod raise;
pub mod read;
pub mod record;
pub mod request;
pub mod service;
pub mod settle;
pub mod sighting;
pub mod signal;
pub mod status;
pub mod wait;
