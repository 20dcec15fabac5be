//! The Security Token Service: who am I, and other roles (through the official SDK).

use aws_sdk_sts::Client;
use aws_sdk_sts::config::Builder;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::assume_role::AssumeRoleOutput;
use aws_sdk_sts::operation::assume_role::builders::AssumeRoleFluentBuilder;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use sso_profile::Profile;
use sso_tool::sanitize::sanitize;
use sso_tool::settings::from_environment;

use crate::aws_api::http;
use crate::aws_api::refusal::{cause, of_page};
use crate::credentials::signing_keys::Credentials;
use crate::session::error::SessionError;

/// STS with somebody's credentials.
pub struct Sts {
    client: Client,
}

/// Who the credentials are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub arn: String,
    pub account_id: String,
    /// The unique id: the only part that names a person for good.
    pub user_id: String,
}

impl Sts {
    /// STS in the profile's region; else that of the environment, else us-east-1, where every account has one.
    pub fn new(profile: &Profile, credentials: &Credentials) -> anyhow::Result<Self> {
        let region = profile.region.clone().filter(|region| !region.is_empty());
        let region = region
            .or_else(|| from_environment("AWS_REGION"))
            .or_else(|| from_environment("AWS_DEFAULT_REGION"))
            .unwrap_or_else(|| "us-east-1".to_owned());
        let provider = aws_sdk_sts::config::Credentials::new(
            credentials.access_key_id.expose(),
            credentials.secret_access_key.expose(),
            credentials.session_token.as_ref().map(|token| token.expose().to_owned()),
            None,
            "sso-login",
        );
        let endpoint = http::endpoint("STS", profile.endpoints.sts.as_deref())?;
        let config = Builder::from(&http::config(&region, endpoint)?).credentials_provider(provider);
        Ok(Self { client: Client::from_conf(config.build()) })
    }

    /// `GetCallerIdentity`.
    pub async fn identity(&self) -> Result<Identity, SessionError> {
        let answer = self.client.get_caller_identity().send().await.map_err(|err| session_error(&err))?;
        match (answer.arn, answer.account, answer.user_id) {
            (Some(arn), Some(account_id), Some(user_id)) => Ok(Identity { arn, account_id, user_id }),
            _ => Err(SessionError::unreachable("STS sent an incomplete answer")),
        }
    }

    /// `AssumeRole`, as `fill` says.
    pub(crate) async fn assume(
        &self,
        fill: impl FnOnce(AssumeRoleFluentBuilder) -> AssumeRoleFluentBuilder,
    ) -> Result<AssumeRoleOutput, SessionError> {
        fill(self.client.assume_role()).send().await.map_err(|err| session_error(&err))
    }
}

/// Expired keys, a refusal, or no answer.
fn session_error<E>(err: &SdkError<E, HttpResponse>) -> SessionError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let SdkError::ServiceError(answer) = err else {
        return SessionError::unreachable(format!("STS can't be reached: {}", cause(err)));
    };
    let status = answer.raw().status().as_u16();
    match answer.err().code() {
        Some("ExpiredToken" | "ExpiredTokenException" | "RequestExpired") => {
            SessionError::expired_keys("STS says that the credentials are expired")
        }
        Some(code @ ("Throttling" | "ThrottlingException" | "RequestLimitExceeded")) => {
            SessionError::unreachable(format!("STS throttles ({code})"))
        }
        _ if status >= 500 || status == 429 => SessionError::unreachable(format!("STS answers {status}")),
        Some(code @ ("InvalidClientTokenId" | "SignatureDoesNotMatch")) => {
            SessionError::denied(format!("STS answered {code}"))
                .hint("the access key or its secret is wrong, or the key is inactive")
        }
        Some(code) => SessionError::denied(format!("STS answered {}", sanitize(code))),
        // A proxy's or captive portal's page, whatever its status.
        None => SessionError::unreachable(format!("STS can't be reached: {}", of_page(status))),
    }
}
