//! Our own logins: the notice comes with the page, once it is known that a client was registered.

use std::fs;

use serde_json::{Value, json};

use crate::login::bench::{Bench, TOKEN, after};
use crate::support::{Ended, end, names};

const WAYS: [&str; 2] = ["device", "pkce"];

/// Logs in by one of our ways. The stand-in for a browser comes back by itself.
fn log_in(bench: &Bench, via: &str) -> Ended {
    let mut command = bench.command(&format!("sso-login demo --force --via {via}"));
    command.env("BROWSER", bench.served.document["export"]["BROWSER"].as_str().unwrap());
    let ended = end(command, "");
    ended.succeeds("success");
    ended
}

#[track_caller]
fn is_asked(bench: &Bench, ended: &Ended, registrations: u64, reason: &str, says: &str) {
    assert_eq!(bench.count("RegisterClient"), registrations, "{}", ended.stderr);
    let (notice, page) = ended.stderr.split_once('\n').unwrap();
    let again = if reason == "first" { "" } else { " again" };
    let begin = format!("AWS will ask you{again} to allow access for sso-login-");
    assert!(notice.starts_with(&begin) && notice.contains(says), "{notice}");
    assert!(page.starts_with("To log in as profile demo, "), "{page}");
    let documents = ended.documents();
    assert_eq!(documents.len(), 2);
    for document in &documents {
        assert_eq!(
            (&document["registration"], &document["registrationReason"]),
            (&json!("new"), &json!(reason))
        );
    }
    assert_eq!((&documents[0]["notice"], &documents[1]["notice"]), (&json!(notice), &Value::Null));
}

#[track_caller]
fn is_not_asked(bench: &Bench, ended: &Ended, registrations: u64) {
    assert_eq!(bench.count("RegisterClient"), registrations, "{}", ended.stderr);
    assert!(ended.stderr.starts_with("To log in as profile demo, "), "{}", ended.stderr);
    for document in ended.documents() {
        assert_eq!(
            (&document["registration"], &document["registrationReason"]),
            (&json!("kept"), &Value::Null)
        );
    }
}

/// The one registration in the cache.
fn registration(bench: &Bench) -> std::path::PathBuf {
    let name = names(bench.cache()).into_iter().find(|name| name != TOKEN).unwrap();
    bench.cache().join(name)
}

#[test]
fn the_first_login_is_asked_about_and_the_next_is_not() {
    for via in WAYS {
        let bench = Bench::start("");
        let says =
            "sso-login-sandbox: it is the first login of session sandbox here, as far as the cache knows.";
        is_asked(&bench, &log_in(&bench, via), 1, "first", says);
        is_not_asked(&bench, &log_in(&bench, via), 1);
    }
}

#[test]
fn a_registration_that_does_not_serve_is_named_with_the_reason() {
    for (via, other) in [("device", true), ("pkce", false)] {
        let bench = Bench::start("");
        log_in(&bench, via);
        let file = registration(&bench);
        let good: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        let changed = |key: &str, value: Value| {
            let mut changed = good.clone();
            changed[key] = value;
            changed.to_string()
        };
        let grants = if other { json!(["authorization_code"]) } else { json!(["refresh_token"]) };
        for ((bad, reason, says), count) in [
            (
                changed("expiresAt", json!("2026-11-21T12:00:00Z")),
                "over",
                "is valid only until 2026-11-21T12:00:00Z.",
            ),
            (changed("expiresAt", json!(after(899))), "over", "ends at 2026-11-21T12:14:59Z."),
            (
                changed("grantTypes", grants),
                "flow",
                "session sandbox is registered for another kind of login.",
            ),
            ("{".to_owned(), "corrupt", "is damaged."),
        ]
        .into_iter()
        .zip(2..)
        {
            fs::write(&file, bad).unwrap();
            is_asked(&bench, &log_in(&bench, via), count, reason, says);
        }
        fs::remove_file(&file).unwrap();
        is_asked(&bench, &log_in(&bench, via), 6, "gone", "is no longer in the cache.");
    }
}

