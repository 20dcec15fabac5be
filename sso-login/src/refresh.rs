//! Renewing a session without a person: the refresh token of its token file (AWS-FORMATS 1.6).

use std::time::Instant;

use sso_cache::token::{Renewal, Token};
use sso_signal::time;

use crate::oidc::{Oidc, Refusal};
use crate::session::Session;

/// Renews `token` and writes it back. Hold the login lock, and have read the token under it: a refresh token may be
/// good for one use only.
pub(crate) fn refresh(
    session: &Session<'_>,
    oidc: &Oidc,
    token: Token,
    deadline: Instant,
) -> anyhow::Result<Result<Token, Refusal>> {
    let Some(grant) = token.grant(time::now()?) else { return Ok(Err(Refusal::InvalidGrant)) };
    let call = oidc.refresh(grant.client_id, grant.client_secret, grant.refresh_token);
    let answer = crate::runtime()?.block_on(async { tokio::time::timeout_at(deadline.into(), call).await });
    let created = match answer {
        Ok(Ok(created)) => created,
        Ok(Err(refusal)) => return Ok(Err(refusal)),
        Err(_) => return Ok(Err(Refusal::Unreachable("it did not answer in time".to_owned()))),
    };
    let expires_at = created.expires_at(time::now()?);
    let renewal =
        Renewal { access_token: created.access_token, expires_at, refresh_token: created.refresh_token };
    let renewed = token.renewed(renewal);
    renewed.write(&session.token_file())?;
    Ok(Ok(renewed))
}
