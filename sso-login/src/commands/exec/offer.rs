//! The offer to log in before the command runs, for a person in front of it.

use std::time::Duration;

use sso_profile::{Kind, Profile};
use sso_tool::settings::Settings;
use sso_tool::stream::{Document, Output};
use sso_tool::subject::{AskedRole, Subject};

use super::teller::aws_login;
use crate::ask::{Decision, yes_on_terminal};
use crate::session::answer::Answer;
use crate::session::ensure::Ensure;
use crate::session::error::SessionError;
use crate::session::login_options::{Ask, LoginOptions, Via};

/// Nobody looks at a question for longer.
const PATIENCE: Duration = Duration::from_secs(120);

/// Asks a person at the terminal, and logs in if they say yes. `None` if that doesn't help, nobody was there or they
/// said no; else what came of the login.
pub(super) fn offer(
    settings: &Settings,
    profile: &Profile,
    lack: &SessionError,
) -> anyhow::Result<Option<Answer>> {
    let Some(login) = lack.login(profile) else { return Ok(None) };
    let prompt = format!("Run '{}' now? (y/N): ", aws_login(login));
    match yes_on_terminal(lack.reason(), &prompt, PATIENCE) {
        Decision::No => return Ok(None),
        Decision::Interrupted(signal) => return Ok(Some(Answer::interrupted(signal))),
        Decision::Yes => {}
    }
    let wish = LoginOptions {
        force: lack.takes_force(),
        via: Via::Auto,
        opens_browser: true,
        ask: Ask::Never,
        patience: PATIENCE,
        timeout: None,
    };
    // Stdout is the command's; the person reads stderr.
    let (name, role) = (login.name.clone(), AskedRole::default());
    let subject = match login.kind {
        Kind::Session => Subject::Session { name, role },
        _ => Subject::Profile { name, role },
    };
    Ensure::new(settings, wish).ensure(subject, &mut Document::new(), &mut Output::nowhere())
}
