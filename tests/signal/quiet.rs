//! `quiet`: a session that was locked on purpose, by hand and in a pipe before the logout.

use serde_json::json;

use crate::clock::{is_due, raise, settle, status};
use crate::support::Sandbox;

#[test]
fn a_profile_that_the_config_does_not_have_is_taken_and_the_help_says_so() {
    let sandbox = Sandbox::new();
    sandbox.run("sso-signal quiet nobody").exits(0);
    raise(&sandbox, "nobody", "one");
    assert_eq!(status(&sandbox, "nobody").0, "quiet");
    let help = sandbox.run("sso-signal quiet --help").stdout.replace('\n', " ");
    assert!(help.contains("a name that isn't in it is taken"), "{help}");
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
fn a_mark_on_a_box_is_none_here() {
    let sandbox = Sandbox::new();
    sandbox
        .feed("sso-signal quiet -", "{\"profile\":\"corp\",\"ssoSession\":\"s\",\"host\":\"box\"}")
        .exits(0);
    raise(&sandbox, "corp", "one");
    assert_eq!(status(&sandbox, "corp").0, "due");
}
