//! Bytes nobody can guess, straight from the system.

use anyhow::Context as _;

/// `length` random bytes. An error where the system gives none, which no later moment mends.
pub fn bytes(length: usize) -> anyhow::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).context("cannot get random bytes from the system")?;
    Ok(bytes)
}

/// `length` random bytes in lower-case hexadecimal.
pub fn hex(length: usize) -> anyhow::Result<String> {
    bytes(length).map(|bytes| crate::hex::hex(&bytes))
}
