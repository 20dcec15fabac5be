//! How the SDK talks: TLS by rustls, `AWS_CA_BUNDLE`, the proxy variables, endpoint overrides.

use std::fs;
use std::time::Duration;

use anyhow::Context as _;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{
    HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::app_name::AppName;
use aws_types::region::Region;
use aws_types::sdk_config::SdkConfig;
use sso_tool::exit::{Exit, Fault, WithFault as _};
use sso_tool::settings::from_environment;

use crate::aws_api::bounded::Bounded;

/// How a client of the SDK talks to a service in `region`, at `endpoint` where that is overridden.
pub(crate) fn config(region: &str, endpoint: Option<String>) -> anyhow::Result<SdkConfig> {
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .app_name(AppName::new("sso-login").context("cannot name the app")?)
        .http_client(client()?)
        .retry_config(retries())
        .timeout_config(timeouts())
        .use_fips(is_on("AWS_USE_FIPS_ENDPOINT"))
        .use_dual_stack(is_on("AWS_USE_DUALSTACK_ENDPOINT"));
    config.set_endpoint_url(endpoint);
    Ok(config.build())
}

/// The client for every call of a run: one connection pool, one set of trusted roots.
///
/// `AWS_CA_BUNDLE` replaces the system's roots, as in the AWS CLI; status 78 if it can't be read or has none.
/// `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` hold, in either case. An answer that is too long is none.
fn client() -> anyhow::Result<SharedHttpClient> {
    let connector = SharedHttpConnector::new(Bounded::new(connector()?));
    Ok(http_client_fn(move |_, _| connector.clone()))
}

/// What [`client`] makes its calls with, for a call that isn't the SDK's and reads no answer.
pub(crate) fn connector() -> anyhow::Result<SharedHttpConnector> {
    const MARK: &[u8] = b"-----BEGIN CERTIFICATE-----";
    let trusted = match from_environment("AWS_CA_BUNDLE") {
        None => TrustStore::default(),
        Some(path) => {
            let pem = fs::read(&path).with_fault(|| {
                Fault::new(Exit::Config, format!("cannot read {path}, which AWS_CA_BUNDLE names"))
                    .hint("unset AWS_CA_BUNDLE")
            })?;
            if !pem.windows(MARK.len()).any(|window| window == MARK) {
                return Err(Fault::new(
                    Exit::Config,
                    format!("{path}, which AWS_CA_BUNDLE names, has no PEM certificate"),
                )
                .hint("unset AWS_CA_BUNDLE")
                .into());
            }
            TrustStore::empty().with_pem_certificate(pem)
        }
    };
    let tls = TlsContext::builder().with_trust_store(trusted).build().context("cannot set up TLS")?;
    let settings = HttpConnectorSettings::builder()
        .connect_timeout(Duration::from_secs(10))
        .read_timeout(Duration::from_secs(20))
        .build();
    let connector = Connector::builder()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(tls)
        .proxy_config(ProxyConfig::from_env())
        .connector_settings(settings)
        .build();
    Ok(SharedHttpConnector::new(connector))
}

/// Transient failures (5xx, throttling, a lost connection) are tried three times, quickly: a person waits.
fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(200))
}

/// Takes every 429 for throttling: the SDK knows throttling by the names of errors alone, and whatever stands before the
/// service (a gateway, a proxy) throttles without them.
#[derive(Debug)]
pub(crate) struct Throttled;

impl ClassifyRetry for Throttled {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response() {
            Some(response) if response.status().as_u16() == 429 => RetryAction::throttling_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "status 429"
    }
}

/// How long a call may take, all tries together, and each of them.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(10))
        .operation_attempt_timeout(Duration::from_secs(20))
        .operation_timeout(Duration::from_secs(45))
        .build()
}

/// The endpoint of a service (`SSO_OIDC`, `SSO`, `STS`), where something overrides it (AWS-FORMATS 6):
/// `AWS_ENDPOINT_URL_<service>`, `AWS_ENDPOINT_URL`, then what the profile's config says.
/// `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true` switches all of them off. Status 78 if it is no URL, or goes with a variable that
/// asks for another kind of AWS's own endpoints.
pub(crate) fn endpoint(service: &str, configured: Option<&str>) -> anyhow::Result<Option<String>> {
    const KINDS: [&str; 2] = ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"];
    if is_on("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") {
        return Ok(None);
    }
    let own = format!("AWS_ENDPOINT_URL_{service}");
    let places = [
        (own.as_str(), from_environment(&own)),
        ("AWS_ENDPOINT_URL", from_environment("AWS_ENDPOINT_URL")),
        ("the profile's endpoint", configured.map(str::to_owned)),
    ];
    let Some((place, url)) = places.into_iter().find_map(|(place, url)| Some((place, url?))) else {
        return Ok(None);
    };
    if !is_url(&url) {
        let fault = Fault::new(Exit::Config, format!("{place} isn't the URL of a service: `{url}`"));
        return Err(fault.hint("give it as https://HOST, or remove it").into());
    }
    if let Some(other) = KINDS.into_iter().find(|variable| is_on(variable)) {
        let fault = Fault::new(Exit::Config, format!("{other} and {place} can't be used together"));
        return Err(fault.hint(format!("unset {other}")).into());
    }
    Ok(Some(url))
}

fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        rest.bytes().all(|b| b.is_ascii_graphic()) && rest.bytes().next().is_some_and(|b| b != b'/')
    })
}

/// Whether a variable says `true`.
pub(crate) fn is_on(variable: &str) -> bool {
    from_environment(variable).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}
