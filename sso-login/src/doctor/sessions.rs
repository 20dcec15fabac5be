//! The sessions themselves: whether somebody must log in, and when AWS asks for consent again.

use chrono::TimeDelta;
use sso_cache::entry::Entry;
use sso_cache::token::Token;
use sso_profile::{Profile, Sso};
use sso_tool::exit::status_of;
use sso_tool::shell::shell_word;
use sso_tool::time;
use sso_tool::token_state::TokenState;

use super::finding::Finding;
use super::scope::Scope;
use crate::session::cached::Session;

const SESSION: &str = "session";
const REGISTRATION: &str = "registration";
/// A registration that ends within that time is worth a word.
const SOON: TimeDelta = TimeDelta::days(7);

pub(super) fn check(scope: &Scope<'_>) -> Vec<Finding> {
    let profiles = scope.profiles();
    if profiles.is_empty() {
        return vec![Finding::skipped(SESSION, scope.why_none())];
    }
    profiles.iter().flat_map(|profile| one(scope, profile)).collect()
}

fn one(scope: &Scope<'_>, profile: &Profile) -> Vec<Finding> {
    let Some(sso) = &profile.sso else { return Vec::new() };
    let session = Session::new(scope.settings, sso).and_then(|session| {
        let token = session.token()?;
        Ok((token, session.token_file()))
    });
    let login = format!("sso-login {}", shell_word(&profile.name));
    let name = name(sso);
    let found = match session {
        Err(err) => vec![Finding::error(SESSION, status_of(&err), format!("{err:#}"), login)],
        Ok((Entry::Missing, _)) => {
            vec![Finding::warning(SESSION, format!("nobody is logged in to {name}"), login)]
        }
        Ok((Entry::Corrupt(why), file)) => {
            let seen = format!("the token file of {name} {why} ({})", file.display());
            vec![Finding::warning(SESSION, seen, format!("sso-cache repair; {login}"))]
        }
        Ok((Entry::Whole(token), _)) => {
            vec![of_token(scope, &name, &token, &login), registration(scope, &name, &token, &login)]
        }
    };
    found.into_iter().map(|finding| finding.with("profile", profile.name.as_str())).collect()
}

fn name(sso: &Sso) -> String {
    match &sso.session {
        Some(session) => format!("sso-session {session}"),
        None => sso.start_url.clone(),
    }
}

fn of_token(scope: &Scope<'_>, name: &str, token: &Token, login: &str) -> Finding {
    let until = time::format(token.expires_at);
    match token.state(scope.now) {
        TokenState::Valid => {
            Finding::ok(SESSION, format!("{name} is logged in; the access token lasts until {until}"))
        }
        TokenState::Refreshable => {
            let seen = format!("{name}: the access token ended at {until} and is renewed without a login");
            Finding::ok(SESSION, seen)
        }
        _ => Finding::warning(SESSION, format!("the session of {name} ended at {until}"), login),
    }
}

fn registration(scope: &Scope<'_>, name: &str, token: &Token, login: &str) -> Finding {
    let Some(moment) = token.registration_expires_at else {
        let seen = format!("the token of {name} names no registration, so nothing renews it");
        return Finding::skipped(REGISTRATION, seen);
    };
    let until = time::format(moment);
    let again = "AWS will ask for consent again";
    if moment <= scope.now {
        let seen = format!(
            "the client registration of {name} ended at {until}: {again}, and nothing is renewed until then"
        );
        return Finding::warning(REGISTRATION, seen, format!("{login} --force"));
    }
    if moment - scope.now < SOON {
        let seen = format!("the client registration of {name} ends at {until}: then {again}");
        return Finding::warning(REGISTRATION, seen, format!("{login} --force"));
    }
    Finding::ok(REGISTRATION, format!("the client registration of {name} lasts until {until}"))
}
