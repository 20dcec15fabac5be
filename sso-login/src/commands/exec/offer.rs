//! The offer to log in before the command runs, for a person in front of it.

use std::time::Duration;

use sso_profile::{Kind, Profile};
use sso_tool::settings::Settings;
use sso_tool::stream::{Document, Output};
use sso_tool::subject::{AskedRole, Subject};

use super::teller::aws_login;
use crate::ask::{Decision, yes_on_terminal};
use crate::login::ensure::Ensure;
use crate::session::answer::Answer;
use crate::session::error::SessionError;
use crate::session::login_options::{Ask, LoginOptions, Via};

/// Nobody looks at a question for longer.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Asks a person at the terminal, and logs in if they say yes. `None` if that doesn't help, nobody was there or they
/// said no; else what came of the login.
pub(super) fn offer(
    settings: &Settings,
    profile: &Profile,
    error: &SessionError,
) -> anyhow::Result<Option<Answer>> {
    let Some(login) = error.login(profile) else { return Ok(None) };
    let prompt = format!("Run '{}' now? (y/N): ", aws_login(login));
    match yes_on_terminal(error.reason(), &prompt, TIMEOUT) {
        Decision::No => return Ok(None),
        Decision::Interrupted(signal) => return Ok(Some(Answer::interrupted(signal))),
        Decision::Yes => {}
    }
    let options = LoginOptions {
        force: error.takes_force(),
        via: Via::Auto,
        opens_browser: true,
        ask: Ask::Never,
        ask_timeout: TIMEOUT,
        timeout: None,
        min_left: None,
        is_agreed: false,
    };
    ensure(settings, login, options)
}

/// Ensures that the session behind a profile lasts that long, before the command runs. `None`: there is no session behind it.
pub(super) fn lasting(
    settings: &Settings,
    profile: &Profile,
    min_left: Duration,
    is_agreed: bool,
) -> anyhow::Result<Option<Answer>> {
    if profile.sso.is_none() {
        return Ok(None);
    }
    let options = LoginOptions {
        force: false,
        via: Via::Auto,
        opens_browser: true,
        // A command that was to run is no wish to log in.
        ask: if is_agreed { Ask::Never } else { Ask::Always },
        ask_timeout: TIMEOUT,
        timeout: None,
        min_left: Some(min_left),
        is_agreed,
    };
    ensure(settings, profile, options)
}

/// Stdout is the command's; the person reads stderr.
fn ensure(settings: &Settings, login: &Profile, options: LoginOptions) -> anyhow::Result<Option<Answer>> {
    let (name, role) = (login.name.clone(), AskedRole::default());
    let subject = match login.kind {
        Kind::Session => Subject::Session { name, role },
        _ => Subject::Profile { name, role },
    };
    Ensure::new(settings, options).ensure(subject, &mut Document::new(), &mut Output::nowhere())
}
