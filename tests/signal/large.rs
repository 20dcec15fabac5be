//! Organisations with thousands of profiles, and streams with thousands of documents.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use serde_json::{Value, json};

use crate::signal::clock::{is_due, raise, settle};
use crate::support::Sandbox;

#[test]
fn an_answer_is_remembered_however_many_profiles_the_sessions_have() {
    let sandbox = Sandbox::new();
    for session in ["one", "two", "three"] {
        // Half a MiB of names is what `sso-login` puts into a document.
        let profiles: Vec<_> = (0..5_000).map(|n| format!("{session}-{n:0>90}")).collect();
        raise(&sandbox, &profiles[0], "e");
        let answer = json!({"profile": profiles[0], "ssoSession": session, "sessionProfiles": profiles,
            "outcome": "snoozed", "seconds": 900});
        settle(&sandbox, 0, &answer);
    }
    assert!(fs::metadata(sandbox.state().join("state.json")).unwrap().len() > 1 << 20);
    assert!(!is_due(&sandbox, 899));
    assert!(is_due(&sandbox, 900));
    assert!(!sandbox.state().join("quarantine").exists());
}

#[test]
fn an_outcome_that_changes_nothing_writes_nothing() {
    let sandbox = Sandbox::new();
    let answer: Value = json!({"profile": "corp", "ssoSession": "corp", "outcome": "valid"});
    settle(&sandbox, 0, &answer);
    let state = || fs::metadata(sandbox.state().join("state.json")).unwrap().ino();
    let before = state();
    settle(&sandbox, 0, &answer);
    assert_eq!(state(), before);
}
