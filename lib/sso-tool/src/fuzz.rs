//! Fuzz targets: bytes from anywhere are read or refused, and nothing else happens.
//!
//! `cargo test` runs them on the corpus and on random bytes; `just fuzz` lets libFuzzer look for paths.

use std::io::Cursor;

use serde_json::Value;

use crate::dotenv::Dotenv;
use crate::sanitize::{is_deceptive, sanitize};
use crate::stream::{self, Documents};

#[test]
fn dotenv() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let mut last = 0;
        let settings = Dotenv::parse(&text, |line| {
            assert!(line > last && line <= text.split('\n').count(), "line {line}");
            last = line;
        });
        for (name, _) in settings.pairs() {
            assert!(!name.is_empty() && text.contains(name), "{name}");
        }
    });
}

/// A document that is read is written and read again as itself, and after an error nothing follows.
#[test]
fn documents() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let mut failed = false;
        for document in Documents::new(Cursor::new(bytes.to_vec()), "fuzz") {
            assert!(!failed, "something after an error");
            let Ok(document) = document else {
                failed = true;
                continue;
            };
            let line = Value::from(document.clone()).to_string();
            assert_eq!(stream::parse(line.as_bytes(), "again").unwrap(), document, "{line}");
        }
    });
}

#[test]
fn text_of_strangers() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let clean = sanitize(&String::from_utf8_lossy(bytes));
        assert!(!clean.chars().any(|c| c.is_control() || is_deceptive(c)), "{clean:?}");
        assert_eq!(sanitize(&clean), clean);
    });
}
