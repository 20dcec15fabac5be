//! Which pages may be opened in a person's browser unasked: AWS's own, those of a start URL that is configured here, and
//! those of an endpoint that is configured here (a sandbox's). Every other page is shown, for the person to judge.
//!
//! A URL is parsed as browsers parse it: a host compared by the beginning of a text is another host
//! (`http://127.0.0.1:1@evil.example`).

use sso_profile::AwsConfig;
use sso_tool::settings::{Settings, from_environment};
use url::{Host, Origin, Url};

/// The longest page URL that is followed, in bytes.
const LONGEST: usize = 8192;
/// Domains whose every subdomain is AWS's (AWS-FORMATS 9).
const DOMAINS: [&str; 10] = [
    "awsapps.com",
    "awsapps.cn",
    "app.aws",
    "portal.amazonaws.com",
    "portal.amazonaws.com.cn",
    "portal.amazonaws.eu",
    "app.amazonwebservices.com.cn",
    "api.amazonwebservices.eu",
    "signin.aws",
    "signin.aws.amazon.com",
];
/// Single hosts of AWS.
const HOSTS: [&str; 5] = [
    "identitycenter.amazonaws.com",
    "identitycenter.amazonaws.com.cn",
    "identitycenter.amazonaws.eu",
    "identitycenter.us-gov.amazonaws.com",
    "signin.aws.amazon.com",
];
/// What stands before a region in the names of the SSO services. A wildcard of the whole domain would let in whatever AWS's
/// customers run there.
const SERVICES: [&str; 3] = ["oidc", "device.sso", "portal.sso"];
/// What stands behind the region (AWS-FORMATS 6).
const SUFFIXES: [&str; 6] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "api.aws",
    "api.amazonwebservices.com.cn",
    "api.amazonwebservices.eu",
];

/// A page, by its URL.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// A page that may be opened unasked.
    Own(Url),
    /// A web page of somebody else's.
    Foreign(Url),
    /// Not a page to show as one, and why.
    Unfit(&'static str),
}

/// Hosts that the owner of this machine has configured.
#[derive(Debug, Default)]
pub(crate) struct OwnHosts {
    hosts: Vec<String>,
    origins: Vec<Origin>,
}

impl OwnHosts {
    /// Of one session: its start URL, and the endpoint that its logins go to.
    pub(crate) fn of_session(start_url: &str, endpoint: Option<&str>) -> Self {
        let mut own = Self::default();
        own.add_start_url(start_url);
        own.add_endpoint(endpoint);
        own
    }

    /// Of all sessions of this machine's config, and of the environment. A config that can't be read has none.
    pub(crate) fn of_machine(settings: &Settings) -> Self {
        let mut own = Self::default();
        for variable in ["AWS_ENDPOINT_URL_SSO_OIDC", "AWS_ENDPOINT_URL"] {
            own.add_endpoint(from_environment(variable).as_deref());
        }
        let Ok(config) = AwsConfig::load(settings) else { return own };
        for sso in config.sessions() {
            own.add_start_url(&sso.start_url);
        }
        for profile in config.profiles().filter_map(|(_, profile)| profile.ok()) {
            if let Some(sso) = &profile.sso {
                own.add_start_url(&sso.start_url);
            }
            own.add_endpoint(profile.endpoints.sso_oidc.as_deref());
        }
        own
    }

    fn add_start_url(&mut self, url: &str) {
        let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
        self.hosts.extend(host);
    }

    fn add_endpoint(&mut self, url: Option<&str>) {
        let origin = url.and_then(|url| Url::parse(url).ok()).map(|url| url.origin());
        self.origins.extend(origin.filter(Origin::is_tuple));
    }

