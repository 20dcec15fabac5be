//! Whoever answers in the service's place: a captive portal, a proxy's error page, a server that never stops sending.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::login::bench::Bench;
use crate::support::{Ended, end};

/// Where the three services are asked.
const SERVICES: [&str; 3] = ["AWS_ENDPOINT_URL_SSO_OIDC", "AWS_ENDPOINT_URL_SSO", "AWS_ENDPOINT_URL_STS"];
/// What asks each of them first.
const COMMANDS: [&str; 3] =
    ["sso-login --via device --no-browser --force demo", "sso-login accounts demo", "sso-login whoami demo"];

struct Stranger {
    url: String,
    requests: Arc<AtomicUsize>,
}

impl Stranger {
    /// Answers every request so; a body without an end if `is_endless`.
    fn start(status: u16, body: &'static str, is_endless: bool) -> Self {
        Self::taking_turns(status, vec![body], is_endless)
    }

    /// Answers the requests with these bodies in turn.
    fn taking_turns(status: u16, bodies: Vec<&'static str>, is_endless: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&requests);
        thread::spawn(move || {
            for client in listener.incoming() {
                let body = bodies[count.fetch_add(1, Ordering::SeqCst) % bodies.len()];
                // Whoever has heard enough hangs up.
                thread::spawn(move || drop(answer(client.unwrap(), status, body, is_endless)));
            }
        });
        Self { url, requests }
    }

    fn ask(&self, bench: &Bench, service: &str, line: &str) -> Ended {
        let mut command = bench.command(line);
        command.env(service, &self.url);
        end(command, "")
    }
}

fn answer(mut client: TcpStream, status: u16, body: &str, is_endless: bool) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if line.trim_end().is_empty() {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length: ") {
            length = value.trim_end().parse().unwrap();
        }
    }
    reader.take(length).read_to_end(&mut Vec::new())?;
    let kind = if body.starts_with('{') { "application/json" } else { "text/html" };
    write!(client, "HTTP/1.1 {status} So\r\ncontent-type: {kind}\r\nconnection: close\r\n")?;
    if !is_endless {
        return write!(client, "content-length: {}\r\n\r\n{body}", body.len());
    }
    write!(client, "\r\n{body}")?;
    let blank = vec![b' '; 1 << 16];
    loop {
        client.write_all(&blank)?;
    }
}

#[test]
fn an_answer_without_end_is_given_up_on_at_four_mebibytes() {
    let bench = Bench::logged_in("");
    for status in [200, 400] {
        for (service, line) in SERVICES.into_iter().zip(COMMANDS) {
            let stranger = Stranger::start(status, "{", true);
            let ended = stranger.ask(&bench, service, line);
            assert_eq!(ended.code, 69, "{line}: {}", ended.stderr);
            assert!(
                ended.complaint().contains("can't be reached: its answer is larger than 4 MiB"),
                "{line}"
            );
            assert_eq!(stranger.requests.load(Ordering::SeqCst), 1, "{line}: the next would be as long");
        }
    }
}

#[test]
fn a_page_in_the_services_place_is_no_refusal_whatever_its_status() {
    let bench = Bench::logged_in("");
    for status in [400, 401, 403, 404, 407] {
        for body in
            ["<html>Please sign in to the WLAN</html>", "", "[]", "\"no\"", "{}", "{\"message\":\"no\"}"]
        {
            for (service, line) in SERVICES.into_iter().zip(COMMANDS) {
                let ended = Stranger::start(status, body, false).ask(&bench, service, line);
                assert_eq!(ended.code, 69, "{status} {body:?} {line}: {}", ended.stderr);
                let says = format!("answers {status} with unexpected content");
                assert!(ended.complaint().contains(&says), "{status} {body:?} {line}: {}", ended.stderr);
            }
        }
    }
}