#[test]
fn another_way_to_log_in_is_another_client() {
    let bench = Bench::start("");
    log_in(&bench, "device");
    let ended = log_in(&bench, "pkce");
    is_asked(
        &bench,
        &ended,
        2,
        "client",
        "earlier logins of session sandbox were by `sso-login --via device`",
    );
    for via in WAYS {
        is_not_asked(&bench, &log_in(&bench, via), 2);
    }
}

#[test]
fn a_change_of_the_config_is_told_by_what_changed() {
    for via in WAYS {
        let bench = Bench::start("");
        log_in(&bench, via);
        bench.configure(|text| text.replacen("sso:account:access", "sso:account:access, x:y", 1));
        is_asked(&bench, &log_in(&bench, via), 2, "scopes", "for other scopes (sso:account:access).");
        bench.configure(|text| text.replace("us-east-1", "us-west-2"));
        is_asked(&bench, &log_in(&bench, via), 3, "region", "in another region (us-east-1).");
        bench.configure(|text| text.replace("sandbox", "company"));
        is_asked(&bench, &log_in(&bench, via), 4, "name", "sso-login-company: session company is a new name");
        // Back to what there was: the registration is still good.
        bench.configure(|text| text.replace("company", "sandbox"));
        is_not_asked(&bench, &log_in(&bench, via), 4);
    }
}

#[test]
fn a_registration_that_the_service_lost_is_told_once_it_says_so() {
    let bench = Bench::start("");
    log_in(&bench, "device");
    bench.faults(&json!({"error": ["StartDeviceAuthorization=invalid_clientx1"]}));
    let ended = log_in(&bench, "device");
    is_asked(&bench, &ended, 2, "rejected", "AWS no longer accepts the registration of session sandbox.");
}

#[test]
fn nobody_hears_of_consent_where_the_login_gets_nowhere() {
    let bench = Bench::start("--error RegisterClient=invalid_request");
    let ended = bench.device("demo");
    assert_eq!((ended.code, ended.last()["registration"].clone()), (77, Value::Null));
    assert!(!ended.stderr.contains("AWS will ask"), "{}", ended.stderr);
}

#[test]
fn what_an_earlier_login_needed_is_no_answer_of_this_one() {
    let bench = Bench::logged_in("");
    let input = "{\"profile\":\"demo\",\"registration\":\"new\",\"registrationReason\":\"over\"}";
    let last = bench.feed("sso-login -", input).succeeds("valid");
    assert_eq!((&last["registration"], &last["registrationReason"]), (&Value::Null, &Value::Null));
}

/// Where an IDE logged in to the same portal before, nobody has been asked for the consent that is asked for now: its client is
/// another one, with files of its own names.
#[test]
fn the_token_of_an_ide_is_no_earlier_login_of_the_session() {
    let start_url = crate::sandbox::served::START_URL;
    let client = json!({"clientId": "ide", "clientSecret": "s", "expiresAt": after(86400)});
    let token = json!({"startUrl": start_url, "region": "us-east-1", "accessToken": "x", "expiresAt": after(3600),
                       "clientId": "ide", "clientSecret": "s", "refreshToken": "r"});
    let hashed = "0123456789abcdef0123456789abcdef01234567.json";
    for (client_file, token_file) in [
        ("aws-toolkit-vscode-client-id-us-east-1.json", hashed),
        ("aws-toolkit-jetbrains-client-id-us-east-1.json", hashed),
        ("kiro-auth-client.json", "kiro-auth-token.json"),
    ] {
        let bench = Bench::start("");
        fs::create_dir_all(bench.cache()).unwrap();
        fs::write(bench.cache().join(client_file), client.to_string()).unwrap();
        fs::write(bench.cache().join(token_file), token.to_string()).unwrap();
        is_asked(
            &bench,
            &log_in(&bench, "device"),
            1,
            "first",
            "it is the first login of session sandbox here",
        );
    }
    // The same token, of a client that no IDE has: the portal was logged in to under another name.
    let bench = Bench::start("");
    fs::create_dir_all(bench.cache()).unwrap();
    fs::write(bench.cache().join(hashed), token.to_string()).unwrap();
    is_asked(&bench, &log_in(&bench, "device"), 1, "name", "session sandbox is a new name");
}
