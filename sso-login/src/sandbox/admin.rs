//! The admin side, for tests and the curious: what was asked so far, faults and time while it runs.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde_json::{Map, Value, json};
use sso_tool::{stream, time};

use super::answer::Answer;
use super::call::{Shared, lock};
use super::world::World;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/sandbox/stats", get(stats))
        .route("/sandbox/log", get(log).delete(clear_log))
        .route("/sandbox/faults", get(faults).post(change_faults).delete(reset_faults))
        .route("/sandbox/clock", get(clock).post(forward_clock))
        .route("/sandbox/sign-out", post(sign_out))
        .fallback(nothing)
}

async fn stats(State(world): State<Shared>) -> Response {
    Answer::json(200, &lock(&world).journal.stats()).into_response()
}

async fn log(State(world): State<Shared>) -> Response {
    Answer::new(200, "application/x-ndjson", lock(&world).journal.log()).into_response()
}

async fn clear_log(State(world): State<Shared>) -> Response {
    lock(&world).journal.clear();
    Answer::json(200, &json!({})).into_response()
}

async fn faults(State(world): State<Shared>) -> Response {
    shown(&lock(&world)).into_response()
}

async fn change_faults(State(world): State<Shared>, body: Bytes) -> Response {
    let mut world = lock(&world);
    let changed =
        document(&body).and_then(|document| world.behavior.change(&document, &world.initial_behavior));
    match changed {
        Ok(behavior) => {
            world.behavior = behavior;
            shown(&world).into_response()
        }
        Err(message) => bad(&message).into_response(),
    }
}

async fn reset_faults(State(world): State<Shared>) -> Response {
    let mut world = lock(&world);
    world.behavior = world.initial_behavior.clone();
    shown(&world).into_response()
}

async fn clock(State(world): State<Shared>) -> Response {
    now(&lock(&world)).into_response()
}

/// Moves the sandbox's clock on by `forwardSeconds`, so that what it handed out expires at once.
async fn forward_clock(State(world): State<Shared>, body: Bytes) -> Response {
    let by = document(&body).and_then(|document| {
        let by = document.get("forwardSeconds").and_then(Value::as_u64);
        by.ok_or_else(|| "`forwardSeconds` is not a whole number".to_owned())
    });
    match by {
        Ok(by) => {
            let mut world = lock(&world);
            world.forward(Duration::from_secs(by));
            now(&world).into_response()
        }
        Err(message) => bad(&message).into_response(),
    }
}

/// Ends every sign-in, as an administrator would: no token is good any more.
async fn sign_out(State(world): State<Shared>) -> Response {
    for session in &mut lock(&world).sessions {
        session.ended = true;
    }
    Answer::json(200, &json!({})).into_response()
}

async fn nothing() -> Response {
    let places =
        "there are /sandbox/stats, /sandbox/log, /sandbox/faults, /sandbox/clock and /sandbox/sign-out";
    Answer::json(404, &json!({"error": places})).into_response()
}

fn shown(world: &World) -> Answer {
    Answer::json(200, &Value::Object(world.behavior.document()))
}

fn now(world: &World) -> Answer {
    Answer::json(200, &json!({"now": time::format(world.now())}))
}

fn document(body: &Bytes) -> Result<Map<String, Value>, String> {
    stream::parse(body, "the request").map(|document| (*document).clone()).map_err(|err| format!("{err:#}"))
}

fn bad(message: &str) -> Answer {
    Answer::json(400, &json!({"error": message}))
}
