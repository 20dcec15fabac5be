//! The config as botocore reads it: refused, empty, with profiles that can't be used.

use sso_tool::atomic_write::is_unwritable;
use sso_tool::exit::{Exit, hint_of, status_of};
use sso_tool::recipe;

use super::finding::Finding;
use super::permissions;
use super::scope::Scope;

const CHECK: &str = "config";

pub(super) fn check(scope: &Scope<'_>) -> Vec<Finding> {
    let config = match &scope.config {
        Ok(config) => config,
        Err(err) => {
            let closed = || is_unwritable(err).then(|| permissions::readable(scope.settings)).flatten();
            let fix = hint_of(err).map(str::to_owned).or_else(closed);
            let fix =
                fix.unwrap_or_else(|| "fix the file; sso-profile list says whether it is valid".to_owned());
            return vec![Finding::error(CHECK, status_of(err), format!("{err:#}"), fix)];
        }
    };
    let file = config.file().map_or_else(|| "no file".to_owned(), |path| path.display().to_string());
    if let Some(name) = scope.profile
        && let Err(err) = config.known_profile(name)
    {
        let fix = hint_of(&err).unwrap_or("sso-profile list --text");
        return vec![Finding::error(CHECK, Exit::Config, format!("{err:#}"), fix)];
    }
    let mut found: Vec<_> = config
        .profiles()
        .filter_map(|(name, profile)| profile.err().map(|why| (name, why)))
        .map(|(name, why)| {
            let fix = config.remedy(name).unwrap_or_else(|| "sso-profile write --help".to_owned());
            Finding::warning(CHECK, format!("{why} ({file})"), fix).with("profile", name)
        })
        .collect();
    found.extend(scope.profiles().iter().filter_map(|profile| {
        let warning = profile.partition_warning()?;
        let fix = format!("change sso_region in {file} to the region of the portal");
        Some(
            Finding::warning(CHECK, format!("{warning} ({file})"), fix)
                .with("profile", profile.name.as_str()),
        )
    }));
    let count = config.names().count();
    if count == 0 {
        let seen = format!("there is no profile in {file}");
        found.push(Finding::warning(CHECK, seen, recipe::SETUP));
    }
    if found.is_empty() {
        found.push(Finding::ok(CHECK, format!("{count} profiles in {file}")));
    }
    found
}
