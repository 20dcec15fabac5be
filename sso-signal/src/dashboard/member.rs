//! The members of the dashboard's documents.

use serde_json::Value;

/// The text of a member; empty if there is none.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
