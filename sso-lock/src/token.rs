//! The token of a lock that no process holds: shown once, kept only as its SHA-256.

use sha2::{Digest as _, Sha256};
use sso_tool::hex::hex;
use sso_tool::random;
use sso_tool::secret::Secret;

/// The SHA-256 of a token, in lower-case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Digest(String);

impl Digest {
    /// The digest of a token.
    pub(crate) fn of(token: &Secret) -> Self {
        Self(hex(&Sha256::digest(token.expose().as_bytes())))
    }

    /// A digest as it stands in a file.
    pub(crate) fn from_hex(hex: String) -> Self {
        Self(hex)
    }

    /// The digest as it stands in a file.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A new token: 32 random bytes in hexadecimal.
pub(crate) fn new_token() -> anyhow::Result<Secret> {
    random::hex(32).map(Secret::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_sha_256() {
        // FIPS 180-2, appendix B.1.
        assert_eq!(
            Digest::of(&Secret::from("abc")).as_str(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn tokens_are_long_and_never_the_same() {
        let (one, two) = (new_token().unwrap(), new_token().unwrap());
        assert_eq!(one.expose().len(), 64);
        assert_ne!(one, two);
    }
}
