//! The name of a lock.

use std::fmt;
use std::str::FromStr;

/// The longest name, in characters.
const LONGEST: usize = 64;

/// A lock's name: `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`, so that `NAME.lock` is one visible entry of one
/// directory, on every file system.
///
/// ```
/// use sso_lock::Name;
///
/// assert!("login".parse::<Name>().is_ok());
/// assert!("../login".parse::<Name>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(String);

impl Name {
    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The lock's directory entry: `NAME.lock`.
    pub(crate) fn entry(&self) -> String {
        format!("{}.lock", self.0)
    }

    /// How the lock's temporary entries begin: `.NAME.lock.`.
    pub(crate) fn litter(&self) -> String {
        format!(".{}.lock.", self.0)
    }

    /// The name of a lock by its directory entry.
    pub(crate) fn of_entry(entry: &str) -> Option<Self> {
        entry.strip_suffix(".lock")?.parse().ok()
    }
}

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let starts_well = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        let is_plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        if !starts_well || !is_plain || text.len() > LONGEST {
            return Err(format!(
                "a lock's name is a letter or digit, then at most {} letters, digits, `.`, `_` or `-`",
                LONGEST - 1
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_plain_entry_of_a_directory() {
        for good in ["a", "0", "login", "a.b", "a..b", "A_b-c.9", &"x".repeat(64)] {
            assert!(good.parse::<Name>().is_ok(), "{good}");
        }
        for bad in
            ["", ".", "..", ".a", "-a", "_a", "a/b", "../a", "a b", "a\n", "ä", "a\0", "*", &"x".repeat(65)]
        {
            assert!(bad.parse::<Name>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_entry_leads_back_to_the_name() {
        assert_eq!(Name::of_entry("a.lock.lock").unwrap().as_str(), "a.lock");
        assert_eq!(Name::of_entry(".a.lock"), None);
        assert_eq!(Name::of_entry("a.json"), None);
    }
}
