//! The hosts that a signal may lead to: those that this machine's owner has listed, since a signal is a stranger's word.

use std::fs;
use std::io::ErrorKind;

use anyhow::Context as _;
use sso_tool::settings::{Settings, from_environment};

/// Whether the owner has listed a host: in `SSO_HOSTS` (separated by commas or spaces; the environment alone, since a
/// working directory may be a stranger's checkout), or on a line of `hosts` in the state directory.
pub(crate) fn is_listed(settings: &Settings, host: &str) -> anyhow::Result<bool> {
    let listed = from_environment("SSO_HOSTS").unwrap_or_default();
    if listed.split([',', ' ']).any(|known| known == host) {
        return Ok(true);
    }
    let path = settings.state_dir()?.join("hosts");
    match fs::read_to_string(&path) {
        Ok(text) => Ok(names(&text).any(|known| known == host)),
        Err(err) if err.kind() == ErrorKind::NotFound => Ok(false),
        Err(err) => Err(err).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// One host a line; `#` begins a comment.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_empty_lines_are_no_hosts() {
        let text = "metta@metta1\n\n# metta2\n  metta3  # the third\n";
        assert_eq!(names(text).collect::<Vec<_>>(), ["metta@metta1", "metta3"]);
    }
}
