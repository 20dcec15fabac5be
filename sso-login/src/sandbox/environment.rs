//! The variables of the sandbox: what it sets, and what of the user's real set-up it takes away.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use super::home::Home;
use super::server::Urls;

/// Variables that would lead a command out of the sandbox. All of `AWS_…` goes too.
const LEADING_OUT: [&str; 16] = [
    "BACKLOG_AWS_PROFILE",
    "BOTO_CONFIG",
    "BROWSER",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "REQUESTS_CA_BUNDLE",
    "SSO_AUTO_PROFILES",
    "SSO_ENV_FILE",
    "SSO_LOGIN_MODE",
    "SSO_PROFILE_VARS",
    "SSO_SIGNAL_FILE",
    "SSO_STATE_DIR",
];

/// What to set and what to take away.
pub(super) struct Environment {
    /// Names and values, in the order they are shown.
    pub(super) set: Vec<(&'static str, String)>,
    /// Names that are set here and must not be there.
    pub(super) remove: Vec<OsString>,
}

impl Environment {
    /// For a command in `home`; `browser` stands in for the user's browser, if anything does.
    pub(super) fn new(home: &Home, urls: &Urls, browser: Option<&Path>) -> Self {
        let path = |path: &Path| path.to_string_lossy().into_owned();
        let mut set = vec![
            ("HOME", path(home.path())),
            ("AWS_ENDPOINT_URL_SSO_OIDC", urls.oidc.clone()),
            ("AWS_ENDPOINT_URL_SSO", urls.portal.clone()),
            ("AWS_ENDPOINT_URL_STS", urls.sts.clone()),
            ("AWS_ENDPOINT_URL_SIGNIN", urls.sts.clone()),
            ("AWS_ENDPOINT_URL_S3", urls.sts.clone()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            // No pager: it would wait for a key.
            ("AWS_PAGER", String::new()),
            // The signals are there, too: with a variable of their own they would stay where they are when somebody moves the
            // state, and what is written to a place that isn't there would seem to have been kept.
            ("SSO_STATE_DIR", path(&home.state())),
            ("NO_PROXY", "127.0.0.1,localhost".to_owned()),
            ("no_proxy", "127.0.0.1,localhost".to_owned()),
            ("SSO_SANDBOX_URL", urls.admin.clone()),
        ];
        if let Some(browser) = browser {
            set.push(("BROWSER", path(browser)));
        }
        let keeps_browser = browser.is_none();
        let remove = env::vars_os()
            .map(|(name, _)| name)
            .filter(|name| !(keeps_browser && name == "BROWSER"))
            .filter(|name| name.to_str().is_some_and(leads_out))
            .filter(|name| !set.iter().any(|(set, _)| name == set))
            .collect();
        Self { set, remove }
    }

    /// Gives the environment to a command.
    pub(super) fn apply(&self, command: &mut Command) {
        for name in &self.remove {
            command.env_remove(name);
        }
        for (name, value) in &self.set {
            command.env(name, value);
        }
    }
}

fn leads_out(name: &str) -> bool {
    name.starts_with("AWS_") || LEADING_OUT.contains(&name)
}
