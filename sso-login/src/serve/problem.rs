//! An answer that isn't what was asked for: a status, a word for programs and a sentence for people.

use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use sso_tool::sanitize::sanitize;

/// Says that the server's own AWS keys are expired or not valid, as the web application's front end knows it.
const SESSION_EXPIRED: HeaderName = HeaderName::from_static("x-aws-session-expired");

/// A refusal or a failure. It never has a secret, nor what a request said.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    error: &'static str,
    detail: String,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, error: &'static str, detail: impl Into<String>) -> Self {
        Self { status, error, detail: detail.into(), headers: Vec::new() }
    }

    /// The request itself is wrong.
    pub(crate) fn bad(error: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error, detail)
    }

    /// Who asks isn't allowed to.
    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// No token, or none that is good: one answer for every reason, so that nobody learns which it was.
    pub(crate) fn credentials() -> Self {
        Self::unauthorized("invalid_token", "Could not validate credentials")
    }

    /// A secret is missing or wrong.
    pub(crate) fn unauthorized(error: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, error, detail)
            .with(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// The server's AWS keys aren't good any more.
    pub(crate) fn aws_session_expired(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "expired", detail)
            .with(SESSION_EXPIRED, HeaderValue::from_static("true"))
            .with(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// AWS can't be reached.
    pub(crate) fn unreachable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unreachable", detail)
    }

    /// Something on this machine failed; `sso-login` says on stderr what.
    pub(crate) fn internal(err: &anyhow::Error) -> Self {
        super::log::failure(err);
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the server failed; its log says why")
    }

    /// Says when to ask again.
    #[must_use]
    pub(crate) fn retry_after(self, seconds: u64) -> Self {
        self.with(RETRY_AFTER, HeaderValue::from(seconds))
    }

    fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl From<anyhow::Error> for Problem {
    fn from(err: anyhow::Error) -> Self {
        Self::internal(&err)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // `message` and `code` are what an SDK shows of a failed call for credentials.
        let detail = sanitize(&self.detail);
        let body = json!({"detail": detail, "error": self.error, "message": detail, "code": self.error});
        let mut response = (self.status, Json(body)).into_response();
        for (name, value) in self.headers {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
