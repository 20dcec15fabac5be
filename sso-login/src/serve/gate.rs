//! Who may ask at all, decided before anything else: a web page of somebody else reaches a server on loopback as easily as
//! its user does, under a name of its own that leads there (DNS rebinding).

use std::collections::BTreeSet;
use std::net::SocketAddr;

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HOST, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Uri};
use sso_tool::exit::{Exit, Fault};

use super::problem::Problem;

/// Addresses that every SDK takes credentials from without TLS (AWS-FORMATS 12). No page can have them as its name.
const SDK_HOSTS: [&str; 3] = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"];
/// What a browser says of a page's request that is nobody else's.
const OWN_SITES: [&str; 2] = ["same-origin", "none"];

/// The hosts by whose names the server is asked, and the pages that may ask.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    hosts: BTreeSet<String>,
    origins: BTreeSet<String>,
}

impl Gate {
    /// For a server that listens at `address`; `origins` are those of `--origin`. Status 2 for what is no origin.
    pub(crate) fn new(address: SocketAddr, origins: &[String]) -> anyhow::Result<Self> {
        let origins: BTreeSet<String> = origins.iter().map(|text| origin(text)).collect::<Result<_, _>>()?;
        let port = address.port();
        let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "[::1]".to_owned()];
        names.extend(SDK_HOSTS.map(str::to_owned));
        if !address.ip().is_unspecified() {
            names.push(match address {
                SocketAddr::V4(v4) => v4.ip().to_string(),
                SocketAddr::V6(v6) => format!("[{}]", v6.ip()),
            });
        }
        let mut hosts: BTreeSet<String> = names.iter().map(|name| format!("{name}:{port}")).collect();
        if port == 80 {
            hosts.extend(names);
        }
        // What forwards port 80 to the port here keeps the name without a port.
        hosts.extend(SDK_HOSTS.map(str::to_owned));
        // A proxy in front of both the page and the server hands on the page's own host.
        hosts.extend(origins.iter().filter_map(|origin| Some(origin.split_once("://")?.1.to_owned())));
        Ok(Self { hosts, origins })
    }

    /// Lets a request in, or not. The answer is the origin that may read what comes of it, if that is another's page.
    pub(crate) fn admit(&self, uri: &Uri, headers: &HeaderMap) -> Result<Option<HeaderValue>, Problem> {
        let mut hosts = headers.get_all(HOST).iter();
        let host = match (hosts.next(), hosts.next()) {
            (Some(host), None) => host.to_str().unwrap_or_default().to_ascii_lowercase(),
            _ => String::new(),
        };
        // A request line with a host of its own counts before the header (RFC 9112 3.2.2).
        let is_known = |host: &str| self.hosts.contains(host);
        let named = uri.authority().map(|authority| authority.as_str().to_ascii_lowercase());
        if !is_known(&host) || named.is_some_and(|named| !is_known(&named)) {
            return Err(Problem::forbidden("the server isn't known by this host name"));
        }
        let mut origins = headers.get_all(ORIGIN).iter();
        let (first, more) = (origins.next(), origins.next());
        if more.is_some() {
            return Err(Problem::forbidden("more than one origin"));
        }
        if let Some(origin) = first {
            let text = origin.to_str().unwrap_or_default();
            if self.origins.contains(text) {
                return Ok(Some(origin.clone()));
            }
            // The page of the server itself.
            if text != format!("http://{host}") {
                return Err(Problem::forbidden("requests from this origin are refused; --origin allows one"));
            }
        }
        let mut sites = headers.get_all("sec-fetch-site").iter();
        if sites.any(|site| !OWN_SITES.contains(&site.to_str().unwrap_or_default())) {
            return Err(Problem::forbidden("requests from other sites are refused; --origin allows one"));
        }
        Ok(None)
    }

    /// What a browser asks before it sends JSON or a token to another origin.
    pub(crate) fn allow(origin: &HeaderValue, headers: &mut HeaderMap) {
        let text = HeaderValue::from_static;
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, text("GET, POST"));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, text("authorization, content-type"));
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, text("retry-after, x-aws-session-expired"));
        headers.insert(ACCESS_CONTROL_MAX_AGE, text("600"));
        headers.append(VARY, text("origin"));
    }
}

