//! What the doctor looks at.

use std::cell::Cell;

use sso_profile::{AwsConfig, Profile};
use sso_tool::settings::Settings;
use sso_tool::time::Moment;

/// What is looked at.
pub(crate) struct Scope<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) now: Moment,
    pub(crate) config: anyhow::Result<AwsConfig>,
    /// The profile that the command line names.
    pub(crate) profile: Option<&'a str>,
    /// Whether what needs the network is left out.
    pub(crate) is_offline: bool,
    /// The signal that ended a check, if one did.
    pub(crate) interrupted: Cell<Option<i32>>,
}

impl Scope<'_> {
    /// Why there is no SSO profile to look at.
    pub(super) fn why_none(&self) -> &'static str {
        match self.config {
            Ok(_) => "there is no SSO profile",
            Err(_) => "the config can't be read",
        }
    }

    /// The SSO profiles to look at: the named one, or one of each session.
    pub(super) fn profiles(&self) -> Vec<Profile> {
        let Ok(config) = &self.config else { return Vec::new() };
        let mut seen = Vec::new();
        config
            .profiles()
            .filter(|(name, _)| self.profile.is_none_or(|wanted| wanted == *name))
            .filter_map(|(_, profile)| profile.ok())
            .filter(|profile| {
                let Some(sso) = &profile.sso else { return false };
                let session = (sso.session.clone(), sso.start_url.clone());
                let is_new = !seen.contains(&session);
                seen.push(session);
                is_new
            })
            .collect()
    }
}
