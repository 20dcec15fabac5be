//! What one look at a cache file finds.

use std::time::SystemTime;

use serde_json::{Map, Value};
use sso_tool::stream;

/// What one look at a file finds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Missing,
    /// What no writer will ever make whole: a folder, a FIFO.
    Unfit(&'static str),
    Bytes(Vec<u8>, Option<SystemTime>),
}

/// The one JSON object that the bytes of a file are; else why there is none, in words that show none of the content.
pub(crate) fn object(bytes: &[u8]) -> Result<Map<String, Value>, &'static str> {
    if bytes.is_empty() {
        return Err("is empty");
    }
    // The parser's words could show what is in the file; ours can't.
    match stream::parse(bytes, "file") {
        Ok(mut document) => Ok(std::mem::take(&mut *document)),
        Err(_) => Err("is not one whole JSON object"),
    }
}
