//! The start URL of an access portal: which ones are one portal, and how one is written.

use std::fmt;

use sso_tool::exit::Fault;
use sso_tool::placeholder::is_placeholder;
use sso_tool::sanitize::{is_deceptive, sanitize};

use crate::values::wrong;

/// The start URL of a portal, without what a browser or a message puts around it: quotes and back-ticks, a `/`, `?…` or
/// `#…` at its end, capitals in its host. Two are equal if they are one portal. [`Display`](fmt::Display) is how one is
/// written anew.
///
/// The token file of a legacy profile is named after the text as configured, so that documents and lookups keep that text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StartUrl(String);

impl StartUrl {
    /// The start URL of any text, to compare it with others. Text that is no address stays as it is.
    pub fn of(text: &str) -> Self {
        let text = text.trim_matches(|c: char| c.is_whitespace() || "`\"'<>".contains(c));
        let text = text.split(['#', '?']).next().unwrap_or_default().trim_end_matches('/');
        let Some((scheme, rest)) = text.split_once("://") else { return Self(text.to_owned()) };
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        Self(format!("{}://{}{path}", scheme.to_ascii_lowercase(), host.to_ascii_lowercase()))
    }

    /// A start URL that is to be written or used for a login. Status 78: it isn't an https address, the manuals' placeholder, or a page
    /// on which a person allows a login.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        // A fragment or query may hold what the address may not, and goes.
        let url = Self::of(text);
        let shown = sanitize(text);
        if is_placeholder(&url.0) {
            return Err(wrong(format!("the start URL `{shown}` is a placeholder")).hint(
                "the real one is in the invitation mail and at the top of the IAM Identity Center console",
            ));
        }
        let host = url.host();
        let is_host =
            host.contains('.') && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:".contains(&b));
        let is_odd =
            |c: char| c.is_whitespace() || c.is_control() || is_deceptive(c) || "`\"'\\<>".contains(c);
        if !url.0.starts_with("https://") || !is_host || url.0.contains(is_odd) {
            return Err(wrong(format!("the start URL `{shown}` isn't an https address"))
                .hint("it looks like https://d-1234567890.awsapps.com/start"));
        }
        if is_login_page(host) {
            return Err(wrong(format!("the start URL `{shown}` is a page of one login, not a portal"))
                .hint("it looks like https://d-1234567890.awsapps.com/start"));
        }
        Ok(url)
    }

    /// What is wrong with a configured text that must not be sent to AWS, if anything is: what a chat or a manual put around
    /// an address, or the page of one login. Anything else is AWS's to judge.
    pub(crate) fn refusal(configured: &str) -> Option<Fault> {
        let has_wrapping = configured.contains(|c: char| c.is_whitespace() || "`\"'<>".contains(c));
        let is_page = is_login_page(Self::of(configured).host());
        let fault = || {
            let shown = sanitize(configured);
            wrong(format!("the start URL `{shown}` has quotes, back-ticks or blanks around the address"))
        };
        (has_wrapping || is_page).then(|| Self::parse(configured).err().unwrap_or_else(fault))
    }

    /// A warning, if a portal of AWS's government or China partition can't be in this SSO region.
    pub fn partition_warning(&self, region: &str) -> Option<String> {
        let host = self.host();
        let (place, prefix) = if host.contains("us-gov") {
            ("AWS GovCloud (US)", "us-gov-")
        } else if host.rsplit('.').next() == Some("cn") {
            ("AWS China", "cn-")
        } else {
            return None;
        };
        (!region.starts_with(prefix)).then(|| {
            let region = sanitize(region);
            format!(
                "the start URL belongs to {place}, but the SSO region {region} doesn't: its regions begin \
                 with {prefix}"
            )
        })
    }

    /// The address as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn host(&self) -> &str {
        self.0.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default())
    }
}

impl fmt::Display for StartUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The hosts of device and authorize pages: `device.sso.REGION.amazonaws.com`, `oidc.REGION.amazonaws.com`.
fn is_login_page(host: &str) -> bool {
    let is_amazon = host.ends_with(".amazonaws.com")
        || host.ends_with(".amazonaws.com.cn")
        || host.ends_with(".amazonaws.eu");
    (is_amazon && (host.starts_with("device.") || host.starts_with("oidc.")))
        || host.starts_with("device.sso.")
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://d-1234567890.awsapps.com/start";

    #[test]
    fn one_portal_has_many_spellings_and_is_written_in_one() {
        for text in [
            URL,
            "https://d-1234567890.awsapps.com/start/",
            "https://d-1234567890.awsapps.com/start/#/?tab=accounts",
            "https://d-1234567890.awsapps.com/start#/",
            "https://d-1234567890.awsapps.com/start/?x=y",
            "https://D-1234567890.AwsApps.com/start",
            "HTTPS://d-1234567890.awsapps.com/start",
            "`https://d-1234567890.awsapps.com/start`",
            " <https://d-1234567890.awsapps.com/start/> ",
        ] {
            assert_eq!(StartUrl::parse(text).unwrap().to_string(), URL, "{text}");
            assert_eq!(StartUrl::of(text), StartUrl::of(URL), "{text}");
        }
        assert_ne!(StartUrl::of("https://d-1234567890.awsapps.com/Start"), StartUrl::of(URL));
        assert_ne!(StartUrl::of("https://other.awsapps.com/start"), StartUrl::of(URL));
    }

    #[test]
    fn a_page_of_one_login_and_what_is_no_address_are_refused() {
        for text in [
            "https://device.sso.eu-west-1.amazonaws.com/?user_code=ABCD-EFGH",
            "https://oidc.eu-west-1.amazonaws.com/authorize?response_type=code",
            "https://a`b.awsapps.com/start",
            "http://d-1234567890.awsapps.com/start",
            "d-1234567890.awsapps.com/start",
        ] {
            assert!(StartUrl::parse(text).is_err(), "{text}");
        }
        assert!(StartUrl::refusal("`https://d-1234567890.awsapps.com/start`").is_some());
        assert!(StartUrl::refusal("https://device.sso.eu-west-1.amazonaws.com/?user_code=A").is_some());
        for text in [URL, "https://d-1234567890.awsapps.com/start/#/", "http://127.0.0.1:1/start"] {
            assert!(StartUrl::refusal(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_portal_of_another_partition_than_its_region_is_a_warning() {
        for (url, region, is_warned) in [
            ("https://start.us-gov-home.awsapps.com/directory/x", "us-east-1", true),
            ("https://start.us-gov-home.awsapps.com/directory/x", "us-gov-west-1", false),
            ("https://d-1.awsapps.cn/start", "eu-west-1", true),
            ("https://start.home.awsapps.cn/directory/x", "cn-north-1", false),
            (URL, "eu-west-1", false),
        ] {
            assert_eq!(StartUrl::of(url).partition_warning(region).is_some(), is_warned, "{url} {region}");
        }
    }
}
