//! The state in words. Five things expire, and a message that says "expired" helps nobody: the access
//! token, the client registration that could renew it, the SSO session behind both, role credentials,
//! and for a legacy profile the token that nothing renews. The end of an SSO session isn't
//! written in any file; it shows as a missing refresh token, or when `sso-login` tries.

use sso_tool::sanitize::sanitize;
use sso_tool::time::{self, Moment};

use crate::credentials::RoleCredentials;
use crate::entry::Entry;
use crate::key::Session;
use crate::token::Token;
use sso_tool::token_state::TokenState;

/// Which session it is, what its token is worth and, where that differs, the role credentials.
pub(crate) fn of(
    session: Session<'_>,
    token: &Entry<Token>,
    is_salvageable: bool,
    credentials: Option<&Entry<RoleCredentials>>,
    now: Moment,
) -> String {
    let name = match session {
        Session::Named(name) => format!("SSO session \"{}\"", sanitize(name)),
        Session::Legacy(start_url) => format!("SSO start URL \"{}\"", sanitize(start_url)),
    };
    let (words, is_valid) = match token {
        Entry::Missing => ("no token in the cache (never logged in, or logged out)".to_owned(), false),
        Entry::Corrupt(why) if is_salvageable => {
            (format!("the token file {why}, but one whole token in it can be recovered"), false)
        }
        Entry::Corrupt(why) => (format!("the token file {why}"), false),
        Entry::Whole(token) => (of_token(session, token, now), token.state(now) == TokenState::Valid),
    };
    format!(
        "{name}: {words}{}",
        credentials.map(|entry| of_credentials(entry, is_valid, now)).unwrap_or_default()
    )
}

fn of_token(session: Session<'_>, token: &Token, now: Moment) -> String {
    let expiry = time::format(token.expires_at);
    match token.state(now) {
        TokenState::Valid => format!("access token valid until {expiry}"),
        TokenState::Refreshable => {
            format!("access token expired at {expiry} and can be refreshed without a login")
        }
        _ => {
            format!("access token expired at {expiry} and can't be refreshed ({})", obstacle(session, token))
        }
    }
}

/// Why an expired token can't be refreshed.
fn obstacle(session: Session<'_>, token: &Token) -> String {
    match (token.registration_expires_at, session) {
        _ if token.refresh_token.is_none() && matches!(session, Session::Legacy(_)) => {
            "legacy profile without sso_session: no refresh token".to_owned()
        }
        _ if token.refresh_token.is_none() => "no refresh token".to_owned(),
        _ if token.client_id.is_none() || token.client_secret.is_none() => {
            "no client registration in the token file".to_owned()
        }
        (None, _) => "no registration expiry in the token file".to_owned(),
        (Some(moment), _) => format!("registration expired at {}", time::format(moment)),
    }
}

fn of_credentials(entry: &Entry<RoleCredentials>, token_is_valid: bool, now: Moment) -> String {
    match entry {
        Entry::Missing => String::new(),
        Entry::Corrupt(why) => format!("; the role credentials file {why}"),
        Entry::Whole(credentials) => {
            let expiry = time::format(credentials.expires_at);
            match (credentials.state(now), token_is_valid) {
                (TokenState::Valid, false) => format!("; role credentials still good until {expiry}"),
                (TokenState::Expired, true) => {
                    format!("; role credentials expired at {expiry}, new ones come with the token")
                }
                _ => String::new(),
            }
        }
    }
}