    /// What kind of page a URL leads to.
    pub(crate) fn judge(&self, text: &str) -> Page {
        if text.len() > LONGEST || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Page::Unfit("its page isn't an https URL of visible characters");
        }
        let Ok(url) = Url::parse(text) else { return Page::Unfit("its page isn't an https URL") };
        if !url.username().is_empty() || url.password().is_some() {
            return Page::Unfit("its page hides its host behind a user name");
        }
        let Some(host) = url.host() else { return Page::Unfit("its page isn't an https URL") };
        let is_configured = self.origins.contains(&url.origin());
        let is_own = match (url.scheme(), &host) {
            ("https", Host::Domain(host)) => {
                let is_of_config = self.hosts.iter().any(|own| own == host);
                is_configured || is_of_config || is_of_aws(host)
            }
            ("https", _) => is_configured,
            // Without TLS only on this machine.
            ("http", host) if is_loopback(host) => is_configured,
            _ => return Page::Unfit("its page isn't an https URL"),
        };
        if is_own { Page::Own(url) } else { Page::Foreign(url) }
    }
}

/// Whether AWS runs a host.
pub(crate) fn is_of_aws(host: &str) -> bool {
    let is_below = |domain: &&str| host.strip_suffix(*domain).is_some_and(|rest| rest.ends_with('.'));
    HOSTS.contains(&host) || DOMAINS.iter().any(is_below) || is_of_service(host)
}

/// `SERVICE.REGION.SUFFIX`.
fn is_of_service(host: &str) -> bool {
    let is_region = |text: &str| {
        text.contains('-') && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    SUFFIXES.iter().any(|suffix| {
        let rest = host.strip_suffix(suffix).and_then(|rest| rest.strip_suffix('.'));
        let service = rest.and_then(|rest| rest.rsplit_once('.'));
        service.is_some_and(|(service, region)| SERVICES.contains(&service) && is_region(region))
    })
}

/// Whether a host is this machine.
pub(crate) fn is_loopback<T: AsRef<str>>(host: &Host<T>) -> bool {
    match host {
        Host::Domain(name) => name.as_ref() == "localhost",
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn own() -> OwnHosts {
        OwnHosts::of_session("https://sso.corp.example/start", Some("http://127.0.0.1:4000"))
    }

    #[test]
    fn only_hosts_of_aws_and_of_the_config_are_our_own() {
        for url in [
            "https://d-1234567890.awsapps.com/start/#/device?user_code=ABCD-EFGH",
            "https://D-1234567890.AWSAPPS.COM/start",
            "https://oidc.us-east-1.amazonaws.com/authorize?x=y",
            "https://device.sso.cn-north-1.amazonaws.com.cn/?user_code=x",
            "https://oidc.us-gov-west-1.api.aws/authorize",
            "https://identitycenter.amazonaws.com/ssoins-1234",
            "https://ssoins-1.portal.eu-west-1.app.aws/",
            "https://sso.corp.example/start/#/device",
            "http://127.0.0.1:4000/device?user_code=x",
        ] {
            assert!(matches!(own().judge(url), Page::Own(_)), "{url}");
        }
        for url in [
            "https://evil.example/",
            "https://awsapps.com.evil.example/",
            "https://evilawsapps.com/",
            "https://evil.example\\@d-1234567890.awsapps.com/",
            "https://bucket.s3.amazonaws.com/",
            "https://oidc.evil.us-east-1.amazonaws.com/",
            "https://x.execute-api.us-east-1.amazonaws.com/",
            "https://corp.example/start",
            "https://127.0.0.1:4000/",
            "http://127.0.0.1:4001/",
            "http://localhost:4000/",
            "http://[::1]:80/",
        ] {
            assert!(matches!(own().judge(url), Page::Foreign(_)), "{url}: {:?}", own().judge(url));
        }
        for url in [
            "http://127.0.0.1:9000@evil.example/login",
            "http://localhost:x@evil.example/",
            "http://[::1]:80@evil.example/",
            "https://d-1.awsapps.com@evil.example/",
            "http://evil.example/",
            "http://d-1234567890.awsapps.com/start",
            "https://d-1.awsapps.com/ x",
            "https://d-1.awsapps.com/\u{7}",
            "https://d-1.awsapps.com/é",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "-x",
            "",
        ] {
            assert!(matches!(own().judge(url), Page::Unfit(_)), "{url}: {:?}", own().judge(url));
        }
        let long = format!("https://d-1.awsapps.com/{}", "x".repeat(LONGEST));
        assert!(matches!(own().judge(&long), Page::Unfit(_)));
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_panic(text in any::<String>()) {
            let _ = own().judge(&text);
        }
    }
}
