//! `CreateToken` (AWS-FORMATS 4): three grants, one answer.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sso_tool::time;

use super::client::{self, AUTHORIZATION_CODE, DEVICE_CODE, REFRESH_TOKEN};
use super::device;
use super::refusal::Refusal;
use super::world::{Access, Refresh, Session, World};
use crate::flows::random;

/// Trades a device code, an authorization code or a refresh token for an access token.
pub(super) fn create(world: &mut World, body: &Value) -> Result<Value, Refusal> {
    let grant_type = client::text(body, "grantType")?;
    let (client_id, client) = client::authenticate(world, body)?;
    if ![DEVICE_CODE, AUTHORIZATION_CODE, REFRESH_TOKEN].contains(&grant_type) {
        return Err(Refusal::oidc("unsupported_grant_type"));
    }
    if !client.may(grant_type) {
        return Err(Refusal::oidc("unauthorized_client"));
    }
    // Without scopes there is no refresh: the "legacy" token (AWS-FORMATS 4).
    let refreshable = client.may(REFRESH_TOKEN) && !client.scopes.is_empty();
    let client_id = client_id.to_owned();
    match grant_type {
        DEVICE_CODE => {
            device::poll(world, client::text(body, "deviceCode")?, &client_id)?;
            let session = sign_in(world);
            mint(world, session, client_id, refreshable)
        }
        AUTHORIZATION_CODE => {
            redeem_code(world, body, &client_id)?;
            let session = sign_in(world);
            mint(world, session, client_id, refreshable)
        }
        _ => refresh(world, client::text(body, "refreshToken")?, client_id),
    }
}

/// Checks an authorization code with its verifier (RFC 7636, 4.6); it is used up either way.
fn redeem_code(world: &mut World, body: &Value, client_id: &str) -> Result<(), Refusal> {
    let code = client::text(body, "code")?;
    let redirect_uri = client::text(body, "redirectUri")?;
    let verifier = client::text(body, "codeVerifier")?;
    let now = world.now();
    world
        .codes
        .remove(code)
        .filter(|grant| {
            grant.client_id == client_id
                && grant.redirect_uri == redirect_uri
                && grant.challenge == challenge(verifier)
                && now < grant.expires_at
        })
        .map(|_| ())
        .ok_or_else(|| Refusal::oidc("invalid_grant"))
}

/// A new access token, and a new refresh token in place of the old one, which is good no more.
fn refresh(world: &mut World, token: &str, client_id: String) -> Result<Value, Refusal> {
    let invalid = || Refusal::oidc("invalid_grant").because("Invalid refresh token provided");
    let session = world
        .refresh
        .get(token)
        .filter(|refresh| refresh.client_id == client_id && !refresh.used)
        .map(|refresh| refresh.session)
        .filter(|session| world.session_is_live(*session))
        .ok_or_else(invalid)?;
    let rotates = !world.behavior.no_refresh_token;
    if let Some(refresh) = world.refresh.get_mut(token) {
        refresh.used = rotates;
    }
    world.journal.refreshes += 1;
    answer(world, session, client_id, true)
}

fn sign_in(world: &mut World) -> usize {
    let last = world.sessions.len().checked_sub(1).filter(|last| world.session_is_live(*last));
    if let Some(last) = last.filter(|_| world.behavior.keeps_session) {
        return last;
    }
    let expires_at = time::after(world.now(), world.behavior.session_lifetime);
    world.sessions.push(Session { expires_at, ended: false });
    world.sessions.len() - 1
}

fn mint(world: &mut World, session: usize, client_id: String, refreshable: bool) -> Result<Value, Refusal> {
    world.journal.logins += 1;
    answer(world, session, client_id, refreshable)
}

fn answer(world: &mut World, session: usize, client_id: String, refreshable: bool) -> Result<Value, Refusal> {
    let now = world.now();
    let wanted = time::after(now, world.behavior.access_lifetime(refreshable));
    // No token outlives the sign-in behind it.
    let expires_at = world.sessions.get(session).map_or(wanted, |session| wanted.min(session.expires_at));
    let access_token = format!("aoa{}", random::token(96)?);
    world.access.insert(access_token.clone(), Access { session, expires_at });
    let mut refresh_token = None;
    if refreshable && !world.behavior.no_refresh_token {
        let token = format!("aor{}", random::token(96)?);
        world.refresh.insert(token.clone(), Refresh { session, client_id, used: false });
        refresh_token = Some(token);
    }
    Ok(json!({
        "accessToken": access_token,
        "tokenType": "Bearer",
        "expiresIn": (expires_at - now).num_seconds(),
        "refreshToken": refresh_token,
        "idToken": null,
    }))
}

/// PKCE's S256: base64url(SHA-256(verifier)).
fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_challenge_is_that_of_rfc_7636_appendix_b() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(super::challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
