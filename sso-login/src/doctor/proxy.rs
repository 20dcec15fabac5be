//! Which proxy stands between here and a URL, by the variables.

use sso_tool::settings::from_environment;

/// A proxy in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proxy {
    /// The variable that names it.
    pub(super) variable: String,
    /// The proxy's scheme, host and port, without the password that may be with it.
    pub(super) shown: String,
}

/// The proxy for a URL, if there is one: `HTTPS_PROXY` or `HTTP_PROXY` by its scheme, then `ALL_PROXY`, in either case,
/// unless `NO_PROXY` names the host or a domain of it.
pub(super) fn in_force(url: &str) -> Option<Proxy> {
    of(url, from_environment)
}

fn of(url: &str, variable: impl Fn(&str) -> Option<String>) -> Option<Proxy> {
    let either = |name: &str| {
        [name.to_owned(), name.to_ascii_lowercase()]
            .into_iter()
            .find_map(|name| variable(&name).map(|value| (name, value)))
    };
    let (scheme, _) = url.split_once("://")?;
    let host = host(url);
    let own = format!("{}_PROXY", scheme.to_ascii_uppercase());
    let (name, value) = either(&own).or_else(|| either("ALL_PROXY"))?;
    let is_excepted = |entry: &str| {
        let entry = entry.trim().trim_start_matches('*').trim_start_matches('.');
        !entry.is_empty()
            && (host == entry || host.strip_suffix(entry).is_some_and(|rest| rest.ends_with('.')))
    };
    let excepted = either("NO_PROXY").map(|(_, list)| list).unwrap_or_default();
    if excepted.trim() == "*" || excepted.split(',').any(is_excepted) {
        return None;
    }
    Some(Proxy { variable: name, shown: without_password(&value) })
}

/// The host of a URL, without port and brackets.
pub(super) fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, _)) => host.to_owned(),
        None => authority.split(':').next().unwrap_or_default().to_owned(),
    }
}

fn without_password(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{authority}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, variables: &[(&str, &str)], expected: Option<(&str, &str)>) {
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let found = of(url, variable).map(|proxy| (proxy.variable, proxy.shown));
        let found = found.as_ref().map(|(name, shown)| (name.as_str(), shown.as_str()));
        assert_eq!(found, expected, "{url} {variables:?}");
    }

    #[test]
    fn the_variable_in_force_is_named_and_its_password_is_not() {
        let url = "https://oidc.us-east-1.amazonaws.com";
        check(url, &[], None);
        check(url, &[("HTTP_PROXY", "http://p:1")], None);
        let proxy = ("HTTPS_PROXY", "http://u:CANARY@p:1/");
        check(url, &[proxy], Some(("HTTPS_PROXY", "http://p:1")));
        check(url, &[("https_proxy", "p:1")], Some(("https_proxy", "http://p:1")));
        check("http://x", &[("ALL_PROXY", "socks5://p")], Some(("ALL_PROXY", "socks5://p")));
        for except in
            ["*", "amazonaws.com", ".amazonaws.com", "*.amazonaws.com", "x, oidc.us-east-1.amazonaws.com"]
        {
            check(url, &[proxy, ("NO_PROXY", except)], None);
        }
        check(url, &[proxy, ("no_proxy", "zonaws.com,x")], Some(("HTTPS_PROXY", "http://p:1")));
        check("http://[::1]:80/x", &[("HTTP_PROXY", "p"), ("NO_PROXY", "::1")], None);
    }
}
