//! A token of a session that can be used now: the cached one, or one renewed without a person.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use sso_cache::entry::Entry;
use sso_cache::token::Token;
use sso_lock::{Lock, Outcome};
use sso_profile::Profile;
use sso_tool::atomic_write::is_unwritable;
use sso_tool::secret::Secret;
use sso_tool::settings::Settings;
use sso_tool::time::{self, Moment};

use crate::aws_api::oidc::Oidc;
use crate::session::cached::Session;
use crate::session::error::{SessionError, named};
use crate::session::refresh::{Renewed, refresh};

/// Between two looks at a file that somebody else is about to write.
const LOOK: Duration = Duration::from_millis(100);

/// Which token will do.
#[derive(Clone, Copy, Debug)]
pub enum Want<'a> {
    /// One that lasts for longer than this.
    Lasting(TimeDelta),
    /// A valid one other than this, which the service has just refused.
    Another(&'a Secret),
}

impl Want<'_> {
    fn is_met(self, token: &Token, now: Moment) -> bool {
        match self {
            Self::Lasting(left) => now + left < token.expires_at,
            Self::Another(refused) => now < token.expires_at && token.access_token != *refused,
        }
    }
}

/// A token that will do. One renewal for however many processes ask: a look without the lock, the lock, another look,
/// and only then the refresh. Ends at `deadline` at the latest.
pub fn token(
    settings: &Settings,
    profile: &Profile,
    session: &Session<'_>,
    want: Want<'_>,
    deadline: Instant,
) -> anyhow::Result<Result<Token, SessionError>> {
    let lock = Lock::of(settings, "login")?;
    loop {
        let token = match look(session, want)? {
            Look::Done(answer) => return Ok(answer),
            Look::Torn(_) if session.salvage(settings)? => continue,
            Look::Torn(why) => return Ok(Err(SessionError::torn(session, why))),
            Look::Renewable(_) if Instant::now() >= deadline => {
                return Ok(Err(SessionError::busy("another login or refresh is under way")));
            }
            Look::Renewable(_) => match lock.acquire("sso-login", LOOK) {
                Ok(Outcome::Busy(_)) => continue,
                Ok(Outcome::Held(guard)) => {
                    let answer = match look(session, want)? {
                        Look::Done(answer) => Ok(answer),
                        Look::Torn(why) => Ok(Err(SessionError::torn(session, why))),
                        Look::Renewable(token) => renew(settings, profile, session, &token, want, deadline),
                    };
                    guard.release()?;
                    match answer {
                        Err(err) if is_unwritable(&err) => Err(SessionError::unwritable(session)),
                        answer => answer?,
                    }
                }
                // A refresh token may be good for one use: whoever renews must be able to keep the next one.
                Err(err) if is_unwritable(&err) => {
                    settings.debug(|| format!("no renewal here: {err:#}"));
                    Err(SessionError::unwritable(session))
                }
                Err(err) => return Err(err),
            },
        };
        return Ok(token);
    }
}

enum Look {
    Done(Result<Token, SessionError>),
    Torn(&'static str),
    Renewable(Token),
}

fn look(session: &Session<'_>, want: Want<'_>) -> anyhow::Result<Look> {
    let now = time::now()?;
    let token = match session.token()? {
        Entry::Whole(token) => token,
        Entry::Missing => return Ok(Look::Done(Err(SessionError::absent(session)))),
        Entry::Corrupt(why) => return Ok(Look::Torn(why)),
    };
    if want.is_met(&token, now) {
        return Ok(Look::Done(Ok(token)));
    }
    if token.is_refreshable(now) {
        return Ok(Look::Renewable(token));
    }
    Ok(Look::Done(Err(hopeless(session, &token, want, now))))
}

/// Why a token that can't be renewed won't do.
fn hopeless(session: &Session<'_>, token: &Token, want: Want<'_>, now: Moment) -> SessionError {
    match want {
        _ if token.expires_at <= now => SessionError::expired(session),
        Want::Lasting(_) => SessionError::ending(session, &time::format(token.expires_at)),
        Want::Another(_) => SessionError::rejected(session),
    }
}

fn renew(
    settings: &Settings,
    profile: &Profile,
    session: &Session<'_>,
    token: &Token,
    want: Want<'_>,
    deadline: Instant,
) -> anyhow::Result<Result<Token, SessionError>> {
    let oidc = Oidc::new(&session.sso.region, profile.endpoints.sso_oidc.as_deref())?;
    Ok(match refresh(session, &oidc, token, deadline)? {
        Renewed::Token(token) => Ok(token),
        Renewed::Gone => Err(SessionError::absent(session)),
        Renewed::Unreachable(refusal) => Err(SessionError::unreachable(refusal.to_string())),
        Renewed::TimedOut => Err(SessionError::unreachable("the SSO service did not answer in time")),
        Renewed::Refused(refusal) => {
            settings.debug(|| format!("{} can't be renewed: {refusal}", named(session)));
            Err(hopeless(session, token, want, time::now()?))
        }
    })
}
