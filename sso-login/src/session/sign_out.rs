//! The portal's logout: a session that ends at the service, with every token that hangs on it.

use std::time::{Duration, Instant};

use sso_cache::token::Token;
use sso_profile::Profile;
use sso_tool::settings::Settings;
use sso_tool::time;

use crate::aws_api::oidc::Oidc;
use crate::aws_api::portal::{Denial, Portal};
use crate::session::cached::Session;
use crate::session::refresh::{Renewed, refresh};

/// How long the service has to hear of it.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Ends the session at the service, or says why it can't be told. A session that is over there already is ended, too.
pub(crate) fn sign_out(
    settings: &Settings,
    profile: &Profile,
    session: &Session<'_>,
    token: &Token,
) -> anyhow::Result<Result<(), String>> {
    let deadline = Instant::now() + TIMEOUT;
    let mut token = token.clone();
    let now = time::now()?;
    // The service takes a valid access token only, and the sign-in behind an old one lives on.
    if token.expires_at <= now && token.is_refreshable(now) {
        let oidc = Oidc::new(&session.sso.region, profile.endpoints.sso_oidc.as_deref())?;
        match refresh(session, &oidc, &token, deadline)? {
            Renewed::Token(renewed) => token = renewed,
            Renewed::Gone | Renewed::Refused(_) => return Ok(Ok(())),
            Renewed::Unreachable(refusal) => return Ok(Err(refusal.to_string())),
            Renewed::TimedOut => return Ok(Err("it did not answer in time".to_owned())),
        }
    }
    let portal = Portal::new(settings, profile, &session.sso.region)?;
    let call = portal.logout(&token.access_token);
    let answer = crate::runtime::wait_for(async { tokio::time::timeout_at(deadline.into(), call).await })?;
    Ok(match answer {
        Ok(Ok(()) | Err(Denial::Unauthorized | Denial::Forbidden)) => Ok(()),
        Ok(Err(Denial::Unreachable(why) | Denial::Other(why))) => Err(why),
        Ok(Err(Denial::Throttled)) => Err("it throttles".to_owned()),
        Err(_) => Err("it did not answer in time".to_owned()),
    })
}
