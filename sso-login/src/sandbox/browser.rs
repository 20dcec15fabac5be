//! What a browser sees: the device page and `/authorize`.

use axum::Router;

use super::server::Shared;

pub(super) fn router() -> Router<Shared> {
    Router::new()
}
