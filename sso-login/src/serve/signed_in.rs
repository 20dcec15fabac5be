//! What a sign-in gives.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use sso_tool::secret::Secret;

use super::token::claims::User;

/// What a sign-in gives.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    pub(super) token: Secret,
    pub(super) expires_in: i64,
    pub(super) user: User,
}

impl SignedIn {
    pub(super) fn response(&self) -> Response {
        let body = json!({
            "access_token": self.token.expose(),
            "token_type": "bearer",
            "expires_in": self.expires_in,
            "user": self.user.document(),
        });
        Json(body).into_response()
    }
}
