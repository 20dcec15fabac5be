//! `role_arn`: a role of another profile, or of the environment's keys, as botocore's `AssumeRoleProvider` has it.
//! What would ask a person for a code is refused.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use aws_sdk_sts::operation::assume_role::AssumeRoleOutput;
use chrono::DateTime;
use serde_json::{Map, Value, json};
use sso_cache::credentials::RoleCredentials;
use sso_cache::folder::Cache;
use sso_cache::{entry, key};
use sso_profile::{AwsConfig, Kind, Profile, RoleSource};
use sso_tool::exit::{Exit, Fault};
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::shell::shell_word;
use sso_tool::time;

use crate::credentials::role::kept;
use crate::credentials::signing_keys::Credentials;
use crate::credentials::sts::Sts;
use crate::session::error::SessionError;

/// The role that a profile assumes, with what it takes to get there.
pub(crate) struct AssumedRole<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) config: &'a AwsConfig,
    pub(crate) deadline: Instant,
    /// The credentials of a profile at the start of the chain, which assumes no role.
    pub(crate) of_source: &'a dyn Fn(&Profile) -> anyhow::Result<Result<Credentials, SessionError>>,
}

impl AssumedRole<'_> {
    /// The credentials at the end of a chain of roles.
    pub(crate) fn credentials(&self, profile: &Profile) -> anyhow::Result<Result<Credentials, SessionError>> {
        self.assumed(profile, &mut Vec::new())
    }

    fn assumed(
        &self,
        profile: &Profile,
        visited: &mut Vec<String>,
    ) -> anyhow::Result<Result<Credentials, SessionError>> {
        let name = profile.name.as_str();
        let text = |key: &str| self.config.text(name, key);
        visited.push(name.to_owned());

        let mut arguments = Map::new();
        for (argument, key) in [
            ("RoleArn", "role_arn"),
            ("RoleSessionName", "role_session_name"),
            ("ExternalId", "external_id"),
            ("SerialNumber", "mfa_serial"),
        ] {
            if let Some(value) = text(key)? {
                arguments.insert(argument.to_owned(), value.into());
            }
        }
        // What is no number doesn't count, as for botocore.
        if let Some(seconds) =
            text("duration_seconds")?.and_then(|seconds| seconds.trim().parse::<i32>().ok())
        {
            arguments.insert("DurationSeconds".to_owned(), seconds.into());
        }
        let path =
            Cache::of_home(self.settings.home()?).role_dir().join(key::assume_role(&arguments) + ".json");
        let now = time::now()?;
        if let Some(cached) = RoleCredentials::read(&path)?.whole().filter(|cached| cached.is_usable(now)) {
            return Ok(Ok(cached.into()));
        }
        if arguments.contains_key("SerialNumber") {
            let message = format!(
                "profile `{name}` needs an MFA code (mfa_serial), and this tool never asks \
                               for one"
            );
            let hint = format!("aws sts get-caller-identity --profile {}", shell_word(name));
            return Err(Fault::new(Exit::Config, message).hint(hint).into());
        }
        let source = match self.source(profile, visited)? {
            Ok(source) => source,
            Err(error) => return Ok(Err(error)),
        };
        let sts = Sts::new(profile, &source)?;
        let value = |key: &str| arguments.get(key).and_then(Value::as_str).map(str::to_owned);
        let call = sts.assume(|request| {
            request
                .set_role_arn(value("RoleArn"))
                .role_session_name(value("RoleSessionName").unwrap_or_else(session_name))
                .set_external_id(value("ExternalId"))
                .set_duration_seconds(
                    arguments.get("DurationSeconds").and_then(Value::as_i64).and_then(|n| n.try_into().ok()),
                )
        });
        let answer =
            crate::runtime::wait_for(async { tokio::time::timeout_at(self.deadline.into(), call).await })?;
        match answer {
            Err(_) => Ok(Err(SessionError::unreachable("STS did not answer in time"))),
            Ok(Err(error)) => Ok(Err(error)),
            Ok(Ok(output)) => {
                let Some(object) = cached_form(&output) else {
                    return Ok(Err(SessionError::unreachable("STS sent an incomplete answer")));
                };
                kept(self.settings, entry::write(&path, &object))?;
                let read = RoleCredentials::from_object(object).whole();
                Ok(read
                    .map(Credentials::from)
                    .ok_or_else(|| SessionError::unreachable("STS sent an incomplete answer")))
            }
        }
    }

    /// The credentials that may assume the role.
    fn source(
        &self,
        profile: &Profile,
        visited: &mut Vec<String>,
    ) -> anyhow::Result<Result<Credentials, SessionError>> {
        let name = profile.name.as_str();
        let fault = |why: String| Fault::new(Exit::Config, format!("profile `{name}` {why}"));
        let source = match self.config.role_source(visited)? {
            RoleSource::Profile(source) => self.config.known_profile(source)?,
            RoleSource::Keys(source) => {
                let keys = self.config.static_keys(source)?.map(Credentials::from);
                let none =
                    || fault(format!("has source_profile = {}, which has no static keys", sanitize(source)));
                return Ok(Ok(keys.with_context(none)?));
            }
            RoleSource::Elsewhere("Environment") => {
                let none = || fault("has credential_source = Environment, and there are no keys".to_owned());
                return Ok(Ok(Credentials::of_environment().with_context(none)?));
            }
            RoleSource::Elsewhere(other) => {
                let other = sanitize(other);
                return Err(
                    fault(format!("has credential_source = {other}, which only its SDK can read")).into()
                );
            }
            RoleSource::Both => {
                return Err(fault("has both source_profile and credential_source".to_owned()).into());
            }
            RoleSource::Nowhere => {
                return Err(fault("has a role_arn and no source_profile".to_owned()).into());
            }
        };
        match source.kind {
            Kind::AssumeRole => self.assumed(&source, visited),
            _ => Ok((self.of_source)(&source)?.map_err(|error| error.of_source(&source))),
        }
    }
}

/// botocore's own name for a session that has none; not part of the cache's key.
fn session_name() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    format!("sso-login-{seconds}")
}

/// The file that the AWS CLI would write (AWS-FORMATS 3).
fn cached_form(output: &AssumeRoleOutput) -> Option<Map<String, Value>> {
    let credentials = output.credentials.as_ref()?;
    let expires_at = DateTime::from_timestamp(credentials.expiration.secs(), 0)?;
    let user = output.assumed_role_user.as_ref();
    let value = json!({
        "Credentials": {
            "AccessKeyId": credentials.access_key_id,
            "SecretAccessKey": credentials.secret_access_key,
            "SessionToken": credentials.session_token,
            "Expiration": expires_at.format("%Y-%m-%dT%H:%M:%S+00:00").to_string(),
        },
        "AssumedRoleUser": {
            "AssumedRoleId": user.map(|user| user.assumed_role_id.as_str()),
            "Arn": user.map(|user| user.arn.as_str()),
        },
        "ResponseMetadata": {},
    });
    match value {
        Value::Object(object) => Some(object),
        _ => None,
    }
}
