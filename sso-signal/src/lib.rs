//! Keep the "login required" signals and what the user decided about them.
//!
//! The library is also the base of the whole suite: documents in and out ([`wire`]), exit statuses
//! ([`exit`]), files that are never half-written ([`replace`]) or trusted blindly ([`untrusted`]),
//! settings ([`settings`]), time ([`time`]), and a tool's way from its command line to its status ([`command_line`]).

pub mod clear;
pub mod command_line;
mod content;
pub mod cooldown;
pub mod dashboard;
mod document;
pub mod dotenv;
pub mod entry;
pub mod exit;
pub mod folder;
pub mod heartbeat;
pub mod host;
pub mod journal;
pub mod machine;
pub mod memory;
pub mod mode;
mod pages;
pub mod places;
pub mod quarantine;
pub mod quiet;
pub mod raise;
pub mod read;
pub mod record;
pub mod replace;
pub mod request;
pub mod secret;
pub mod service;
pub mod settings;
pub mod settle;
pub mod sighting;
pub mod signal;
pub mod state;
pub mod status;
mod strict;
pub mod text;
pub mod time;
pub mod untrusted;
mod usage;
pub mod wait;
pub mod wire;
