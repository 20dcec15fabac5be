//! A host's documents, made fit for this machine: no secret comes along, no character deceives, and each key that a later
//! stage reads has its type.

use serde_json::Value;
use sso_tool::sanitize::sanitize_up_to;
use sso_tool::stream::Document;

/// Keys that hold secrets, in lower case and without separators. They stay on the host.
const SECRETS: [&str; 15] = [
    "accesstoken",
    "refreshtoken",
    "idtoken",
    "sessiontoken",
    "securitytoken",
    "bearertoken",
    "clientsecret",
    "secretaccesskey",
    "secretkey",
    "accesskeyid",
    "devicecode",
    "codeverifier",
    "authorization",
    "password",
    "secret",
];
/// Keys that later stages read as text.
const TEXTS: [&str; 16] = [
    "profile",
    "ssoSession",
    "startUrl",
    "region",
    "ssoRegion",
    "accountId",
    "roleName",
    "reason",
    "outcome",
    "error",
    "event",
    "episode",
    "expiresAt",
    "observedAt",
    "timestamp",
    "source",
];
/// The longest text of a host, in characters: longer than any page's URL.
const LONGEST: usize = 8192;
/// Further nesting is dropped.
const DEEPEST: usize = 16;

/// The document without what must not leave the host.
pub(crate) fn cleaned(document: &Document) -> Document {
    let mut cleaned = Document::new();
    for (key, value) in document.iter() {
        if let Some((key, value)) = entry(key, value, DEEPEST) {
            cleaned.set(&key, value);
        }
    }
    cleaned
}

fn entry(key: &str, value: &Value, depth: usize) -> Option<(String, Value)> {
    let plain: String =
        key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    // `token` is a secret as a text, and what `sso-cache check` says about one as an object.
    let is_secret = SECRETS.contains(&plain.as_str()) || (plain == "token" && value.is_string());
    if is_secret {
        return None;
    }
    Some((sanitize_up_to(key, LONGEST), inside(value, depth)))
}

fn inside(value: &Value, depth: usize) -> Value {
    match value {
        Value::String(text) => {
            let lines: Vec<_> = text.lines().take(64).map(|line| sanitize_up_to(line, LONGEST)).collect();
            lines.join("\n").into()
        }
        Value::Array(_) | Value::Object(_) if depth == 0 => Value::Null,
        Value::Array(values) => values.iter().map(|value| inside(value, depth - 1)).collect(),
        Value::Object(map) => map.iter().filter_map(|(key, value)| entry(key, value, depth - 1)).collect(),
        other => other.clone(),
    }
}

/// The key of a document that isn't of the type that later stages read, if there is one.
pub(super) fn odd_key(document: &Document) -> Option<&'static str> {
    let is_odd = |key: &str, fits: fn(&Value) -> bool| {
        document.get(key).is_some_and(|value| !value.is_null() && !fits(value))
    };
    TEXTS
        .into_iter()
        .find(|key| is_odd(key, Value::is_string))
        .or_else(|| ["loginRequired"].into_iter().find(|key| is_odd(key, Value::is_boolean)))
        .or_else(|| ["token"].into_iter().find(|key| is_odd(key, Value::is_object)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use sso_tool::stream::parse;

    fn document(value: &Value) -> Document {
        parse(value.to_string().as_bytes(), "input").unwrap()
    }

    #[test]
    fn secrets_stay_on_the_host_and_no_character_deceives() {
        let from = json!({
            "profile": "demo\u{9b}2J\u{202e}", "accessToken": "s", "refresh_token": "s", "clientSecret": "s",
            "token": {"state": "valid", "AccessToken": "s"}, "keys": [{"SecretAccessKey": "s"}], "n": 1,
        });
        let to = json!({"profile": "demo", "token": {"state": "valid"}, "keys": [{}], "n": 1});
        assert_eq!(Value::from(cleaned(&document(&from))), to);
        assert_eq!(Value::from(cleaned(&document(&json!({"token": "s"})))), json!({}));
        let url = format!("https://oidc.us-east-1.amazonaws.com/authorize?{}", "x".repeat(2000));
        assert_eq!(Value::from(cleaned(&document(&json!({"url": url})))), json!({"url": url}));
    }

    #[test]
    fn a_key_of_another_type_is_named() {
        for (value, key) in [
            (json!({"profile": 5}), Some("profile")),
            (json!({"profile": "p", "loginRequired": "yes"}), Some("loginRequired")),
            (json!({"profile": "p", "loginRequired": null, "ssoSession": null}), None),
            (json!({"profile": "p", "loginRequired": true, "token": {}}), None),
        ] {
            assert_eq!(odd_key(&document(&value)), key, "{value}");
        }
    }
}
