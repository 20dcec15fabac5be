//! The OIDC service of AWS SSO (`sso-oidc`): register a client, start an authorization, create and refresh tokens
//! (AWS-FORMATS 4), through the official SDK.

use std::time::Duration;

use anyhow::Context as _;
use aws_sdk_ssooidc::Client;
use aws_sdk_ssooidc::config::Builder;
use aws_sdk_ssooidc::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
use aws_sdk_ssooidc::operation::create_token::CreateTokenOutput;
use aws_sdk_ssooidc::operation::register_client::builders::RegisterClientFluentBuilder;
use chrono::DateTime;
use sso_tool::exit::{Exit, Fault, WithFault as _};
use sso_tool::sanitize::sanitize;
use sso_tool::secret::Secret;
use sso_tool::time::{self, Moment};
use url::Url;

use crate::aws_api::http;
use crate::aws_api::page_host::is_of_aws;
use crate::aws_api::refusal::{incomplete, refusal};

pub use crate::aws_api::refusal::Refusal;

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const AUTHORIZATION_CODE: &str = "authorization_code";
/// The registered redirect URI has no port: the service takes any at login (RFC 8252 7.3; AWS-FORMATS 4).
const REGISTERED_REDIRECT: &str = "http://127.0.0.1/oauth/callback";

/// The service in one region.
pub struct Oidc {
    client: Client,
    /// Where it is: what the SDK asks its rules.
    place: Params,
}

/// A registered client.
#[derive(Clone, Debug)]
pub struct Registered {
    pub client_id: String,
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
    /// Where the person goes and types the code.
    pub plain_url: String,
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

impl Oidc {
    /// The service in `region`; `configured` is an endpoint that the profile's config sets.
    pub fn new(region: &str, configured: Option<&str>) -> anyhow::Result<Self> {
        let (is_fips, is_dual_stack) =
            (http::is_on("AWS_USE_FIPS_ENDPOINT"), http::is_on("AWS_USE_DUALSTACK_ENDPOINT"));
        let endpoint = http::endpoint("SSO_OIDC", configured)?;
        let place = Params::builder()
            .region(region)
            .use_fips(is_fips)
            .use_dual_stack(is_dual_stack)
            .set_endpoint(endpoint.clone())
            .build()
            .context("cannot find out where the SSO service is")?;
        let config = Builder::from(&http::config(region, endpoint)?).retry_classifier(http::Throttled);
        Ok(Self { client: Client::from_conf(config.build()), place })
    }

    /// The base URL, without a slash at the end, by the SDK's own rules: partitions, FIPS, dual stack, overrides
    /// (AWS-FORMATS 6). Status 78 for a combination that there isn't.
    pub async fn base_url(&self) -> anyhow::Result<String> {
        let endpoint = DefaultResolver::new().resolve_endpoint(&self.place).await;
        let endpoint = endpoint.map_err(anyhow::Error::from_boxed).with_fault(|| {
            Fault::new(Exit::Config, "there is no such endpoint of the SSO service")
                .hint("unset AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT, or the custom endpoint")
        })?;
        Ok(endpoint.url().trim_end_matches('/').to_owned())
    }

    /// Why the service can't tell whose portal a start URL is, if it can't: one on a domain of one's own is only an address
    /// that leads to the portal (the AWS CLI does, since 2.35.13). A configured endpoint judges for itself.
    pub(crate) fn refuses(&self, start_url: &str) -> Option<Fault> {
        let url = Url::parse(start_url).ok().filter(|_| self.place.endpoint().is_none())?;
        let host = url.host_str().filter(|host| !is_of_aws(host))?;
        let what = format!(
            "the start URL is on {}, a domain that isn't AWS's, and AWS accepts only the portal's own address",
            sanitize(host)
        );
        Some(Fault::new(Exit::Config, what).hint(
            "open the start URL in a browser and put the address that it leads to into sso_start_url; or log in with an \
             AWS CLI of 2.35.13 or newer, which follows it: sso-login --via aws",
        ))
    }

    /// Registers a client for the device grant.
    pub async fn register(&self, name: &str, scopes: &[String]) -> Result<Registered, Refusal> {
        let scopes = (!scopes.is_empty()).then(|| scopes.to_vec());
        registered(self.client.register_client().client_name(name).set_scopes(scopes)).await
    }

