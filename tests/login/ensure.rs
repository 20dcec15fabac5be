//! A valid session is left alone, one that can be renewed is renewed, and only then a person logs in.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::login::bench::{Bench, TOKEN, after};
use crate::support::{end, names};

const REGISTRATION: &str = r#""clientSecret""#;

#[test]
fn a_valid_session_is_left_alone_without_any_request() {
    let bench = Bench::logged_in("");
    let before = bench.token_text();
    for profile in ["demo", "demo-admin"] {
        let ended = bench.run(&format!("sso-login {profile}"));
        let last = ended.succeeds("valid");
        assert_eq!(ended.stderr, "");
        assert_eq!(
            last,
            json!({"profile": profile, "profileFrom": "argument", "ssoSession": "sandbox",
                   "startUrl": "https://d-1234567890.awsapps.com/start",
                   "sessionProfiles": ["demo", "demo-admin"], "outcome": "valid", "expiresAt": after(3600)})
        );
    }
    bench.device_after(3599, "demo").succeeds("valid");
    assert_eq!(bench.counts(), [0, 0, 0]);
    assert_eq!(bench.token_text(), before);
    assert_eq!(bench.state(), [""; 0]);
}

#[test]
fn without_a_session_a_person_logs_in_and_reads_where() {
    let bench = Bench::start("--pending 1");
    let ended = bench.device("demo");
    let last = ended.succeeds("success");
    assert_eq!((&last["via"], &last["expiresAt"]), (&json!("device"), &json!(after(3600))));

    let event = &ended.documents()[0];
    let (url, code) = (event["url"].as_str().unwrap(), event["userCode"].as_str().unwrap());
    let notice = "AWS will ask you to allow access for sso-login-sandbox: it is the first login of session sandbox \
                  here, as far as the cache knows.";
    assert_eq!(
        event,
        &json!({"event": "authorize", "profile": "demo", "ssoSession": "sandbox", "via": "device", "url": url,
                "userCode": code, "expiresAt": after(600), "registration": "new", "registrationReason": "first",
                "notice": notice})
    );
    assert!(url.ends_with(&format!("/device?user_code={code}")));
    assert_eq!(
        ended.stderr,
        format!(
            "{notice}\nTo log in as profile demo, open this page:\n\n    {url}\n\nand allow it if it shows this code:\n\n    \
             {code}\n\n"
        )
    );
    assert_eq!(bench.counts(), [1, 0, 4]);
    bench.device("demo-admin").succeeds("valid");
    bench.device("other").succeeds("success");
    assert_eq!(bench.counts()[0], 2);
}