#[test]
fn a_refusal_that_has_a_name_is_one_whoever_says_it() {
    let bench = Bench::logged_in("");
    let stranger = Stranger::start(400, r#"{"error":"access_denied"}"#, false);
    let ended = stranger.ask(&bench, SERVICES[0], COMMANDS[0]);
    ended.fails(77, "failed", "access_denied", "the login was denied");
}

#[test]
fn a_page_in_the_services_place_ends_no_session() {
    let bench = Bench::logged_in("");
    bench.forward(3600);
    let before = bench.token_text();
    let stranger = Stranger::start(400, "<html>", false);
    let mut command = bench.command("sso-login refresh demo");
    command.env(SERVICES[0], &stranger.url).env("SSO_NOW", crate::login::bench::after(3600));
    let ended = end(command, "");
    assert_eq!(ended.code, 69, "{}", ended.stderr);
    assert_eq!(bench.token_text(), before);
}

#[test]
fn a_page_that_answers_a_logout_has_not_been_the_service() {
    let bench = Bench::logged_in("");
    let stranger = Stranger::start(200, "<html>Please sign in to the WLAN</html>", false);
    let ended = stranger.ask(&bench, SERVICES[1], "sso-login logout demo");
    assert_eq!(ended.code, 69, "{}", ended.stderr);
    assert_eq!(ended.document()["serviceTold"], false);
}

#[test]
fn a_nameless_refusal_of_a_logout_has_not_been_the_service() {
    let bench = Bench::logged_in("");
    let ended = Stranger::start(404, "{}", false).ask(&bench, SERVICES[1], "sso-login logout demo");
    assert_eq!(ended.code, 69, "{}", ended.stderr);
    assert_eq!(ended.document()["serviceTold"], false);
}

#[test]
fn a_listing_whose_pages_go_in_a_circle_is_given_up_on() {
    let bench = Bench::logged_in("");
    let (a, b) = (r#"{"accountList":[],"nextToken":"a"}"#, r#"{"accountList":[],"nextToken":"b"}"#);
    // The last one ends the test, should nobody notice.
    let pages = [a, b].into_iter().cycle().take(20).chain(["<html>"]).collect();
    let stranger = Stranger::taking_turns(200, pages, false);
    let ended = stranger.ask(&bench, SERVICES[1], COMMANDS[1]);
    assert_eq!((ended.code, ended.stdout.as_str()), (69, ""), "{}", ended.stderr);
    assert!(ended.complaint().contains("its listing has no end"), "{}", ended.stderr);
    assert_eq!(stranger.requests.load(Ordering::SeqCst), 3);
}

#[test]
fn credentials_without_content_or_over_already_are_none() {
    let bench = Bench::logged_in("");
    for (keys, expiration, says) in [
        (["", "s", "t"], 1_900_000_000_000_i64, "incomplete answer"),
        (["a", "", "t"], 1_900_000_000_000, "incomplete answer"),
        (["a", "s", ""], 1_900_000_000_000, "incomplete answer"),
        (["a", "s", "t"], -1, "had already expired at 1969-12-31T23:59:59Z"),
    ] {
        let [id, secret, token] = keys;
        let body = serde_json::json!({"roleCredentials": {"accessKeyId": id, "secretAccessKey": secret,
            "sessionToken": token, "expiration": expiration}});
        let stranger = Stranger::start(200, body.to_string().leak(), false);
        let ended = stranger.ask(&bench, SERVICES[1], "sso-login credentials demo");
        assert_eq!((ended.code, ended.stdout.as_str()), (69, ""), "{body}: {}", ended.stderr);
        assert!(ended.stderr.contains(says), "{body}: {}", ended.stderr);
        assert!(crate::support::names(bench.home().join(".aws/cli/cache")).is_empty(), "{body}");
    }
}

#[test]
fn an_answer_without_a_list_does_not_say_that_there_is_nothing() {
    let bench = Bench::logged_in("");
    let ended = Stranger::start(200, "{}", false).ask(&bench, SERVICES[1], "sso-login accounts demo");
    assert_eq!((ended.code, ended.stdout.as_str()), (69, ""), "{}", ended.stderr);
}

#[test]
fn only_pages_of_the_web_are_opened() {
    let bench = Bench::start("");
    for url in ["file:///etc/passwd", "javascript:alert(1)", "-x", "/bin/sh", ""] {
        let body = serde_json::json!({"clientId": "a", "clientSecret": "b", "clientSecretExpiresAt": 1_900_000_000,
            "deviceCode": "d", "userCode": "U", "verificationUri": url, "verificationUriComplete": url,
            "expiresIn": 600, "interval": 1});
        let stranger = Stranger::start(200, body.to_string().leak(), false);
        let ended = stranger.ask(&bench, SERVICES[0], "sso-login demo --via device --timeout 5s");
        assert_eq!(ended.code, 69, "{url}: {}", ended.stderr);
        assert!(ended.stderr.contains("incomplete answer"), "{url}: {}", ended.stderr);
    }
}
