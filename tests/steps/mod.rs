//! `sso-login register | authorize | token`, whole: the device flow for those who bring their own front end.

use crate::login::bench::{Bench, TOKEN, after};
use crate::support::{Ended, end, names};
use serde_json::{Value, json};

/// A document after the first two steps.
fn authorized(bench: &Bench) -> Value {
    let registered = bench.run("sso-login register demo").exits(0).stdout;
    bench.feed("sso-login authorize --quiet", &registered).exits(0).document()
}

fn token(bench: &Bench, flags: &str, document: &Value) -> Ended {
    bench.feed(format!("sso-login token {flags}").trim_end(), &document.to_string())
}

#[test]
fn each_step_adds_its_part_and_keeps_the_rest() {
    let bench = Bench::start("");
    let registered = bench.run("sso-login register demo").exits(0).document();
    assert_eq!(
        json!([
            registered["profile"],
            registered["ssoSession"],
            registered["ssoRegion"],
            registered["registrationExpiresAt"]
        ]),
        json!(["demo", "sandbox", "us-east-1", "2027-02-19T12:00:00Z"])
    );
    let ended = bench.feed("sso-login authorize", &registered.to_string());
    let authorized = ended.document();
    assert_eq!((ended.code, &authorized["clientSecret"]), (0, &registered["clientSecret"]));
    let code = authorized["userCode"].as_str().unwrap();
    assert!(authorized["verificationUriComplete"].as_str().unwrap().ends_with(code));
    assert!(!authorized["verificationUri"].as_str().unwrap().contains(code));
    assert_eq!(json!([authorized["interval"], authorized["expiresAt"]]), json!([1, "2026-11-21T12:10:00Z"]));
    // A person sees where to go; the code that only the tool needs stays in the pipe.
    assert!(
        ended.stderr.contains(authorized["verificationUriComplete"].as_str().unwrap())
            && ended.stderr.contains(code)
    );
    for secret in ["deviceCode", "clientSecret"] {
        assert!(!ended.stderr.contains(authorized[secret].as_str().unwrap()), "{secret}");
    }
    let created = token(&bench, "", &authorized).exits(0).document();
    assert_eq!(
        json!([created["tokenType"], created["expiresAt"], created["profile"]]),
        json!(["Bearer", "2026-11-21T13:00:00Z", "demo"])
    );
    for (key, is_there) in
        [("accessToken", true), ("refreshToken", true), ("deviceCode", false), ("userCode", false)]
    {
        assert_eq!(created.get(key).is_some(), is_there, "{key}");
    }
    assert_eq!(names(bench.cache()), [""; 0], "nothing is written unless somebody says so");
}

#[test]
fn saved_the_session_is_that_of_every_tool_and_no_secret_is_printed() {
    let bench = Bench::start("--pending 2");
    let mut command = bench.command("bash -euo pipefail -c");
    command.arg("sso-login register demo | sso-login authorize --quiet | sso-login token --wait --save");
    let saved = end(command, "").exits(0).document();
    assert_eq!(saved["outcome"], "success");
    for key in ["accessToken", "refreshToken", "clientSecret", "deviceCode"] {
        assert_eq!(saved.get(key), None, "{key}");
    }
    let file = bench.token();
    assert_eq!((&file["startUrl"], &file["clientId"]), (&saved["startUrl"], &saved["clientId"]));
    bench.run("sso-login whoami demo").exits(0);
    bench.forward(3600);
    let mut command = bench.command("sso-login refresh demo");
    command.env("SSO_NOW", after(3600));
    end(command, "").exits(0);
    assert!(bench.cache().join(TOKEN).exists());
}

#[test]
fn one_attempt_tells_each_answer_apart() {
    let bench = Bench::start("--pending 1");
    let document = authorized(&bench);
    let pending = token(&bench, "", &document).exits(75);
    assert_eq!(
        (pending.stderr.as_str(), &pending.document()["error"]),
        ("", &json!("authorization_pending"))
    );
    // The same document, with what the last attempt said, is good for the next one.
    let created = token(&bench, "", &pending.document()).exits(0).document();
    assert!(
        created["accessToken"].is_string()
            && created.get("error").is_none()
            && created.get("reason").is_none()
    );

    for (error, code, says) in [
        ("authorization_pending", 75, ""),
        ("slow_down", 75, ""),
        ("expired_token", 124, "authorization timed out"),
        ("access_denied", 77, "failed to get a token: the login was denied"),
        ("invalid_grant", 77, "failed to get a token"),
        ("invalid_client", 77, "failed to get a token"),
        ("unauthorized_client", 77, "failed to get a token"),
        ("unsupported_grant_type", 78, "failed to get a token"),
        ("invalid_scope", 78, "failed to get a token"),
        ("invalid_request", 78, "failed to get a token"),
        ("server_error", 69, "failed to get a token: the SSO service can't be reached"),
    ] {
        bench.faults(&json!({"error": [format!("CreateToken={error}")]}));
        let ended = token(&bench, "", &document).exits(code);
        assert!(
            ended.stderr.contains(says) && ended.stderr.is_empty() == says.is_empty(),
            "{error}: {}",
            ended.stderr
        );
        let answered = ended.document();
        let word = match error {
            "unauthorized_client" => "invalid_client",
            "server_error" => "unreachable",
            "unsupported_grant_type" => "UnsupportedGrantTypeException",
            "invalid_scope" => "InvalidScopeException",
            "invalid_request" => "InvalidRequestException",
            other => other,
        };
        assert_eq!(answered["error"], word, "{error}");
        assert_eq!(answered["interval"], if error == "slow_down" { 6 } else { 1 }, "{error}");
        assert_eq!(answered["deviceCode"], document["deviceCode"], "{error}");
    }
}

