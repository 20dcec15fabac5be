//! Where a page of the box sends the browser: loopback and a port, or it isn't followed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::flows::progress::redirect_uri;

/// Loopback as the redirect URI has it, and the port: the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Loopback {
    host: &'static str,
    pub(crate) port: u16,
}

/// What a page's URL says about the way back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum WayBack {
    /// To that port of this machine: it needs a tunnel.
    To(Loopback),
    /// There is none: a device authorization.
    None,
    /// Not one that can be followed, and why.
    Bad(String),
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

/// Whether a page may be opened, and where it comes back to.
pub(crate) fn way_back(url: &str) -> WayBack {
    let is_page = url.starts_with("https://") || is_own_http(url);
    if !is_page || url.len() > 8192 || !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return WayBack::Bad("its page is no https URL".to_owned());
    }
    let query = url.split_once('?').map_or("", |(_, query)| query);
    if !query.split('&').any(|pair| pair.starts_with("redirect_uri=")) {
        return WayBack::None;
    }
    let Some((uri, port)) = redirect_uri(url) else {
        return WayBack::Bad(
            "the redirect_uri of its page is no http URL with a port from 1 to 65535".to_owned(),
        );
    };
    let authority = uri.trim_start_matches("http://").split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.strip_suffix(&format!(":{port}"));
    match ["127.0.0.1", "localhost", "[::1]"].into_iter().find(|known| host == Some(known)) {
        Some(host) => WayBack::To(Loopback { host, port }),
        None => WayBack::Bad("the redirect_uri of its page isn't on loopback".to_owned()),
    }
}

/// Plain http for an endpoint on this machine only: a sandbox's.
fn is_own_http(url: &str) -> bool {
    ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"].iter().any(|start| url.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(redirect: &str) -> WayBack {
        way_back(&format!(
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
            "http://127.0.0.1.example.com:80/",
            "http://127.0.0.1%40example.com:80/",
            "http://example.com%3F127.0.0.1:80/",
            "http%3A%2F%2F127.0.0.1%3A%2B80%2F",
        ] {
            assert!(matches!(of(redirect), WayBack::Bad(_)), "{redirect}: {:?}", of(redirect));
        }
        assert_eq!(
            way_back("https://device.sso.us-east-1.amazonaws.com/?user_code=ABCD-EFGH"),
            WayBack::None
        );
        for url in ["file:///etc/passwd", "javascript:alert(1)", "http://example.com/", "https://x/ y", "-x"]
        {
            assert!(matches!(way_back(url), WayBack::Bad(_)), "{url}");
        }
    }

    proptest! {
        #[test]
        fn any_url_is_judged_without_panic(url in any::<String>()) {
            let _ = way_back(&url);
        }
    }
}
