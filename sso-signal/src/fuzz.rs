//! Fuzz target: any signal file is read or refused, since containers write them.

use sso_tool::sanitize::is_deceptive;

use crate::signal::Signal;

/// What is read is written and read again as itself, and shows nothing that deceives.
#[test]
fn signals() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let Ok(signal) = Signal::parse(bytes, "fuzz") else { return };
        assert_eq!(Signal::parse(signal.line().as_bytes(), "again").unwrap().line(), signal.line());
        let shown = serde_json::Value::from(signal.document()).to_string();
        assert!(!shown.chars().any(|c| c.is_control() || is_deceptive(c)), "{shown:?}");
    });
}
