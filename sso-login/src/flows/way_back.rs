//! Where a page sends the browser afterwards: to a port of loopback, or nowhere.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use url::{Host, Url};

/// Loopback as the redirect URI has it, and the port: the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Loopback {
    host: &'static str,
    pub(crate) port: u16,
    /// The whole redirect URI.
    pub(crate) uri: String,
}

/// What a page's URL says about the way back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum WayBack {
    /// To that port of loopback.
    To(Loopback),
    /// There is none: a device authorization.
    None,
    /// Not one that can be followed, and why.
    Bad(&'static str),
}

impl Loopback {
    /// What the browser connects to.
    pub(crate) fn address(&self) -> SocketAddr {
        let ip = match self.host {
            "[::1]" => IpAddr::V6(Ipv6Addr::LOCALHOST),
            _ => IpAddr::V4(Ipv4Addr::LOCALHOST),
        };
        SocketAddr::new(ip, self.port)
    }

    /// As `ssh -L` takes it.
    pub(crate) fn forward(&self) -> String {
        let here = if self.host == "localhost" { "127.0.0.1" } else { self.host };
        format!("{here}:{port}:{}:{port}", self.host, port = self.port)
    }
}

impl WayBack {
    /// Where a page comes back to.
    pub(crate) fn of(page: &Url) -> Self {
        let mut uris = page.query_pairs().filter(|(name, _)| name == "redirect_uri").map(|(_, uri)| uri);
        let Some(uri) = uris.next() else { return Self::None };
        if uris.next().is_some() {
            return Self::Bad("its page has two redirect_uris");
        }
        let parsed = Url::parse(&uri).ok().filter(|url| url.scheme() == "http");
        let port = parsed.as_ref().and_then(Url::port).filter(|port| *port > 0);
        let (Some(url), Some(port)) = (parsed, port) else {
            return Self::Bad("the redirect_uri of its page isn't an http URL with a port from 1 to 65535");
        };
        let host = match url.host() {
            Some(Host::Domain("localhost")) => Some("localhost"),
            Some(Host::Ipv4(Ipv4Addr::LOCALHOST)) => Some("127.0.0.1"),
            Some(Host::Ipv6(Ipv6Addr::LOCALHOST)) => Some("[::1]"),
            _ => None,
        };
        match host.filter(|_| url.username().is_empty() && url.password().is_none()) {
            Some(host) => Self::To(Loopback { host, port, uri: uri.into_owned() }),
            None => Self::Bad("the redirect_uri of its page isn't on loopback"),
        }
    }

    /// The way back that a page's text names.
    pub(crate) fn of_text(page: &str) -> Self {
        Url::parse(page).map_or(Self::None, |page| Self::of(&page))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(redirect: &str) -> WayBack {
        WayBack::of_text(&format!(
            "https://oidc.us-east-1.amazonaws.com/authorize?client_id=x&redirect_uri={redirect}&state=y"
        ))
    }

    #[test]
    fn only_loopback_is_a_way_back() {
        for (redirect, forward) in [
            ("http%3A%2F%2F127.0.0.1%3A39945%2Foauth%2Fcallback", "127.0.0.1:39945:127.0.0.1:39945"),
            ("http://localhost:1/cb", "127.0.0.1:1:localhost:1"),
            ("http%3A%2F%2F%5B%3A%3A1%5D%3A65535%2F", "[::1]:65535:[::1]:65535"),
        ] {
            match of(redirect) {
                WayBack::To(loopback) => assert_eq!(loopback.forward(), forward),
                other => panic!("{redirect}: {other:?}"),
            }
        }
        for redirect in [
            "http://127.0.0.1:0/",
            "http://127.0.0.1:65536/",
            "http://127.0.0.1/",
            "https://127.0.0.1:80/",
            "http://example.com:80/",
            "http://example.com:8080/",
            "http://127.0.0.1.example.com:8080/",
            "http://127.0.0.1:1%40example.com:8080/",
            "http://example.com:8080%3F127.0.0.1:80/",
            "http%3A%2F%2F127.0.0.1%3A%2B80%2F",
            "%",
            "%ff%C3",
            "http://127.0.0.1:1/&redirect_uri=http://127.0.0.1:2/",
        ] {
            assert!(matches!(of(redirect), WayBack::Bad(_)), "{redirect}: {:?}", of(redirect));
        }
        assert_eq!(
            WayBack::of_text("https://device.sso.us-east-1.amazonaws.com/?user_code=ABCD-EFGH"),
            WayBack::None
        );
    }

    proptest! {
        #[test]
        fn any_url_is_judged_without_panic(url in any::<String>()) {
            let _ = WayBack::of_text(&url);
        }
    }
}
