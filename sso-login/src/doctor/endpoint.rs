//! The endpoints of the OIDC service and the portal: whether they answer, and what their clock says.

use anyhow::Context as _;
use aws_sdk_sso::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
use chrono::TimeDelta;
use sso_profile::Profile;
use sso_tool::exit::{Exit, Fault, WithFault as _, hint_of, status_of};
use sso_tool::settings::from_environment;
use sso_tool::shell::shell_word;
use sso_tool::time::{self, Moment};

use super::finding::Finding;
use super::proxy::{Proxy, host, in_force};
use super::reach::{Reached, Trouble, reach};
use super::scope::Scope;
use crate::aws_api::http;
use crate::aws_api::oidc::Oidc;
use crate::runtime::runtime;

const ENDPOINT: &str = "endpoint";
const CLOCK: &str = "clock";
/// More endpoints than that aren't asked: the answer would be the same.
const MOST: usize = 8;
/// AWS refuses what is signed by a clock that is so wrong.
const SKEW: TimeDelta = TimeDelta::minutes(5);

/// An endpoint to ask.
struct Endpoint {
    service: &'static str,
    url: String,
    /// What names it instead of AWS, if something does.
    overridden: Option<String>,
    profile: String,
}

pub(super) fn check(scope: &Scope<'_>) -> Vec<Finding> {
    if scope.is_offline {
        return vec![
            Finding::skipped(ENDPOINT, "checks that need the network are left out"),
            Finding::skipped(CLOCK, "checks that need the network are left out"),
        ];
    }
    match ask(scope) {
        Ok(findings) => findings,
        Err(err) => {
            let fix = hint_of(&err).unwrap_or("unset AWS_CA_BUNDLE");
            vec![Finding::error(ENDPOINT, status_of(&err), format!("{err:#}"), fix)]
        }
    }
}

fn ask(scope: &Scope<'_>) -> anyhow::Result<Vec<Finding>> {
    let runtime = runtime()?;
    let mut endpoints: Vec<Endpoint> = Vec::new();
    for profile in scope.profiles() {
        for endpoint in runtime.block_on(of_profile(&profile))? {
            if !endpoints.iter().any(|known| known.url == endpoint.url) && endpoints.len() < MOST {
                endpoints.push(endpoint);
            }
        }
    }
    if endpoints.is_empty() {
        return Ok(vec![Finding::skipped(ENDPOINT, scope.why_none())]);
    }
    let connector = http::connector()?;
    let mut findings = Vec::new();
    let mut date = None;
    for endpoint in &endpoints {
        let proxy = in_force(&endpoint.url);
        let reached = runtime.block_on(reach(&connector, &endpoint.url, proxy.is_some()));
        if let Reached::Answer { date: Some(theirs), .. } = reached {
            date = date.or(Some((theirs, time::now()?)));
        }
        findings.push(
            finding(endpoint, &reached, proxy.as_ref())
                .with("service", endpoint.service)
                .with("url", endpoint.url.as_str()),
        );
    }
    findings.push(clock(date));
    Ok(findings)
}

async fn of_profile(profile: &Profile) -> anyhow::Result<Vec<Endpoint>> {
    let Some(sso) = &profile.sso else { return Ok(Vec::new()) };
    let oidc = Oidc::new(&sso.region, profile.endpoints.sso_oidc.as_deref())?.base_url().await?;
    let portal = portal(&sso.region, profile).await?;
    let endpoint = |service, variable: &str, url, configured: Option<&String>| Endpoint {
        service,
        url,
        overridden: overridden(variable, configured.is_some(), &profile.name),
        profile: profile.name.clone(),
    };
    Ok(vec![
        endpoint("oidc", "AWS_ENDPOINT_URL_SSO_OIDC", oidc, profile.endpoints.sso_oidc.as_ref()),
        endpoint("portal", "AWS_ENDPOINT_URL_SSO", portal, profile.endpoints.sso.as_ref()),
    ])
}

/// The portal's base URL, by the SDK's own rules (AWS-FORMATS 6).
async fn portal(region: &str, profile: &Profile) -> anyhow::Result<String> {
    let place = Params::builder()
        .region(region)
        .use_fips(http::is_on("AWS_USE_FIPS_ENDPOINT"))
        .use_dual_stack(http::is_on("AWS_USE_DUALSTACK_ENDPOINT"))
        .set_endpoint(http::endpoint("SSO", profile.endpoints.sso.as_deref())?)
        .build()
        .context("cannot find out where the portal is")?;
    let endpoint = DefaultResolver::new().resolve_endpoint(&place).await.map_err(anyhow::Error::from_boxed);
    let endpoint = endpoint.with_fault(|| {
        Fault::new(Exit::Config, "there is no such endpoint of the portal")
            .hint("unset AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT, or the custom endpoint")
    })?;
    Ok(endpoint.url().trim_end_matches('/').to_owned())
}

