//! What there is to say about a profile once it is written: what overrides it, and what others make of it.

use sso_tool::exit::{Exit, Fault};
use sso_tool::profile_name::check_profile;

use crate::aws_config::AwsConfig;
use crate::ini::words::is_plain;
use crate::kind::Kind;
use crate::profile::Profile;
use crate::request::{NAMES, Request};
use crate::start_url::StartUrl;

/// The credentials file has the last word on each key: say so instead of writing what has no effect.
pub(crate) fn as_asked(profile: &Profile, request: &Request) -> anyhow::Result<()> {
    let sso = profile.sso.as_ref();
    let differs = |asked: &Option<String>, got: Option<&str>| asked.is_some() && asked.as_deref() != got;
    let is_sso = matches!(profile.kind, Kind::SsoSession | Kind::SsoToken | Kind::SsoLegacy);
    let is_other = (request.names_credentials() && !is_sso)
        || differs(&request.sso_session, sso.and_then(|sso| sso.session.as_deref()))
        || request.start_url.as_deref().map(StartUrl::of)
            != sso.filter(|_| request.start_url.is_some()).map(|sso| StartUrl::of(&sso.start_url))
        || differs(&request.sso_region, sso.map(|sso| sso.region.as_str()))
        || differs(&request.account_id, profile.account_id.as_deref())
        || differs(&request.role_name, profile.role_name.as_deref())
        || differs(&request.region, profile.region.as_deref());
    if is_other {
        let message = format!(
            "section `[{}]` of the credentials file or `[DEFAULT]` overrides what is to be written",
            profile.name
        );
        return Err(Fault::new(Exit::Config, message)
            .hint("choose another name, or remove its keys there")
            .into());
    }
    Ok(())
}

/// What others make of a profile that is right for the AWS CLI.
pub(crate) fn warnings(profile: &Profile, config: &AwsConfig) -> Vec<String> {
    let session = profile.sso.as_ref().and_then(|sso| sso.session.as_deref());
    let mut warnings: Vec<_> = [("profile", Some(profile.name.as_str())), ("sso-session", session)]
        .into_iter()
        .filter_map(|(what, name)| Some((what, name.filter(|name| !is_plain(name))?)))
        .map(|(what, name)| {
            format!("only the AWS CLI and Python read the {what} name `{name}`; other SDKs skip it")
        })
        .collect();
    warnings.extend(profile.partition_warning());
    let name = &profile.name;
    if check_profile(name).is_err() {
        warnings
            .push(format!("no signal can have the profile name `{name}`: nobody is reminded of it; {NAMES}"));
    }
    if config.has_keys_in_credentials(name) {
        let section = format!("section `[{name}]` of the credentials file has access keys");
        warnings.push(format!("{section}, which some SDKs prefer to SSO"));
    }
    warnings
}

/// Whether it gives credentials, and nowhere to work with them.
pub(crate) fn lacks_region(profile: &Profile) -> bool {
    profile.role_name.is_some() && profile.region.is_none()
}

/// One warning for all profiles of an edit that lack a region; the SSO region isn't one to work in.
pub(crate) fn no_region(names: &[&str]) -> Option<String> {
    let (first, more) = names.split_first()?;
    let whose = match more.len() {
        0 => format!("profile `{first}` has"),
        more => format!("profile `{first}` and {more} more have"),
    };
    Some(format!("{whose} no region to work in: give --region"))
}
