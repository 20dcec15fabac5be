//! `write`, `read`, `clear`.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::Stdio;

use serde_json::json;

use crate::signal::clock::{expired, feed_after, main_file, main_signal, profiles, raise, valid};
use crate::support::{self, Sandbox, names};

#[test]
fn a_raised_signal_is_read_back_in_the_given_format() {
    let sandbox = Sandbox::new();
    let raised = sandbox.run("sso-signal write corp --reason expired --source me").exits(0).document();
    let expected = json!({"profile": "corp", "reason": "expired", "timestamp": support::NOW, "source": "me",
        "episode": support::NOW});
    assert_eq!(raised, expected);
    assert_eq!(sandbox.run("sso-signal read corp").exits(0).document(), expected);
    assert_eq!(sandbox.run("sso-signal read").exits(0).document(), expected);
    sandbox.run("sso-signal read other").exits(1);
    let mut file = main_signal(&sandbox);
    assert_eq!(file.as_object_mut().unwrap().remove("episode"), None);
    assert_eq!(fs::read_to_string(main_file(&sandbox)).unwrap(), format!("{file}\n"));
}

#[test]
fn no_signal_is_the_answer_no() {
    let sandbox = Sandbox::new();
    for line in ["sso-signal read", "sso-signal read --all", "sso-signal read corp"] {
        assert_eq!(sandbox.run(line).exits(1).stdout, "");
    }
    sandbox.run("sso-signal read corp --all").exits(2);
    let mut chosen = sandbox.tool("sso-signal read");
    chosen.env("SSO_PROFILE_VARS", "X_PROFILE").env("X_PROFILE", "other");
    raise(&sandbox, "corp", "one");
    support::end(chosen, "").exits(1);
}

#[test]
fn the_profile_that_variables_choose_is_meant_by_every_command() {
    let sandbox = Sandbox::new();
    for line in ["sso-signal read", "sso-signal clear", "sso-signal request"] {
        raise(&sandbox, "other", "one");
        let mut command = sandbox.tool(line);
        command.env("SSO_PROFILE_VARS", "X_PROFILE").env("X_PROFILE", "other").env("AWS_PROFILE", "corp");
        assert_eq!(support::end(command, "").exits(0).document()["profile"], "other", "{line}");
    }
}

#[test]
fn what_to_do_next_can_be_pasted_whatever_the_profile_is_called() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.tool("sso-signal request");
    command.env("AWS_PROFILE", "a b").env("SSO_LOGIN_MODE", "standalone");
    let document = support::end(command, "").exits(1).document();
    assert!(
        document["next"].as_str().unwrap().ends_with("sso-login 'a b' | sso-signal settle"),
        "{document}"
    );
}

#[test]
fn two_profiles_lose_nothing_and_their_places_are_the_given_ones() {
    let sandbox = Sandbox::new();
    for profile in ["corp", "a b/c", "other"] {
        raise(&sandbox, profile, "one");
    }
    assert_eq!(profiles(&sandbox), ["a b/c", "corp", "other"]);
    assert_eq!(names(sandbox.state().join("signals")), ["a%20b%2Fc.json", "other.json"]);
    assert_eq!(main_signal(&sandbox)["profile"], "corp");
    // The first place is free again: the signal that is there stays where it is.
    sandbox.feed("sso-signal write", &valid("corp").to_string()).exits(0);
    raise(&sandbox, "other", "one");
    assert_eq!(names(sandbox.state().join("signals")), ["a%20b%2Fc.json", "other.json"]);
    raise(&sandbox, "new", "one");
    assert_eq!(main_signal(&sandbox)["profile"], "new");
    assert_eq!(profiles(&sandbox), ["a b/c", "new", "other"]);
}

#[test]
fn any_allowed_profile_name_has_a_file() {
    let sandbox = Sandbox::new();
    raise(&sandbox, "first", "one");
    let long = format!("a{}", "/".repeat(127));
    for name in [long.as_str(), "a.b_c@d+e:f", &"x".repeat(128)] {
        raise(&sandbox, name, "one");
    }
    assert_eq!(profiles(&sandbox).len(), 4);
    sandbox.run(&format!("sso-signal read {long}")).exits(0);
}

#[test]
fn another_profiles_signal_under_this_ones_name_is_not_overwritten() {
    let sandbox = Sandbox::new();
    raise(&sandbox, "first", "one");
    sandbox.write(
        ".aws/sso-renewer/signals/corp.json",
        r#"{"profile":"dev","timestamp":"2026-01-01T00:00:00Z","source":"box"}"#,
    );
    raise(&sandbox, "corp", "one");
    raise(&sandbox, "corp", "two");
    assert_eq!(profiles(&sandbox), ["corp", "dev", "first"]);
    let cleared = sandbox.feed("sso-signal write", &valid("corp").to_string()).exits(0);
    assert_eq!(cleared.document()["signal"], "cleared");
    assert_eq!(profiles(&sandbox), ["dev", "first"]);
}

