//! A sandbox whose clock moves, and the words that these tests share.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{self, Ended, Sandbox};

/// The sandbox's clock in epoch seconds.
pub const NOW: i64 = 1_795_262_400;

/// Runs a tool so many seconds after the sandbox's clock.
pub fn after(sandbox: &Sandbox, seconds: i64, line: &str) -> Ended {
    feed_after(sandbox, seconds, line, "")
}

/// Runs a tool so many seconds after the sandbox's clock, with text on stdin.
pub fn feed_after(sandbox: &Sandbox, seconds: i64, line: &str, input: &str) -> Ended {
    let mut command = sandbox.tool(line);
    command.env("SSO_NOW", (NOW + seconds).to_string());
    support::end(command, input)
}

/// Whether a watcher would be handed a signal then.
#[track_caller]
pub fn is_due(sandbox: &Sandbox, seconds: i64) -> bool {
    let ended = after(sandbox, seconds, "sso-signal wait --timeout 0s");
    let is_note = |line: &str| line.contains("locked on purpose");
    assert!(ended.stderr.lines().all(is_note), "{}", ended.stderr);
    match ended.code {
        0 => true,
        124 => false,
        code => panic!("wait ended with {code}"),
    }
}

/// A monitor's document.
pub fn expired(profile: &str, episode: &str) -> Value {
    json!({"profile": profile, "loginRequired": true, "reason": "expired", "episode": episode})
}

/// A monitor's document about a session that is fine.
pub fn valid(profile: &str) -> Value {
    json!({"profile": profile, "loginRequired": false})
}

/// Raises a signal as a monitor does.
#[track_caller]
pub fn raise(sandbox: &Sandbox, profile: &str, episode: &str) {
    sandbox.feed("sso-signal write", &expired(profile, episode).to_string()).exits(0);
}

/// Settles an outcome, and checks that the document is passed on.
#[track_caller]
pub fn settle(sandbox: &Sandbox, seconds: i64, document: &Value) {
    let ended = feed_after(sandbox, seconds, "sso-signal settle", &document.to_string()).exits(0);
    assert_eq!(ended.document(), *document);
}

pub fn main_file(sandbox: &Sandbox) -> PathBuf {
    sandbox.state().join("login-required.json")
}

/// The content of `login-required.json`.
#[track_caller]
pub fn main_signal(sandbox: &Sandbox) -> Value {
    serde_json::from_str(&fs::read_to_string(main_file(sandbox)).unwrap()).unwrap()
}

/// The profiles with a signal.
#[track_caller]
pub fn profiles(sandbox: &Sandbox) -> Vec<String> {
    let ended = sandbox.run("sso-signal read --all");
    assert!(ended.code < 2 && ended.stderr.is_empty(), "{} {}", ended.code, ended.stderr);
    let mut profiles: Vec<_> =
        ended.documents().iter().map(|signal| signal["profile"].as_str().unwrap().to_owned()).collect();
    profiles.sort();
    profiles
}

/// The status of a profile's signal: `state` and `until`.
#[track_caller]
pub fn status(sandbox: &Sandbox, profile: &str) -> (String, Value) {
    let document = sandbox.run("sso-signal status").exits(0).document();
    let signals = document["signals"].as_array().unwrap();
    let signal = signals.iter().find(|signal| signal["profile"] == profile).unwrap();
    (signal["state"].as_str().unwrap().to_owned(), signal["until"].clone())
}
