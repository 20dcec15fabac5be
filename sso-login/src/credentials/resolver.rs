//! The credentials of any profile, by the provider of botocore's chain that takes it. Never a prompt.

use std::time::{Duration, Instant};

use sso_cache::credentials::RoleCredentials;
use sso_profile::source::StaticKeys;
use sso_profile::{AwsConfig, Kind, Profile};
use sso_tool::exit::{Exit, Fault};
use sso_tool::secret::Secret;
use sso_tool::settings::{Settings, from_environment};
use sso_tool::shell::shell_word;
use sso_tool::time::Moment;

use crate::credentials::assume_role;
use crate::credentials::aws_login;
use crate::credentials::credential_process;
use crate::credentials::role::Role;
use crate::session::cached::Session;
use crate::session::error::SessionError;

/// An SDK waits a minute for a `credential_process` (AWS-FORMATS 8): what is slower is as good as nothing.
const TIMEOUT: Duration = Duration::from_secs(45);

/// Keys that sign a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Credentials {
    /// The key's id.
    pub access_key_id: Secret,
    pub secret_access_key: Secret,
    /// Its token, if it is temporary.
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

/// Gets credentials, from files and programs if it can be, over the network if it must be.
pub struct CredentialResolver<'a> {
    pub settings: &'a Settings,
    pub config: &'a AwsConfig,
    /// When to give up.
    pub deadline: Instant,
}

impl<'a> CredentialResolver<'a> {
    /// Gives up soon enough for an SDK that waits.
    pub fn new(settings: &'a Settings, config: &'a AwsConfig) -> Self {
        Self { settings, config, deadline: Instant::now() + TIMEOUT }
    }

    /// The credentials of a profile. Errors: status 78 if it is no profile to get any from.
    pub fn credentials(&self, profile: &Profile) -> anyhow::Result<Result<Credentials, SessionError>> {
        self.get(profile, Freshness::Cached)
    }

    /// The same, but the cached ones of an SSO role won't do: a service says they are not good.
    pub fn fresh(&self, profile: &Profile) -> anyhow::Result<Result<Credentials, SessionError>> {
        self.get(profile, Freshness::New)
    }

    fn get(
        &self,
        profile: &Profile,
        freshness: Freshness,
    ) -> anyhow::Result<Result<Credentials, SessionError>> {
        let name = &profile.name;
        match profile.kind {
            Kind::SsoSession | Kind::SsoLegacy | Kind::SsoToken | Kind::Session => {
                self.role(profile, freshness)
            }
            Kind::Static => match self.config.static_keys(name)? {
                Some(keys) => Ok(Ok(keys.into())),
                None => Err(none(name, "has no static keys").into()),
            },
            Kind::Process => credential_process::credentials(self, name),
            Kind::AssumeRole => assume_role::credentials(self, profile),
            Kind::WebIdentity => Err(none(
                name,
                "uses a web identity token (web_identity_token_file), which only its SDK can exchange",
            )
            .into()),
            Kind::Login => {
                aws_login::credentials(self, name, profile.login_session.as_deref().unwrap_or_default())
            }
            Kind::None => {
                Err(none(name, "has no credentials in the config: no SSO, keys, process or role").into())
            }
        }
    }

    fn role(
        &self,
        profile: &Profile,
        freshness: Freshness,
    ) -> anyhow::Result<Result<Credentials, SessionError>> {
        let parts = (&profile.sso, &profile.account_id, &profile.role_name);
        let (Some(sso), Some(account_id), Some(role_name)) = parts else {
            let (noun, name) = (profile.noun(), &profile.name);
            let choose = format!("sso-login accounts {} | sso-profile choose", profile.arguments());
            let hint = match profile.kind {
                Kind::Session => format!("{choose} | sso-login credentials"),
                _ => format!("{choose} | sso-profile write {}", shell_word(name)),
            };
            let why = profile.no_credentials.clone().unwrap_or_else(|| {
                format!("{noun} `{name}` has an SSO session, but no account and role to get credentials for")
            });
            return Err(Fault::new(Exit::Config, why).hint(hint).into());
        };
        let session = &Session::new(self.settings, sso)?;
        let role = Role {
            settings: self.settings,
            profile,
            session,
            account_id,
            role_name,
            deadline: self.deadline,
        };
        let answer = match freshness {
            Freshness::Cached => role.credentials()?,
            Freshness::New => role.fresh()?,
        };
        Ok(answer.map(Credentials::from))
    }
}

#[derive(Clone, Copy, Debug)]
enum Freshness {
    Cached,
    New,
}

fn none(profile: &str, why: &str) -> Fault {
    Fault::new(Exit::Config, format!("profile `{profile}` {why}"))
}