/// `https://HOST[:PORT]`, as a browser writes it: in small letters, without a path.
fn origin(text: &str) -> Result<String, Fault> {
    let wrong = || {
        Fault::new(Exit::Usage, format!("`{text}` isn't an origin")).hint("--origin http://localhost:3000")
    };
    let clean = text.trim_end_matches('/').to_ascii_lowercase();
    let (scheme, host) = clean.split_once("://").ok_or_else(wrong)?;
    let is_host = !host.is_empty()
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte));
    if !["http", "https"].contains(&scheme) || !is_host {
        return Err(wrong());
    }
    let usual = if scheme == "http" { ":80" } else { ":443" };
    Ok(clean.strip_suffix(usual).unwrap_or(&clean).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admit(gate: &Gate, uri: &str, headers: &[(&'static str, &str)]) -> Result<bool, ()> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        gate.admit(&uri.parse().unwrap(), &map).map(|origin| origin.is_some()).map_err(|_| ())
    }

    #[test]
    fn a_host_is_known_to_the_letter() {
        let gate = Gate::new("127.0.0.1:8000".parse().unwrap(), &[]).unwrap();
        for host in ["127.0.0.1:8000", "localhost:8000", "LOCALHOST:8000", "[::1]:8000", "169.254.170.2"] {
            assert_eq!(admit(&gate, "/", &[("host", host)]), Ok(false), "{host}");
        }
        for host in [
            "evil.example:8000",
            "127.0.0.1:8001",
            "127.0.0.1",
            "localhost",
            "127.0.0.1:8000.evil.example",
            "localhost:8000@evil",
            "",
            "127.1:8000",
            "2130706433:8000",
            "0.0.0.0:8000",
        ] {
            assert_eq!(admit(&gate, "/", &[("host", host)]), Err(()), "{host}");
        }
        assert_eq!(admit(&gate, "/", &[]), Err(()));
        assert_eq!(admit(&gate, "/", &[("host", "localhost:8000"), ("host", "evil")]), Err(()));
        assert_eq!(admit(&gate, "http://evil.example/", &[("host", "localhost:8000")]), Err(()));
        assert_eq!(admit(&gate, "http://localhost:8000/", &[("host", "localhost:8000")]), Ok(false));
    }

    #[test]
    fn only_listed_origins_and_the_servers_own_page_may_ask() {
        let gate =
            Gate::new("127.0.0.1:8000".parse().unwrap(), &["http://localhost:3000/".to_owned()]).unwrap();
        let from = |headers: &[(&'static str, &str)]| {
            admit(&gate, "/", &[&[("host", "localhost:8000")], headers].concat())
        };
        assert_eq!(from(&[("origin", "http://localhost:3000"), ("sec-fetch-site", "same-site")]), Ok(true));
        assert_eq!(
            from(&[("origin", "http://localhost:8000"), ("sec-fetch-site", "same-origin")]),
            Ok(false)
        );
        assert_eq!(from(&[("sec-fetch-site", "none")]), Ok(false));
        for origin in
            ["null", "http://evil.example", "https://localhost:8000", "http://localhost:3000.evil", ""]
        {
            assert_eq!(from(&[("origin", origin)]), Err(()), "{origin}");
        }
        for site in ["cross-site", "same-site", "", "SAME-ORIGIN x"] {
            assert_eq!(from(&[("sec-fetch-site", site)]), Err(()), "{site}");
            assert_eq!(from(&[("sec-fetch-site", "none"), ("sec-fetch-site", site)]), Err(()), "{site}");
        }
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        let address = "127.0.0.1:8000".parse().unwrap();
        for text in ["*", "localhost:3000", "http://", "http://a/b", "ftp://a", "http://a b"] {
            assert!(Gate::new(address, &[text.to_owned()]).is_err(), "{text}");
        }
    }
}