#[test]
fn a_stream_raises_clears_and_passes_every_document_on_with_its_keys() {
    let sandbox = Sandbox::new();
    let input = format!(
        "{}\n{}\n{{\n \"profile\": \"b\",\n \"loginRequired\": true, \"x\": [1, {{}}]}}\n{}\n{}{}",
        json!({"z": 1, "profile": "a", "loginRequired": true, "a": null}),
        json!({"profile": "a", "loginRequired": true}),
        json!({"profile": "c", "loginRequired": false}),
        json!({"profile": "d", "event": "authorize"}),
        json!({"profile": "b", "loginRequired": false}),
    );
    let ended = sandbox.feed("sso-signal write", &input).exits(0);
    let done: Vec<_> = ended
        .documents()
        .iter()
        .map(|document| document["signal"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(done, ["raised", "kept", "raised", "none", "", "cleared"]);
    assert!(
        ended.stdout.starts_with(r#"{"z":1,"profile":"a","loginRequired":true,"a":null,"signal":"raised"}"#)
    );
    assert!(ended.stdout.contains(r#""x":[1,{}]"#));
    assert_eq!(profiles(&sandbox), ["a"]);
}

#[test]
fn a_broken_document_ends_the_stream_after_what_came_before() {
    let sandbox = Sandbox::new();
    for (input, message) in [
        ("{\"profile\":\"a\"}\n{\"profile\":", "line 2, column 11"),
        ("{\"profile\":\"a\"}\n{\"profile\":\"b\",\"profile\":\"c\"}", "duplicate key `profile`"),
        ("{\"profile\":\"a\"}\n{\"profile\":[\"b\"]}", "`profile`"),
        ("{\"profile\":\"a\"}\n{\"profile\":\"b\",\"loginRequired\":\"yes\"}", "`loginRequired`"),
        ("{\"profile\":\"a\"}\n{\"loginRequired\":true}", "no `profile`"),
        ("{\"profile\":\"a\"}\n[]", "a document is a JSON object"),
    ] {
        let ended = sandbox.feed("sso-signal write", input).exits(65).says(message);
        assert_eq!(ended.documents().len(), 1, "{input}");
        assert_eq!(profiles(&sandbox), ["a"], "{input}");
    }
    sandbox.run("sso-signal write -x").exits(2);
    sandbox.run("sso-signal write ./x").exits(65).says("a profile name");
}

#[test]
fn raising_again_keeps_the_timestamp_and_does_not_touch_the_file() {
    let sandbox = Sandbox::new();
    let document = expired("corp", "one").to_string();
    sandbox.feed("sso-signal write", &document).exits(0);
    sandbox.run("sso-signal snooze corp 4h").exits(0);
    let identity = || {
        let metadata = fs::metadata(main_file(&sandbox)).unwrap();
        (metadata.ino(), metadata.mtime(), metadata.mtime_nsec())
    };
    let (before, signal) = (identity(), main_signal(&sandbox));
    let ended = feed_after(&sandbox, 60, "sso-signal write", &document).exits(0);
    assert_eq!(ended.document()["signal"], "kept");
    assert_eq!(identity(), before);
    // A new reason changes the reason and nothing else.
    let other = expired("corp", "one").as_object().cloned().map(|mut map| {
        map["reason"] = json!("still expired");
        json!(map)
    });
    feed_after(&sandbox, 120, "sso-signal write", &other.unwrap().to_string()).exits(0);
    let mut expected = signal;
    expected["reason"] = json!("still expired");
    assert_eq!(main_signal(&sandbox), expected);
    assert!(expected["nextAttemptAfter"].is_i64());
    // A new episode starts anew.
    feed_after(&sandbox, 180, "sso-signal write", &expired("corp", "two").to_string()).exits(0);
    let signal = main_signal(&sandbox);
    assert_eq!(
        (&signal["timestamp"], &signal["nextAttemptAfter"]),
        (&json!("2026-11-21T12:03:00Z"), &json!(null))
    );
}

#[test]
fn a_source_clears_its_own_signal_only() {
    let sandbox = Sandbox::new();
    let write = |source: &str, document: &serde_json::Value| {
        let mut command = sandbox.tool("sso-signal write --source");
        command.arg(source);
        support::end(command, &document.to_string()).exits(0).document()["signal"].clone()
    };
    assert_eq!(write("box  \u{1b}[1mone", &expired("corp", "one")), "raised");
    assert_eq!(write("other", &valid("corp")), "kept");
    assert_eq!(profiles(&sandbox), ["corp"]);
    // The name is compared as it is shown.
    assert_eq!(write("box  \u{1b}[1mone", &valid("corp")), "cleared");
    assert_eq!(profiles(&sandbox), [""; 0]);
    assert_eq!(write("box", &valid("corp")), "none");
    assert_eq!(names(sandbox.state().join("quarantine")), [""; 0]);
}

#[test]
fn two_sources_of_one_signal_both_have_to_withdraw_it() {
    let sandbox = Sandbox::new();
    let write = |source: &str, document: &serde_json::Value| {
        let mut document = document.clone();
        document["source"] = json!(source);
        document["reason"] = json!(format!("{source} says so"));
        sandbox.feed("sso-signal write", &document.to_string()).exits(0).document()["signal"].clone()
    };
    let signal = || fs::read_to_string(main_file(&sandbox)).unwrap();
    assert_eq!(write("a", &expired("corp", "one")), "raised");
    assert_eq!(write("b", &expired("corp", "one")), "kept");
    assert_eq!(write("c", &expired("corp", "one")), "kept");
    let all = signal();
    // They don't rewrite it by turns.
    for source in ["a", "b", "c"] {
        assert_eq!(write(source, &expired("corp", "one")), "kept");
        assert_eq!(signal(), all);
    }
    for source in ["b", "d", "a"] {
        assert_eq!(write(source, &valid("corp")), "kept");
        assert_eq!(profiles(&sandbox), ["corp"]);
    }
    assert_eq!(main_signal(&sandbox)["source"], "c");
    assert_eq!(write("c", &valid("corp")), "cleared");
    assert_eq!(profiles(&sandbox), [""; 0]);
}

#[test]
fn unknown_fields_stay_in_the_file_and_reach_only_those_who_look() {
    let sandbox = Sandbox::new();
    sandbox.write(
        ".aws/sso-renewer/login-required.json",
        r#"{"profile":"corp","timestamp":"2026-01-01T00:00:00.123456+00:00","source":"box","note":{"a":1},"outcome":"success","mode":"auto"}"#,
    );
    let read = sandbox.run("sso-signal read corp").exits(0).document();
    assert_eq!((&read["note"], &read["timestamp"]), (&json!({"a": 1}), &json!("2026-01-01T00:00:00Z")));
    raise(&sandbox, "corp", "one");
    let file = main_signal(&sandbox);
    assert_eq!(
        (&file["note"], &file["timestamp"]),
        (&json!({"a": 1}), &json!("2026-01-01T00:00:00.123456+00:00"))
    );
    let waited = sandbox.run("sso-signal wait").exits(0).document();
    assert_eq!(
        (&waited["note"], &waited["outcome"], &waited["mode"]),
        (&json!(null), &json!(null), &json!("notify"))
    );
}

#[test]
fn clear_removes_signals_snoozes_and_cooldowns() {
    let sandbox = Sandbox::new();
    for profile in ["corp", "other", "third"] {
        raise(&sandbox, profile, "one");
        sandbox.run(&format!("sso-signal snooze {profile} 1h")).exits(0);
    }
    let cleared = sandbox.run("sso-signal clear other").exits(0).document();
    assert_eq!(cleared, json!({"profile": "other", "cleared": 1, "ended": ["snoozed"]}));
    assert_eq!(
        sandbox.run("sso-signal clear").exits(0).document(),
        json!({"profile": "default", "cleared": 0})
    );
    assert_eq!(profiles(&sandbox), ["corp", "third"]);
    assert_eq!(
        sandbox.run("sso-signal clear --all").exits(0).document(),
        json!({"cleared": 2, "ended": ["snoozed"]})
    );
    for profile in ["corp", "other"] {
        raise(&sandbox, profile, "one");
        assert_eq!(crate::signal::clock::status(&sandbox, profile).0, "due");
    }
}

#[test]
fn a_closed_or_full_stdout_is_quiet_or_named() {
    let sandbox = Sandbox::new();
    raise(&sandbox, "corp", "one");
    support::end(
        sandbox.shell("sso-signal status | true; sso-signal read --all >&-; sso-signal wait | true"),
        "",
    )
    .exits(0);
    support::end(sandbox.shell("sso-signal read --all > /dev/full"), "")
        .exits(74)
        .says("cannot write to standard output");
}

#[test]
fn documents_come_from_a_pipe_and_nothing_is_no_document() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.tool("sso-signal write");
    command.stdin(Stdio::null());
    assert_eq!(support::end(command, "").exits(0).stdout, "");
    assert_eq!(support::end(sandbox.shell("sso-signal settle <&-"), "").exits(0).stdout, "");
}

#[test]
fn every_subcommand_has_help_with_examples_and_statuses() {
    let sandbox = Sandbox::new();
    for command in ["write", "read", "wait", "settle", "snooze", "clear", "mode", "status", "quiet"] {
        let long = sandbox.run(&format!("sso-signal {command} --help")).exits(0).stdout;
        assert!(long.contains("Examples:") && long.contains("Exit status:"), "{command}: {long}");
        let short = sandbox.run(&format!("sso-signal {command} -h")).exits(0).stdout;
        assert!(short.len() < long.len(), "{command}");
    }
    sandbox.run("sso-signal").exits(2);
}
