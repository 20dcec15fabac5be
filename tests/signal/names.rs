//! What a name on the command line means: a profile of this machine, unless `--host` says another.

use serde_json::json;

use crate::support::Sandbox;

/// A signal of `corp` here, and one of another host's `corp`.
fn both() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run("sso-signal write corp --reason here").exits(0);
    let there = r#"{"profile":"corp","host":"metta1","loginRequired":true,"reason":"there","episode":"e"}"#;
    sandbox.feed("sso-signal write", there).exits(0);
    assert_eq!(sandbox.run("sso-signal read --all").exits(0).documents().len(), 2);
    sandbox
}

#[test]
fn a_name_is_that_of_this_machine_and_a_host_has_names_of_its_own() {
    let sandbox = both();
    assert_eq!(sandbox.run("sso-signal read corp").exits(0).document()["reason"], "here");
    assert_eq!(sandbox.run("sso-signal read corp --host metta1").exits(0).document()["reason"], "there");
    sandbox.run("sso-signal read corp --host metta2").exits(1);
    sandbox.run("sso-signal read --host metta1").exits(2).says("--host needs the profile");

    assert_eq!(sandbox.run("sso-signal clear corp").exits(0).document()["cleared"], 1);
    assert_eq!(sandbox.run("sso-signal read --all").exits(0).document()["host"], "metta1");
    let cleared = sandbox.run("sso-signal clear corp --host metta1").exits(0).document();
    assert_eq!((cleared["cleared"].as_u64(), cleared["host"].as_str()), (Some(1), Some("metta1")));
    sandbox.run("sso-signal read --all").exits(1);
}

#[test]
fn clearing_a_name_leaves_what_another_host_was_snoozed_for() {
    let sandbox = both();
    let snoozed = r#"{"profile":"corp","host":"metta1","outcome":"snoozed","seconds":900}"#;
    sandbox.feed("sso-signal settle", snoozed).exits(0);
    sandbox.run("sso-signal clear corp").exits(0);
    let shown = sandbox.run("sso-signal status --text").exits(0).stdout;
    assert!(shown.contains("corp on metta1: there [snoozed until "), "{shown}");
}

#[test]
fn the_dashboard_shows_no_signal_of_another_host_with_a_profile_of_this_one() {
    let sandbox = both();
    sandbox.run("sso-signal clear corp").exits(0);
    let checked = r#"{"profile":"corp","loginRequired":true,"reason":"r","token":{"state":"missing"}}"#;
    let document = sandbox.feed("sso-signal status -", checked).exits(0).document();
    assert_eq!(document["profiles"][0]["signal"], "none");
    assert_eq!(document["signals"][0]["host"], "metta1");
}

#[test]
fn the_status_for_people_shows_a_snooze_that_has_no_signal() {
    let sandbox = Sandbox::new();
    sandbox.run("sso-signal snooze corp 1h").exits(0);
    sandbox.run("sso-signal quiet ops").exits(0);
    let shown = sandbox.run("sso-signal status --text").exits(0).stdout;
    assert!(shown.contains("\ncorp: no signal [snoozed until 2026-11-21T13:00:00Z]\n"), "{shown}");
    assert!(shown.contains("\nops: no signal [locked by you until the next login]\n"), "{shown}");
    // Once it has a signal, that one says it.
    sandbox.run("sso-signal write corp").exits(0);
    let shown = sandbox.run("sso-signal status --text").exits(0).stdout;
    assert!(!shown.contains("corp: no signal"), "{shown}");
}

#[test]
fn a_snooze_of_a_name_that_nobody_has_is_taken_and_told() {
    let sandbox = Sandbox::new();
    sandbox.write(".aws/config", "[profile corp]\nregion = eu-west-1\n");
    sandbox.run("sso-signal snooze corp 1h").exits(0);
    sandbox.run("sso-signal snooze crop 1h").exits_somehow(0).says("nor a signal has a profile `crop`");
    let meant = "neither the AWS config nor a signal has a profile `crop`; did you mean `corp`?";
    for line in ["sso-signal snooze crop 1h", "sso-signal quiet crop", "sso-signal request crop"] {
        sandbox.run("sso-signal clear --all").exits(0);
        sandbox.run(line).exits_somehow(0).says(meant);
    }
    // A container's own profile: its signal knows it.
    sandbox.run("sso-signal write elsewhere").exits(0);
    sandbox.run("sso-signal snooze elsewhere 1h").exits(0);
}

#[test]
fn clear_says_what_it_ended_and_warns_of_a_name_that_nothing_has() {
    let sandbox = Sandbox::new();
    sandbox.write(".aws/config", "[profile corp]\nregion = eu-west-1\n");
    let text = |line: &str| sandbox.run(line).exits(0).stdout;
    assert_eq!(text("sso-signal clear corp --text"), "corp: nothing to clear\n");
    text("sso-signal snooze corp 1h");
    assert_eq!(text("sso-signal clear corp --text"), "corp: snooze ended\n");
    text("sso-signal write corp");
    text("sso-signal snooze corp 1h");
    assert_eq!(text("sso-signal clear corp --text"), "corp: 1 signal removed, snooze ended\n");
    let settled = |outcome: &str| {
        text("sso-signal write corp");
        let document = format!("{{\"profile\":\"corp\",\"outcome\":\"{outcome}\",\"episode\":\"one\"}}");
        sandbox.feed("sso-signal settle", &document).exits(0);
    };
    settled("dismissed");
    let document = sandbox.run("sso-signal clear corp").exits(0).document();
    assert_eq!(document, json!({"profile": "corp", "cleared": 1, "ended": ["cooling-down"]}));
    settled("suppressed");
    assert_eq!(text("sso-signal clear --all --text"), "reminders are on again\n");
    // A lock on purpose stays, and its profile is known.
    sandbox.run("sso-signal quiet crop").exits_somehow(0);
    let stays = "crop: nothing to clear; locked by you until the next login (sso-signal quiet crop --off)\n";
    assert_eq!(text("sso-signal clear crop --text"), stays);
    text("sso-signal quiet crop --off");
    let meant = "neither the AWS config nor a signal has a profile `crop`; did you mean `corp`?";
    sandbox.run("sso-signal clear crop").exits_somehow(0).says(meant);
    sandbox
        .run("sso-signal clear staging")
        .exits_somehow(0)
        .says("a profile `staging`: see sso-profile list");
    sandbox.run("sso-signal clear crop --host metta1").exits(0);
    sandbox.run("sso-signal mode atuo").exits_somehow(2).says("; did you mean `auto`?");
}

#[test]
fn a_state_directory_that_is_a_file_is_named_by_every_command() {
    let sandbox = Sandbox::new();
    sandbox.write(".aws/sso-renewer", "");
    for line in
        ["snooze corp 1h", "write corp", "clear corp", "quiet corp", "mode auto", "status", "request corp"]
    {
        let said = "/.aws/sso-renewer is in the way: a folder belongs there";
        sandbox.run(&format!("sso-signal {line}")).exits_somehow(74).says(said);
    }
}
