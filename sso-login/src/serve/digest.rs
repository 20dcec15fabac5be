//! A secret as its digest: enough to recognise it, and nothing to steal. Comparing digests takes as long for a near miss as
//! for any other, since nobody knows what a guess comes to.

use sha2::{Digest as _, Sha256};

/// The digest of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    /// The digest of `secret`.
    pub(crate) fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// Whether it is that of `secret`.
    pub(crate) fn is_of(&self, secret: &str) -> bool {
        *self == Self::of(secret)
    }
}
