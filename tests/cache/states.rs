//! What `check` makes of every state of the two files.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::{Value, json};
use sso_cache::folder::Cache;
use sso_cache::key::Session;

use crate::cache::{AFTER, BEFORE, CORP, PROFILE, URL, put_role, put_token, token_file};
use crate::support::Sandbox;

/// Checks `PROFILE` after `prepare`, with `-e`, and the main points of the answer.
#[track_caller]
fn check(prepare: impl FnOnce(&Sandbox), code: i32, state: &str, reason: &str) -> Value {
    let sandbox = Sandbox::new();
    prepare(&sandbox);
    let ended = sandbox.feed("sso-cache check -e", PROFILE);
    assert_eq!((ended.code, ended.stderr.as_str()), (code, ""));
    let document = ended.document();
    assert_eq!(document["token"]["state"], state, "{document}");
    assert_eq!(document["reason"], format!("SSO session \"corp\": {reason}"), "{document}");
    assert_eq!(document["loginRequired"], code == 77, "{document}");
    assert_eq!(document.get("episode").is_some(), code == 77, "{document}");
    document
}

#[test]
fn a_valid_token_needs_no_login() {
    let document = check(
        |sandbox| {
            put_token(sandbox, CORP, &json!({}));
            put_role(sandbox, CORP, "2026-11-21T12:10:00Z");
        },
        0,
        "valid",
        "access token valid until 2026-11-21T13:00:00Z",
    );
    let keys: Vec<_> = document.as_object().unwrap().keys().map(String::as_str).collect();
    let theirs = ["profile", "kind", "ssoSession", "accountId", "roleName", "x"];
    assert_eq!(
        keys,
        [&theirs[..], &["token", "credentials", "loginRequired", "reason", "observedAt"]].concat()
    );
    let token = document["token"].as_object().unwrap();
    let keys: Vec<_> = token.keys().map(String::as_str).collect();
    assert_eq!(keys, ["state", "expiresAt", "refreshable", "registrationExpiresAt", "file"]);
    assert_eq!(token["refreshable"], true);
    assert!(
        token["file"]
            .as_str()
            .unwrap()
            .ends_with(".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json")
    );
    // The AWS CLI's 15 minutes are a rule for use; what is shown is the true expiry.
    assert_eq!(document["credentials"], json!({"state": "valid", "expiresAt": "2026-11-21T12:10:00Z"}));
}

#[test]
fn a_refreshable_token_wakes_nobody() {
    let words = "access token expired at 2026-11-21T11:00:00Z and can be refreshed without a login";
    check(|sandbox| put_token(sandbox, CORP, &json!({"expiresAt": BEFORE})), 0, "refreshable", words);
}

#[test]
fn an_expired_token_says_which_of_the_things_that_expire_has_expired() {
    for (changes, why) in [
        (json!({"registrationExpiresAt": BEFORE}), "registration expired at 2026-11-21T11:00:00Z"),
        (json!({"refreshToken": null}), "no refresh token"),
        (json!({"clientSecret": null}), "no client registration in the token file"),
        (json!({"registrationExpiresAt": null}), "no registration expiry in the token file"),
    ] {
        let mut changes = changes;
        changes["expiresAt"] = "2026-11-21 11:00:00.5".into();
        let reason = format!("access token expired at 2026-11-21T11:00:00Z and can't be refreshed ({why})");
        let document = check(|sandbox| put_token(sandbox, CORP, &changes), 77, "expired", &reason);
        assert_eq!(document["episode"], "2026-11-21T11:00:00Z");
        assert_eq!(document["token"]["refreshable"], false);
    }
}

#[test]
fn role_credentials_that_outlive_the_session_are_told_apart_from_it() {
    let words = "no token in the cache (never logged in, or logged out)";
    let document = check(|_| {}, 77, "missing", words);
    assert_eq!(
        (&document["episode"], &document["credentials"]),
        (&json!("missing"), &json!({"state": "missing"}))
    );
    let token = &document["token"];
    assert_eq!((token["refreshable"].as_bool(), token.get("expiresAt")), (Some(false), None));

    let reason = format!("{words}; role credentials still good until {AFTER}");
    check(|sandbox| put_role(sandbox, CORP, AFTER), 77, "missing", &reason);

    let reason = format!(
        "access token valid until {AFTER}; role credentials expired at {BEFORE}, new ones come with the token"
    );
    let prepare = |sandbox: &Sandbox| {
        put_token(sandbox, CORP, &json!({}));
        put_role(sandbox, CORP, BEFORE);
    };
    check(prepare, 0, "valid", &reason);
}