#[test]
fn the_files_are_those_of_the_aws_cli() {
    let bench = Bench::start("");
    bench.device("demo").succeeds("success");
    let files = names(bench.cache());
    assert_eq!(files.len(), 2);
    let token = bench.token();
    let keys: Vec<_> = token.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "startUrl",
            "region",
            "accessToken",
            "expiresAt",
            "clientId",
            "clientSecret",
            "registrationExpiresAt",
            "refreshToken"
        ]
    );
    let text = |key: &str| token[key].as_str().unwrap().to_owned();
    let expected = format!(
        "{{\"startUrl\": \"https://d-1234567890.awsapps.com/start\", \"region\": \"us-east-1\", \
         \"accessToken\": \"{}\", \"expiresAt\": \"2026-11-21T13:00:00Z\", \"clientId\": \"{}\", \
         \"clientSecret\": \"{}\", \"registrationExpiresAt\": \"2027-02-19T12:00:00Z\", \"refreshToken\": \"{}\"}}",
        text("accessToken"),
        text("clientId"),
        text("clientSecret"),
        text("refreshToken")
    );
    assert_eq!(bench.token_text(), expected);

    let registration = files.iter().find(|name| *name != TOKEN).unwrap();
    let expected = format!(
        "{{\"clientId\": \"{}\", \"clientSecret\": \"{}\", \"expiresAt\": \"2027-02-19T12:00:00Z\", \
         \"scopes\": [\"sso:account:access\"]}}",
        text("clientId"),
        text("clientSecret")
    );
    assert_eq!(fs::read_to_string(bench.cache().join(registration)).unwrap(), expected);
    for file in &files {
        let mode = fs::metadata(bench.cache().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[test]
fn a_legacy_profile_has_a_file_of_its_own_and_no_refresh_token() {
    let bench = Bench::start("");
    bench.configure(|config| {
        format!(
            "{config}[profile old]\nsso_start_url = https://d-1234567890.awsapps.com/start\nsso_region = us-east-1\n\
             sso_account_id = 111122223333\nsso_role_name = Developer\n"
        )
    });
    let last = bench.device("old").succeeds("success");
    assert_eq!(last.get("ssoSession"), None);
    assert_eq!(last["sessionProfiles"], json!(["old"]));
    // sha1 of the start URL (AWS-FORMATS 2).
    let text =
        fs::read_to_string(bench.cache().join("7487b5b67d5fa1132cf33fa93ae51ef38cc37752.json")).unwrap();
    assert!(!text.contains("refreshToken") && text.contains(REGISTRATION), "{text}");
    assert_eq!(last["expiresAt"], after(8 * 3600));
}

#[test]
fn a_session_is_renewed_silently_with_one_request() {
    let bench = Bench::logged_in("");
    let before = bench.token();
    bench.forward(3600);
    let ended = bench.device_after(3600, "demo");
    let last = ended.succeeds("success");
    assert_eq!((&last["via"], &last["expiresAt"]), (&json!("refresh"), &json!(after(7200))));
    assert_eq!((ended.stderr.as_str(), ended.documents().len()), ("", 1));
    assert_eq!(bench.counts(), [0, 1, 1]);
    let token = bench.token();
    assert_ne!(token["accessToken"], before["accessToken"]);
    assert_ne!(token["refreshToken"], before["refreshToken"]);
    for key in ["startUrl", "region", "clientId", "clientSecret", "registrationExpiresAt"] {
        assert_eq!(token[key], before[key]);
    }
}

#[test]
fn the_old_refresh_token_and_unknown_fields_survive_a_renewal() {
    let bench = Bench::logged_in("");
    let mut before = bench.token();
    before["x-other-tool"] = json!({"a": [1]});
    bench.set_token(&before);
    bench.faults(&json!({"noRefreshToken": true}));
    bench.forward(3600);
    bench.device_after(3600, "demo").succeeds("success");
    let token = bench.token();
    assert_eq!(bench.counts(), [0, 1, 1]);
    assert_eq!(token["refreshToken"], before["refreshToken"]);
    assert_eq!(token["x-other-tool"], before["x-other-tool"]);
}

#[test]
fn a_refresh_token_that_is_over_takes_a_login_and_is_not_tried_again() {
    let bench = Bench::logged_in("--session-lifetime 90m");
    bench.faults(&json!({"deny": true}));
    bench.forward(7200);
    bench.device_after(7200, "demo").fails(77, "failed", "access_denied", "the login was denied");
    assert_eq!(bench.token().get("refreshToken"), None);
    bench.served.forget("/sandbox/log");
    bench.faults(&json!({"deny": false}));
    let last = bench.device_after(7200, "demo").succeeds("success");
    assert_eq!(last["via"], "device");
    assert_eq!(bench.counts()[..2], [1, 0]);
    // The registration was good all the time.
    assert_eq!((bench.count("CreateToken"), bench.count("RegisterClient")), (1, 0));
}

#[test]
fn a_session_that_another_client_renewed_meanwhile_is_taken() {
    let bench = Bench::logged_in("");
    bench.forward(3600);
    let old = bench.token();
    bench.device_after(3600, "demo").succeeds("success");
    let renewed = bench.token();
    // The other client writes between our look and the service's answer: a stand-in for `aws` that does it is the
    // first request, which hangs until then.
    bench.set_token(&old);
    bench.faults(&json!({"hang": ["CreateTokenx1"]}));
    let mut command = bench.command("sso-login --via device --no-browser demo");
    command.env("SSO_NOW", after(3600));
    let waiting = std::thread::spawn(move || end(command, ""));
    while !bench.served.admin("/sandbox/log").text.contains("\"hangs\":true") {
        std::thread::yield_now();
    }
    bench.set_token(&renewed);
    let last = waiting.join().unwrap().succeeds("success");
    assert_eq!((&last["via"], &last["expiresAt"]), (&json!("refresh"), &json!(after(7200))));
    assert_eq!(bench.token(), renewed);
}

#[test]
fn force_logs_in_although_the_session_is_valid() {
    let bench = Bench::logged_in("");
    let before = bench.token();
    bench.device("demo --force").succeeds("success");
    assert_eq!(bench.counts()[..2], [1, 0]);
    assert_ne!(bench.token()["accessToken"], before["accessToken"]);
}

#[test]
fn what_is_no_token_is_written_anew() {
    let bench = Bench::start("");
    for content in
        ["", "{", "[]", "{\"accessToken\": \"x\"}", "{\"accessToken\":\"x\",\"expiresAt\":\"soon\"}"]
    {
        bench.device("demo").succeeds(if content.is_empty() { "success" } else { "valid" });
        fs::write(bench.cache().join(TOKEN), content).unwrap();
        for file in names(bench.cache()).iter().filter(|name| *name != TOKEN) {
            fs::write(bench.cache().join(file), content).unwrap();
        }
        bench.device("demo").succeeds("success");
    }
}

#[test]
fn the_profile_is_named_by_the_first_that_names_one() {
    let bench = Bench::logged_in("");
    let named = |variables: &[(&str, &str)], line: &str| -> Value {
        let mut command = bench.command(line);
        command.envs(variables.iter().copied());
        let last = end(command, "").last();
        json!([last["profile"], last["profileFrom"]])
    };
    let all = [("AWS_PROFILE", "other"), ("SSO_PROFILE_VARS", "MINE"), ("MINE", "demo")];
    assert_eq!(named(&all, "sso-login demo-admin"), json!(["demo-admin", "argument"]));
    assert_eq!(named(&all, "sso-login"), json!(["demo", "MINE"]));
    assert_eq!(named(&[("AWS_PROFILE", "demo")], "sso-login"), json!(["demo", "AWS_PROFILE"]));
    assert_eq!(named(&[], "sso-login"), json!(["default", "default"]));
}

#[test]
fn a_profile_that_cannot_log_in_is_told_with_the_state_of_the_config() {
    let bench = Bench::start("");
    bench.configure(|config| format!("{config}[profile keys]\nregion = eu-west-1\n"));
    for (profile, says) in [("dmo", "dmo"), ("keys", "not an SSO profile")] {
        let ended = bench.device(profile);
        let last = ended.fails(78, "unknown-profile", "", says);
        assert_eq!(last["configFile"], bench.home().join(".aws/config").to_str().unwrap());
        assert!(last["configModified"].is_string(), "{last}");
        let hint = last["hint"].as_str().unwrap();
        assert!(ended.stderr.contains(&format!("sso-login: hint: {hint}\n")), "{}", ended.stderr);
    }

    bench.configure(|config| format!("{config}[profile keys]\n"));
    let last = bench.device("demo").fails(78, "unknown-profile", "", "line ");
    assert!(last["configModified"].is_string(), "{last}");
    assert!(last["hint"].as_str().unwrap().starts_with("fix line "), "{last}");
    fs::remove_file(bench.home().join(".aws/config")).unwrap();
    bench.device("demo").fails(78, "unknown-profile", "", "demo");
    assert_eq!(bench.counts(), [0, 0, 0]);
}

#[test]
fn a_config_that_cannot_be_read_is_named_and_no_profile_is_called_unknown() {
    let bench = Bench::start("");
    let config = bench.home().join(".aws/config");
    let says = |line: &str, why: &str| {
        let ended = bench.run(line).exits(74).says(&format!("cannot read {}: {why}", config.display()));
        assert_eq!(ended.stdout, "", "{line}");
    };
    for line in [
        "sso-login demo",
        "sso-login whoami demo",
        "sso-login credentials demo",
        "sso-login exec demo -- true",
    ] {
        std::fs::remove_file(&config).unwrap();
        std::fs::create_dir(&config).unwrap();
        says(line, "is a directory");
        std::fs::remove_dir(&config).unwrap();
        std::os::unix::fs::symlink("config", &config).unwrap();
        says(line, "Too many levels of symbolic links");
    }
    let ended = bench.feed("sso-login -", "{\"profile\":\"demo\",\"mode\":\"notify\"}").exits(74);
    assert_eq!(ended.stdout, "");
    assert_eq!(bench.counts(), [0, 0, 0]);
}

#[test]
fn a_torn_token_that_holds_a_whole_one_is_saved_without_a_login() {
    for line in ["sso-login demo", "sso-login refresh demo"] {
        let bench = Bench::logged_in("");
        let whole = bench.token();
        fs::write(bench.cache().join(TOKEN), bench.token_text() + "Z\"}").unwrap();
        assert_eq!(bench.run(line).exits(0).last()["outcome"], "valid", "{line}");
        assert!(bench.token() == whole && bench.counts()[0] == 0, "{line}");
    }
}
