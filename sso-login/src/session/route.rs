//! Which way a login takes on this machine: what `--via` comes to.

use std::time::Instant;

use sso_profile::Sso;
use sso_tool::settings::Settings;

use crate::aws_cli::program::{self, Aws};
use crate::flows::surroundings::why_no_browser;
use crate::session::login_options::Via;

/// A way to log in.
#[derive(Clone, Debug)]
pub(crate) enum Route {
    /// `aws sso login` of this AWS CLI.
    Aws(Aws),
    /// A browser on this machine that comes back to it.
    Pkce,
    /// A URL and a code.
    Device,
}

/// What the search for a way found.
pub(crate) enum Found {
    Way(Route),
    /// There is no AWS CLI v2, and it was asked for. What there is instead, in words.
    NoAws(Vec<String>),
    /// The time was over before that was known; what was asked by then, in words.
    TimedOut(Vec<String>),
    /// A signal ended the search.
    Interrupted(i32),
}

/// The way that a login of this session takes. Runs `aws --version` where that matters, until
/// `deadline` at most.
pub(crate) fn find(
    settings: &Settings,
    sso: &Sso,
    via: Via,
    opens_browser: bool,
    deadline: Instant,
) -> Found {
    if matches!(via, Via::Auto | Via::Aws) {
        let found = program::find(settings, deadline);
        if let Some(signal) = found.interrupted {
            return Found::Interrupted(signal);
        }
        if let Some(aws) = found.aws {
            return Found::Way(Route::Aws(aws));
        }
        if Instant::now() >= deadline {
            return Found::TimedOut(found.others);
        }
        if via == Via::Aws {
            return Found::NoAws(found.others);
        }
    }
    Found::Way(if comes_back(settings, sso, via, opens_browser) { Route::Pkce } else { Route::Device })
}

/// Whether the browser that logs in is one of this machine, and comes back to it. A legacy profile's never is: its token has
/// no refresh token either way, and the AWS CLI does the same (AWS-FORMATS 9).
fn comes_back(settings: &Settings, sso: &Sso, via: Via, opens_browser: bool) -> bool {
    if sso.session.is_none() {
        return false;
    }
    match via {
        Via::Pkce => true,
        Via::Auto => {
            let why_not = if opens_browser { why_no_browser() } else { Some("no browser is to be opened") };
            if let Some(why_not) = why_not {
                settings.debug(|| format!("a device login: {why_not}"));
            }
            why_not.is_none()
        }
        Via::Aws | Via::Device => false,
    }
}
