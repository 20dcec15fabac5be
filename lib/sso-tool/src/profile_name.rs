//! The names of profiles that every tool can speak of: in signals, in file names, in the words of a shell.

use crate::exit::{Exit, Fault};
use crate::sanitize::sanitize;

/// A profile name that a signal can have: `[A-Za-z0-9][A-Za-z0-9 ._@+:/-]{0,127}`.
pub fn check_profile(name: &str) -> anyhow::Result<()> {
    let is_good = name.len() <= 128
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || " ._@+:/-".contains(c));
    if is_good {
        return Ok(());
    }
    Err(Fault::new(Exit::Data, format!("`{}` is no profile name that a signal can have", sanitize(name)))
        .hint("letters, digits and ` ._@+:/-`, a letter or digit first, 128 at most")
        .into())
}
