//! What the service answers, told apart: denied, expired, slow, away, or asking for a new registration.

use std::fs;

use serde_json::json;

use crate::login::bench::{Bench, TOKEN};
use crate::support::{end, names};

#[test]
fn a_denial_takes_another_login_and_an_expired_code_is_no_answer_in_time() {
    let bench = Bench::start("--deny");
    bench.device("demo").fails(77, "failed", "access_denied", "profile `demo`: the login was denied");
    bench.faults(&json!({"deny": false, "expire": true}));
    bench.device("demo").fails(
        124,
        "timeout",
        "expired_token",
        "the code expired before anybody approved it",
    );
    assert_eq!(names(bench.cache()).len(), 1, "the registration alone");
    assert_eq!(bench.state(), ["login-failed.json"]);
}

#[test]
fn polls_keep_the_services_pace() {
    let bench = Bench::start("--pending 2 --interval 1");
    bench.device("demo").succeeds("success");
    assert_eq!(bench.count("CreateToken"), 3);
    // At once, and then one a second at most: a slow machine polls less.
    let bench = Bench::start("--pending 1000 --interval 1");
    bench.device("demo --timeout 2500ms").exits(124);
    assert!((1..=3).contains(&bench.count("CreateToken")), "{}", bench.count("CreateToken"));
}

#[test]
fn slow_down_is_for_good_and_no_code_is_asked_for_after_its_end() {
    // One second, then six: beyond the end of the code, so nobody asks again.
    let bench = Bench::start("--slow-down 1 --interval 1 --device-expires-in 4s");
    let ended = bench.device("demo");
    ended.fails(124, "timeout", "expired_token", "the code expired");
    assert_eq!(bench.count("CreateToken"), 1);
}

#[test]
fn a_service_that_fails_for_a_while_is_asked_again() {
    let bench = Bench::start(
        "--fail RegisterClient=503x2 --fail StartDeviceAuthorization=429x2 --fail CreateToken=500x2",
    );
    bench.device("demo").succeeds("success");
}

#[test]
fn a_service_that_is_away_is_no_reason_to_log_in_again() {
    let bench = Bench::start("--fail RegisterClient=503");
    let unreachable = |says: &str| {
        let ended = bench.device("demo");
        ended.fails(
            69,
            "failed",
            "unreachable",
            &format!("profile `demo`: the SSO service can't be reached: {says}"),
        );
    };
    unreachable("it answers 503");
    bench.faults(&json!({"fail": ["RegisterClient=429"]}));
    unreachable("it answers 429");
    bench.faults(&json!({"fail": ["StartDeviceAuthorization=500"]}));
    unreachable("it answers 500");
    bench.faults(&json!({"fail": []}));

    let mut nobody = bench.command("sso-login --via device --no-browser demo");
    nobody.env("AWS_ENDPOINT_URL_SSO_OIDC", closed());
    end(nobody, "").fails(69, "failed", "unreachable", "can't be reached: ");
}

#[test]
fn a_renewal_that_cannot_be_tried_keeps_the_session_renewable() {
    let bench = Bench::logged_in("");
    bench.forward(3600);
    bench.faults(&json!({"fail": ["CreateToken=503"]}));
    let before = bench.token_text();
    let ended = bench.device_after(3600, "demo");
    ended.fails(69, "failed", "unreachable", "can't be reached");
    assert_eq!(bench.token_text(), before);
    assert_eq!(bench.counts()[0], 0);
    bench.faults(&json!({"fail": []}));
    bench.device_after(3600, "demo").succeeds("success");
    assert_eq!(bench.counts()[..2], [0, 1]);
}

#[test]
fn the_time_limit_holds_at_every_step() {
    let bench = Bench::start("--pending 1000");
    let timed_out = |says: &str| {
        bench.device("demo --timeout 500ms").fails(124, "timeout", "", says);
        assert_eq!(bench.state(), [""; 0]);
    };
    let is_shown = |ended: &crate::support::Ended| ended.stdout.contains("authorize");
    let shown = bench.run_out("sso-login --via device --no-browser demo", &[], is_shown);
    shown.fails(124, "timeout", "", "nobody approved the login in time; its code no longer works");
    for operation in ["RegisterClient", "StartDeviceAuthorization"] {
        bench.faults(&json!({"hang": [operation]}));
        for file in names(bench.cache()) {
            fs::remove_file(bench.cache().join(file)).unwrap();
        }
        timed_out("the SSO service did not answer in time");
    }
    bench.faults(&json!({"hang": [], "pending": 0}));
    bench.device("demo").succeeds("success");
    bench.faults(&json!({"hang": ["CreateToken"]}));
    bench.forward(3600);
    let before = bench.token_text();
    let ended = bench.device_after(3600, "demo --timeout 500ms");
    ended.fails(124, "timeout", "", "the SSO service did not answer in time");
    assert_eq!(bench.token_text(), before);
}

