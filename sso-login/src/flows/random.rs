//! Names and secrets nobody can guess: a stream of SHA-256 over a seed from the system.

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// Asks the system once, so that answering a request can't fail for lack of randomness.
pub(crate) struct Random {
    seed: [u8; 32],
    counter: u64,
}

impl Random {
    /// Takes a seed from the system.
    pub(crate) fn from_system() -> anyhow::Result<Self> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).context("cannot get random bytes from the system")?;
        Ok(Self { seed, counter: 0 })
    }

    /// `length` random bytes.
    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length + 32);
        while bytes.len() < length {
            self.counter += 1;
            bytes.extend_from_slice(
                &Sha256::new().chain_update(self.seed).chain_update(self.counter.to_be_bytes()).finalize(),
            );
        }
        bytes.truncate(length);
        bytes
    }

    /// `bytes` random bytes as base64url.
    pub(crate) fn token(&mut self, bytes: usize) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes(bytes))
    }

    /// `length` characters out of `alphabet` (not more than 256 of them).
    pub(crate) fn letters(&mut self, alphabet: &[u8], length: usize) -> String {
        // The slight preference of a modulus for early letters doesn't matter here.
        self.bytes(length)
            .into_iter()
            .map(|byte| char::from(alphabet[usize::from(byte) % alphabet.len()]))
            .collect()
    }

    /// A random UUID (RFC 9562, version 4), for request ids.
    pub(crate) fn uuid(&mut self) -> String {
        let digits = self.letters(b"0123456789abcdef", 30);
        let part = |from: usize, to: usize| &digits[from..to];
        format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(12, 15), part(15, 18), part(18, 30))
    }
}
