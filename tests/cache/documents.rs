//! What `check` makes of every kind of document, and of its own command line.

use serde_json::{Value, json};

use crate::cache::{CORP, PROFILE, put_token};
use crate::support::{Sandbox, end};

#[test]
fn profiles_without_sso_are_no_ones_login() {
    let sandbox = Sandbox::new();
    for (kind, words) in [
        ("static", "static keys"),
        ("process", "a credential process"),
        ("assume-role", "a role of another profile"),
        ("web-identity", "a web identity token"),
        ("none", "no credentials in the config"),
        ("new-one", "new-one"),
    ] {
        let document = sandbox.feed("sso-cache check -e", &json!({"profile": "p", "kind": kind}).to_string());
        let reason = format!("not an SSO profile ({words})");
        let mut expected = json!({"profile": "p", "kind": kind, "loginRequired": false, "reason": reason});
        expected["observedAt"] = "2026-11-21T12:00:00.000Z".into();
        assert_eq!(document.exits(0).document(), expected);
    }
}

#[test]
fn what_an_earlier_tool_failed_at_is_passed_on_and_wakes_nobody() {
    let sandbox = Sandbox::new();
    let input = r#"{"profile":"x","error":"no sso-session `y`"}"#;
    let expected = json!({"profile": "x", "error": "no sso-session `y`"});
    assert_eq!(sandbox.feed("sso-cache check", input).exits(0).document(), expected);
    let ended = sandbox.feed("sso-cache check -e", input);
    assert_eq!((ended.code, ended.stderr.as_str()), (78, ""));
}

#[test]
fn events_pass_untouched_and_are_no_answer() {
    let sandbox = Sandbox::new();
    let event = r#"{"event":"authorize","reason":"r","loginRequired":true}"#;
    let ended = sandbox.feed("sso-cache check -e", &format!("{PROFILE}{event}"));
    assert_eq!(ended.code, 77);
    assert_eq!(ended.documents()[1], serde_json::from_str::<Value>(event).unwrap());
    sandbox.feed("sso-cache check -e", event).exits(65).says("no profile document");
}

#[test]
fn what_is_about_another_host_is_passed_on_as_it_is() {
    let sandbox = Sandbox::new();
    let input = json!({"profile": "dev", "host": "h", "ssoSession": "corp", "loginRequired": true, "token": {"state": "expired"}});
    assert_eq!(sandbox.feed("sso-cache check", &input.to_string()).exits(0).document(), input);
}

