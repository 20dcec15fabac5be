//! How the OIDC service refuses (AWS-FORMATS 4), as far as anybody acts on it.

use std::fmt;

use aws_sdk_ssooidc::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use sso_tool::sanitize::sanitize;

/// How the service refuses, as far as anybody acts on it.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody has approved yet.
    Pending,
    /// Polled too fast.
    SlowDown,
    /// A person (or a rule) said no.
    Denied,
    /// The device code has expired.
    Expired,
    /// The code or refresh token isn't good any more.
    InvalidGrant,
    /// The registration isn't good (any more, or for this grant).
    InvalidClient,
    /// No answer, 5xx, or throttled, after retries; in words.
    Unreachable(String),
    /// Any other error of the service, by its name.
    Other(String),
}

impl Refusal {
    /// The OAuth word for it, for the document's `error`.
    pub fn word(&self) -> &str {
        match self {
            Self::Pending => "authorization_pending",
            Self::SlowDown => "slow_down",
            Self::Denied => "access_denied",
            Self::Expired => "expired_token",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidClient => "invalid_client",
            Self::Unreachable(_) => "unreachable",
            Self::Other(name) => name,
        }
    }

    /// What a name in the header, or in the body's `error`, means.
    pub(crate) fn of_name(name: &str) -> Self {
        match name {
            "AuthorizationPendingException" | "authorization_pending" => Self::Pending,
            "SlowDownException" | "slow_down" => Self::SlowDown,
            "AccessDeniedException" | "access_denied" => Self::Denied,
            "ExpiredTokenException" | "expired_token" => Self::Expired,
            "InvalidGrantException" | "invalid_grant" => Self::InvalidGrant,
            "InvalidClientException"
            | "UnauthorizedClientException"
            | "invalid_client"
            | "unauthorized_client" => Self::InvalidClient,
            other => Self::Other(sanitize(other)),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pending => f.write_str("nobody has approved the login yet"),
            Self::SlowDown => f.write_str("the service asks to poll more slowly"),
            Self::Denied => f.write_str("the login was denied"),
            Self::Expired => f.write_str("the code expired before anybody approved it"),
            Self::InvalidGrant => {
                f.write_str("the service doesn't accept the code or refresh token (the session has expired)")
            }
            Self::InvalidClient => f.write_str("the service doesn't accept the client registration"),
            Self::Unreachable(why) => write!(f, "the SSO service can't be reached: {why}"),
            Self::Other(name) => write!(f, "the SSO service answered {name}"),
        }
    }
}

/// An answer that lacks what it must have.
pub(crate) fn incomplete() -> Refusal {
    Refusal::Unreachable("it sent an incomplete answer".to_owned())
}

/// Sorts an error of the SDK. The name is in the header or in `__type`/`code` (the SDK looks there), else in the
/// body's `error` (AWS-FORMATS 4).
pub(crate) fn refusal<E>(err: &SdkError<E, HttpResponse>) -> Refusal
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let SdkError::ServiceError(answer) = err else {
        return Refusal::Unreachable(cause(err));
    };
    let status = answer.raw().status().as_u16();
    let name = answer.err().code().map(str::to_owned).or_else(|| {
        let body: serde_json::Value = serde_json::from_slice(answer.raw().body().bytes()?).ok()?;
        Some(body.get("error")?.as_str()?.to_owned())
    });
    match name.as_deref().map(Refusal::of_name) {
        // A slow_down is the flow's, whatever its status; other throttling and 5xx are the service's trouble.
        Some(known) if !matches!(known, Refusal::Other(_)) => known,
        other if status >= 500 || status == 429 => match other {
            Some(Refusal::Other(name)) => Refusal::Unreachable(format!("it answers {status} {name}")),
            _ => Refusal::Unreachable(format!("it answers {status}")),
        },
        Some(other) => other,
        // A proxy's or captive portal's page says nothing about the session, whatever its status.
        None => Refusal::Unreachable(of_page(status)),
    }
}

