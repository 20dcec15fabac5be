//! Read and write profiles in the AWS config file, byte for byte. Never logs in.
//!
//! [`AwsConfig`] answers questions about the files as botocore reads them, [`select`](select::select)
//! says which profile is meant.

mod apply;
mod aws_config;
mod chain;
pub mod choice;
mod cli;
mod commands;
pub mod config;
pub mod config_file;
mod cut;
mod diff;
pub mod endpoints;
#[cfg(test)]
mod fuzz;
pub mod ini;
pub mod key;
mod kind;
mod listed;
mod mark;
mod merged;
mod misnamed;
mod picker;
pub mod plan;
pub mod profile;
pub mod request;
mod row;
pub mod section_edit;
pub mod select;
pub mod snapshot;
pub mod source;
pub mod start_url;
mod table;
pub mod template;
mod unusable;
mod values;
mod warnings;

pub use aws_config::AwsConfig;
pub use chain::RoleSource;
pub use cli::Cli;
pub use commands::remove::remove_profile;
pub use commands::write::{WriteOptions, write_profile, write_profiles};
pub use kind::Kind;
pub use profile::{Profile, Sso};
pub use select::{Selected, select};
pub use start_url::StartUrl;
pub use values::scopes;
