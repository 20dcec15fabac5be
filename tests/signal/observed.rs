//! What was observed before a decision, and what signals alone tell of a login.

use serde_json::{Value, json};

use crate::signal::clock::{NOW, after, expired, feed_after, is_due, profiles, raise, settle};
use crate::support::Sandbox;

fn observed(mut document: Value, second: &str) -> Value {
    document["observedAt"] = format!("2026-11-21T12:00:{second}Z").into();
    document
}

#[test]
fn what_was_observed_before_a_lock_or_a_login_counts_for_nothing() {
    let sandbox = Sandbox::new();
    feed_after(&sandbox, 10, "sso-signal quiet -", r#"{"profile":"corp"}"#).exits(0);
    let lost = json!({"profile": "corp", "loggedOut": true});
    feed_after(&sandbox, 10, "sso-signal settle", &lost.to_string()).exits(0);
    let valid = json!({"profile": "corp", "loginRequired": false});
    let write = |document: &Value| {
        feed_after(&sandbox, 20, "sso-signal write", &document.to_string()).exits(0).document()
    };
    assert_eq!(write(&observed(valid.clone(), "05.250"))["signal"], "none");
    write(&expired("corp", "one"));
    assert!(!is_due(&sandbox, 30));
    // What was seen since is a login.
    write(&observed(valid, "15"));
    write(&expired("corp", "two"));
    assert!(is_due(&sandbox, 30));
    settle(&sandbox, 40, &json!({"profile": "corp", "outcome": "success"}));
    assert_eq!(write(&observed(expired("corp", "two"), "39.999"))["signal"], "none");
    assert_eq!(profiles(&sandbox), [""; 0]);
    assert_eq!(write(&observed(expired("corp", "two"), "40"))["signal"], "raised");
}

#[test]
fn a_withdrawn_signal_or_a_new_episode_ends_a_lock() {
    for is_withdrawn in [true, false] {
        let sandbox = Sandbox::new();
        sandbox.run("sso-signal quiet dev").exits(0);
        let signal = |episode: &str| json!({"profile": "dev", "reason": "r", "timestamp": NOW, "source": "c", "episode": episode});
        let file = sandbox.write(".aws/sso-renewer/signals/dev.json", signal("one").to_string());
        assert!(!is_due(&sandbox, 0));
        if is_withdrawn {
            std::fs::remove_file(&file).unwrap();
            assert!(!is_due(&sandbox, 60));
        }
        sandbox.write(".aws/sso-renewer/signals/dev.json", signal("two").to_string());
        assert!(is_due(&sandbox, 120), "{is_withdrawn}");
    }
}

#[test]
fn a_lock_is_said_once() {
    let sandbox = Sandbox::new();
    sandbox.run("sso-signal quiet dev").exits(0);
    raise(&sandbox, "dev", "one");
    let first = after(&sandbox, 0, "sso-signal wait --timeout 0s");
    assert!(first.stderr.contains("dev: a login is required"), "{}", first.stderr);
    assert_eq!(after(&sandbox, 0, "sso-signal wait --timeout 0s").stderr, "");
}

#[test]
fn a_signal_that_its_writer_holds_back_again_and_again_is_due_after_four_hours() {
    let sandbox = Sandbox::new();
    for half_hours in 0..=8 {
        let second = half_hours * 1800;
        let signal = json!({"profile": "dev", "reason": "r", "timestamp": NOW, "source": "c",
            "nextAttemptAfter": NOW + second + 3600});
        sandbox.write(".aws/sso-renewer/signals/dev.json", signal.to_string());
        assert_eq!(is_due(&sandbox, second), half_hours == 8, "{half_hours}");
    }
}
