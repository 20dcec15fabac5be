//! What goes back over HTTP, before the server crate is involved.

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use axum::response::IntoResponse;
use serde_json::Value;

/// A status, a body and the few headers that clients look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
    pub(super) content_type: &'static str,
    /// `x-amzn-ErrorType`: botocore tells OIDC errors apart by nothing else (AWS-FORMATS 4).
    pub(super) error_type: Option<String>,
    /// The error's name for the log.
    pub(super) error_code: Option<&'static str>,
    pub(super) location: Option<String>,
    /// `x-amzn-RequestId`, as every AWS answer has one.
    pub(super) request_id: Option<String>,
}

impl Answer {
    pub(super) fn new(status: u16, content_type: &'static str, body: impl Into<String>) -> Self {
        Self {
            status,
            body: body.into(),
            content_type,
            error_type: None,
            error_code: None,
            location: None,
            request_id: None,
        }
    }

    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    pub(super) fn xml(status: u16, body: impl Into<String>) -> Self {
        Self::new(status, "text/xml", body)
    }

    pub(super) fn html(status: u16, body: impl Into<String>) -> Self {
        Self::new(status, "text/html; charset=utf-8", body)
    }

    /// 302: a browser goes on to `location`.
    pub(super) fn redirect(location: String) -> Self {
        Self { location: Some(location), ..Self::new(302, "text/plain", "") }
    }

    pub(super) fn error_type(mut self, name: String) -> Self {
        self.error_type = Some(name);
        self
    }

    pub(super) fn error_code(mut self, code: &'static str) -> Self {
        self.error_code = Some(code);
        self
    }
}

/// What a page of the sandbox may do: nothing but show itself and post its form. Browsers hold the
/// redirect after the form to `form-action` too, hence the loopback hosts (a policy can't name `[::1]`).
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; \
     form-action 'self' http://127.0.0.1:* http://localhost:*";

impl IntoResponse for Answer {
    fn into_response(self) -> Response<Body> {
        let mut response = Response::builder()
            .status(self.status)
            .header(header::CONTENT_TYPE, self.content_type)
            .header(header::CACHE_CONTROL, "no-store");
        if self.content_type.starts_with("text/html") {
            response = response
                .header(header::CONTENT_SECURITY_POLICY, POLICY)
                .header(header::X_FRAME_OPTIONS, "DENY")
                .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
                .header(header::REFERRER_POLICY, "no-referrer");
        }
        if let Some(name) = self.error_type {
            response = response.header("x-amzn-ErrorType", name);
        }
        if let Some(location) = self.location {
            response = response.header(header::LOCATION, location);
        }
        if let Some(id) = self.request_id {
            response = response.header("x-amzn-RequestId", id);
        }
        response.body(Body::from(self.body)).unwrap_or_else(|_| {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        })
    }
}
