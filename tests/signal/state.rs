//! `state.json`: torn, foreign, newer.

use std::fs;

use serde_json::json;

use crate::signal::clock::{is_due, raise, status};
use crate::support::{Sandbox, names};

#[test]
fn a_torn_or_foreign_state_is_put_aside_and_work_goes_on() {
    for content in [
        "",
        "{",
        "[]",
        "null",
        "{}",
        "{\"version\":\"1\"}",
        "{\"version\":1,\"sessions\":[]}",
        "{\"version\":1,\"profiles\":{\"corp\":{\"snooze\":\"1h\"}}}",
        "{\"version\":1,\"profiles\":{\"corp\":{\"failures\":-1}}}",
        "{\"version\":1,\"profiles\":{},\"profiles\":{}}",
        "\u{0}\u{0}\u{0}",
    ] {
        let sandbox = Sandbox::new();
        raise(&sandbox, "corp", "one");
        let file = sandbox.write(".aws/sso-renewer/state.json", content);
        let ended = sandbox.run("sso-signal wait --timeout 0s").says("moved to");
        assert_eq!((ended.code, ended.documents().len()), (0, 1), "{content}");
        assert_eq!(names(sandbox.state().join("quarantine")).len(), 1, "{content}");
        let state: serde_json::Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        assert_eq!(state["version"], 1);
        sandbox.run("sso-signal status").exits(0);
    }
}

#[test]
fn links_and_pipes_in_the_place_of_the_state_are_put_aside() {
    let sandbox = Sandbox::new();
    raise(&sandbox, "corp", "one");
    let victim = sandbox.write("victim", "{\"version\":1}");
    let file = sandbox.state().join("state.json");
    std::os::unix::fs::symlink(&victim, &file).unwrap();
    sandbox.run("sso-signal snooze corp 15m").says("symbolic link");
    assert_eq!(fs::read_to_string(&victim).unwrap(), "{\"version\":1}");
    assert!(fs::symlink_metadata(&file).unwrap().is_file());
    assert_eq!(status(&sandbox, "corp").0, "snoozed");
}

#[test]
fn a_newer_state_is_refused_and_left_alone() {
    let sandbox = Sandbox::new();
    raise(&sandbox, "corp", "one");
    let content = "{\"version\":2,\"future\":true}";
    let file = sandbox.write(".aws/sso-renewer/state.json", content);
    for line in [
        "sso-signal wait --timeout 0s",
        "sso-signal status",
        "sso-signal snooze corp 15m",
        "sso-signal clear",
    ] {
        let ended = sandbox.run(line).exits(65).says("is of version 2");
        assert!(ended.stderr.contains("hint: "), "{}", ended.stderr);
    }
    assert_eq!(fs::read_to_string(file).unwrap(), content);
    // Monitors don't need it.
    raise(&sandbox, "other", "one");
}

#[test]
fn absurd_values_in_the_state_neither_panic_nor_block_for_ever() {
    let sandbox = Sandbox::new();
    raise(&sandbox, "corp", "one");
    let pause = json!({"until": "9999-12-31T23:59:59Z", "lengthSeconds": 60});
    let state = json!({"version": 1, "sessions": {}, "profiles": {"corp": {"retry": pause, "snooze": pause,
        "dismissedAt": "9999-01-01T00:00:00Z", "failures": u32::MAX}}});
    sandbox.write(".aws/sso-renewer/state.json", state.to_string());
    assert!(is_due(&sandbox, 0));
    raise(&sandbox, "corp", "two");
    let long = json!({"until": "2026-11-21T12:00:01Z", "lengthSeconds": u64::MAX});
    let state = json!({"version": 1, "profiles": {"corp": {"retry": long}}});
    sandbox.write(".aws/sso-renewer/state.json", state.to_string());
    assert!(!is_due(&sandbox, 0));
    assert!(is_due(&sandbox, 1));
}

#[test]
fn quarantine_keeps_the_newest_twenty() {
    let sandbox = Sandbox::new();
    for n in 0..25 {
        sandbox.write(&format!(".aws/sso-renewer/signals/{n:02}.json"), format!("{n}"));
    }
    let ended = sandbox.run("sso-signal read --all");
    assert_eq!((ended.code, ended.stderr.lines().count()), (1, 1));
    let kept = names(sandbox.state().join("quarantine"));
    assert_eq!(kept.len(), 20);
    assert!(kept[0].ends_with("-05.json") && kept[19].ends_with("-24.json"), "{kept:?}");
}
