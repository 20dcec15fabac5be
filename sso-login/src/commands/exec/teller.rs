//! What people read on stderr before the command runs, in the words of the Backlog toolkit.

use std::io::{self, Write as _};

use serde_json::Value;
use sso_cache::entry::Entry;
use sso_profile::Profile;
use sso_tool::failure::FailureKind;
use sso_tool::sanitize::sanitize;
use sso_tool::settings::{Settings, from_environment};
use sso_tool::stream::Document;
use sso_tool::time::{self, format_left};

use super::region::Region;
use super::source::{Choice, Source};
use crate::credentials::signing_keys::Credentials;
use crate::session::cached::Session;
use crate::session::error::{SessionError, named};

/// Tells people, if they want to know.
pub(super) struct Teller {
    /// Whether they do.
    pub(super) is_on: bool,
}

impl Teller {
    fn say(&self, line: &str) {
        if self.is_on {
            // A closed stderr takes nothing from the command.
            let _ = writeln!(io::stderr().lock(), "{line}");
        }
    }

    /// What was found, before anything is loaded.
    pub(super) fn found(&self, source: &Source) {
        let profile = match source {
            Source::Profile(_, profile) => profile,
            Source::Keys { place, .. } => {
                return self.say(&format!("[INFO] No profile: the keys of the {place} are used"));
            }
        };
        let name = sanitize(&profile.name);
        if from_environment("AWS_ACCESS_KEY_ID").is_some() {
            self.say(&format!("[INFO] The keys of the environment are set aside: profile '{name}' is used"));
        }
        if profile.kind.is_sso() {
            // Expected, and no error: the temporary ones come next.
            self.say(&format!("[INFO] Profile '{name}' has no static credentials"));
            self.say(&format!("[INFO] Detected SSO profile: {name}"));
        } else {
            self.say(&format!("[INFO] Detected profile: {name} ({})", profile.kind.name()));
        }
    }

    /// Says that there is nothing to get credentials from, and who said that there would be.
    pub(super) fn nothing(&self, document: &Document, choice: Choice) {
        let text = |key: &str| sanitize(document.get(key).and_then(Value::as_str).unwrap_or_default());
        let (name, from) = (text("profile"), text("profileFrom"));
        if choice == Choice::Default {
            self.say(
                "[!] No credentials: nobody named a profile, there is no default one, and no keys either",
            );
            self.say("[INFO] Name a profile (sso-profile list --text), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
        } else {
            self.say(&format!("[!] No credentials for profile: {name} (named by {from})"));
        }
    }

    /// What was loaded, and the ends of what can end: they differ, and so does what to do about each.
    pub(super) fn loaded(
        &self,
        source: &Source,
        credentials: &Credentials,
        region: Option<&Region>,
        is_renewing: bool,
        settings: &Settings,
    ) -> anyhow::Result<()> {
        let profile = source.profile();
        if let Some(profile) = profile {
            let what = if profile.kind.is_sso() { "SSO credentials" } else { "Credentials" };
            self.say(&format!("[✓] {what} loaded for profile: {}", sanitize(&profile.name)));
        }
        match region {
            Some(region) => self.say(&format!("[✓] AWS region: {}", sanitize(&region.name))),
            None if profile.is_some() => {
                self.say("[!] No AWS region: set `region` in the profile, or AWS_REGION");
            }
            None => self.say("[!] No AWS region: set AWS_REGION"),
        }
        if let Some(end) = credentials.expires_at {
            let (end, left) = (time::format(end), format_left(end, time::now()?));
            let then = if is_renewing { "; the command renews them by itself" } else { "" };
            self.say(&format!("[INFO] These role credentials end at {end} (in {left}){then}"));
        }
        match profile {
            Some(profile) => self.session(profile, settings),
            None => Ok(()),
        }
    }

    fn session(&self, profile: &Profile, settings: &Settings) -> anyhow::Result<()> {
        let Some(sso) = &profile.sso else { return Ok(()) };
        let session = Session::new(settings, sso)?;
        let Entry::Whole(token) = session.token()? else { return Ok(()) };
        let (name, now) = (named(&session), time::now()?);
        if token.is_refreshable(now) {
            self.say(&format!("[INFO] {name} is renewed without a login, until AWS ends it"));
        } else if now < token.expires_at {
            self.say(&format!(
                "[INFO] {name} ends at {} and can't be renewed",
                time::format(token.expires_at)
            ));
        }
        Ok(())
    }

    /// Why there are no credentials. An expiry and a lack of permission read alike at AWS; they aren't.
    pub(super) fn no_credentials(&self, profile: &Profile, error: &SessionError) {
        let login = error.login(profile);
        match error.kind {
            FailureKind::Expired if login.is_none() => self.say("[!] Credentials expired"),
            FailureKind::Expired if error.is_absent => self.say("[!] Failed to load SSO credentials"),
            FailureKind::Expired => self.say("[!] SSO credentials expired"),
            FailureKind::Denied => {
                self.say("[!] Permission denied: this isn't an expiry, and a login won't help");
            }
            FailureKind::Unreachable => self.say("[!] AWS can't be reached: this isn't an expiry"),
            FailureKind::Busy => self.say("[!] Another login is under way"),
            FailureKind::Remote | FailureKind::UnknownProfile | FailureKind::Config => {
                self.say(&format!("[!] No credentials: {}", sanitize(error.reason())));
            }
        }
        if let Some(login) = login {
            self.say(&format!("[INFO] Try running: {}", aws_login(login)));
        }
    }
}

/// The command that people know, fit for a terminal.
pub(super) fn aws_login(profile: &Profile) -> String {
    let flag = match profile.kind {
        sso_profile::Kind::Session => "",
        _ => "--profile ",
    };
    sanitize(&format!("aws sso login {flag}{}", profile.arguments()))
}
