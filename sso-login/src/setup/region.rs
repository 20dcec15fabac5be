//! The region that a new profile works in.

use sso_profile::request::Request;
use sso_profile::{AwsConfig, Profile};
use sso_tool::exit::Fault;
use sso_tool::settings::Settings;

use super::prompter::Prompter;

/// That of the session's other profiles.
pub(crate) fn of_session(config: &AwsConfig, session: &str) -> Option<String> {
    first(config, |profile| profile.sso.as_ref().and_then(|sso| sso.session.as_deref()) == Some(session))
}

/// That of any profile.
pub(crate) fn of_any(config: &AwsConfig) -> Option<String> {
    first(config, |_| true)
}

/// That of the shell.
pub(crate) fn of_environment(settings: &Settings) -> Option<String> {
    let said = ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(|name| settings.text(name));
    said.filter(|region| check(region).is_ok())
}

/// What a flag says; else a person's answer, where an empty line is the usual one.
pub(crate) fn ask(
    prompter: &Prompter<'_>,
    given: Option<&str>,
    usual: Option<&str>,
) -> anyhow::Result<String> {
    prompter.text(given, "Region to work in", usual, check)
}

fn first(config: &AwsConfig, is_wanted: impl Fn(&Profile) -> bool) -> Option<String> {
    let profiles = config.profiles().filter_map(|(_, profile)| profile.ok());
    let mut regions = profiles.filter(is_wanted).filter_map(|profile| profile.region);
    regions.find(|region| check(region).is_ok())
}

fn check(region: &str) -> Result<(), Fault> {
    Request { region: Some(region.to_owned()), ..Request::default() }.check()
}
