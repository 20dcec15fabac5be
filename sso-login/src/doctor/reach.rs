//! Reaching an endpoint, with the very client that a login uses; and if that fails, why.

use std::error::Error;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use chrono::DateTime;
use sso_tool::sanitize::sanitize;
use sso_tool::time::Moment;

/// How long an endpoint may take to answer.
const TIMEOUT: Duration = Duration::from_secs(8);

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reached {
    /// An answer of any status, and the time by the service's clock.
    Answer { status: u16, date: Option<Moment>, location: Option<String> },
    /// None; why, and the words of it.
    Failed(Trouble, String),
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The name can't be looked up.
    Dns,
    /// Nobody listens there, or there is no way there.
    Refused,
    /// No answer in time.
    Timeout,
    /// The proxy doesn't pass it on.
    Proxy,
    /// The certificate is of an authority that isn't trusted.
    Authority,
    /// TLS fails in another way.
    Tls,
    /// Anything else.
    Other,
}

impl Trouble {
    /// The word in documents.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Refused => "refused",
            Self::Timeout => "timeout",
            Self::Proxy => "proxy",
            Self::Authority => "ca",
            Self::Tls => "tls",
            Self::Other => "other",
        }
    }

    /// Sorts the words of an error and its causes, from the outermost to the innermost.
    fn of(words: &str, has_proxy: bool) -> Self {
        let words = words.to_lowercase();
        let has = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
        // Whoever signs their own certificate is an authority that nobody knows.
        if has(&["unknownissuer", "causedasendentity", "badsignature", "unknown issuer", "self-signed"]) {
            return Self::Authority;
        }
        if has(&["invalid peer certificate", "invalidcertificate"]) {
            return Self::Tls;
        }
        // What fails on the way to a proxy is the proxy's matter, too.
        if has(&["proxy", "tunnel", "407"]) {
            return Self::Proxy;
        }
        let trouble =
            if has(&["dns error", "failed to lookup", "name resolution", "name or service not known"]) {
                Self::Dns
            } else if has(&["refused", "unreachable", "connection reset", "no route"]) {
                Self::Refused
            } else if has(&["timed out", "timeout"]) {
                Self::Timeout
            } else if has(&["tls", "handshake", "corrupt message", "certificate", "invalidcontenttype"]) {
                Self::Tls
            } else {
                Self::Other
            };
        match trouble {
            Self::Dns | Self::Refused | Self::Timeout if has_proxy => Self::Proxy,
            trouble => trouble,
        }
    }
}

/// Asks for the root of a service: any answer will do.
pub(super) async fn reach(connector: &SharedHttpConnector, url: &str, has_proxy: bool) -> Reached {
    let failed = |words: String| Reached::Failed(Trouble::of(&words, has_proxy), sanitize(&words));
    let request = match HttpRequest::get(format!("{url}/")) {
        Ok(request) => request,
        Err(err) => return failed(in_words(&err)),
    };
    let answer = match tokio::time::timeout(TIMEOUT, connector.call(request)).await {
        Err(_) => return failed("timed out".to_owned()),
        Ok(Err(err)) => return failed(in_words(&err)),
        Ok(Ok(answer)) => answer,
    };
    let header = |name: &str| answer.headers().get(name).map(str::to_owned);
    let status = answer.status().as_u16();
    if status == 407 {
        return failed("the proxy asks for a password (407)".to_owned());
    }
    let date = header("date").and_then(|date| DateTime::parse_from_rfc2822(&date).ok());
    Reached::Answer { status, date: date.map(|date| date.to_utc()), location: header("location") }
}

fn in_words(err: &dyn Error) -> String {
    let mut words = err.to_string();
    let mut cause = err.source();
    while let Some(err) = cause {
        let text = err.to_string();
        if !words.ends_with(&text) {
            words.push_str(": ");
            words.push_str(&text);
        }
        cause = err.source();
    }
    // The client's own layers say nothing to anybody.
    for layer in ["dispatch failure: ", "other: ", "io error: ", "timeout: ", "client error (Connect): "] {
        words = words.replacen(layer, "", 1);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_apart() {
        for (words, has_proxy, trouble) in [
            (
                "io error: client error (Connect): dns error: failed to lookup address information",
                false,
                Trouble::Dns,
            ),
            (
                "client error (Connect): tcp connect error: Connection refused (os error 111)",
                false,
                Trouble::Refused,
            ),
            (
                "client error (Connect): tcp connect error: Connection refused (os error 111)",
                true,
                Trouble::Proxy,
            ),
            ("client error (Connect): tunnel error: unsuccessful", true, Trouble::Proxy),
            ("client error (Connect): invalid peer certificate: UnknownIssuer", true, Trouble::Authority),
            (
                "client error (Connect): received corrupt message of type InvalidContentType",
                false,
                Trouble::Tls,
            ),
            ("client error (Connect): invalid peer certificate: Expired", true, Trouble::Tls),
            ("timed out", false, Trouble::Timeout),
            ("something", true, Trouble::Other),
        ] {
            assert_eq!(Trouble::of(words, has_proxy), trouble, "{words}");
        }
    }
}
