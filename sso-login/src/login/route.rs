//! Which way a login takes on this machine: what `--via` comes to.

use std::time::Instant;

use sso_profile::Sso;
use sso_tool::aws_cli::{self, Aws};
use sso_tool::sanitize::sanitize;
use sso_tool::settings::{Settings, from_environment};

use crate::aws_api::http::endpoint;
use crate::flows::surroundings::{why_no_browser, why_nobody};
use crate::session::login_options::Via;

/// A way to log in.
#[derive(Clone, Debug)]
pub(crate) enum Route {
    /// `aws sso login` of this AWS CLI; by a code, although it would take a browser that comes back by itself.
    Aws {
        /// The AWS CLI.
        aws: Aws,
        /// Whether it is told to use a code.
        uses_code: bool,
    },
    /// A browser on this machine that comes back to it.
    Pkce,
    /// A URL and a code.
    Device,
}

/// What the search for a way comes to.
pub(crate) enum Choice {
    Way(Route),
    /// There is no AWS CLI v2, and it was asked for. What there is instead, in words.
    NoAws(Vec<String>),
    /// Nobody can log in: why.
    Nobody(&'static str),
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
) -> Choice {
    if via == Via::Auto
        && opens_browser
        && let Some(why) = why_nobody()
    {
        return Choice::Nobody(why);
    }
    if matches!(via, Via::Auto | Via::Aws) {
        let found = aws_cli::find(settings, deadline);
        if let Some(signal) = found.interrupted {
            return Choice::Interrupted(signal);
        }
        if let Some(aws) = found.aws.filter(|aws| via == Via::Aws || finds_the_service(aws, settings)) {
            // A page that comes back to loopback is of use only where a browser reaches this loopback.
            let uses_code = aws.has_pkce()
                && sso.session.is_some()
                && !comes_back(settings, sso, Via::Auto, opens_browser);
            return Choice::Way(Route::Aws { aws, uses_code });
        }
        if Instant::now() >= deadline {
            return Choice::TimedOut(found.others);
        }
        if via == Via::Aws {
            return Choice::NoAws(found.others);
        }
        if from_environment("SSO_AWS").is_some() {
            let others = sanitize(&found.others.join("; "));
            settings.warn_once(format!("SSO_AWS names no AWS CLI v2: {others}"));
        }
    }
    Choice::Way(if comes_back(settings, sso, via, opens_browser) { Route::Pkce } else { Route::Device })
}

/// Whether this AWS CLI logs in at the service that the environment names. One before 2.13 knows other endpoints than AWS's
/// own only from models (AWS-FORMATS 6): it would ask AWS about a start URL that isn't there.
fn finds_the_service(aws: &Aws, settings: &Settings) -> bool {
    if aws.version >= aws_cli::WITH_ENDPOINTS || !matches!(endpoint("SSO_OIDC", None), Ok(Some(_))) {
        return true;
    }
    let has_models = from_environment("AWS_DATA_PATH").is_some()
        || settings.home().is_ok_and(|home| home.join(".aws/models/sso-oidc").exists());
    if !has_models {
        settings.debug(|| "this AWS CLI knows no endpoint of the environment".to_owned());
    }
    has_models
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
