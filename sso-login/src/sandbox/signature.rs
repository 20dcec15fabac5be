//! Signature Version 4, as a service checks it: a client that signs with a wrong or old key must fail here, too.

use std::fmt::Write as _;

use axum::http::HeaderMap;
use ring::{digest, hmac};
use sso_tool::hex::hex;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// A signed `GET`.
pub(super) struct Signed<'r> {
    /// As it was sent.
    pub(super) path: &'r str,
    /// As it was sent, without the question mark.
    pub(super) query: &'r str,
    pub(super) headers: &'r HeaderMap,
}

/// What a check comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Good,
    /// The parts that a signature needs aren't there.
    Unsigned,
    Wrong,
}

/// The parts of `AWS4-HMAC-SHA256 Credential=KEY/SCOPE, SignedHeaders=A;B, Signature=HEX`.
struct Parts<'r> {
    key_id: &'r str,
    /// `DATE/REGION/SERVICE/aws4_request`
    scope: &'r str,
    names: &'r str,
    signature: &'r str,
}

impl<'r> Signed<'r> {
    /// Whose key it is.
    pub(super) fn access_key_id(&self) -> Option<&'r str> {
        self.parts().map(|parts| parts.key_id)
    }

    pub(super) fn session_token(&self) -> Option<&'r str> {
        self.header("x-amz-security-token")
    }

    /// Whether that secret made the signature. How old it is doesn't count: the sandbox may have a clock of its own.
    pub(super) fn verify(&self, secret: &str) -> Verdict {
        let (Some(parts), Some(date)) = (self.parts(), self.header("x-amz-date")) else {
            return Verdict::Unsigned;
        };
        let Some(request) = self.canonical(parts.names) else { return Verdict::Unsigned };
        let hash = hex(digest::digest(&digest::SHA256, request.as_bytes()).as_ref());
        let text = format!("{ALGORITHM}\n{date}\n{}\n{hash}", parts.scope);
        let mut key = format!("AWS4{secret}").into_bytes();
        for part in parts.scope.split('/') {
            key = mac(&key, part);
        }
        if hex(&mac(&key, &text)) == parts.signature { Verdict::Good } else { Verdict::Wrong }
    }

    /// The canonical request; `None` where a header that is said to be signed isn't there.
    fn canonical(&self, names: &str) -> Option<String> {
        let mut query: Vec<_> = self.query.split('&').filter(|pair| !pair.is_empty()).collect();
        query.sort_unstable();
        let query: Vec<_> = query
            .into_iter()
            .map(|pair| if pair.contains('=') { pair.to_owned() } else { format!("{pair}=") })
            .collect();
        let mut text = format!("GET\n{}\n{}\n", self.path, query.join("&"));
        for name in names.split(';') {
            // Writing to a text can't fail.
            let words: Vec<_> = self.header(name)?.split_whitespace().collect();
            let _ = writeln!(text, "{name}:{}", words.join(" "));
        }
        let hash = self.header("x-amz-content-sha256")?;
        Some(format!("{text}\n{names}\n{hash}"))
    }

    fn parts(&self) -> Option<Parts<'r>> {
        let rest = self.header("authorization")?.strip_prefix(ALGORITHM)?;
        let part = |name: &str| {
            let all = rest.split(',').map(str::trim);
            all.into_iter().find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
        };
        let (key_id, scope) = part("Credential")?.split_once('/')?;
        Some(Parts { key_id, scope, names: part("SignedHeaders")?, signature: part("Signature")? })
    }

    fn header(&self, name: &str) -> Option<&'r str> {
        self.headers.get(name)?.to_str().ok()
    }
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the S3 manual, "GET Bucket (List Objects)": any change to it breaks the signature.
    #[test]
    fn the_manuals_example_verifies_and_nothing_else_does() {
        const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let headers = |date: &str| {
            let mut headers = HeaderMap::new();
            for (name, value) in [
                ("host", "examplebucket.s3.amazonaws.com"),
                ("x-amz-date", date),
                ("x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
                (
                    "authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
                     SignedHeaders=host;x-amz-content-sha256;x-amz-date,\
                     Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
                ),
            ] {
                headers.insert(name, value.parse().unwrap());
            }
            headers
        };
        let good = headers("20130524T000000Z");
        let verify = |query: &str, headers: &HeaderMap, secret: &str| {
            Signed { path: "/", query, headers }.verify(secret)
        };
        assert_eq!(verify("max-keys=2&prefix=J", &good, SECRET), Verdict::Good);
        assert_eq!(verify("prefix=J&max-keys=2", &good, SECRET), Verdict::Good);
        assert_eq!(verify("prefix=K&max-keys=2", &good, SECRET), Verdict::Wrong);
        assert_eq!(verify("max-keys=2&prefix=J", &good, "another"), Verdict::Wrong);
        assert_eq!(verify("max-keys=2&prefix=J", &headers("20130525T000000Z"), SECRET), Verdict::Wrong);
        let mut unsigned = good;
        unsigned.remove("x-amz-date");
        assert_eq!(verify("max-keys=2&prefix=J", &unsigned, SECRET), Verdict::Unsigned);
    }
}
