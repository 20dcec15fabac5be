//! The OIDC service of AWS SSO (`sso-oidc`): register a client, start a device authorization, create and
//! refresh tokens (AWS-FORMATS 4), through the official SDK.

use std::fmt;
use std::time::Duration;

use anyhow::Context as _;
use aws_sdk_ssooidc::Client;
use aws_sdk_ssooidc::config::{AppName, BehaviorVersion, Region};
use aws_sdk_ssooidc::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_ssooidc::operation::create_token::CreateTokenOutput;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use chrono::DateTime;
use sso_signal::secret::Secret;
use sso_signal::text::harmless;
use sso_signal::time::{self, Moment};

use crate::http;

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The service in one region.
pub struct Oidc {
    client: Client,
}

/// A registered client.
#[derive(Clone, Debug)]
pub struct Registered {
    /// Its id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
    /// When it ends.
    pub expires_at: Moment,
}

/// A device authorization that a person has to approve.
#[derive(Debug)]
pub struct Device {
    /// What the tool polls with.
    pub device_code: Secret,
    /// What the person compares or types.
    pub user_code: String,
    /// Where the person goes, with the code filled in if the service says so.
    pub url: String,
    /// How long the person has.
    pub expires_in: Duration,
    /// How long to wait between two polls.
    pub interval: Duration,
}

/// A token as the service gave it.
#[derive(Debug)]
pub struct Created {
    /// The bearer token.
    pub access_token: Secret,
    /// How long it lasts.
    pub expires_in: Duration,
    /// For the next one, if the session can be renewed.
    pub refresh_token: Option<Secret>,
}

/// How the service refuses, as far as anybody acts on it.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody has approved yet.
    Pending,
    /// Polled too fast.
    SlowDown,
    /// A person (or a rule) said no.
    Denied,
    /// The device code is over.
    Expired,
    /// The code or refresh token isn't good any more.
    InvalidGrant,
    /// The registration isn't good (any more, or for this grant).
    InvalidClient,
    /// No answer, 5xx, or throttled, after retries; in words.
    Unreachable(String),
    /// Any other error of the service, by its name.
    Other(String),
}

impl Refusal {
    /// The OAuth word for it, for the document's `error`.
    pub fn word(&self) -> &str {
        match self {
            Self::Pending => "authorization_pending",
            Self::SlowDown => "slow_down",
            Self::Denied => "access_denied",
            Self::Expired => "expired_token",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidClient => "invalid_client",
            Self::Unreachable(_) => "unreachable",
            Self::Other(name) => name,
        }
    }

    fn of_name(name: &str) -> Self {
        match name {
            "AuthorizationPendingException" | "authorization_pending" => Self::Pending,
            "SlowDownException" | "slow_down" => Self::SlowDown,
            "AccessDeniedException" | "access_denied" => Self::Denied,
            "ExpiredTokenException" | "expired_token" => Self::Expired,
            "InvalidGrantException" | "invalid_grant" => Self::InvalidGrant,
            "InvalidClientException"
            | "UnauthorizedClientException"
            | "invalid_client"
            | "unauthorized_client" => Self::InvalidClient,
            other => Self::Other(harmless(other)),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pending => f.write_str("nobody has approved the login yet"),
            Self::SlowDown => f.write_str("the service asks to poll more slowly"),
            Self::Denied => f.write_str("the login was denied"),
            Self::Expired => f.write_str("the code expired before anybody approved it"),
            Self::InvalidGrant => {
                f.write_str("the service doesn't accept the code or refresh token (the session is over)")
            }
            Self::InvalidClient => f.write_str("the service doesn't accept the client registration"),
            Self::Unreachable(why) => write!(f, "the SSO service can't be reached: {why}"),
            Self::Other(name) => write!(f, "the SSO service answered {name}"),
        }
    }
}

impl Oidc {
    /// The service in `region`; `configured` is an endpoint that the profile's config sets.
    pub fn new(region: &str, configured: Option<&str>) -> anyhow::Result<Self> {
        let mut config = aws_sdk_ssooidc::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .app_name(AppName::new("sso-login").context("cannot name the app")?)
            .http_client(http::client()?)
            .retry_config(http::retries())
            .retry_classifier(http::Throttled)
            .timeout_config(http::timeouts())
            .use_fips(http::is_on("AWS_USE_FIPS_ENDPOINT"))
            .use_dual_stack(http::is_on("AWS_USE_DUALSTACK_ENDPOINT"));
        config.set_endpoint_url(http::endpoint("SSO_OIDC", configured)?);
        Ok(Self { client: Client::from_conf(config.build()) })
    }

    /// Registers a client for the device grant.
    pub async fn register(&self, name: &str, scopes: &[String]) -> Result<Registered, Refusal> {
        let scopes = (!scopes.is_empty()).then(|| scopes.to_vec());
        let answer = self
            .client
            .register_client()
            .client_name(name)
            .client_type("public")
            .set_scopes(scopes)
            .send()
            .await
            .map_err(|err| refusal(&err))?;
        let expires_at = DateTime::from_timestamp(answer.client_secret_expires_at(), 0);
        match (answer.client_id, answer.client_secret, expires_at) {
            (Some(client_id), Some(secret), Some(expires_at)) => {
                Ok(Registered { client_id, client_secret: secret.into(), expires_at })
            }
            _ => Err(incomplete()),
        }
    }

