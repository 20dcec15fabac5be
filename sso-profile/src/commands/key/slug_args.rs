//! The flags that say which key is meant.

use sso_tool::exit::{Exit, Fault};

use crate::key::Slug;

/// Which key.
#[derive(Debug, clap::Args)]
pub(crate) struct SlugArgs {
    /// The env: letters, digits, - and _
    #[arg(long)]
    env: String,
    /// The key, named as a variable
    #[arg(long)]
    key: String,
}

impl SlugArgs {
    pub(crate) fn parse(&self) -> Result<Slug, Fault> {
        Slug::new(&self.env, &self.key).map_err(|why| Fault::new(Exit::Usage, why))
    }
}
