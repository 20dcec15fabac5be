//! Keep the "login required" signals and what the user decided about them.
//!
//! The library is also the base of the whole suite: documents in and out ([`wire`]), exit statuses
//! ([`exit`]), files that are never half-written ([`replace`]) or trusted blindly ([`untrusted`]),
//! settings ([`settings`]), time ([`time`]).

pub mod dotenv;
pub mod exit;
pub mod replace;
pub mod secret;
pub mod settings;
mod strict;
pub mod text;
pub mod time;
pub mod untrusted;
pub mod wire;
