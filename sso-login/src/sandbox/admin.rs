//! The admin side: what was asked so far, and faults while it runs.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use super::answer::Answer;
use super::server::{Shared, lock};

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/sandbox/stats", get(stats)).route("/sandbox/log", get(log))
}

async fn stats(State(world): State<Shared>) -> Response {
    Answer::json(200, &lock(&world).journal.stats()).into_response()
}

async fn log(State(world): State<Shared>) -> Response {
    Answer::new(200, "application/x-ndjson", lock(&world).journal.log()).into_response()
}
