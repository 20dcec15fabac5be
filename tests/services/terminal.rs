//! The offer to log in, on a terminal of `script`, and a person who types.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use crate::services::place::Place;
use crate::support::script;

const PROMPT: &str = " now? (y/N): ";

/// What the terminal showed when a person answered the prompt, and the status.
fn answered(place: &Place, profile: &str, answer: &str) -> Option<(String, i32)> {
    let script = script()?;
    let exec = place.exec(&[profile, "--", "touch", "started"]);
    let words: Vec<_> = std::iter::once(exec.get_program()).chain(exec.get_args()).collect();
    let line = words.join(" ".as_ref());
    let mut command = Command::new(script);
    command.args(["--quiet", "--return", "--command"]).arg(line).arg("/dev/null");
    command.env_clear().envs(exec.get_envs().filter_map(|(name, value)| Some((name, value?))));
    // The way that needs no browser and no AWS CLI.
    command.env("SHELL", "/bin/sh").env("TERM", "dumb").env("SSO_LOGIN_VIA", "device").env_remove("BROWSER");
    command.current_dir(place.bench.file("work")).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (mut shown, mut bytes) = (String::new(), [0; 4096]);
    let mut answers = 0;
    while let Ok(length @ 1..) = child.stdout.as_mut().unwrap().read(&mut bytes) {
        shown.push_str(&String::from_utf8_lossy(&bytes[..length]));
        if shown.matches(PROMPT).count() > answers {
            answers += 1;
            child.stdin.as_mut().unwrap().write_all(answer.as_bytes()).unwrap();
        }
    }
    Some((shown, child.wait().unwrap().code().unwrap()))
}

#[test]
fn a_yes_logs_in_once_and_starts_the_service() {
    // B-c5
    let Some(place) = Place::logged_in("") else { return };
    let Some((shown, code)) = answered(&place, "other", "y\n") else { return };
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("[✓] SSO credentials loaded for profile: other"), "{shown}");
    assert!(place.bench.file("work/started").exists(), "{shown}");
    assert_eq!(shown.matches(PROMPT).count(), 1, "{shown}");
    assert!(shown.contains("Run 'aws sso login --profile other' now? (y/N): "), "{shown}");
    // The bench's own login isn't counted: its log was emptied, its statistics were, too.
    assert_eq!(place.bench.counts()[0], 1, "{shown}");
}

#[test]
fn anything_else_is_a_no() {
    let Some(place) = Place::logged_in("") else { return };
    for answer in ["n\n", "\n", "yesterday\n", "\x04"] {
        let Some((shown, code)) = answered(&place, "other", answer) else { return };
        assert_eq!(code, 77, "{answer:?}: {shown}");
    }
    let Some((shown, code)) = answered(&place, "other", "\x03") else { return };
    assert_eq!(code, 130, "{shown}");
    assert!(!place.bench.file("work/started").exists());
    assert_eq!(place.bench.counts()[0], 0);
    place.is_undisturbed();
}

#[test]
fn a_login_that_is_refused_ends_it_and_is_not_asked_about_again() {
    let Some(place) = Place::logged_in("") else { return };
    place.bench.faults(&serde_json::json!({"deny": true}));
    let Some((shown, code)) = answered(&place, "other", "y\n") else { return };
    assert_eq!((code, shown.matches(PROMPT).count()), (77, 1), "{shown}");
    assert!(!place.bench.file("work/started").exists());
}

#[test]
fn a_session_that_aws_ended_before_its_time_takes_a_login_all_the_same() {
    let Some(place) = Place::logged_in("") else { return };
    place.bench.served.tell("/sandbox/sign-out", &serde_json::json!({}));
    let Some((shown, code)) = answered(&place, "demo", "y\n") else { return };
    assert_eq!(code, 0, "{shown}");
    assert!(place.bench.file("work/started").exists(), "{shown}");
}

#[test]
fn without_a_terminal_nobody_is_asked() {
    // B26
    let Some(place) = Place::logged_in("") else { return };
    let ended = place.run(&["other", "--", "touch", "started"]).exits(77);
    assert!(!ended.stderr.contains("y/N"), "{}", ended.stderr);
    place.is_undisturbed();
}
