//! A key's address, `<env>.<KEY>`.

use std::fmt;
use std::str::FromStr;

/// `dev.AWS_PROFILE`: an env without dots, and a name that could be a variable's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slug {
    env: String,
    key: String,
}

impl Slug {
    /// A slug of its parts, or why they make none.
    pub fn new(env: &str, key: &str) -> Result<Self, String> {
        let is_word = |text: &str, extra: &str| {
            text.len() <= 128
                && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
                && text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c))
        };
        if !is_word(env, "_-") {
            return Err(format!("`{env}` isn't an env: letters, digits, - and _"));
        }
        if !is_word(key, "_") || key.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(format!("`{key}` isn't a key: letters, digits and _, as a variable"));
        }
        Ok(Self { env: env.to_owned(), key: key.to_owned() })
    }

    /// The part before the dot.
    pub fn env(&self) -> &str {
        &self.env
    }

    /// The part after the dot.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.env, self.key)
    }
}

impl FromStr for Slug {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (env, key) = text.split_once('.').ok_or_else(|| format!("`{text}` isn't a slug: env.KEY"))?;
        Self::new(env, key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_reads_back_and_nothing_else_is_one() {
        assert_eq!("dev.AWS_PROFILE".parse::<Slug>().unwrap().to_string(), "dev.AWS_PROFILE");
        for bad in ["", "dev", ".K", "dev.", "dev.1K", "a b.K", "dev.a.b", "-x.K", "dev.K\n"] {
            assert!(bad.parse::<Slug>().is_err(), "{bad}");
        }
    }
}
