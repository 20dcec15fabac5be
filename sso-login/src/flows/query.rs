//! Names and values of a query string or a form, `application/x-www-form-urlencoded`.

/// Pairs in the order they came; a name may come twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    #[cfg(test)]
    pub(crate) fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    /// Reads a query string; percent sequences that are none stay as they are.
    pub(crate) fn parse(text: &str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
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

/// Percent-encodes a value for a query string. A space becomes `%20`: a reader that isn't of forms keeps a `+`.
pub(crate) fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
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
