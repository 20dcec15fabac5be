//! Profiles in a monitor's stream that no signal can be about: they end nothing, and are said.

use serde_json::json;

use crate::signal::clock::{expired, profiles, valid};
use crate::support::Sandbox;

#[test]
fn a_profile_that_no_signal_can_have_is_answered_and_the_stream_goes_on() {
    let sandbox = Sandbox::new();
    for name in ["_u", "a,b", "é", "-x", "", "../x", &"x".repeat(200)] {
        let input = [
            expired("before", "one"),
            expired(name, "one"),
            valid(name),
            expired(name, "one"),
            expired("after", "one"),
        ];
        let input = input.map(|document| format!("{document}\n")).concat();
        let ended = sandbox.feed("sso-signal write", &input);
        // Once for each name, not at every tick.
        assert_eq!((ended.code, ended.stderr.lines().count()), (0, 1), "{name}: {}", ended.stderr);
        assert!(ended.stderr.contains("a profile name") && ended.stderr.contains(name), "{}", ended.stderr);
        let documents = ended.documents();
        for n in [1, 3] {
            assert_eq!((&documents[n]["profile"], &documents[n]["signal"]), (&json!(name), &json!("none")));
            let error = documents[n]["error"].as_str().unwrap();
            assert!(error.contains("rename the profile") && error.contains("sso-login "), "{error}");
        }
        let mut checked = valid(name);
        checked["signal"] = "none".into();
        assert_eq!(documents[2], checked, "nothing is to be done about it");
        assert_ne!(documents[4]["signal"], json!(null));
        assert_eq!(profiles(&sandbox), ["after", "before"]);
    }
}

#[test]
fn two_such_names_are_two_warnings_and_a_name_with_tricks_deceives_nobody() {
    let sandbox = Sandbox::new();
    let input: String =
        ["_a", "_b", "_a", "_\u{1b}[2J\u{202e}c"].map(|name| format!("{}\n", expired(name, "one"))).concat();
    let ended = sandbox.feed("sso-signal write", &input);
    assert_eq!((ended.code, ended.stderr.lines().count()), (0, 3), "{}", ended.stderr);
    assert!(!ended.stderr.contains('\u{1b}') && !ended.stderr.contains('\u{202e}'), "{}", ended.stderr);
    // A person who names it gets a status.
    sandbox.run("sso-signal write _a").exits(65).says("a profile name");
}

#[test]
fn documents_about_something_else_are_left_alone_whatever_the_name() {
    let sandbox = Sandbox::new();
    for document in [
        json!({"profile": "_u", "event": "authorize"}),
        json!({"profile": "_u", "outcome": "success"}),
        json!({"profile": "_u", "error": "no such session"}),
    ] {
        let ended = sandbox.feed("sso-signal write", &document.to_string()).exits(0);
        assert_eq!(ended.document(), document);
    }
}
