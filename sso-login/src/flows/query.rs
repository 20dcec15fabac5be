//! Names and values of a query string or a form, `application/x-www-form-urlencoded`.

/// Pairs in the order they came; a name may come twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    /// Reads a query string; percent sequences that are none stay as they are.
    pub(crate) fn parse(text: &str) -> Self {
        Self::new(text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        }))
    }

    /// The value of `name`, if there is exactly one and it isn't empty.
    pub(crate) fn only(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        values.next().filter(|value| !value.is_empty() && values.next().is_none())
    }

    /// The first value of `name`.
    pub(crate) fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Percent-encodes everything but RFC 3986's unreserved characters.
pub(crate) fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = text.get(at + 1..at + 3).filter(|_| byte == b'%').and_then(hexadecimal);
        decoded.push(escaped.unwrap_or(if byte == b'+' { b' ' } else { byte }));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn hexadecimal(digits: &str) -> Option<u8> {
    // `from_str_radix` would take a sign.
    digits
        .bytes()
        .all(|digit| digit.is_ascii_hexdigit())
        .then(|| u8::from_str_radix(digits, 16).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn odd_escapes_stay_as_they_are() {
        let query = Query::parse("a=%&b=%zz&c=%+1&=x&d&e=1+2%2B&e=again");
        assert_eq!(query.first("a"), Some("%"));
        assert_eq!(query.first("b"), Some("%zz"));
        assert_eq!(query.first("c"), Some("% 1"));
        assert_eq!(query.first("d"), Some(""));
        assert_eq!(query.first("e"), Some("1 2+"));
        assert_eq!(query.first("f"), None);
        assert_eq!(
            (query.only("c"), query.only("d"), query.only("e"), query.only("f")),
            (Some("% 1"), None, None, None)
        );
    }

    proptest! {
        #[test]
        fn what_was_encoded_reads_back(text in any::<String>()) {
            let query = Query::parse(&format!("x={}", encode(&text)));
            prop_assert_eq!(query.first("x"), Some(text.as_str()));
        }

        #[test]
        fn any_text_is_read_without_panic(text in any::<String>()) {
            let _ = Query::parse(&text);
        }
    }
}
