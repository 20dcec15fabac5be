//! The region that a command works in.

use sso_tool::settings::{Settings, from_environment};

use super::source::Source;

/// The variables that name it, the first one first.
pub(super) const VARIABLES: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];

pub(super) struct Region {
    pub(super) name: String,
    /// Whether the command finds it in its environment by itself.
    pub(super) is_inherited: bool,
}

impl Region {
    /// The region of the profile; else of the environment, of a file of settings that somebody named, of the default profile that
    /// has nothing else. `None` if there is none.
    pub(super) fn find(source: &Source, settings: &Settings) -> Option<Self> {
        let set = |name: &String| !name.is_empty();
        let (of_profile, of_default) = match source {
            Source::Profile(_, profile) => (profile.region.clone().filter(set), None),
            Source::Keys { region, .. } => (None, region.clone().filter(set)),
        };
        if of_profile.is_none()
            && let Some(name) = VARIABLES.into_iter().find_map(from_environment)
        {
            return Some(Self { name, is_inherited: true });
        }
        let of_files = || VARIABLES.into_iter().find_map(|name| of_files(settings, name));
        let name = of_profile.or_else(of_files).or(of_default)?;
        Some(Self { name, is_inherited: false })
    }
}

/// A variable of the files of settings that somebody named: the last one counts.
fn of_files(settings: &Settings, name: &str) -> Option<String> {
    let value = settings.from_files().filter(|(key, _)| *key == name).last().map(|(_, value)| value);
    value.filter(|value| !value.is_empty()).map(str::to_owned)
}
