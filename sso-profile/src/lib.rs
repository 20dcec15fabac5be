//! Read and write profiles in the AWS config file, byte-preserving. Never logs in.
//!
//! [`AwsConfig`] answers questions about the files as botocore reads them, [`select`](select::select)
//! says which profile is meant.

pub mod config;
mod diff;
mod disk;
pub mod edit;
pub mod endpoints;
pub mod files;
pub mod ini;
mod load;
pub mod plan;
pub mod profile;
pub mod request;
pub mod select;
pub mod show;
pub mod source;
mod table;
pub mod words;
pub mod write;

pub use load::AwsConfig;
pub use profile::{Kind, Profile, Sso};
pub use select::{Selected, select};
