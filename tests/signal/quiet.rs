//! `quiet`: a session that was locked on purpose, by hand and in a pipe before the logout.

use serde_json::{Value, json};

use crate::signal::clock::{is_due, raise, settle, status};
use crate::support::Sandbox;

#[test]
fn a_profile_that_the_config_does_not_have_is_accepted_and_the_help_says_so() {
    let sandbox = Sandbox::new();
    sandbox.run("sso-signal quiet nobody").exits(0);
    raise(&sandbox, "nobody", "one");
    assert_eq!(status(&sandbox, "nobody").0, "quiet");
    let help = sandbox.run("sso-signal quiet --help").stdout.replace('\n', " ");
    assert!(help.contains("accepted with a warning"), "{help}");
}

#[test]
fn a_document_marks_its_whole_session_and_passes_on() {
    let sandbox = Sandbox::new();
    let document =
        json!({"profile": "a", "ssoSession": "s", "sessionProfiles": ["a", "b"], "keep": [1, {"x": null}]});
    let event = json!({"event": "authorize", "profile": "c"});
    let error = json!({"profile": "d", "error": "unknown-profile"});
    let input = format!("{event}\n{document}\n{error}\n");
    let passed = sandbox.feed("sso-signal quiet -", &input).exits(0).documents();
    let mut marked = document.clone();
    marked["quiet"] = true.into();
    assert_eq!(passed, [event, marked, error]);
    for profile in ["a", "b", "c", "d"] {
        raise(&sandbox, profile, "one");
        let expected = if ["a", "b"].contains(&profile) { "quiet" } else { "due" };
        assert_eq!(status(&sandbox, profile).0, expected, "{profile}");
    }
    // A login of any of its profiles ends it for all.
    let login =
        json!({"profile": "b", "ssoSession": "s", "sessionProfiles": ["a", "b"], "outcome": "success"});
    settle(&sandbox, 0, &login);
    raise(&sandbox, "a", "two");
    assert_eq!(status(&sandbox, "a").0, "due");
}

#[test]
fn it_is_a_filter_without_an_argument_too_and_does_nothing_for_nothing() {
    let sandbox = Sandbox::new();
    sandbox.feed("sso-signal quiet", "{\"profile\":\"corp\"}").exits(0);
    raise(&sandbox, "corp", "one");
    assert!(!is_due(&sandbox, 1_000_000));
    assert_eq!(sandbox.run("sso-signal quiet -").exits(0).stdout, "");
    sandbox.run("sso-signal quiet").exits(2).says("no profile is named");
}

#[test]
fn what_names_nobody_is_refused_and_marks_nothing() {
    let sandbox = Sandbox::new();
    for bad in
        ["{}", "{\"profile\":7}", "{\"profile\":\"$x\\n\"}", "{\"profile\":\"a\",\"sessionProfiles\":7}", "{"]
    {
        let ended = sandbox.feed("sso-signal quiet -", bad).exits(65);
        assert_eq!(ended.stdout, "", "{bad}");
    }
    assert!(!sandbox.state().join("state.json").exists());
}

#[test]
fn a_profile_that_no_signal_can_have_marks_its_session() {
    for session in [json!({"ssoSession": "s"}), json!({"startUrl": "https://d-1234567890.awsapps.com/start"})]
    {
        let sandbox = Sandbox::new();
        let mut document = json!({"profile": "_u", "sessionProfiles": ["_u", "b"]});
        document.as_object_mut().unwrap().extend(session.as_object().unwrap().clone());
        feed(&sandbox, "sso-signal quiet -", &[document]);
        raise(&sandbox, "b", "one");
        assert_eq!(status(&sandbox, "b").0, "quiet", "{session}");
    }
}

#[test]
fn a_mark_on_a_box_is_none_here() {
    let sandbox = Sandbox::new();
    sandbox
        .feed("sso-signal quiet -", "{\"profile\":\"corp\",\"ssoSession\":\"s\",\"host\":\"box\"}")
        .exits(0);
    raise(&sandbox, "corp", "one");
    assert_eq!(status(&sandbox, "corp").0, "due");
}

