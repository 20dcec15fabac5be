//! `source_profile`: whose credentials a role profile stands on, through any number of roles, as botocore's
//! `AssumeRoleProvider` follows it.

use sso_tool::sanitize::sanitize;

use crate::config::Named;
use crate::merged::Merged;
use crate::profile::{Kind, Profile, Unusable, resolve};

/// Roles in a row; more is a loop, whatever their names.
const LONGEST: usize = 16;

/// The SSO profile, or the one of `aws login`, at the end of the `source_profile` chain of `profile`; `None` if the chain ends in something else, or
/// in a profile that isn't there. A chain that leads back to itself is an error, as it is for every SDK.
pub(crate) fn session_source<'c>(
    profile: &Profile,
    keys: impl Fn(&str) -> Merged<'c>,
    sessions: &Named,
) -> Result<Option<Profile>, Unusable> {
    let mut visited = vec![profile.name.clone()];
    loop {
        let Some(name) = visited.last() else { return Ok(None) };
        let own = keys(name);
        let Some(source) = own.text("source_profile")?.filter(|source| !source.is_empty()) else {
            return Ok(None);
        };
        let next = keys(source);
        // A profile with keys of its own uses them, whatever else it says; it may even be its own source.
        if next.has("aws_access_key_id") || next.is_absent() {
            return Ok(None);
        }
        if visited.iter().any(|seen| seen == source) || visited.len() >= LONGEST {
            let source = sanitize(source);
            return Err(Unusable::new(format!(
                "profile `{name}` has source_profile = {source}, which leads back to it"
            )));
        }
        match next.kind() {
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