#[test]
fn a_session_without_a_profile_is_checked() {
    let sandbox = Sandbox::new();
    put_token(&sandbox, CORP, &json!({}));
    let document = sandbox.feed("sso-cache check -e", r#"{"ssoSession":"corp"}"#).exits(0).document();
    assert_eq!(document["token"]["state"], "valid");
}

#[test]
fn gauges_are_what_the_documents_say_and_those_of_other_hosts_keep_their_host() {
    let sandbox = Sandbox::new();
    put_token(&sandbox, CORP, &json!({"expiresAt": "2026-11-21T15:10:00Z"}));
    let far = r#"{"profile":"far","ssoSession":"corp","host":"dev1","loginRequired":true,"token":{"state":"missing"}}"#;
    let mut command = sandbox.tool("sso-cache check --prometheus");
    command.env("SSO_SESSION_LENGTH", "8h");
    let ended = end(command, &format!("{PROFILE}\n{far}\n")).exits(0);
    let samples: Vec<_> = ended.stdout.lines().filter(|line| !line.starts_with('#')).collect();
    let end_of = 1_795_273_800;
    assert!(samples[0].starts_with("sso_token_expiry_timestamp_seconds{profile="), "{samples:?}");
    assert!(samples[0].ends_with(&format!(",session=\"corp\"}} {end_of}")), "{samples:?}");
    let far = r#"sso_login_required{profile="far",session="corp",host="dev1"} 1"#;
    assert!(samples.contains(&far), "{samples:?}");
    assert_eq!(samples.iter().filter(|sample| sample.contains("dev1")).count(), 1, "{samples:?}");
    for both in ["--text", "--format x", "--every 1s"] {
        let command = sandbox.tool(&format!("sso-cache check --prometheus {both}"));
        assert_eq!(end(command, PROFILE).code, 2, "{both}");
    }
}

#[test]
fn a_template_makes_a_line_for_a_prompt() {
    let sandbox = Sandbox::new();
    put_token(&sandbox, CORP, &json!({"expiresAt": "2026-11-21T15:10:00Z"}));
    let line = |template: &str, input: &str| {
        let mut command = sandbox.tool("sso-cache check --format");
        command.arg(template);
        end(command, input)
    };
    let ended = line("{session} {state} {left} {account} {role}", PROFILE).exits(0);
    assert_eq!(ended.stdout, "corp valid 3h10m 111122223333 R\n");
    assert_eq!(line("{left}", r#"{"ssoSession":"other"}"#).exits(0).stdout, "expired\n");
    assert_eq!(line("{left}", r#"{"profile":"x","error":"unknown-profile"}"#).exits(0).stdout, "");
    for wrong in ["{nope}", "{left"] {
        assert_eq!(line(wrong, PROFILE).code, 2, "{wrong}");
    }
}

#[test]
fn keys_of_an_earlier_check_are_replaced() {
    let sandbox = Sandbox::new();
    let once = sandbox.feed("sso-cache check", PROFILE).exits(0).stdout;
    assert_eq!(sandbox.feed("sso-cache check", &once).exits(0).stdout, once);
    put_token(&sandbox, CORP, &json!({}));
    let document = sandbox.feed("sso-cache check", &once).exits(0).document();
    assert_eq!((document.get("episode"), &document["loginRequired"]), (None, &json!(false)));
}

#[test]
fn a_document_without_profile_data_is_refused_with_the_next_command() {
    let sandbox = Sandbox::new();
    let ended = sandbox.feed("sso-cache check", r#"{"profile":"x"}"#).exits(65).says("`ssoSession`");
    assert!(
        ended.stderr.contains("sso-cache: hint: sso-profile show x | sso-cache check\n"),
        "{}",
        ended.stderr
    );
    let ended = sandbox.feed("sso-cache check", &format!("{PROFILE}\n{{")).exits(65).says("line 2, column 1");
    assert_eq!(ended.documents().len(), 1);
    sandbox
        .feed("sso-cache check", &format!("{PROFILE}\n{{\"ssoSession\":1}}"))
        .exits(65)
        .says("document at line 2, column 1: `ssoSession` is not a string");
}

#[test]
fn the_first_answer_that_is_not_good_is_the_status_and_only_if_asked_for() {
    let sandbox = Sandbox::new();
    put_token(&sandbox, CORP, &json!({}));
    let other = r#"{"ssoSession":"other"}"#;
    for (line, input, code) in [
        ("sso-cache check", other.to_owned(), 0),
        ("sso-cache check --exit-status", format!("{PROFILE}{other}"), 77),
        ("sso-cache check -e", format!("{other}{PROFILE}"), 77),
        (
            "sso-cache check -e",
            format!("{PROFILE}{{\"profile\":\"x\",\"error\":\"unknown-profile\"}}{other}"),
            78,
        ),
        (
            "sso-cache check -e",
            format!("{PROFILE}{{\"profile\":\"p\",\"host\":\"h\",\"ssoSession\":\"other\"}}"),
            0,
        ),
    ] {
        let ended = sandbox.feed(line, &input);
        assert_eq!((ended.code, ended.stderr.as_str()), (code, ""), "{line}");
    }
    sandbox.run("sso-cache check").exits(0);
    sandbox.run("sso-cache check -e").exits(65).says("no profile document");
}

#[test]
fn people_get_a_table_without_tricks() {
    let sandbox = Sandbox::new();
    let input =
        json!({"profile": "a\u{1b}[31m\u{202e}b\nc", "ssoSession": "\u{1b}]0;x\u{7}corp"}).to_string();
    let ended = sandbox.feed("sso-cache check --text", &input).exits(0);
    let lines: Vec<_> = ended.stdout.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("PROFILE ") && lines[1].starts_with("ab c "), "{lines:?}");
    assert!(
        lines[1].ends_with("SSO session \"corp\": no token in the cache (never logged in, or logged out)")
    );
}

#[test]
fn every_subcommand_has_a_short_and_a_long_help() {
    let sandbox = Sandbox::new();
    for line in ["sso-cache", "sso-cache check", "sso-cache list"] {
        let short = sandbox.run(&format!("{line} -h")).exits(0).stdout;
        let long = sandbox.run(&format!("{line} --help")).exits(0).stdout;
        assert!(
            !short.contains("Examples:") && long.contains("Examples:") && long.contains("Exit status:"),
            "{line}"
        );
    }
    assert_eq!(sandbox.run("sso-cache").code, 2);
}