/// A monitor's document about a profile of the session `s`.
fn checked(profile: &str, is_required: bool) -> Value {
    json!({"profile": profile, "ssoSession": "s", "loginRequired": is_required, "episode": "missing"})
}

/// Feeds documents to a tool, each of which it must take.
#[track_caller]
fn feed(sandbox: &Sandbox, line: &str, documents: &[Value]) {
    let input = documents.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    sandbox.feed(line, &input).exits(0);
}

/// Whether the session is still kept quiet, as a later expiry shows.
#[track_caller]
fn is_quiet(sandbox: &Sandbox, profile: &str) -> bool {
    feed(sandbox, "sso-signal write", &[checked(profile, true)]);
    match status(sandbox, profile).0.as_str() {
        "quiet" => true,
        "due" => false,
        other => panic!("{other}"),
    }
}

fn relocked() -> (Sandbox, Value) {
    let sandbox = Sandbox::new();
    let relocked = json!({"profile": "a", "ssoSession": "s", "sessionProfiles": ["a", "b"]});
    feed(&sandbox, "sso-signal quiet -", std::slice::from_ref(&relocked));
    (sandbox, relocked)
}

#[test]
fn a_login_that_nobody_settled_is_seen_and_ends_it() {
    for (steps, expected) in [
        // Over, then valid: in between somebody logged in, whatever told of it, and whichever profile.
        (vec![("write", checked("a", true)), ("write", checked("a", false))], false),
        (vec![("write", checked("b", true)), ("write", checked("a", false))], false),
        (vec![("settle", checked("a", true)), ("settle", checked("b", false))], false),
        // Locked while it was valid: it stays so, through its expiry.
        (vec![("write", checked("a", false)), ("write", checked("b", false))], true),
        (vec![("write", checked("a", true))], true),
        // A failed login is none.
        (vec![("settle", json!({"profile": "a", "loginRequired": true, "outcome": "failed"}))], true),
        (
            vec![
                ("settle", json!({"profile": "a", "loginRequired": true, "outcome": "dismissed"})),
                ("write", checked("a", false)),
            ],
            false,
        ),
    ] {
        let (sandbox, _) = relocked();
        for (command, document) in &steps {
            feed(&sandbox, &format!("sso-signal {command}"), std::slice::from_ref(document));
        }
        sandbox.run("sso-signal clear --all").exits(0);
        assert_eq!(is_quiet(&sandbox, "b"), expected, "{steps:?}");
    }
}

#[test]
fn a_logout_counts_as_seen_by_every_way_that_it_comes() {
    let (_, relocked) = relocked();
    let mut logged_out = relocked.clone();
    logged_out["loggedOut"] = true.into();
    logged_out["loginRequired"] = false.into();
    let mut nameless = logged_out.clone();
    nameless.as_object_mut().unwrap().shift_remove("profile");
    for (line, document) in [
        ("sso-signal settle", &logged_out),
        ("sso-signal settle", &nameless),
        ("sso-signal quiet -", &logged_out),
        ("sso-signal write", &logged_out),
    ] {
        let (sandbox, _) = self::relocked();
        feed(&sandbox, line, std::slice::from_ref(document));
        assert!(is_quiet(&sandbox, "a"), "{line}");
        let (sandbox, _) = self::relocked();
        feed(&sandbox, line, std::slice::from_ref(document));
        feed(&sandbox, "sso-signal write", &[checked("b", false)]);
        assert!(!is_quiet(&sandbox, "a"), "{line}");
    }
}

#[test]
fn a_valid_session_of_another_source_or_another_box_ends_no_lock() {
    let (sandbox, _) = relocked();
    let from = |source: &str, mut document: Value| {
        document["source"] = source.into();
        document
    };
    feed(&sandbox, "sso-signal write", &[from("box", checked("a", true)), from("here", checked("a", false))]);
    assert_eq!(status(&sandbox, "a").0, "quiet");
    let mut elsewhere = checked("a", false);
    elsewhere["host"] = "metta1".into();
    feed(&sandbox, "sso-signal write", &[elsewhere]);
    assert_eq!(status(&sandbox, "a").0, "quiet");
    feed(&sandbox, "sso-signal write", &[from("box", checked("a", false))]);
    assert!(!is_quiet(&sandbox, "a"));
}