    /// Starts a device authorization.
    pub async fn authorize(&self, client: &Registered, start_url: &str) -> Result<Device, Refusal> {
        let answer = self
            .client
            .start_device_authorization()
            .client_id(&client.client_id)
            .client_secret(client.client_secret.expose())
            .start_url(start_url)
            .send()
            .await
            .map_err(|err| refusal(&err))?;
        let url = answer.verification_uri_complete.or(answer.verification_uri);
        match (answer.device_code, answer.user_code, url) {
            (Some(device_code), Some(user_code), Some(url)) => Ok(Device {
                device_code: device_code.into(),
                user_code,
                url,
                expires_in: seconds(answer.expires_in),
                // RFC 8628 3.5: five seconds where the service doesn't say.
                interval: if answer.interval > 0 { seconds(answer.interval) } else { Duration::from_secs(5) },
            }),
            _ => Err(incomplete()),
        }
    }

    /// Asks once for the token of a device authorization.
    pub async fn poll(&self, client: &Registered, device_code: &Secret) -> Result<Created, Refusal> {
        let request = self.client.create_token().grant_type(DEVICE_CODE).device_code(device_code.expose());
        let request = request.client_id(&client.client_id).client_secret(client.client_secret.expose());
        created(request.send().await.map_err(|err| refusal(&err))?)
    }

    /// Trades a refresh token for a new token.
    pub async fn refresh(
        &self,
        client_id: &str,
        client_secret: &Secret,
        refresh_token: &Secret,
    ) -> Result<Created, Refusal> {
        let request =
            self.client.create_token().grant_type("refresh_token").refresh_token(refresh_token.expose());
        let request = request.client_id(client_id).client_secret(client_secret.expose());
        created(request.send().await.map_err(|err| refusal(&err))?)
    }
}

impl Created {
    /// When it ends, for a token that was just made.
    pub fn expires_at(&self, now: Moment) -> Moment {
        time::after(now, self.expires_in)
    }
}

fn created(answer: CreateTokenOutput) -> Result<Created, Refusal> {
    Ok(Created {
        access_token: answer.access_token.map(Secret::from).ok_or_else(incomplete)?,
        expires_in: seconds(answer.expires_in),
        refresh_token: answer.refresh_token.map(Secret::from),
    })
}

fn seconds(count: i32) -> Duration {
    Duration::from_secs(u64::try_from(count).unwrap_or_default())
}

fn incomplete() -> Refusal {
    Refusal::Unreachable("it sent an incomplete answer".to_owned())
}

/// Sorts an error of the SDK. The name is in the header or in `__type`/`code` (the SDK looks there), else in the
/// body's `error` (AWS-FORMATS 4.4).
fn refusal<E>(err: &SdkError<E, HttpResponse>) -> Refusal
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let SdkError::ServiceError(answer) = err else {
        return Refusal::Unreachable(cause(err));
    };
    let status = answer.raw().status().as_u16();
    let name = answer.err().code().map(str::to_owned).or_else(|| {
        let body: serde_json::Value = serde_json::from_slice(answer.raw().body().bytes()?).ok()?;
        Some(body.get("error")?.as_str()?.to_owned())
    });
    match name.as_deref().map(Refusal::of_name) {
        // A slow_down is the flow's, whatever its status; other throttling and 5xx are the service's trouble.
        Some(known) if !matches!(known, Refusal::Other(_)) => known,
        other if status >= 500 || status == 429 => match other {
            Some(Refusal::Other(name)) => Refusal::Unreachable(format!("it answers {status} {name}")),
            _ => Refusal::Unreachable(format!("it answers {status}")),
        },
        Some(other) => other,
        None => Refusal::Other(format!("status {status}")),
    }
}

/// The innermost causes of a failed call in one line, without the SDK's own words around them.
fn cause<E: std::error::Error + 'static>(err: &SdkError<E, HttpResponse>) -> String {
    let mut innermost: &dyn std::error::Error = err;
    let mut words = Vec::new();
    while let Some(source) = innermost.source() {
        innermost = source;
        words.push(innermost.to_string());
    }
    let text = match words.as_slice() {
        [] => DisplayErrorContext(err).to_string(),
        [.., last] => last.clone(),
    };
    harmless(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_header_and_body_mean_the_same() {
        for (header, body, refusal) in [
            ("AuthorizationPendingException", "authorization_pending", Refusal::Pending),
            ("SlowDownException", "slow_down", Refusal::SlowDown),
            ("ExpiredTokenException", "expired_token", Refusal::Expired),
            ("AccessDeniedException", "access_denied", Refusal::Denied),
            ("InvalidGrantException", "invalid_grant", Refusal::InvalidGrant),
            ("InvalidClientException", "invalid_client", Refusal::InvalidClient),
            ("UnauthorizedClientException", "unauthorized_client", Refusal::InvalidClient),
        ] {
            assert_eq!(Refusal::of_name(header), refusal);
            assert_eq!(Refusal::of_name(body), refusal);
        }
        assert_eq!(Refusal::of_name("InvalidScopeException").word(), "InvalidScopeException");
    }
}
