//! The names of profiles that every tool can speak of: in signals, in file names, in the words of a shell.

use std::fmt::Write as _;

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
    Err(Fault::new(Exit::Data, format!("`{}` isn't a profile name that a signal can have", sanitize(name)))
        .hint("letters, digits and ` ._@+:/-`, a letter or digit first, 128 at most")
        .into())
}

/// The longest name of a file for a profile, without its ending: file systems take 255 bytes.
const LONGEST: usize = 200;

/// The profile, percent-encoded; what is too long for a file name ends in a hash of the whole.
pub fn file_stem(profile: &str) -> String {
    let encoded = percent_encoded(profile);
    if encoded.len() <= LONGEST { encoded } else { format!("{:.180}%{:016x}", encoded, fnv1a(profile)) }
}

/// RFC 3986: everything but the unreserved characters as `%XX`.
pub fn percent_encoded(name: &str) -> String {
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String can't fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// FNV-1a, 64 bits: the same in every release. A clash costs nothing, since files are known by their content.
pub fn fnv1a(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
