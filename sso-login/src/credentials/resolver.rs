//! The credentials of any profile, by the provider of botocore's chain that takes it. Never a prompt.

use std::time::{Duration, Instant};

use sso_profile::{AwsConfig, Kind, Profile};
use sso_tool::exit::{Exit, Fault};
use sso_tool::settings::Settings;
use sso_tool::shell::shell_word;

use crate::credentials::assume_role::AssumedRole;
use crate::credentials::aws_login;
use crate::credentials::credential_process;
use crate::credentials::role::Role;
use crate::credentials::signing_keys::Credentials;
use crate::session::cached::Session;
use crate::session::error::SessionError;

/// An SDK waits a minute for a `credential_process` (AWS-FORMATS 8): what is slower is as good as nothing.
const TIMEOUT: Duration = Duration::from_secs(45);

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
            Kind::Process => credential_process::credentials(self.config, name, self.deadline),
            Kind::AssumeRole => {
                let of_source = |source: &Profile| self.credentials(source);
                let (settings, config, deadline) = (self.settings, self.config, self.deadline);
                AssumedRole { settings, config, deadline, of_source: &of_source }.credentials(profile)
            }
            Kind::WebIdentity => Err(none(
                name,
                "uses a web identity token (web_identity_token_file), which only its SDK can exchange",
            )
            .into()),
            Kind::Login => aws_login::credentials(
                self.settings,
                name,
                profile.login_session.as_deref().unwrap_or_default(),
                self.deadline,
            ),
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
