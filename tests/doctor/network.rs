//! Endpoints that don't answer, each for a reason of its own, and a clock that is wrong.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;

use crate::doctor::{doctor, expect, healthy, of};
use crate::support::{Sandbox, end, free_port, peer};

/// A server on loopback that gives every connection the same answer after its first lines; its port.
fn server(answer: impl Fn(&mut TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count == 1) {
                head.push(byte[0]);
            }
            answer(&mut stream);
        }
    });
    port
}

fn says(text: &'static str) -> u16 {
    server(move |stream| drop(stream.write_all(text.as_bytes())))
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

#[test]
fn an_answer_of_any_status_is_an_answer() {
    let sandbox = healthy();
    let url = url(says("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
    let ended = doctor(&sandbox, "", &[("AWS_ENDPOINT_URL", &url)]);
    let found = expect(&ended, "endpoint", "ok", "set by AWS_ENDPOINT_URL", "");
    assert_eq!(found["url"], url);
    assert_eq!(of(&ended, "clock")[0]["status"], "skipped");
}

#[test]
fn names_that_are_not_known_are_told() {
    let sandbox = healthy();
    let ended = doctor(&sandbox, "-e", &[("AWS_ENDPOINT_URL", "http://sso.invalid")]);
    assert_eq!(ended.code, 69);
    let found = expect(
        &ended,
        "endpoint",
        "error",
        "the host name sso.invalid can't be resolved",
        "unset AWS_ENDPOINT_URL",
    );
    assert_eq!(found["trouble"], "dns");
}

#[test]
fn ports_where_nobody_answers_are_told() {
    let sandbox = healthy();
    let ended = doctor(
        &sandbox,
        "-e",
        &[
            ("AWS_ENDPOINT_URL_SSO", &url(free_port())),
            ("AWS_ENDPOINT_URL", &url(says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))),
        ],
    );
    assert_eq!(ended.code, 69);
    let found = expect(&ended, "endpoint", "error", "nobody answers at", "unset AWS_ENDPOINT_URL_SSO");
    assert_eq!((&found["trouble"], &found["service"]), (&"refused".into(), &"portal".into()));
    expect(&ended, "endpoint", "ok", "answers", "");
}

#[test]
fn an_endpoint_that_never_answers_is_a_timeout() {
    let sandbox = healthy();
    let url = url(server(|stream| drop(stream.read(&mut [0]))));
    let found =
        expect(&doctor(&sandbox, "", &[("AWS_ENDPOINT_URL", &url)]), "endpoint", "error", "in time", "unset");
    assert_eq!(found["trouble"], "timeout");
}

#[test]
fn proxies_that_lead_nowhere_are_named_without_their_password() {
    let sandbox = healthy();
    let (refuses, asks) = (
        says("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
        says("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"),
    );
    for port in [free_port(), refuses, asks] {
        let proxy = format!("http://user:CANARY@127.0.0.1:{port}");
        let ended = doctor(&sandbox, "-e", &[("HTTPS_PROXY", &proxy)]);
        assert_eq!(ended.code, 69);
        let seen = format!("the proxy http://127.0.0.1:{port}, which HTTPS_PROXY names");
        let found = expect(&ended, "endpoint", "error", &seen, "unset HTTPS_PROXY");
        assert_eq!(found["trouble"], "proxy");
    }
    // A proxy that answers by itself, for an endpoint without TLS.
    let ended =
        doctor(&sandbox, "", &[("HTTP_PROXY", &url(asks)), ("AWS_ENDPOINT_URL", "http://sso.invalid")]);
    assert_eq!(expect(&ended, "endpoint", "error", "the proxy", "NO_PROXY=sso.invalid")["trouble"], "proxy");
}

#[test]
fn a_login_page_of_the_network_is_not_aws() {
    let sandbox = healthy();
    let url = url(says(
        "HTTP/1.1 302 Found\r\nLocation: http://portal.hotel.example/login\r\nContent-Length: 0\r\n\r\n",
    ));
    let ended = doctor(&sandbox, "", &[("AWS_ENDPOINT_URL", &url)]);
    expect(
        &ended,
        "endpoint",
        "warning",
        "redirects to portal.hotel.example",
        "open http://portal.hotel.example/",
    );
}

#[test]
fn a_clock_that_is_wrong_is_told_from_the_service() {
    let sandbox = healthy();
    // The tests' clock says 12:00:00.
    for (date, status, seen) in [
        ("Sat, 21 Nov 2026 12:04:00 GMT", "ok", "240 s"),
        ("Sat, 21 Nov 2026 12:06:00 GMT", "error", "360 s behind"),
        ("Sat, 21 Nov 2026 10:00:00 GMT", "error", "7200 s ahead of"),
    ] {
        let answer = format!("HTTP/1.1 404 Not Found\r\nDate: {date}\r\nContent-Length: 0\r\n\r\n");
        let url = url(server(move |stream| drop(stream.write_all(answer.as_bytes()))));
        let ended = doctor(&sandbox, "", &[("AWS_ENDPOINT_URL", &url)]);
        expect(&ended, "clock", status, seen, if status == "ok" { "" } else { "set-ntp" });
    }
}

/// A TLS server whose certificate nobody vouches for but its own file; killed with this value.
struct Tls {
    server: Child,
    url: String,
    certificate: PathBuf,
}

impl Tls {
    fn start(sandbox: &Sandbox, openssl: &Path, name: &str) -> Self {
        let at = |end: &str| sandbox.root().join(format!("{name}.{end}"));
        let (key, certificate) = (at("key"), at("pem"));
        let mut make = sandbox.command(openssl);
        make.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj"])
            .arg(format!("/CN={name}"));
        make.args([
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ]);
        make.arg("-keyout").arg(&key).arg("-out").arg(&certificate);
        assert_eq!(end(make, "").code, 0);
        let mut serve = sandbox.command(openssl);
        serve
            .args(["s_server", "-accept", "127.0.0.1:0", "-www", "-key"])
            .arg(&key)
            .arg("-cert")
            .arg(&certificate);
        let mut server = serve.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let address = lines
            .map(Result::unwrap)
            .find_map(|line| line.strip_prefix("ACCEPT ").map(str::to_owned))
            .unwrap();
        let port = address.rsplit(':').next().unwrap();
        Self { server, url: format!("https://127.0.0.1:{port}"), certificate }
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_told_from_a_proxy() {
    let Some(openssl) = peer("SSO_TEST_OPENSSL", "openssl") else { return };
    let sandbox = healthy();
    let (tls, other) = (Tls::start(&sandbox, &openssl, "a"), Tls::start(&sandbox, &openssl, "b"));
    let ended = doctor(&sandbox, "-e", &[("AWS_ENDPOINT_URL", &tls.url)]);
    assert_eq!(ended.code, 69);
    let found =
        expect(&ended, "endpoint", "error", "a certificate that isn't trusted here", "export AWS_CA_BUNDLE=");
    assert_eq!(found["trouble"], "ca");
    let with = |bundle: &Path| {
        doctor(&sandbox, "-e", &[("AWS_ENDPOINT_URL", &tls.url), ("AWS_CA_BUNDLE", bundle.to_str().unwrap())])
    };
    expect(&with(&tls.certificate), "endpoint", "ok", "answers", "");
    let found =
        expect(&with(&other.certificate), "endpoint", "error", "(AWS_CA_BUNDLE)", "unset AWS_CA_BUNDLE");
    assert_eq!(found["trouble"], "ca");
    let missing = with(&sandbox.root().join("missing.pem"));
    expect(&missing, "endpoint", "error", "which AWS_CA_BUNDLE names", "unset AWS_CA_BUNDLE");
    assert_eq!(missing.code, 78);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let plain = url(listener.local_addr().unwrap().port()).replace("http:", "https:");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let found =
        expect(&doctor(&sandbox, "", &[("AWS_ENDPOINT_URL", &plain)]), "endpoint", "error", "TLS", "unset");
    assert_eq!(found["trouble"], "tls");
}
