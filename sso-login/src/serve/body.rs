//! The body of a request: JSON, small, and soon.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use sso_tool::stream::{self, Document};

use super::problem::Problem;

/// The longest body.
const LARGEST: usize = 16 << 10;
/// How long a client may take to send it.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The document in a body; one without keys if there is no body.
pub(crate) async fn document(headers: &HeaderMap, body: Body) -> Result<Document, Problem> {
    let read = tokio::time::timeout(TIMEOUT, axum::body::to_bytes(body, LARGEST));
    let bytes = match read.await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => {
            return Err(Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                "the body is larger than 16 KiB, or was cut short",
            ));
        }
        Err(_) => {
            return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "timeout", "the body came too slowly"));
        }
    };
    if bytes.is_empty() {
        return Ok(Document::new());
    }
    // A page of another site can send a form without asking; JSON it can't.
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "invalid_request",
            "the body must be JSON (Content-Type: application/json)",
        ));
    }
    stream::parse(&bytes, "the body")
        .map_err(|_| Problem::bad("invalid_request", "the body isn't a JSON object"))
}

/// The text of a key that must be there.
pub(crate) fn required<'d>(document: &'d Document, key: &str) -> Result<&'d str, Problem> {
    match document.text(key) {
        Ok(Some(text)) if !text.is_empty() => Ok(text),
        _ => Err(Problem::bad("invalid_request", format!("{key} is missing, or no string"))),
    }
}
