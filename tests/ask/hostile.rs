//! Signals that a stranger wrote, all the way to a dialog: what is shown does no harm, and nobody is logged in.

use std::fs;

use serde_json::{Value, json};
use sso_tool::sanitize::is_deceptive;

use crate::ask::watch::{ROUND, Watch, said};
use crate::support::{end, names};

/// What must not come through, whatever field it is in.
const TEXTS: [&str; 12] = [
    "\u{1b}]0;owned\u{7}\u{1b}[2J\u{1b}[31mred",
    "x\r\n\r\nRefresh now!\n\n\n\nPress Enter",
    "a\u{202e}lanimret\u{2066}b\u{200b}c\u{feff}",
    "\u{9b}31m\u{9d}0;x\u{9c}\u{0}\u{8}\u{8}\u{7f}",
    "\" & (do shell script \"touch owned\") & \"",
    "$(touch owned)`touch owned`;touch owned|touch owned&",
    "<b>bold</b><a href='file:///'>x</a>&amp;&#10;<img src=x>",
    "%s%n\\n\\033[2J\\x1b",
    "--switch --help -e",
    "-1",
    "\u{2028}\u{2029}\u{85}\u{b}\u{c}",
    "e\u{301}\u{301}\u{301}\u{e0041}\u{e007f}",
];

fn put(watch: &Watch, signal: &Value) {
    let state = watch.bench.home().join(".aws/sso-renewer");
    fs::create_dir_all(&state).unwrap();
    fs::write(state.join("login-required.json"), signal.to_string()).unwrap();
}

/// Every text that the dialog was given, but for the script.
fn shown(watch: &Watch) -> Vec<String> {
    watch.calls().into_iter().flat_map(|call| call.into_iter().skip(2)).collect()
}

#[track_caller]
fn is_harmless(text: &str) {
    assert!(text.chars().all(|c| c == '\n' || !c.is_control() && !is_deceptive(c)), "{text:?}");
    assert!(text.lines().count() <= 12, "{text:?}");
    assert!(text.lines().all(|line| line.chars().count() <= 250), "{text:?}");
}

#[test]
fn no_dialog_shows_a_control_character_or_runs_a_word_of_it() {
    let long = "x".repeat(60_000);
    for text in TEXTS.into_iter().chain([long.as_str()]) {
        let watch = Watch::start("");
        put(
            &watch,
            &json!({"profile": "demo", "reason": text, "source": text, "timestamp": "2026-11-21T11:00:00Z",
                "episode": text}),
        );
        watch.dialog("osascript", &["echo \"Don't Remind\"", "echo"]);
        let ended = end(watch.shell(0, &ROUND.replace("5s", "0s"), ""), "");
        // A file that is too large is put aside, and no question.
        assert_eq!(ended.code, if text == long { 124 } else { 0 }, "{}", said(&ended));
        let shown = shown(&watch);
        assert_eq!(shown.len(), if text == long { 0 } else { 13 }, "{text:?}");
        for text in &shown {
            is_harmless(text);
        }
        is_harmless(&ended.stderr);
        assert!(!names(watch.bench.file("work")).contains(&"owned".to_owned()));
        assert_eq!(watch.logins(), 0);
    }
}

#[test]
fn a_profile_that_is_none_of_the_hosts_is_never_a_question() {
    for profile in
        TEXTS.into_iter().chain(["demo ", " demo", "DEMO", "demo\n", "../demo", "demo\u{202e}", ""])
    {
        for mode in ["notify", "auto"] {
            let watch = Watch::start("");
            watch.bench.run(&format!("sso-signal mode {mode}")).exits(0);
            put(&watch, &json!({"profile": profile, "timestamp": "2026-11-21T11:00:00Z"}));
            watch.dialog("osascript", &["echo Refresh"]);
            let ended = end(watch.shell(0, &ROUND.replace("5s", "0s"), ""), "");
            assert!(matches!(ended.code, 0 | 124), "{}", said(&ended));
            assert_eq!((watch.calls().len(), watch.logins()), (0, 0), "{profile:?} {}", said(&ended));
        }
    }
}

#[test]
fn what_a_signal_claims_about_itself_is_no_consent() {
    for mode in ["notify", "auto"] {
        let watch = Watch::start("");
        watch.bench.run(&format!("sso-signal mode {mode}")).exits(0);
        put(
            &watch,
            &json!({"profile": "other", "timestamp": "2026-11-21T11:00:00Z", "mode": "auto", "answer": "refresh",
                "outcome": "success", "accountId": "999988887777", "roleName": "Nobody", "ssoSession": "sandbox",
                "sessionProfiles": ["demo"], "AWS_PROFILE": "other", "answeredFor": "demo"}),
        );
        watch.dialog("osascript", &["echo"]);
        let mut command = watch.shell(0, ROUND, "");
        command.env("AWS_PROFILE", "demo").env("SSO_AUTO_PROFILES", "demo-admin");
        let last = end(command, "").last();
        assert_eq!((&last["outcome"], &last["ssoSession"]), (&json!("dismissed"), &json!("other")));
        let [_, _, question, ..] = &shown(&watch)[..] else { panic!("{:?}", watch.calls()) };
        assert!(question.contains("Account: 444455556666, role Developer"), "{question}");
        assert_eq!((watch.calls().len(), watch.logins()), (1, 0));
    }
}

#[test]
fn a_program_of_the_users_own_gets_harmless_text_and_the_configs_facts() {
    let watch = Watch::start("");
    let dialog =
        watch.bench.program("my dialog", "read -r line; printf '%s\\n' \"$line\" >\"$OUT/document\"");
    for text in TEXTS {
        // As a document from anywhere: no `sso-signal wait` has looked at it.
        let document = json!({"profile": "demo", "mode": "notify", "reason": text, "source": text,
            "accountId": "999988887777"});
        let mut command = watch.shell(0, "sso-login -", "");
        command.env("SSO_DIALOG", &dialog);
        assert_eq!(end(command, &document.to_string()).last()["outcome"], "dismissed");
        let given: Value = serde_json::from_str(&watch.bench.text("document")).unwrap();
        for key in ["reason", "source", "question", "title"] {
            is_harmless(given[key].as_str().unwrap());
        }
        assert_eq!(given["accountId"], "111122223333");
    }
}
