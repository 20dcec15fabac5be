//! Renewing a session without a person: the refresh token of its token file (AWS-FORMATS 1).

use std::time::Instant;

use sso_cache::token::{Renewal, Token};
use sso_tool::time::{self, Moment};

use crate::aws_api::oidc::{Oidc, Refusal};
use crate::session::cached::Session;

/// What came of it.
#[derive(Debug)]
pub(crate) enum Renewed {
    /// There is a valid token, which ends then.
    Until(Moment),
    /// Only a person can go on.
    Refused(Refusal),
    /// The service can't be reached; in words.
    Unreachable(Refusal),
    /// No answer by the deadline.
    TimedOut,
}

/// Renews `token` and writes it back. Hold the login lock, and have read the token under it: a refresh token may be
/// good for one use only.
///
/// A refresh token that the service doesn't take any more is removed from the file, so that whoever looks at the
/// session sees that a person is needed, and nobody tries it again.
pub(crate) fn refresh(
    session: &Session<'_>,
    oidc: &Oidc,
    token: &Token,
    deadline: Instant,
) -> anyhow::Result<Renewed> {
    let refusal = match trade(session, oidc, token, deadline)? {
        Renewed::Refused(refusal @ (Refusal::InvalidGrant | Refusal::InvalidClient)) => refusal,
        end => return Ok(end),
    };
    // Other clients don't take our lock: one of them may have renewed the session and used the refresh token up.
    match session.token()?.whole() {
        Some(now) if now.refresh_token != token.refresh_token => {
            if time::now()? < now.expires_at {
                return Ok(Renewed::Until(now.expires_at));
            }
            trade(session, oidc, &now, deadline)
        }
        Some(mut dead) => {
            dead.refresh_token = None;
            dead.write(&session.token_file())?;
            Ok(Renewed::Refused(refusal))
        }
        None => Ok(Renewed::Refused(refusal)),
    }
}

fn trade(session: &Session<'_>, oidc: &Oidc, token: &Token, deadline: Instant) -> anyhow::Result<Renewed> {
    let Some(grant) = token.grant(time::now()?) else { return Ok(Renewed::Refused(Refusal::InvalidGrant)) };
    session.rehearse()?;
    let call = oidc.refresh(grant.client_id, grant.client_secret, grant.refresh_token);
    let answer = crate::runtime()?.block_on(async { tokio::time::timeout_at(deadline.into(), call).await });
    let created = match answer {
        Ok(Ok(created)) => created,
        Ok(Err(refusal @ Refusal::Unreachable(_))) => return Ok(Renewed::Unreachable(refusal)),
        Ok(Err(refusal)) => return Ok(Renewed::Refused(refusal)),
        Err(_) => return Ok(Renewed::TimedOut),
    };
    let expires_at = created.expires_at(time::now()?);
    let renewal =
        Renewal { access_token: created.access_token, expires_at, refresh_token: created.refresh_token };
    let renewed = token.clone().renewed(renewal);
    renewed.write(&session.token_file())?;
    Ok(Renewed::Until(expires_at))
}
