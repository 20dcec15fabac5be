//! What a browser asks of the callback server: one line decides (RFC 9112 3).

use crate::flows::query::Query;

/// The only place there is (AWS-FORMATS 4).
const PATH: &str = "/oauth/callback";

/// What a request is about.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// A GET of the callback, with its query.
    Callback(Query),
    /// Any other place.
    NotFound,
    /// The callback, but no GET: a scanner of links may send HEAD, and must not use the code up.
    WrongMethod,
    /// No HTTP.
    Malformed,
}

impl Request {
    /// Reads the head of a request: its first line. Header fields don't matter.
    pub(crate) fn parse(head: &[u8]) -> Self {
        let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let Ok(line) = std::str::from_utf8(line) else { return Self::Malformed };
        let words: Vec<&str> = line.strip_suffix('\r').unwrap_or(line).split(' ').collect();
        let [method, target, "HTTP/1.1" | "HTTP/1.0"] = words.as_slice() else { return Self::Malformed };
        if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return Self::Malformed;
        }
        let Some(target) = origin_form(target) else { return Self::Malformed };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        match (*method, path == PATH) {
            ("GET", true) => Self::Callback(Query::parse(query)),
            (_, true) => Self::WrongMethod,
            (_, false) => Self::NotFound,
        }
    }
}

/// The target from its path on; a server must take the absolute form, too (RFC 9112 3.2.2).
fn origin_form(target: &str) -> Option<&str> {
    let target = match target.strip_prefix("http://") {
        Some(rest) => &rest[rest.find('/')?..],
        None => target,
    };
    (target.starts_with('/') && target.bytes().all(|byte| byte.is_ascii_graphic())).then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_a_get_of_the_callback_is_one() {
        for (line, expected) in [
            ("GET /oauth/callback?code=a%2Bb&state=s HTTP/1.1\r", Some("a+b")),
            ("GET http://127.0.0.1:4711/oauth/callback?code=x HTTP/1.1\r", Some("x")),
            ("GET /oauth/callback?code=x HTTP/1.0", Some("x")),
            ("GET /oauth/callback HTTP/1.1\r", None),
        ] {
            let Request::Callback(query) = Request::parse(line.as_bytes()) else { panic!("{line}") };
            assert_eq!(query.only("code"), expected, "{line}");
        }
        for (line, expected) in [
            ("GET / HTTP/1.1", Request::NotFound),
            ("GET /oauth/callback/ HTTP/1.1", Request::NotFound),
            ("GET /oauth/../oauth/callback?code=x HTTP/1.1", Request::NotFound),
            ("GET /oauth%2Fcallback?code=x HTTP/1.1", Request::NotFound),
            ("GET //oauth/callback?code=x HTTP/1.1", Request::NotFound),
            ("POST / HTTP/1.1", Request::NotFound),
            ("HEAD /oauth/callback?code=x HTTP/1.1", Request::WrongMethod),
            ("POST /oauth/callback?code=x HTTP/1.1", Request::WrongMethod),
            ("get /oauth/callback?code=x HTTP/1.1", Request::WrongMethod),
            ("GET /oauth/callback?code=x HTTP/2.0", Request::Malformed),
            ("GET /oauth/callback?code=x", Request::Malformed),
            ("GET /oauth/callback?code=x y HTTP/1.1", Request::Malformed),
            ("GET oauth/callback HTTP/1.1", Request::Malformed),
            ("GET http://127.0.0.1 HTTP/1.1", Request::Malformed),
            ("\u{16}\u{3}\u{1}", Request::Malformed),
            ("", Request::Malformed),
        ] {
            assert_eq!(Request::parse(line.as_bytes()), expected, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in any::<Vec<u8>>()) {
            let _ = Request::parse(&bytes);
        }

        #[test]
        fn any_target_is_read_without_panic(target in "\\PC*") {
            let _ = Request::parse(format!("GET {target} HTTP/1.1\r\n\r\n").as_bytes());
        }
    }
}
