//! Whom an answer is about: every profile of the session, and no session or box of the same name elsewhere.

use serde_json::json;

use crate::signal::clock::{profiles, raise, settle, status};
use crate::signal::settle::outcome;
use crate::support::{Sandbox, names};

#[test]
fn a_snooze_by_hand_reaches_the_sessions_other_profiles_as_soon_as_a_monitor_names_the_session() {
    let sandbox = Sandbox::new();
    let look = || {
        for profile in ["corp", "corp-admin", "other"] {
            let session = if profile == "other" { "other" } else { "corp" };
            let document =
                json!({"profile": profile, "ssoSession": session, "loginRequired": true, "episode": "one"});
            sandbox.feed("sso-signal write", &document.to_string()).exits(0);
        }
    };
    look();
    sandbox.run("sso-signal snooze corp 15m").exits(0);
    look();
    for (profile, state) in [("corp", "snoozed"), ("corp-admin", "snoozed"), ("other", "due")] {
        assert_eq!(status(&sandbox, profile).0, state, "{profile}");
    }
}

#[test]
fn one_session_is_one_question() {
    let sandbox = Sandbox::new();
    for profile in ["a", "b", "c", "stranger"] {
        raise(&sandbox, profile, "one");
    }
    let session = |outcome: &str| {
        json!({"profile": "a", "ssoSession": "corp", "sessionProfiles": ["a", "b", "c"], "outcome": outcome,
            "seconds": 900})
    };
    settle(&sandbox, 0, &session("snoozed"));
    for profile in ["a", "b", "c"] {
        assert_eq!(status(&sandbox, profile), ("snoozed".into(), json!("2026-11-21T12:15:00Z")));
    }
    assert_eq!(status(&sandbox, "stranger").0, "due");
    // Known from now on, by whatever profile the next document names.
    settle(&sandbox, 0, &json!({"profile": "c", "outcome": "dismissed"}));
    assert_eq!(status(&sandbox, "b").0, "snoozed");
    settle(&sandbox, 0, &json!({"profile": "b", "outcome": "success"}));
    assert_eq!(profiles(&sandbox), ["stranger"]);
    assert_eq!(status(&sandbox, "stranger").0, "due");
}

#[test]
fn what_was_said_about_a_profile_holds_for_its_session_once_known() {
    let sandbox = Sandbox::new();
    sandbox.run("sso-signal quiet a").exits(0);
    settle(
        &sandbox,
        0,
        &json!({"profile": "b", "ssoSession": "s", "sessionProfiles": ["a", "b"], "outcome": "busy"}),
    );
    raise(&sandbox, "b", "one");
    assert_eq!(status(&sandbox, "b").0, "quiet");
}

#[test]
fn a_login_ends_its_own_cooldown_and_another_sessions_dismissal_is_not_mixed_up() {
    let sandbox = Sandbox::new();
    for profile in ["corp", "other"] {
        raise(&sandbox, profile, "one");
    }
    settle(&sandbox, 0, &outcome("dismissed"));
    assert_eq!(status(&sandbox, "other").0, "due");
    settle(&sandbox, 10, &outcome("success"));
    assert_eq!(status(&sandbox, "other").0, "due");
    raise(&sandbox, "corp", "two");
    assert_eq!(status(&sandbox, "corp").0, "due");
}

#[test]
fn a_login_here_mends_no_other_box() {
    let sandbox = Sandbox::new();
    sandbox.feed("sso-signal write", r#"{"profile":"corp","host":"metta1","loginRequired":true}"#).exits(0);
    settle(&sandbox, 0, &outcome("success"));
    assert_eq!(profiles(&sandbox), ["corp"]);
    settle(&sandbox, 0, &json!({"profile": "corp", "host": "metta1", "outcome": "success"}));
    assert_eq!(profiles(&sandbox), [""; 0]);
}

#[test]
fn a_profile_here_and_its_namesake_on_a_box_are_two() {
    let sandbox = Sandbox::new();
    let raise = |host: &str| {
        let document = json!({"profile": "corp", "host": host, "loginRequired": true, "episode": "e"});
        sandbox.feed("sso-signal write", &document.to_string()).exits(0);
    };
    raise("metta1");
    sandbox.feed("sso-signal write", r#"{"profile":"corp","loginRequired":true,"episode":"e"}"#).exits(0);
    raise("metta2");
    assert_eq!(profiles(&sandbox).len(), 3);
    // The file that everybody knows is about this machine.
    assert!(sandbox.state().join("login-required.json").exists());
    assert_eq!(names(sandbox.state().join("signals")), ["metta1%7Ccorp.json", "metta2%7Ccorp.json"]);

    // A reminder that ends for one box goes on for the other and here, whatever session the box says it is.
    let no = json!({"profile": "corp", "host": "metta1", "outcome": "suppressed", "episode": "e", "ssoSession": "s"});
    settle(&sandbox, 0, &no);
    raise("metta1");
    let due = sandbox.run("sso-signal wait --follow --timeout 0s").exits(124).documents();
    let hosts: Vec<_> = due.iter().map(|document| document["host"].as_str()).collect();
    assert_eq!(hosts, [None, Some("metta2")]);

    // A valid session there clears what was raised about it, and nothing here.
    sandbox.feed("sso-signal write", r#"{"profile":"corp","host":"metta2","loginRequired":false}"#).exits(0);
    assert_eq!(names(sandbox.state().join("signals")), ["metta1%7Ccorp.json"]);
    assert!(sandbox.state().join("login-required.json").exists());
}