#[test]
fn a_corrupt_file_needs_a_login_and_never_crashes_or_blocks() {
    let write = |content: &'static str| {
        move |sandbox: &Sandbox| fs::write(token_file(sandbox, CORP), content).unwrap()
    };
    let json = "the token file is not one whole JSON object";
    for (content, reason) in [
        ("", "the token file is empty"),
        ("{\"accessToken\": \"CANARY", json),
        ("{\"accessToken\":\"CANARY\",\"accessToken\":\"CANARY\"}", json),
        ("[\"CANARY\"]", json),
        ("{\"expiresAt\":\"2026-11-21T13:00:00Z\"}", "the token file has no accessToken"),
        (
            "{\"accessToken\":\"CANARY\",\"expiresAt\":\"CANARY\"}",
            "the token file has no expiresAt that is a timestamp",
        ),
    ] {
        let document = check(write(content), 77, "corrupt", reason);
        assert_eq!(document["episode"], "missing");
    }
    check(
        |s| drop(fs::create_dir(token_file(s, CORP))),
        77,
        "corrupt",
        "the token file is not a regular file",
    );
    let fifo = |s: &Sandbox| {
        assert!(Command::new("mkfifo").arg(token_file(s, CORP)).status().unwrap().success());
    };
    check(fifo, 77, "corrupt", "the token file is not a regular file");
    let corrupt_role = |s: &Sandbox| {
        put_token(s, CORP, &json!({}));
        fs::write(Cache::of_home(s.home()).role("111122223333", "R", CORP), "{").unwrap();
    };
    let reason =
        format!("access token valid until {AFTER}; the role credentials file is not one whole JSON object");
    let document = check(corrupt_role, 0, "valid", &reason);
    assert_eq!(document["credentials"], json!({"state": "corrupt"}));
}

#[test]
fn a_torn_file_that_holds_one_whole_token_needs_no_person() {
    let torn = |end: &'static str| {
        let content = format!("{{\"accessToken\":\"CANARY\",\"expiresAt\":\"{end}\"}}\"}}");
        move |sandbox: &Sandbox| fs::write(token_file(sandbox, CORP), content).unwrap()
    };
    let reason = "the token file is not one whole JSON object, but one whole token in it can be recovered";
    let document = check(torn("2026-11-21T13:00:00Z"), 0, "corrupt", reason);
    assert_eq!(
        (&document["token"]["salvageable"], &document["token"]["refreshable"]),
        (&json!(true), &json!(true))
    );
    // What is expired, and nothing renews, is worth no less than a login.
    let document = check(torn(BEFORE), 77, "corrupt", reason);
    assert_eq!(document["token"]["salvageable"], true);
}

#[test]
fn a_token_behind_a_link_is_read() {
    let prepare = |sandbox: &Sandbox| {
        put_token(sandbox, CORP, &json!({}));
        let path = token_file(sandbox, CORP);
        fs::rename(&path, sandbox.home().join("token")).unwrap();
        symlink(sandbox.home().join("token"), path).unwrap();
    };
    check(prepare, 0, "valid", "access token valid until 2026-11-21T13:00:00Z");
}

#[test]
fn a_legacy_profile_is_found_by_its_start_url_and_says_so() {
    let sandbox = Sandbox::new();
    let input =
        json!({"profile": "old", "kind": "sso-legacy", "ssoSession": null, "startUrl": URL}).to_string();
    put_token(&sandbox, Session::Legacy(URL), &json!({"expiresAt": BEFORE, "refreshToken": null}));
    let document = sandbox.feed("sso-cache check", &input).exits(0).document();
    assert_eq!(
        document["reason"],
        format!(
            "SSO start URL \"{URL}\": access token expired at {BEFORE} and can't be refreshed (legacy profile without sso_session: no refresh token)"
        )
    );
    assert_eq!(document.get("credentials"), None);
}
