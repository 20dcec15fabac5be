//! Whom a document is about, as `sso-signal` takes it, and answers that must not be lost.

use std::fs;

use serde_json::json;

use crate::signal::clock::{expired, main_file, profiles, raise};
use crate::support::{Sandbox, names};

#[test]
fn an_earlier_failure_raises_nothing_whatever_else_it_says() {
    let sandbox = Sandbox::new();
    let document = json!({"profile": "corp", "loginRequired": true, "error": "no such session"});
    assert_eq!(sandbox.feed("sso-signal write", &document.to_string()).exits(0).document(), document);
    assert!(!main_file(&sandbox).exists());
}

#[test]
fn a_session_without_a_profile_gets_no_signal_and_is_told_so() {
    let sandbox = Sandbox::new();
    let answer = sandbox
        .feed("sso-signal write", r#"{"ssoSession":"corp","loginRequired":true}"#)
        .says("no profile here uses session")
        .document();
    assert_eq!(answer["signal"], "none");
    assert!(answer["error"].is_string(), "{answer}");
}

#[test]
fn a_host_that_cannot_be_seen_stands_for_no_profile_of_this_machine() {
    let sandbox = Sandbox::new();
    let document = json!({"profile": "corp", "loginRequired": true, "host": "\u{200b}"});
    let answer = sandbox.feed("sso-signal write", &document.to_string()).says("a host name").document();
    assert_eq!(answer["signal"], "none");
    let signal =
        json!({"profile": "dev", "reason": "r", "timestamp": "2020-01-01T00:00:00Z", "host": "\u{200b}"});
    sandbox.write(".aws/sso-renewer/signals/x.json", signal.to_string());
    sandbox.run("sso-signal wait --timeout 0s").exits(124);
    let plain = json!({"profile": "dev", "reason": "r", "timestamp": "2020-01-01T00:00:00Z", "host": ""});
    sandbox.write(".aws/sso-renewer/signals/y.json", plain.to_string());
    let handed = sandbox.run("sso-signal wait --timeout 0s").exits(0).document();
    assert_eq!((&handed["profile"], handed.get("host")), (&json!("dev"), None));
}

#[test]
fn a_profile_whose_places_are_all_taken_is_one_documents_error() {
    let sandbox = Sandbox::new();
    raise(&sandbox, "x", "one");
    let content = fs::read(main_file(&sandbox)).unwrap();
    for name in ["dev.json", "dev%1.json", "dev%2.json"] {
        let file = sandbox.write(&format!(".aws/sso-renewer/signals/{name}"), "");
        fs::write(file, &content).unwrap();
    }
    let input = format!("{}\n{}\n", expired("dev", "one"), expired("other", "one"));
    let answers = sandbox.feed("sso-signal write", &input).exits(74).documents();
    assert!(answers[0]["error"].is_string(), "{answers:?}");
    assert_eq!((&answers[0]["signal"], &answers[1]["signal"]), (&json!("none"), &json!("raised")));
}

#[test]
fn a_reason_without_a_profile_is_a_usage_error() {
    let sandbox = Sandbox::new();
    sandbox.feed("sso-signal write --reason x", "").exits(2).says("no profile is named");
}

#[test]
fn made_up_profiles_get_one_round_each_after_the_first_place() {
    let sandbox = Sandbox::new();
    raise(&sandbox, "dev", "one");
    for n in 0..230 {
        let signal =
            json!({"profile": format!("ghost{n}"), "reason": "r", "timestamp": "2020-01-01T00:00:00Z"});
        sandbox.write(&format!(".aws/sso-renewer/signals/g{n}.json"), signal.to_string());
    }
    assert_eq!(sandbox.run("sso-signal wait --timeout 0s").exits(0).document()["profile"], "dev");
    for n in 0..230 {
        let outcome =
            json!({"profile": format!("ghost{n}"), "outcome": "unknown-profile", "configFile": "/none"});
        sandbox.feed("sso-signal settle", &outcome.to_string()).exits(0);
    }
    sandbox.run("sso-signal wait --timeout 0s").exits(124);
    assert!(names(sandbox.state().join("quarantine")).is_empty() && profiles(&sandbox).len() > 200);
}
