//! Check, list, repair and prune cached tokens and credentials.
//!
//! The files are those of the AWS CLI and the SDKs (AWS-FORMATS 1 to 3). A file is found by its key
//! ([`key`]), in one of two folders ([`folder`]), and read into a [`token::Token`], a
//! [`registration::Registration`] or [`credentials::RoleCredentials`]; each says what state it is in at a
//! moment, and writes itself as the AWS CLI would, but atomically.
//!
//! ```no_run
//! use sso_cache::{entry::Entry, folder::Cache, key::Session, token::Token};
//!
//! # fn main() -> anyhow::Result<()> {
//! let cache = Cache::of_home("/home/you");
//! let path = cache.token(Session::Named("corp"));
//! if let Entry::Whole(token) = Token::read(&path)? {
//!     println!("{}", token.state(sso_tool::time::now()?));
//! }
//! # Ok(())
//! # }
//! ```

pub mod check;
pub mod console_session;
mod content;
pub mod copies;
pub mod credentials;
pub mod entry;
pub mod folder;
pub mod forecast;
#[cfg(test)]
mod fuzz;
pub mod key;
pub mod list;
pub mod metrics;
pub mod monitor;
pub mod pointer;
pub mod prune;
pub mod python;
mod reason;
pub mod registration;
pub mod repair;
pub mod salvage;
mod second_look;
pub mod session_ends;
pub mod session_store;
pub mod template;
pub mod token;
pub mod view;

/// The tool's name, for messages.
pub const TOOL: &str = "sso-cache";
