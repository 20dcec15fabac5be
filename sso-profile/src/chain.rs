//! `source_profile`: whose credentials a role profile stands on, through any number of roles, as botocore's
//! `AssumeRoleProvider` follows it.

use sso_tool::sanitize::sanitize;

use crate::config::Named;
use crate::kind::Kind;
use crate::merged::Merged;
use crate::profile::{Profile, resolve};
use crate::unusable::Unusable;

/// Roles in a row; more is a loop, whatever their names.
const LONGEST: usize = 16;

/// Where the credentials come from that may assume a profile's role.
#[derive(Debug, PartialEq, Eq)]
pub enum RoleSource<'c> {
    /// Another profile, whatever that one is; it may not be there.
    Profile(&'c str),
    /// The access keys of a profile, which it uses whatever else it says; it may even be the role's own.
    Keys(&'c str),
    /// `credential_source`: not a profile.
    Elsewhere(&'c str),
    /// Both are named, which every SDK refuses.
    Both,
    /// Neither is.
    Nowhere,
}

/// One step of a chain: where `visited`, the profiles of the chain so far, goes on. A chain that leads back to itself is an
/// error, as it is for every SDK.
pub(crate) fn role_source<'c>(
    visited: &[String],
    keys: impl Fn(&str) -> Merged<'c>,
) -> Result<RoleSource<'c>, Unusable> {
    let Some(name) = visited.last() else { return Ok(RoleSource::Nowhere) };
    let own = keys(name);
    let named = |key| own.text(key).map(|text| text.filter(|text| !text.is_empty()));
    let source = match (named("source_profile")?, named("credential_source")?) {
        (Some(source), None) => source,
        (None, Some(source)) => return Ok(RoleSource::Elsewhere(source)),
        (Some(_), Some(_)) => return Ok(RoleSource::Both),
        (None, None) => return Ok(RoleSource::Nowhere),
    };
    if keys(source).has("aws_access_key_id") {
        return Ok(RoleSource::Keys(source));
    }
    if visited.iter().any(|seen| seen == source) || visited.len() >= LONGEST {
        let source = sanitize(source);
        return Err(Unusable::new(format!(
            "profile `{name}` has source_profile = {source}, which leads back to it"
        )));
    }
    Ok(RoleSource::Profile(source))
}

/// The SSO profile, or the one of `aws login`, at the end of the `source_profile` chain of `profile`; `None` if the chain ends in something else, or
/// in a profile that isn't there. A chain that leads back to itself is an error, as it is for every SDK.
pub(crate) fn session_source<'c>(
    profile: &Profile,
    keys: impl Fn(&str) -> Merged<'c>,
    sessions: &Named,
) -> Result<Option<Profile>, Unusable> {
    let mut visited = vec![profile.name.clone()];
    loop {
        let RoleSource::Profile(source) = role_source(&visited, &keys)? else { return Ok(None) };
        let next = keys(source);
        match next.kind() {
            _ if next.is_absent() => return Ok(None),
            Kind::AssumeRole => visited.push(source.to_owned()),
            kind if kind.is_sso() || kind == Kind::Login => {
                let resolved = resolve(source, next, sessions);
                return resolved.map(Some).map_err(|why| {
                    Unusable::new(format!(
                        "profile `{}` takes its credentials from `{source}`: {why}",
                        profile.name
                    ))
                });
            }
            _ => return Ok(None),
        }
    }
}
