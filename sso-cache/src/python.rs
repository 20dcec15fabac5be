//! JSON as Python's `json.dumps` writes it: cache keys are hashes of that text, byte for byte.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde::Serialize as _;
use serde_json::ser::Formatter;
use serde_json::{Map, Value};

/// What stands between keys and values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separators {
    /// `", "` and `": "`, Python's default.
    Spaced,
    /// `","` and `":"`.
    Compact,
}

/// An object as one line of ASCII, its keys in the order they have.
pub fn dumps(object: &Map<String, Value>, separators: Separators) -> String {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, separators);
    // Writing JSON values into memory has no way to fail, and what was written is ASCII.
    let _ = object.serialize(&mut serializer);
    String::from_utf8(bytes).unwrap_or_default()
}

/// An object with its keys, and those of all objects within, in order of code points
/// (`sort_keys=True`).
pub fn sorted(object: &Map<String, Value>) -> Map<String, Value> {
    let mut pairs: Vec<_> = object.iter().collect();
    // Bytewise on UTF-8 is the order of code points.
    pairs.sort_by_key(|(key, _)| *key);
    pairs.into_iter().map(|(key, value)| (key.clone(), sorted_value(value))).collect()
}

fn sorted_value(value: &Value) -> Value {
    match value {
        Value::Object(object) => Value::Object(sorted(object)),
        Value::Array(list) => list.iter().map(sorted_value).collect(),
        other => other.clone(),
    }
}

impl Formatter for Separators {
    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.between(writer, first)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.between(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(match self {
            Self::Spaced => b": ",
            Self::Compact => b":",
        })
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut escaped = String::with_capacity(fragment.len());
        for c in fragment.chars() {
            // Python escapes whatever lies outside of space to tilde, DEL too.
            if matches!(c, ' '..='~') {
                escaped.push(c);
            } else {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(escaped, "\\u{unit:04x}");
                }
            }
        }
        writer.write_all(escaped.as_bytes())
    }
}

impl Separators {
    fn between<W: ?Sized + Write>(self, writer: &mut W, first: bool) -> io::Result<()> {
        match (first, self) {
            (true, _) => Ok(()),
            (false, Self::Spaced) => writer.write_all(b", "),
            (false, Self::Compact) => writer.write_all(b","),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn object(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(map) => map,
            other => panic!("{other} is no object"),
        }
    }

    #[test]
    fn text_is_pythons_byte_for_byte() {
        let value = object(json!({"é": ["\u{7f}\n\u{1}\"\\/", null, true, 1, "😀"], "a": {}}));
        assert_eq!(
            dumps(&value, Separators::Spaced),
            r#"{"\u00e9": ["\u007f\n\u0001\"\\/", null, true, 1, "\ud83d\ude00"], "a": {}}"#
        );
        assert_eq!(
            dumps(&value, Separators::Compact),
            r#"{"\u00e9":["\u007f\n\u0001\"\\/",null,true,1,"\ud83d\ude00"],"a":{}}"#
        );
    }

    #[test]
    fn keys_are_sorted_at_every_depth() {
        let value = object(json!({"b": [{"z": 1, "a": 2}], "a": 0}));
        assert_eq!(dumps(&sorted(&value), Separators::Compact), r#"{"a":0,"b":[{"a":2,"z":1}]}"#);
    }

    proptest! {
        #[test]
        fn any_text_comes_out_as_ascii_and_reads_back(key in any::<String>(), text in any::<String>()) {
            let mut value = Map::new();
            value.insert(key, text.into());
            for separators in [Separators::Spaced, Separators::Compact] {
                let line = dumps(&value, separators);
                prop_assert!(line.bytes().all(|byte| matches!(byte, b' '..=b'~')));
                prop_assert_eq!(&object(serde_json::from_str(&line).unwrap()), &value);
            }
        }
    }
}
