//! The federation endpoint of AWS sign-in: from role credentials to a link that signs a browser in to the console.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html>

use std::time::Duration;

use anyhow::Context as _;
use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use sso_tool::secret::Secret;
use url::Url;
use url::form_urlencoded::Serializer;

use crate::aws_api::bounded::Bounded;
use crate::aws_api::http;
use crate::credentials::signing_keys::Credentials;
use crate::session::error::SessionError;

/// How long the endpoint may take to answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Sign-in and console of the partition that a region belongs to.
fn hosts(region: &str) -> (&'static str, &'static str) {
    match region {
        _ if region.starts_with("cn-") => ("https://signin.amazonaws.cn", "https://console.amazonaws.cn/"),
        _ if region.starts_with("us-gov-") => {
            ("https://signin.amazonaws-us-gov.com", "https://console.amazonaws-us-gov.com/")
        }
        _ if region.starts_with("eusc-") => {
            ("https://signin.amazonaws-eusc.eu", "https://console.amazonaws-eusc.eu/")
        }
        _ => ("https://signin.aws.amazon.com", "https://console.aws.amazon.com/"),
    }
}

/// Consoles whose path isn't what the service is called.
const PATHS: [(&str, &str); 8] = [
    ("cfn", "cloudformation"),
    ("ddb", "dynamodbv2"),
    ("dynamodb", "dynamodbv2"),
    ("logs", "cloudwatch"),
    ("route53", "route53/v2"),
    ("sfn", "states"),
    ("ssm", "systems-manager"),
    ("stepfunctions", "states"),
];

/// The page of a service in the console of a region; without one, where the console begins.
pub(crate) fn page(region: &str, service: Option<&str>) -> String {
    let (_, console) = hosts(region);
    let host = console.trim_start_matches("https://").trim_end_matches('/');
    let service = service.unwrap_or("console");
    let path = PATHS.iter().find(|(name, _)| *name == service).map_or(service, |(_, path)| path);
    format!("https://{region}.{host}/{path}/home?region={region}")
}

/// A link that signs a browser in with `credentials`. Whoever has the link is signed in: it is a secret for as long as it works
/// (15 minutes).
pub(crate) fn console_link(
    region: &str,
    credentials: &Credentials,
    destination: Option<&str>,
) -> anyhow::Result<Result<Secret, SessionError>> {
    let (sign_in, console) = hosts(region);
    let base = http::endpoint("SIGNIN", None)?.unwrap_or_else(|| sign_in.to_owned());
    let base = format!("{}/federation", base.trim_end_matches('/'));
    let session = json!({
        "sessionId": credentials.access_key_id.expose(),
        "sessionKey": credentials.secret_access_key.expose(),
        "sessionToken": credentials.session_token.as_ref().map(Secret::expose),
    });
    let ask = link(&base, &[("Action", "getSigninToken"), ("Session", &session.to_string())])?;
    let connector = SharedHttpConnector::new(Bounded::new(http::connector()?));
    let answer = crate::runtime::wait_for(async {
        match tokio::time::timeout(TIMEOUT, token(&connector, ask.as_str())).await {
            Ok(answer) => answer,
            Err(_) => Ok(Err(SessionError::unreachable("the sign-in endpoint did not answer in time"))),
        }
    })??;
    let token = match answer {
        Ok(token) => token,
        Err(failure) => return Ok(Err(failure)),
    };
    let pairs = [
        ("Action", "login"),
        ("Issuer", "sso-login"),
        ("Destination", destination.unwrap_or(console)),
        ("SigninToken", token.expose()),
    ];
    Ok(Ok(Secret::from(String::from(link(&base, &pairs)?))))
}

fn link(base: &str, pairs: &[(&str, &str)]) -> anyhow::Result<Url> {
    let query = Serializer::new(String::new()).extend_pairs(pairs).finish();
    Url::parse(&format!("{base}?{query}")).context("cannot make the URL of the sign-in endpoint")
}

async fn token(connector: &SharedHttpConnector, url: &str) -> anyhow::Result<Result<Secret, SessionError>> {
    let request = HttpRequest::get(url).context("cannot ask the sign-in endpoint")?;
    // The error's own words could repeat the URL, which has the credentials.
    let Ok(response) = connector.call(request).await else {
        return Ok(Err(SessionError::unreachable("the sign-in endpoint can't be reached")));
    };
    let status = response.status().as_u16();
    if status >= 500 || status == 429 {
        return Ok(Err(SessionError::unreachable(format!("the sign-in endpoint answers {status}"))));
    }
    let body = match response.into_body().collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => {
            return Ok(Err(SessionError::unreachable("the answer of the sign-in endpoint was cut off")));
        }
    };
    let token = serde_json::from_slice::<Value>(&body).ok();
    let token = token.as_ref().and_then(|answer| answer.get("SigninToken")?.as_str()).map(Secret::from);
    Ok(match token {
        Some(token) if status == 200 => Ok(token),
        _ => Err(SessionError::denied(format!("the sign-in endpoint refuses these credentials ({status})"))),
    })
}
