//! Names and secrets nobody can guess, straight from the system.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sso_tool::random::bytes;

/// `length` random bytes as base64url.
pub(crate) fn token(length: usize) -> anyhow::Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(bytes(length)?))
}

/// `length` characters out of `alphabet` (not more than 256 of them).
pub(crate) fn letters(alphabet: &[u8], length: usize) -> anyhow::Result<String> {
    // The slight preference of a modulus for early letters doesn't matter here.
    let letter = |byte: u8| alphabet.get(usize::from(byte) % alphabet.len().max(1)).copied().map(char::from);
    Ok(bytes(length)?.into_iter().filter_map(letter).collect())
}

/// A random UUID (RFC 9562, version 4), for request ids.
pub(crate) fn uuid() -> anyhow::Result<String> {
    let digits = letters(b"0123456789abcdef", 30)?;
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    Ok(format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(12, 15), part(15, 18), part(18, 30)))
}
