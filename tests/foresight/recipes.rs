//! The recipes of `docs/foresight.md`, as they are printed there.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use serde_json::{Value, json};

use super::Day;
use crate::login::bench::after;
use crate::readme::{blocks, project};
use crate::support::{Ended, free_port, peer};

/// The recipe with a word in it.
fn recipe(word: &str) -> String {
    let page = fs::read_to_string(project("docs/foresight.md")).unwrap();
    let found: Vec<_> = blocks(&page, "sh").into_iter().filter(|block| block.contains(word)).collect();
    assert_eq!(found.len(), 1, "{word}: {found:?}");
    found[0].clone()
}

/// A machine with a signal of an end that is near.
fn with_signal() -> Day {
    let day = Day::begin("");
    let document = json!({"profile": "demo", "loginRequired": true, "episode": format!("ending {}", after(1500)),
        "reason": "SSO session \"sandbox\" ends at 2026-11-21T12:25:00Z, in 25m"});
    day.bench.feed("sso-signal write --source sso-monitor", &document.to_string()).exits(0);
    day
}

/// Runs a recipe that goes on for ever, for what is there now.
fn once(day: &Day, recipe: &str) -> Ended {
    assert!(recipe.contains(" --follow "), "{recipe}");
    day.bench.shell(&recipe.replace(" --follow ", " "))
}

#[test]
fn the_desktop_and_the_mailbox_get_each_end_once() {
    if peer("SSO_TEST_JQ", "jq").is_none() {
        return;
    }
    let day = with_signal();
    let log = day.bench.file("told");
    for (program, told) in [
        ("notify-send", "AWS SSO|SSO session \"sandbox\" ends at 2026-11-21T12:25:00Z, in 25m|\n"),
        (
            "mail",
            "-s|AWS SSO login required|me@example.com|SSO session \"sandbox\" ends at 2026-11-21T12:25:00Z, in 25m\n",
        ),
    ] {
        let script = format!(
            "{{ printf '%s|' \"$@\"; if [ \"$1\" = -s ]; then cat; else echo; fi; }} >> {}",
            log.display()
        );
        day.bench.program(program, &script);
        let line = recipe(&format!("{program} "));
        once(&day, &line).exits(0);
        assert_eq!(fs::read_to_string(&log).unwrap(), told);
        once(&day, &line).exits(1);
        assert_eq!(fs::read_to_string(&log).unwrap(), told);
        fs::remove_file(&log).unwrap();
    }
}

#[test]
fn the_webhook_gets_what_a_chat_takes() {
    if peer("SSO_TEST_CURL", "curl").is_none() || peer("SSO_TEST_JQ", "jq").is_none() {
        return;
    }
    let day = with_signal();
    let port = free_port();
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let served = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            head.push_str(&line);
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
        (head, body)
    });
    let line = recipe("curl ").replace("https://chat.example.com", &format!("http://127.0.0.1:{port}"));
    once(&day, &line).exits(0);
    let (head, body) = served.join().unwrap();
    assert!(head.starts_with("POST /hook ") && head.contains("application/json"), "{head}");
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body, json!({"text": "demo: SSO session \"sandbox\" ends at 2026-11-21T12:25:00Z, in 25m"}));
}

#[test]
fn the_gauges_are_replaced_whole_or_not_at_all() {
    let day = Day::begin("");
    day.log_in();
    let line = recipe("--prometheus");
    day.bench.shell(&line).exits(0);
    let file = day.bench.home().join(".cache/sso.prom");
    let first = fs::read_to_string(&file).unwrap();
    assert!(first.contains("sso_login_required{profile=\"demo\",session=\"sandbox\"} 0"), "{first}");
    day.bench.configure(|_| "[profile broken\nregion = x\n".to_owned());
    assert_ne!(day.bench.shell(&line).code, 0);
    assert_eq!(fs::read_to_string(&file).unwrap(), first);
}

#[test]
fn the_lengths_that_the_page_sets_are_taken() {
    let day = Day::begin("");
    day.log_in();
    let line = recipe("SSO_SESSION_LENGTH=8h").replace("_corp=", "_sandbox=");
    let checked =
        day.bench.shell(&format!("{line}\nsso-profile show demo | sso-cache check")).exits(0).document();
    assert_eq!(checked["session"]["endsAt"], after(12 * 3600), "{checked}");
}
