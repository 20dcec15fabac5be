//! What every tool of the suite does: a command line in, documents through, a status out.
//!
//! What two tools must read alike is here too: whom a document is about, what a token's state is called, how a login ended.
//! Signals, locks, the cache, the config and logins themselves have a crate each, and all five stand on this one.

#![warn(missing_docs)]

#[cfg(target_env = "musl")]
mod allocator;
pub mod atomic_write;
pub mod aws_cli;
pub mod beat;
mod complete;
pub mod defaults;
pub mod document;
pub mod dotenv;
pub mod environment;
pub mod episode;
pub mod exit;
pub mod failure;
pub mod filter;
pub mod flock;
pub mod foreground;
pub mod format;
pub mod hex;
pub mod interrupt;
pub mod listing;
pub mod login_page;
pub mod meant;
pub mod mode;
pub mod outcome;
mod pages;
pub mod placeholder;
pub mod process;
mod profile_flag;
pub mod profile_name;
pub mod quarantine;
pub mod random;
pub mod recipe;
pub mod rename;
pub mod run;
pub mod safe_read;
pub mod sanitize;
pub mod secret;
pub mod sentence;
pub mod settings;
pub mod shell;
pub mod state_dir;
pub mod stream;
mod strict;
#[doc(hidden)]
pub mod subcommands;
pub mod subject;
pub mod synonyms;
pub mod table;
pub mod time;
pub mod token_state;
mod usage;

#[cfg(test)]
mod fuzz;

pub use run::main;
