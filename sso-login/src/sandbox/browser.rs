//! What a browser sees: the device page and `/authorize`.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use super::answer::Answer;
use super::behavior::Approval;
use super::call::{Call, Shared, lock, respond};
use super::operation::Operation;
use super::world::{Decision, World};
use super::{authorize, device, page};
use crate::flows::query::Query;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/authorize", get(authorize_page).post(authorize_form))
        .route("/device", get(device_page).post(device_form))
}

async fn authorize_page(State(world): State<Shared>, RawQuery(query): RawQuery) -> Response {
    let query = Query::parse(&query.unwrap_or_default());
    let call = Call::new(Operation::Authorize).by_client(&lock(&world), query.first("client_id"));
    respond(&world, call, |world| authorize::begin(world, &query)).await
}

async fn authorize_form(State(world): State<Shared>, body: Bytes) -> Response {
    authorize::decide(&mut lock(&world), &form(&body)).unwrap_or_else(Answer::from).into_response()
}

async fn device_page(State(world): State<Shared>, RawQuery(query): RawQuery) -> Response {
    let query = Query::parse(&query.unwrap_or_default());
    show_device(&mut lock(&world), query.first("user_code")).into_response()
}

async fn device_form(State(world): State<Shared>, body: Bytes) -> Response {
    decide_device(&mut lock(&world), &form(&body)).into_response()
}

fn form(body: &Bytes) -> Query {
    Query::parse(&String::from_utf8_lossy(body))
}

fn show_device(world: &mut World, user_code: Option<&str>) -> Answer {
    let Some(user_code) = user_code else { return page::code_form(200, None) };
    let approve = world.behavior.approve;
    let Some(device) = device::find(world, user_code) else {
        return page::code_form(404, Some("No login waits for that code. The login may have ended."));
    };
    if device.decision != Decision::Undecided {
        return page::notice(200, "This login is settled", "You can close this page.");
    }
    if approve == Approval::Auto {
        return page::notice(
            200,
            "Nothing to do",
            "This sandbox approves logins automatically. You can close this page.",
        );
    }
    let (client_id, code, token) =
        (device.client_id.clone(), device.user_code.clone(), device.form_token.clone());
    let client = world.clients.get(&client_id).map_or("", |client| &client.name);
    page::consent("/device", client, Some(&code), &token)
}

fn decide_device(world: &mut World, form: &Query) -> Answer {
    let now = world.now();
    let decision = match form.first("decision") {
        Some("allow") => Decision::Allowed,
        _ => Decision::Denied,
    };
    let asked = form.first("token").unwrap_or_default();
    let waiting = world.devices.values_mut().find(|device| {
        device.form_token == asked && device.decision == Decision::Undecided && now < device.expires_at
    });
    let Some(device) = waiting else {
        return page::notice(400, "This page is out of date", "Start the login again.");
    };
    device.decision = decision;
    if decision == Decision::Allowed {
        world.journal.consents += 1;
        return page::notice(200, "Allowed", "Go back to your terminal. You can close this page.");
    }
    page::notice(200, "Denied", "Nobody was logged in. You can close this page.")
}