    /// Registers a client for the authorization-code grant. It is bound to its start URL and to loopback.
    pub async fn register_for_browser(
        &self,
        name: &str,
        scopes: &[String],
        start_url: &str,
    ) -> Result<Registered, Refusal> {
        let request = self
            .client
            .register_client()
            .client_name(name)
            .grant_types(AUTHORIZATION_CODE)
            .grant_types("refresh_token")
            .redirect_uris(REGISTERED_REDIRECT)
            .issuer_url(start_url)
            .set_scopes(Some(scopes.to_vec()));
        registered(request).await
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
        // It goes to whatever opens URLs here, also those of files.
        let page = |url: Option<String>| {
            url.filter(|url| ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme)))
        };
        let (complete, plain) = (page(answer.verification_uri_complete), page(answer.verification_uri));
        let urls = complete.clone().or(plain.clone()).zip(plain.or(complete));
        match (answer.device_code, answer.user_code, urls) {
            (Some(device_code), Some(user_code), Some((url, plain_url))) => Ok(Device {
                device_code: device_code.into(),
                user_code,
                url,
                plain_url,
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

    /// Trades the code that the browser brought for a token.
    pub async fn redeem(
        &self,
        client: &Registered,
        code: &Secret,
        redirect_uri: &str,
        verifier: &Secret,
    ) -> Result<Created, Refusal> {
        let request = self
            .client
            .create_token()
            .grant_type(AUTHORIZATION_CODE)
            .code(code.expose())
            .redirect_uri(redirect_uri)
            .code_verifier(verifier.expose());
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

async fn registered(request: RegisterClientFluentBuilder) -> Result<Registered, Refusal> {
    let answer = request.client_type("public").send().await.map_err(|err| refusal(&err))?;
    let expires_at = DateTime::from_timestamp(answer.client_secret_expires_at(), 0);
    match (answer.client_id, answer.client_secret, expires_at) {
        (Some(client_id), Some(secret), Some(expires_at)) => {
            Ok(Registered { client_id, client_secret: secret.into(), expires_at })
        }
        _ => Err(incomplete()),
    }
}

/// A token that is over already, or that no header could carry, is none: a success must be a session.
fn created(answer: CreateTokenOutput) -> Result<Created, Refusal> {
    let is_token = |token: &String| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    if answer.expires_in <= 0 {
        return Err(incomplete());
    }
    Ok(Created {
        access_token: answer.access_token.filter(is_token).map(Secret::from).ok_or_else(incomplete)?,
        expires_in: seconds(answer.expires_in),
        refresh_token: answer.refresh_token.filter(is_token).map(Secret::from),
    })
}

fn seconds(count: i32) -> Duration {
    Duration::from_secs(u64::try_from(count).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ssooidc::config::BehaviorVersion;

    #[test]
    fn a_token_that_nobody_could_use_is_no_answer() {
        let answer = |token: &str, expires_in| {
            created(CreateTokenOutput::builder().access_token(token).expires_in(expires_in).build())
        };
        assert!(answer("token", 1).is_ok());
        for (token, expires_in) in [("", 1), ("a\nb", 1), ("a\0", 1), ("a b", 1), ("token", 0), ("token", -5)]
        {
            assert!(
                matches!(answer(token, expires_in), Err(Refusal::Unreachable(_))),
                "{token:?} {expires_in}"
            );
        }
    }

    fn base_url(region: &str, is_fips: bool, is_dual_stack: bool, endpoint: Option<&str>) -> Option<String> {
        let place = Params::builder()
            .region(region)
            .use_fips(is_fips)
            .use_dual_stack(is_dual_stack)
            .set_endpoint(endpoint.map(str::to_owned))
            .build()
            .unwrap();
        let config = aws_sdk_ssooidc::Config::builder().behavior_version(BehaviorVersion::latest());
        let oidc = Oidc { client: Client::from_conf(config.build()), place };
        crate::runtime::runtime().unwrap().block_on(oidc.base_url()).ok()
    }

    #[test]
    fn a_start_url_of_ones_own_domain_is_refused_with_the_reason_unless_an_endpoint_is_configured() {
        let refused = |url: &str, endpoint: Option<&str>| {
            Oidc::new("us-east-1", endpoint).unwrap().refuses(url).map(|fault| fault.to_string())
        };
        for url in [
            "https://d-1234567890.awsapps.com/start",
            "https://d-1234567890.awsapps.com/start/#/",
            "https://start.us-gov-home.awsapps.com/directory/d-1234567890",
            "https://start.home.awsapps.cn/directory/d-1234567890",
            "https://ssoins-1.us-east-1.portal.amazonaws.com",
            "https://ssoins-1.portal.us-east-1.app.aws",
            "https://identitycenter.amazonaws.com/ssoins-1",
            "no address",
        ] {
            assert_eq!(refused(url, None), None, "{url}");
        }
        for url in [
            "https://sso.example.com/start",
            "https://awsapps.com.example.com",
            "https://d-1.awsapps.com@evil.example/",
        ] {
            assert!(refused(url, None).unwrap().contains("a domain that isn't AWS's"), "{url}");
            assert_eq!(refused(url, Some("http://127.0.0.1:9")), None, "{url}");
        }
    }

    #[test]
    fn the_browser_goes_to_the_partition_of_the_region() {
        for (region, suffix, dual_stack) in [
            ("us-east-1", "amazonaws.com", "api.aws"),
            ("mx-central-1", "amazonaws.com", "api.aws"),
            ("cn-north-1", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
            ("us-gov-west-1", "amazonaws.com", "api.aws"),
            ("eusc-de-east-1", "amazonaws.eu", "api.amazonwebservices.eu"),
            ("us-iso-east-1", "c2s.ic.gov", "api.aws.ic.gov"),
            ("us-isob-east-1", "sc2s.sgov.gov", "api.aws.scloud"),
            ("eu-isoe-west-1", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
            ("us-isof-south-1", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
            ("xx-new-9", "amazonaws.com", "api.aws"),
        ] {
            let oidc = |label: &str, suffix: &str| Some(format!("https://{label}.{region}.{suffix}"));
            assert_eq!(base_url(region, false, false, None), oidc("oidc", suffix));
            assert_eq!(base_url(region, false, true, None), oidc("oidc", dual_stack));
            let fips = if region.starts_with("us-gov") { "oidc" } else { "oidc-fips" };
            assert_eq!(base_url(region, true, false, None), oidc(fips, suffix));
        }
    }

    #[test]
    fn an_override_sends_the_browser_there_too() {
        let url = |endpoint| base_url("us-east-1", false, false, Some(endpoint));
        assert_eq!(url("http://127.0.0.1:4711/").as_deref(), Some("http://127.0.0.1:4711"));
        assert_eq!(url("https://sso.example.com/oidc").as_deref(), Some("https://sso.example.com/oidc"));
        assert_eq!(base_url("us-east-1", true, false, Some("http://127.0.0.1:4711")), None);
    }
}
