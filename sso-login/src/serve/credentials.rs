//! `GET /credentials/PROFILE`: what an SDK asks for where `AWS_CONTAINER_CREDENTIALS_FULL_URI` points (AWS-FORMATS 12).

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path as Segments, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use tokio::sync::oneshot;

use super::handout::{Given, Lookup};
use super::problem::Problem;
use super::sign_in::{bearer, blocking};
use super::state::Server;

/// The answer to an SDK that shows the token of the profile.
pub(crate) async fn credentials(
    State(server): State<Arc<Server>>,
    name: Result<Segments<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // Bytes that are no text are no profile's name, and get the answer of every other.
    let name = name.map_or_else(|_| String::new(), |Segments(name)| name);
    let Some(token) = server.handout.token(&name) else {
        let detail =
            "credentials of this profile aren't handed out here; start the server with --credentials";
        return Err(Problem::new(StatusCode::NOT_FOUND, "unknown-profile", detail));
    };
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let given = match (all.next(), all.next()) {
        (Some(value), None) => value.to_str().unwrap_or_default(),
        _ => "",
    };
    if !token.is_of(given) && !bearer(&headers).is_some_and(|given| token.is_of(given)) {
        let detail = if headers.contains_key(AUTHORIZATION) {
            "the Authorization header isn't the token of this profile (AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE)"
        } else {
            "there is no Authorization header: set AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE to the token file of this profile \
             (the AWS CLI reads it from version 2.15 on)"
        };
        return Err(Problem::unauthorized("unauthorized", detail));
    }
    let looking = Arc::clone(&server);
    let profile = name.clone();
    match blocking(move || Ok(looking.handout.look(&profile))).await?? {
        Lookup::Given(answer) => Ok(answer.response()),
        Lookup::Fetch => fetched(&server, name).await.map(|answer| answer.response()),
    }
}

/// Credentials that are fetched once for all who wait.
async fn fetched(server: &Arc<Server>, name: String) -> Given {
    let (sender, receiver) = oneshot::channel();
    let is_first = {
        let mut waiting = server.handout.waiting();
        let all = waiting.entry(name.clone()).or_default();
        all.push(sender);
        all.len() == 1
    };
    if is_first {
        let server = Arc::clone(server);
        // A task of its own: the first who asked may go away.
        tokio::spawn(async move {
            let (fetching, profile) = (Arc::clone(&server), name.clone());
            let given = blocking(move || Ok(fetching.handout.fetch(&profile))).await.and_then(|given| given);
            let all = server.handout.waiting().remove(&name).unwrap_or_default();
            for one in all {
                let _ = one.send(given.clone());
            }
        });
    }
    receiver.await.unwrap_or_else(|_| Err(Problem::unreachable("nobody fetched them")))
}