/// What names an endpoint (AWS-FORMATS 6).
fn overridden(variable: &str, is_configured: bool, profile: &str) -> Option<String> {
    if http::is_on("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") {
        return None;
    }
    [variable, "AWS_ENDPOINT_URL"]
        .into_iter()
        .find(|name| from_environment(name).is_some())
        .map(str::to_owned)
        .or_else(|| is_configured.then(|| format!("profile {profile}")))
}

fn finding(endpoint: &Endpoint, reached: &Reached, proxy: Option<&Proxy>) -> Finding {
    let (trouble, words) = match reached {
        Reached::Answer { location: Some(location), status, .. } if (300..400).contains(status) => {
            let seen = format!(
                "{} redirects to {}: something between this machine and AWS answers, for example a \
                 network's login page",
                endpoint.url,
                host(location)
            );
            return Finding::warning(ENDPOINT, seen, format!("xdg-open http://{}/", host(location)));
        }
        Reached::Answer { .. } => {
            let by =
                endpoint.overridden.as_ref().map_or_else(String::new, |name| format!(" (set by {name})"));
            let through = proxy.map_or_else(String::new, |proxy| format!(" through {}", proxy.shown));
            return Finding::ok(ENDPOINT, format!("{}{by} answers{through}", endpoint.url));
        }
        Reached::Failed(trouble, words) => (*trouble, words),
    };
    let seen = format!("{}{}", in_words(endpoint, trouble, proxy), in_brackets(words));
    Finding::error(ENDPOINT, Exit::Unavailable, seen, fix(endpoint, trouble, proxy))
        .with("trouble", trouble.word())
}

fn in_brackets(words: &str) -> String {
    format!(" ({words})")
}

fn in_words(endpoint: &Endpoint, trouble: Trouble, proxy: Option<&Proxy>) -> String {
    let url = &endpoint.url;
    let host = host(url);
    match (trouble, proxy) {
        (Trouble::Dns, _) => {
            format!(
                "the host name {host} can't be resolved: there is no network, or the region in the config is wrong"
            )
        }
        (Trouble::Refused, _) => format!("nobody answers at {url}"),
        (Trouble::Timeout, _) => {
            format!("{url} doesn't answer in time: a firewall, or a proxy that isn't set")
        }
        (Trouble::Proxy, Some(Proxy { variable, shown })) => {
            format!("the proxy {shown}, which {variable} names, doesn't reach {host}")
        }
        (Trouble::Proxy, None) => format!("a proxy doesn't reach {host}"),
        (Trouble::Authority, _) => match from_environment("AWS_CA_BUNDLE") {
            Some(path) => {
                format!("{host} shows a certificate from an authority that is not in {path} (AWS_CA_BUNDLE)")
            }
            None => format!(
                "{host} shows a certificate that isn't trusted here, for example from a proxy that inspects TLS"
            ),
        },
        (Trouble::Tls, _) => format!("{url} has no valid certificate, or doesn't speak TLS"),
        (Trouble::Other, _) => format!("{url} can't be reached"),
    }
}

fn fix(endpoint: &Endpoint, trouble: Trouble, proxy: Option<&Proxy>) -> String {
    if trouble == Trouble::Authority {
        return match from_environment("AWS_CA_BUNDLE") {
            Some(_) => "unset AWS_CA_BUNDLE".to_owned(),
            None => "export AWS_CA_BUNDLE=/path/to/your/authorities.pem".to_owned(),
        };
    }
    if let (Trouble::Proxy, Some(Proxy { variable, .. })) = (trouble, proxy) {
        return format!("unset {variable}; export NO_PROXY={}", host(&endpoint.url));
    }
    match &endpoint.overridden {
        Some(name) if name.starts_with("AWS_") => format!("unset {name}"),
        Some(name) => format!("remove endpoint_url of {name} from the config"),
        None if trouble == Trouble::Dns => {
            format!("sso-profile show {} | jq .ssoRegion", shell_word(&endpoint.profile))
        }
        None => format!("curl -v {}/", endpoint.url),
    }
}

/// Their clock and ours at the same moment.
fn clock(date: Option<(Moment, Moment)>) -> Finding {
    let Some((theirs, ours)) = date else { return Finding::skipped(CLOCK, "no service reported its time") };
    let skew = (ours - theirs).abs();
    let words = format!("{} s", skew.num_seconds());
    if skew <= SKEW {
        return Finding::ok(CLOCK, format!("the clock differs from the service's by {words}"));
    }
    let which = if ours > theirs { "ahead of" } else { "behind" };
    let seen =
        format!("the clock is {words} {which} the service's: tokens seem expired or valid when they are not");
    Finding::error(CLOCK, Exit::Config, seen, "sudo timedatectl set-ntp true")
        .with("skewSeconds", skew.num_seconds())
}