#[test]
fn waiting_keeps_the_services_pace_and_ends_with_the_code() {
    let bench = Bench::start("--pending 2 --interval 1");
    let document = authorized(&bench);
    token(&bench, "--wait", &document).exits(0);
    let paced = Bench::start("--pending 1000 --interval 1");
    token(&paced, "--wait --timeout 2500ms", &authorized(&paced)).exits(75);
    assert!((1..=3).contains(&paced.count("CreateToken")), "{}", paced.count("CreateToken"));
    let bench = Bench::start("--pending 1000 --device-expires-in 2s");
    let ended = token(&bench, "--wait", &authorized(&bench)).exits(124);
    assert!(ended.stderr.contains("authorization timed out"), "{}", ended.stderr);
    let bench = Bench::start("--pending 1000");
    let waited = token(&bench, "--wait --timeout 1s", &authorized(&bench)).exits(75);
    assert_eq!(waited.document()["error"], "authorization_pending");
}

#[test]
fn an_interval_beyond_any_clock_is_capped() {
    let bench = Bench::start("--pending 1000");
    let mut document = authorized(&bench);
    document["interval"] = json!(i64::MAX);
    // The code expires before the next question.
    assert_eq!(token(&bench, "--wait", &document).exits(124).document()["interval"], 3600);
}

#[test]
fn waiting_outlasts_a_short_outage_and_not_a_long_one() {
    let bench = Bench::start("");
    let document = authorized(&bench);
    bench.faults(&json!({"fail": ["CreateToken=503x5"]}));
    token(&bench, "--wait", &document).exits(0);
    let document = authorized(&bench);
    bench.faults(&json!({"fail": ["CreateToken=503"]}));
    assert_eq!(token(&bench, "--wait", &document).exits(69).document()["error"], "unreachable");
}

#[test]
fn a_registration_needs_a_start_url_and_a_region_only() {
    let bench = Bench::start("");
    let input = r#"{"startUrl":"https://d-1234567890.awsapps.com/start","ssoRegion":"us-east-1","mine":1}"#;
    let registered = bench.feed("sso-login register", input).exits(0).document();
    assert_eq!((&registered["mine"], registered["clientId"].is_string()), (&json!(1), true));
    bench.feed("sso-login register", "{\"profile\":\"nobody\"}").exits(78).says("profile `nobody` is not in");
    bench.faults(&json!({"fail": ["RegisterClient=503"]}));
    let ended = bench.run("sso-login register demo").exits(69).says("failed to register with AWS SSO");
    assert!(ended.stderr.contains("hint: check the SSO region (us-east-1)"), "{}", ended.stderr);
    assert_eq!(ended.document()["error"], "unreachable");
    // A step that failed for good is passed on, and ends the pipe with a status of its own.
    let mut command = bench.command("bash -euo pipefail -c");
    command.arg("sso-login register demo 2>/dev/null | sso-login authorize");
    assert_ne!(end(command, "").code, 0);
}

#[test]
fn each_error_of_the_authorization_is_told_apart() {
    let bench = Bench::start("");
    let registered = bench.run("sso-login register demo").exits(0).stdout;
    for (error, code) in [
        ("invalid_request", 78),
        ("invalid_client", 77),
        ("unauthorized_client", 77),
        ("slow_down", 75),
        ("server_error", 69),
    ] {
        bench.faults(&json!({"error": [format!("StartDeviceAuthorization={error}")]}));
        assert_eq!(bench.feed("sso-login authorize", &registered).code, code, "{error}");
    }
}

#[test]
fn what_is_missing_is_named_with_the_step_it_comes_from() {
    let bench = Bench::start("");
    for (line, input, key) in [
        ("sso-login authorize", json!({"ssoRegion": "us-east-1"}), "clientId"),
        ("sso-login authorize", json!({"clientId": "x"}), "clientSecret"),
        ("sso-login token", json!({"clientId": "x", "clientSecret": "y"}), "deviceCode"),
        ("sso-login token", json!({"clientId": "x", "clientSecret": "y", "deviceCode": "z"}), "ssoRegion"),
    ] {
        let ended =
            bench.feed(line, &input.to_string()).exits(65).says(&format!("the document has no `{key}`"));
        assert!(ended.stderr.contains("hint: it comes from `sso-login "), "{}", ended.stderr);
    }
    let bad = json!({"clientId": 1, "clientSecret": "CANARY"});
    let ended = bench.feed("sso-login authorize", &bad.to_string()).exits(65);
    assert!(!ended.stderr.contains("CANARY"));
}

#[test]
fn a_step_that_the_network_failed_is_tried_again_by_that_step_alone() {
    let bench = Bench::start("--fail RegisterClient=503");
    let failed = bench.run("sso-login register demo").exits_somehow(69).stdout;
    for later in ["authorize --quiet", "token"] {
        assert_eq!(
            bench.feed(&format!("sso-login {later}"), &failed).exits_somehow(69).stdout,
            failed,
            "{later}"
        );
    }
    bench.faults(&json!({"fail": []}));
    let registered = bench.feed("sso-login register", &failed).exits(0).document();
    assert!(registered["clientId"].is_string() && registered.get("error").is_none(), "{registered}");
}