/// What stands in the service's place, in words: a proxy's or a network's own page.
pub(crate) fn of_page(status: u16) -> String {
    let whose = if status == 407 { ": the proxy wants a user and a password" } else { "" };
    format!("it answers {status} with unexpected content{whose}")
}

/// The innermost causes of a failed call in one line, without the SDK's own words around them.
pub(crate) fn cause<E: std::error::Error + 'static>(err: &SdkError<E, HttpResponse>) -> String {
    let mut innermost: &dyn std::error::Error = err;
    let mut words = Vec::new();
    while let Some(source) = innermost.source() {
        innermost = source;
        words.push(innermost.to_string());
    }
    let text = match words.as_slice() {
        [] => DisplayErrorContext(err).to_string(),
        [.., last] => last.clone(),
    };
    in_words(&text).unwrap_or_else(|| sanitize(&text))
}

/// What TLS and the SDK say in terms of their own, for people, with what to look at.
fn in_words(text: &str) -> Option<String> {
    let has = |words: &str| text.contains(words);
    if has("operation timeout") || has("operation attempt timeout") {
        return Some("it did not answer in time".to_owned());
    }
    if !has("invalid peer certificate") {
        return None;
    }
    let why = if has("UnknownIssuer") || has("CaUsedAsEndEntity") {
        "its certificate isn't trusted here; behind a proxy that inspects TLS, set AWS_CA_BUNDLE to the \
         proxy's authority"
    } else if has("certificate expired") || has("Expired") {
        "its certificate has expired, or the clock here is wrong"
    } else if has("not valid yet") || has("NotValidYet") {
        "its certificate is not valid yet, or the clock here is wrong"
    } else if has("not valid for name") || has("NotValidForName") {
        "its certificate is for another host: something intercepts the connection"
    } else {
        return None;
    };
    Some(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_header_and_body_mean_the_same() {
        for (header, body, refusal) in [
            ("AuthorizationPendingException", "authorization_pending", Refusal::Pending),
            ("SlowDownException", "slow_down", Refusal::SlowDown),
            ("ExpiredTokenException", "expired_token", Refusal::Expired),
            ("AccessDeniedException", "access_denied", Refusal::Denied),
            ("InvalidGrantException", "invalid_grant", Refusal::InvalidGrant),
            ("InvalidClientException", "invalid_client", Refusal::InvalidClient),
            ("UnauthorizedClientException", "unauthorized_client", Refusal::InvalidClient),
        ] {
            assert_eq!(Refusal::of_name(header), refusal);
            assert_eq!(Refusal::of_name(body), refusal);
        }
        assert_eq!(Refusal::of_name("InvalidScopeException").word(), "InvalidScopeException");
    }

    #[test]
    fn a_certificate_that_is_refused_is_so_in_words() {
        for (text, says) in [
            ("invalid peer certificate: UnknownIssuer", "AWS_CA_BUNDLE"),
            ("invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))", "AWS_CA_BUNDLE"),
            (
                "invalid peer certificate: certificate expired: verification time 1795253342 (UNIX)",
                "the clock",
            ),
            ("invalid peer certificate: certificate not valid yet: verification time 1", "not valid yet"),
            ("invalid peer certificate: certificate not valid for name \"a\"", "another host"),
            ("operation timeout (all attempts including retries) occurred after 45s", "in time"),
        ] {
            assert!(in_words(text).is_some_and(|words| words.contains(says)), "{text}");
        }
        assert_eq!(in_words("connection refused"), None);
    }

    #[test]
    fn a_captive_portals_page_is_no_answer_of_the_service() {
        use aws_sdk_ssooidc::operation::create_token::CreateTokenError;
        for status in [200u16, 302, 307, 400, 401, 403, 404, 407] {
            let page = HttpResponse::new(status.try_into().unwrap(), "<html>Welcome</html>".into());
            let err = SdkError::service_error(CreateTokenError::unhandled("no JSON"), page);
            assert!(matches!(refusal(&err), Refusal::Unreachable(_)), "{status}");
        }
    }
}
