//! Bytes in lower-case hexadecimal, as the AWS CLI names its cache files and as digests are written.

use std::fmt::Write as _;

/// `[0x0a, 0xff]` as `0aff`.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // A String takes everything.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
