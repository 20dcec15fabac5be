//! Keys that sign a request, and the places other than the config that may have some.

use sso_cache::credentials::RoleCredentials;
use sso_profile::source::StaticKeys;
use sso_tool::secret::Secret;
use sso_tool::settings::{Settings, from_environment};
use sso_tool::time::Moment;

/// Keys that sign a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Credentials {
    /// The key's id.
    pub access_key_id: Secret,
    pub secret_access_key: Secret,
    /// The token of a temporary key.
    pub session_token: Option<Secret>,
    /// When they are over, if ever.
    pub expires_at: Option<Moment>,
}

impl From<RoleCredentials> for Credentials {
    fn from(role: RoleCredentials) -> Self {
        Self {
            access_key_id: role.access_key_id,
            secret_access_key: role.secret_access_key,
            session_token: Some(role.session_token),
            expires_at: Some(role.expires_at),
        }
    }
}

impl From<StaticKeys> for Credentials {
    fn from(keys: StaticKeys) -> Self {
        Self {
            access_key_id: keys.access_key_id,
            secret_access_key: keys.secret_access_key,
            session_token: keys.session_token,
            expires_at: None,
        }
    }
}

impl Credentials {
    /// The credentials of the environment, if it has any.
    pub fn of_environment() -> Option<Self> {
        Self::of_variables(from_environment)
    }

    /// The credentials of files of settings that somebody named, if they have any; never of a `.env` that happens to be there.
    pub fn of_files(settings: &Settings) -> Option<Self> {
        Self::of_variables(|name| {
            let values = settings.from_files().filter(|(key, _)| *key == name);
            values.last().map(|(_, value)| value.to_owned()).filter(|value| !value.is_empty())
        })
    }

    /// The credentials of `.env`, if no other place has any part of a key.
    pub fn of_dotenv(settings: &Settings) -> Option<Self> {
        const NAMES: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
        let is_elsewhere = NAMES.into_iter().any(|name| from_environment(name).is_some())
            || settings.from_files().any(|(name, _)| NAMES.contains(&name));
        if is_elsewhere { None } else { Self::of_variables(|name| settings.text(name)) }
    }

    /// All of them from one place: half a key of here and half of there opens nothing.
    fn of_variables(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        Some(Self {
            access_key_id: variable("AWS_ACCESS_KEY_ID")?.into(),
            secret_access_key: variable("AWS_SECRET_ACCESS_KEY")?.into(),
            session_token: variable("AWS_SESSION_TOKEN").map(Secret::from),
            expires_at: None,
        })
    }
}
