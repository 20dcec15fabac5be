//! The role that a document or a command line asks for, beside the profile's own: exactly that one is handed out, or none.

use sso_profile::{AwsConfig, Kind, Profile, Sso, StartUrl};
use sso_tool::document::Document;
use sso_tool::sanitize::sanitize;
use sso_tool::subject::AskedRole;

use crate::session::error::SessionError;

/// The profile with the role that is asked for, or why it can't have that role.
pub(crate) fn grant(
    config: &AwsConfig,
    profile: &Profile,
    role: &AskedRole,
    document: &Document,
) -> anyhow::Result<Result<Profile, SessionError>> {
    let own = own_role(config, profile)?;
    let is_own = role.agrees_with(own.account_id.as_deref(), own.role_name.as_deref());
    // Who the keys belong to isn't in the config, so that an answer of `whoami` can't disagree with it.
    let is_unknown = own.is_empty() && role.role_name.is_none() && !profile.kind.is_sso();
    if is_own || is_unknown {
        return Ok(Ok(profile.clone()));
    }
    let asked = in_words(role);
    let sso = profile.sso.as_ref().filter(|_| profile.kind.is_sso());
    let (Some(sso), Some((account_id, role_name))) = (sso, role.both()) else {
        let what = if own.is_empty() { "no role".to_owned() } else { in_words(&own) };
        let reason = format!("{asked} is requested, but it has {what}");
        let remedy = "name both an account and a role of its SSO session (--account-id, --role-name)";
        let failure = SessionError::config(reason);
        return Ok(Err(if sso.is_some() { failure.hint(remedy) } else { failure }));
    };
    if let Some(other) = other_session(sso, document)? {
        let reason = format!("{asked} is requested, of {}, which isn't its session", sanitize(other));
        return Ok(Err(SessionError::config(reason)));
    }
    Ok(Ok(Profile {
        account_id: Some(account_id.to_owned()),
        role_name: Some(role_name.to_owned()),
        no_credentials: None,
        ..profile.clone()
    }))
}

/// The account and role that the profile itself stands for, as far as the config says.
fn own_role(config: &AwsConfig, profile: &Profile) -> anyhow::Result<AskedRole> {
    if profile.kind != Kind::AssumeRole {
        return Ok(AskedRole {
            account_id: profile.account_id.clone(),
            role_name: profile.role_name.clone(),
        });
    }
    // arn:aws:iam::ACCOUNT:role/PATH/NAME
    let arn = config.text(&profile.name, "role_arn")?.unwrap_or_default();
    let part = |index: usize| arn.split(':').nth(index).filter(|part| !part.is_empty());
    let role_name = part(5).and_then(|resource| resource.rsplit('/').next());
    Ok(AskedRole { account_id: part(4).map(str::to_owned), role_name: role_name.map(str::to_owned) })
}

/// The session that the document names, if it is another one: a role of the same name there is another role.
fn other_session<'d>(sso: &Sso, document: &'d Document) -> anyhow::Result<Option<&'d str>> {
    let text = |key: &str| Ok::<_, anyhow::Error>(document.text(key)?.filter(|text| !text.is_empty()));
    Ok(match (text("ssoSession")?, text("startUrl")?) {
        (Some(name), _) => Some(name).filter(|name| sso.session.as_deref() != Some(name)),
        (None, Some(start_url)) if sso.session.is_none() => {
            Some(start_url).filter(|start_url| StartUrl::of(start_url) != StartUrl::of(&sso.start_url))
        }
        _ => None,
    })
}

fn in_words(role: &AskedRole) -> String {
    match (&role.account_id, &role.role_name) {
        (Some(account_id), Some(role_name)) => {
            format!("role {} of account {}", sanitize(role_name), sanitize(account_id))
        }
        (Some(account_id), None) => format!("account {}", sanitize(account_id)),
        (None, Some(role_name)) => format!("role {}", sanitize(role_name)),
        (None, None) => "no role".to_owned(),
    }
}
