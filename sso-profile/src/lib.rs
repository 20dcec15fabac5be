//! Read and write profiles in the AWS config file, byte-preserving. Never logs in.
//!
//! [`AwsConfig`] answers questions about the files as botocore reads them, [`select`](select::select)
//! says which profile is meant.

mod bulk;
mod chain;
pub mod choose;
pub mod config;
mod cut;
mod diff;
mod disk;
pub mod edit;
pub mod endpoints;
pub mod env;
pub mod files;
pub mod ini;
pub mod key;
mod listed;
mod listing;
mod load;
mod mark;
mod merged;
mod misnamed;
mod picker;
pub mod plan;
pub mod profile;
pub mod remove;
pub mod request;
mod row;
pub mod select;
pub mod show;
pub mod snapshot;
pub mod source;
mod source_text;
pub mod start_url;
mod table;
pub mod template;
mod values;
pub mod words;
pub mod write;
pub mod write_all;

pub use load::AwsConfig;
pub use profile::{Kind, Profile, Sso};
pub use select::{Selected, select};
pub use start_url::StartUrl;