#[test]
fn a_state_of_an_earlier_release_is_read_and_its_locks_end_the_same_way() {
    let sandbox = Sandbox::new();
    let state = json!({"version": 1, "sessions": {"s": {"profiles": ["a"], "quiet": true}}, "profiles": {}});
    sandbox.write(".aws/sso-renewer/state.json", state.to_string());
    feed(&sandbox, "sso-signal write", &[checked("a", false)]);
    assert!(is_quiet(&sandbox, "a"));
    feed(&sandbox, "sso-signal write", &[checked("a", false)]);
    assert!(!is_quiet(&sandbox, "a"));
}

#[test]
fn reminders_that_are_off_for_good_stay_off_after_logins() {
    let sandbox = Sandbox::new();
    let quiet = sandbox.run("sso-signal quiet a --forever").exits(0).document();
    assert_eq!(quiet, json!({"profile": "a", "quiet": true, "forever": true}));
    let login =
        json!({"profile": "a", "ssoSession": "s", "sessionProfiles": ["a", "b"], "outcome": "success"});
    for _ in 0..2 {
        feed(&sandbox, "sso-signal settle", std::slice::from_ref(&login));
        assert!(is_quiet(&sandbox, "a") && is_quiet(&sandbox, "b"));
        // Another login, that a monitor notices.
        feed(&sandbox, "sso-signal write", &[checked("a", true), checked("a", false)]);
        assert!(is_quiet(&sandbox, "a"));
    }
    feed(&sandbox, "sso-signal write", &[checked("a", true)]);
    let waits = sandbox.run("sso-signal wait --timeout 0s");
    assert!(waits.stderr.contains("its reminders are off for good"), "{}", waits.stderr);
    // Who asks for a login is asked, once.
    sandbox.run("sso-signal request a").exits(0);
    assert!(!is_quiet(&sandbox, "a"));
    feed(&sandbox, "sso-signal settle", std::slice::from_ref(&login));
    assert!(is_quiet(&sandbox, "a"));
    sandbox.run("sso-signal clear a").exits(0);
    assert!(is_quiet(&sandbox, "a"));
    let text = sandbox.run("sso-signal quiet a --off --text").exits(0).stdout;
    assert_eq!(text, "a: reminders are on\n");
    assert!(!is_quiet(&sandbox, "a"));
    let text = sandbox.run("sso-signal quiet a --forever --text").exits(0).stdout;
    assert_eq!(text, "a: no reminders, also after logins\n");
}

#[test]
fn a_slip_is_warned_of_and_taken_back_without_a_login() {
    let sandbox = Sandbox::new();
    sandbox.write(".aws/config", "[profile corp]\nregion = eu-west-1\n");
    let slip = sandbox
        .run("sso-signal quiet crop")
        .exits_somehow(0)
        .says("neither the AWS config nor a signal has a profile `crop`");
    assert_eq!(slip.document(), json!({"profile": "crop", "quiet": true}));
    let held = |sandbox: &Sandbox| sandbox.run("sso-signal status --text").exits(0).stdout;
    assert!(held(&sandbox).contains("crop: no signal [locked by you"), "{}", held(&sandbox));
    let off = sandbox.run("sso-signal quiet crop --off").exits(0).document();
    assert_eq!(off, json!({"profile": "crop", "quiet": false}));
    assert!(!held(&sandbox).contains("crop"), "{}", held(&sandbox));
    sandbox.run("sso-signal quiet corp").exits(0);
    let text = sandbox.run("sso-signal quiet corp --off --text").exits(0).stdout;
    assert_eq!(text, "corp: reminders are on\n");
}
