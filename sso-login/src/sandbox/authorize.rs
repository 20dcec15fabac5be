//! `/authorize` (AWS-FORMATS 4): a browser asks for a code, and takes it to the client's own port.

use std::time::Duration;

use sso_tool::time;

use super::answer::Answer;
use super::behavior::Approval;
use super::client::{self, AUTHORIZATION_CODE};
use super::page;
use super::refusal::Refusal;
use super::world::{Authorization, World};
use crate::flows::query::{Query, encode};
use crate::flows::random;

/// How long a consent page may stay open, and a code unused.
const TIMEOUT: Duration = Duration::from_secs(600);

/// Length of an S256 challenge: 32 bytes as base64url.
const CHALLENGE_LENGTH: usize = 43;

/// A browser arrives: it is sent on with a code, or shown the question.
pub(super) fn begin(world: &mut World, query: &Query) -> Result<Answer, Refusal> {
    let (client_id, redirect_uri) = match trusted_target(world, query) {
        Ok(target) => target,
        // Nowhere to send the browser: an unknown redirect URI may be anybody's.
        Err(text) => {
            return Ok(page::notice(400, "This link doesn't work", text).error_code("invalid_request"));
        }
    };
    let state = query.first("state").map(str::to_owned);
    let challenge = match check(world, &client_id, query) {
        Ok(challenge) => challenge,
        Err(error) => return Ok(refuse(&redirect_uri, state.as_deref(), error)),
    };
    let expires_at = time::after(world.now(), TIMEOUT);
    let authorization = Authorization { client_id, redirect_uri, challenge, state, expires_at };
    if world.behavior.approve == Approval::Auto {
        let allow = !world.behavior.deny;
        return settle(world, authorization, allow);
    }
    let form_token = random::token(24)?;
    let client = world.clients.get(&authorization.client_id).map_or("", |client| &client.name);
    let answer = page::consent("/authorize", client, None, &form_token);
    world.requests.insert(form_token, authorization);
    Ok(answer)
}

/// The user decided on the page. Each page counts once.
pub(super) fn decide(world: &mut World, form: &Query) -> Result<Answer, Refusal> {
    let now = world.now();
    let request = form.first("token").and_then(|token| world.requests.remove(token));
    match (request.filter(|request| now < request.expires_at), form.first("decision")) {
        (Some(request), Some(decision)) => settle(world, request, decision == "allow"),
        _ => Ok(page::notice(400, "This page is out of date", "Start the login again.")),
    }
}

fn settle(world: &mut World, authorization: Authorization, allow: bool) -> Result<Answer, Refusal> {
    let Authorization { redirect_uri, state, .. } = &authorization;
    if !allow {
        return Ok(refuse(redirect_uri, state.as_deref(), "access_denied"));
    }
    world.journal.consents += 1;
    let code = random::token(48)?;
    let answer = send_on(redirect_uri, &[("code", Some(&code)), ("state", state.as_deref())]);
    let expires_at = if world.behavior.expire { world.now() } else { authorization.expires_at };
    world.codes.insert(code, Authorization { expires_at, ..authorization });
    Ok(answer)
}

/// Client id and redirect URI, if the client registered it.
fn trusted_target(world: &World, query: &Query) -> Result<(String, String), &'static str> {
    let client_id = query.first("client_id").ok_or("It names no client.")?;
    let client = world
        .clients
        .get(client_id)
        .filter(|client| world.now() < client.expires_at)
        .ok_or("It names a client that isn't registered here.")?;
    let redirect_uri = query.first("redirect_uri").ok_or("It names no redirect URI.")?;
    if !client.redirect_uris.iter().any(|registered| client::is_same_but_port(registered, redirect_uri)) {
        return Err("Its redirect URI isn't the one its client registered.");
    }
    Ok((client_id.to_owned(), redirect_uri.to_owned()))
}

/// The PKCE challenge, or RFC 6749's error code (4.1.2.1).
fn check(world: &World, client_id: &str, query: &Query) -> Result<String, &'static str> {
    if !world.clients.get(client_id).is_some_and(|client| client.may(AUTHORIZATION_CODE)) {
        return Err("unauthorized_client");
    }
    if query.first("response_type") != Some("code") {
        return Err("unsupported_response_type");
    }
    query
        .first("code_challenge")
        .filter(|challenge| challenge.len() == CHALLENGE_LENGTH)
        .filter(|_| query.first("code_challenge_method") == Some("S256"))
        .map(str::to_owned)
        .ok_or("invalid_request")
}

fn refuse(redirect_uri: &str, state: Option<&str>, error: &'static str) -> Answer {
    send_on(redirect_uri, &[("error", Some(error)), ("state", state)]).error_code(error)
}

fn send_on(redirect_uri: &str, parameters: &[(&str, Option<&str>)]) -> Answer {
    let query: Vec<_> = parameters
        .iter()
        .filter_map(|(name, value)| value.map(|value| format!("{name}={}", encode(value))))
        .collect();
    let separator = if redirect_uri.contains('?') { '&' } else { '?' };
    Answer::redirect(format!("{redirect_uri}{separator}{}", query.join("&")))
}
