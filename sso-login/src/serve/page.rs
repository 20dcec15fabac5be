//! The page at `/`: it walks a person through a sign-in. Its script and style are named by their hashes, so that no other
//! runs in it, and nothing comes from elsewhere.

use std::sync::{Arc, LazyLock};

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_FRAME_OPTIONS};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::state::Server;

const HTML: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
        hash(SCRIPT),
        hash(STYLE)
    )
});

/// `GET /`.
pub(crate) async fn page(State(server): State<Arc<Server>>) -> Response {
    // Which ways in there are: what isn't configured isn't offered.
    let flag = |is_there: bool| if is_there { "yes" } else { "no" };
    let text = HTML
        .replace("{sso}", flag(server.app.is_some()))
        .replace("{keys}", flag(server.has_keys && server.aws_login_secret.is_none()))
        .replace("{style}", STYLE)
        .replace("{script}", SCRIPT);
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    if let Ok(policy) = HeaderValue::from_str(&POLICY) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}