#[test]
fn no_time_at_all_is_no_time_limit() {
    let bench = Bench::start("");
    for line in [
        "sso-login demo --timeout 0s",
        "sso-login demo --timeout 0m0s",
        "sso-login tunnel box demo --timeout 0s",
    ] {
        let ended = bench.run(line).exits(2);
        assert!(
            ended.stderr.contains("the timeout must be more than zero") && ended.stdout.is_empty(),
            "{}",
            ended.stderr
        );
    }
    assert_eq!(bench.counts()[2], 0);
    for (value, why) in [("0", "SSO_LOGIN_TIMEOUT is 0"), ("-1", "SSO_LOGIN_TIMEOUT isn't a whole number")] {
        for flag in ["", "--no-browser"] {
            let line = format!("sso-login demo --force --via device {flag}");
            let ended = bench.run_with(&line, &[("SSO_LOGIN_TIMEOUT", value)]).exits_somehow(0);
            assert_eq!(ended.last()["outcome"], "success");
            assert_eq!(ended.stderr.matches(why).count(), 1, "{}", ended.stderr);
            assert!(ended.stderr.contains("; the default is used"), "{}", ended.stderr);
        }
    }
}

#[test]
fn time_limits_that_no_clock_can_hold_are_long() {
    let bench = Bench::start("");
    bench.device("demo --timeout 500000000000y --ask-timeout 500000000000y").succeeds("success");
    let mut command = bench.command("sso-login --via device --force demo");
    command.env("SSO_LOGIN_TIMEOUT", u64::MAX.to_string());
    end(command, "").succeeds("success");
}

#[test]
fn a_registration_that_the_service_lost_is_replaced_once() {
    let bench = Bench::logged_in("");
    let registration = || {
        let files = names(bench.cache());
        let file = files.into_iter().find(|name| name != TOKEN).unwrap();
        fs::read_to_string(bench.cache().join(file)).unwrap()
    };
    let before = registration();
    bench.faults(&json!({"error": ["StartDeviceAuthorization=invalid_clientx1"]}));
    bench.device("demo --force").succeeds("success");
    assert_eq!((bench.count("RegisterClient"), bench.count("StartDeviceAuthorization")), (1, 2));
    assert_ne!(registration(), before);

    bench.served.forget("/sandbox/log");
    bench.faults(&json!({"error": ["StartDeviceAuthorization=invalid_client"]}));
    let ended = bench.device("demo --force");
    ended.fails(77, "failed", "invalid_client", "doesn't accept the client registration");
    assert_eq!((bench.count("RegisterClient"), bench.count("StartDeviceAuthorization")), (1, 2));
}

#[test]
fn a_registration_that_fails_late_is_not_kept() {
    let bench = Bench::start("--error CreateToken=unauthorized_clientx1");
    bench.device("demo").fails(77, "failed", "invalid_client", "doesn't accept the client registration");
    assert_eq!(names(bench.cache()), [""; 0]);
    bench.device("demo").succeeds("success");
}

#[test]
fn a_wrong_start_url_is_named_with_the_region() {
    let bench = Bench::start("");
    bench.configure(|config| config.replace("d-1234567890.awsapps.com", "sso.example.com"));
    let ended = bench.device("demo");
    ended.fails(
        77,
        "failed",
        "InvalidRequestException",
        "the start URL https://sso.example.com/start and the SSO region",
    );
}

#[test]
fn any_other_refusal_goes_by_its_name() {
    let bench = Bench::start("--error RegisterClient=invalid_client_metadata");
    bench.device("demo").fails(
        77,
        "failed",
        "InvalidClientMetadataException",
        "InvalidClientMetadataException",
    );
}

/// A URL on loopback that nobody serves.
pub fn closed() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
