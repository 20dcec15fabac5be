//! What a command does to the config file, worked out before anything is written. `apply.rs` carries it out.

mod all;
mod before;
mod change;
mod remove;
mod write;

use crate::config::Role;
use crate::request::Request;
use crate::section_edit::SectionEdit;

pub(crate) use all::{RoleProfile, all};
pub(crate) use before::Before;
pub(crate) use change::Change;
pub(crate) use remove::remove;
pub use write::{sharing, write};

/// What is to be done.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Sections that change or are new.
    pub edits: Vec<SectionEdit>,
    /// Sections that go.
    pub(crate) dropped: Vec<Role>,
    /// What becomes of each profile that the plan is about.
    pub(crate) profiles: Vec<ProfileChange>,
}

/// What becomes of one profile.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ProfileChange {
    pub(crate) name: String,
    pub(crate) change: Change,
    /// What the profile has to say afterwards, whatever the credentials file or `[DEFAULT]` says beside it.
    pub(crate) asked: Option<Request>,
    pub(crate) warnings: Vec<String>,
}

impl ProfileChange {
    pub(crate) fn new(name: impl Into<String>, change: Change) -> Self {
        Self { name: name.into(), change, asked: None, warnings: Vec::new() }
    }
}
