//! The sandbox's stand-in for a browser: fetches a page of the sandbox and goes where it points,
//! on this machine only.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, bail};

/// The consent page, the callback, and one to spare.
const MOST_STEPS: usize = 3;
const TIMEOUT: Duration = Duration::from_secs(10);
/// More of an answer than its head is never looked at.
const LONGEST_ANSWER: u64 = 64 * 1024;

/// Fetches `url` and follows redirects.
pub(crate) fn visit(url: &str) -> anyhow::Result<()> {
    let mut next = Some(url.to_owned());
    for _ in 0..MOST_STEPS {
        let Some(url) = next else { return Ok(()) };
        next = fetch(&url)?;
    }
    Ok(())
}

/// One GET; the place it redirects to, if it does.
fn fetch(url: &str) -> anyhow::Result<Option<String>> {
    let (port, path) = address(url).context("only http://127.0.0.1:PORT/… is visited")?;
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .with_context(|| format!("cannot reach 127.0.0.1:{port}"))?;
    stream.set_read_timeout(Some(TIMEOUT)).context("cannot set a time limit")?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).with_context(|| format!("cannot ask 127.0.0.1:{port}"))?;
    let mut answer = Vec::new();
    stream
        .take(LONGEST_ANSWER)
        .read_to_end(&mut answer)
        .with_context(|| format!("no answer from 127.0.0.1:{port}"))?;
    let answer = String::from_utf8_lossy(&answer);
    if !answer.starts_with("HTTP/1.") {
        bail!("no HTTP answer from 127.0.0.1:{port}");
    }
    Ok(answer
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("location"))
        .map(|(_, value)| value.trim().to_owned()))
}

/// Port, and path with query, of a loopback URL.
fn address(url: &str) -> Option<(u16, String)> {
    let rest = url.strip_prefix("http://127.0.0.1:")?;
    let (port, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    if path.bytes().any(|byte| byte.is_ascii_control() || byte == b' ') {
        return None;
    }
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    Some((port.parse().ok()?, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_loopback_urls_are_visited() {
        assert_eq!(address("http://127.0.0.1:80/a?b=c"), Some((80, "/a?b=c".to_owned())));
        assert_eq!(address("http://127.0.0.1:80"), Some((80, "/".to_owned())));
        assert_eq!(address("http://127.0.0.1:80?x"), Some((80, "/?x".to_owned())));
        for url in [
            "https://127.0.0.1:80/",
            "http://example.com/",
            "http://127.0.0.1:x/",
            "http://127.0.0.1:1/\r\nX",
        ] {
            assert_eq!(address(url), None, "{url:?}");
        }
    }
}
