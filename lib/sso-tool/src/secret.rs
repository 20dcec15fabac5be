//! A text that must not be seen.

use std::fmt;

/// A token, client secret or key. `Debug` never shows it, and there is no `Display`: whoever needs
/// the text says [`expose`](Secret::expose), which is easy to search for.
///
/// ```
/// let token = sso_tool::secret::Secret::from("canary");
/// assert_eq!(format!("{token:?}"), "REDACTED");
/// assert_eq!(token.expose(), "canary");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the wire or a file, never for a log or a document.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("REDACTED")
    }
}
