//! Signing in: the device flow by handles, and the server's own keys.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use super::serving::{APP, Serving};
use crate::login::bench::Bench;
use crate::support::names;

#[test]
fn the_documents_flow_ends_in_a_token_and_nothing_of_aws_stays() {
    let bench = Bench::start("--pending 1");
    let serving = Serving::start(&bench, "", &APP);
    let client = serving.ask("POST", "/api/auth/register-client", &[], "").is(200);
    assert!(client["expiration"].is_i64());
    let ids = json!({"client_id": client["client_id"], "client_secret": client["client_secret"]});
    let device = serving.post("/api/auth/device-authorization", &ids).is(200);
    assert!(
        device["verification_uri_complete"].as_str().unwrap().contains(device["user_code"].as_str().unwrap())
    );
    assert_eq!((&device["expires_in"], &device["interval"]), (&json!(600), &json!(1)));
    let mut asked = ids;
    asked["device_code"] = device["device_code"].clone();
    // The first poll may come at once.
    serving.post("/api/auth/token", &asked).refuses(400, "authorization_pending", "");
    let polls = bench.count("CreateToken");
    let early = serving.post("/api/auth/token", &asked);
    early.has("retry-after: 1").refuses(429, "slow_down", "");
    assert_eq!(bench.count("CreateToken"), polls, "AWS must not be asked");
    std::thread::sleep(std::time::Duration::from_secs(1));
    let answer = serving.post("/api/auth/token", &asked).is(200);
    assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("bearer"), &json!(3600)));
    let token = answer["access_token"].as_str().unwrap();
    assert_eq!(serving.with("GET", "/api/auth/me", token).is(200), answer["user"]);
    assert!(answer["user"]["arn"].as_str().unwrap().contains("AWSReservedSSO_Developer_"));
    // Used once, and then ended at AWS.
    serving.post("/api/auth/token", &asked).refuses(400, "invalid_grant", "");
    assert_eq!((bench.count("GetRoleCredentials"), bench.count("Logout")), (1, 1));
    assert!(names(bench.cache()).is_empty() && names(bench.home().join(".aws/cli/cache")).is_empty());
}

#[test]
fn each_end_of_an_authorization_has_its_status() {
    for (flags, status, error, says) in [
        ("--deny --pending 0", 400, "access_denied", "denied"),
        ("--expire --pending 0", 408, "expired_token", "Authorization timed out"),
        ("--error CreateToken=InvalidGrantException", 400, "invalid_grant", ""),
        ("--error CreateToken=SlowDownException", 429, "slow_down", ""),
        ("--fail CreateToken=503", 503, "unreachable", ""),
    ] {
        let bench = Bench::start(flags);
        let serving = Serving::start(&bench, "", &APP);
        let (asked, _) = serving.begin();
        let reply = serving.post("/api/auth/token", &asked);
        reply.refuses(status, error, says);
        if status == 408 {
            // As often as somebody asks; and trying again works.
            serving.post("/api/auth/token", &asked).refuses(408, "expired_token", "Authorization timed out");
        }
    }
}

#[test]
fn what_fails_at_aws_is_told_with_its_cause() {
    let bench = Bench::start("--fail RegisterClient=503x3");
    let serving = Serving::start(&bench, "", &APP);
    let reply = serving.ask("POST", "/api/auth/register-client", &[], "");
    reply.refuses(502, "registration_failed", "Failed to register with AWS SSO: ");
    assert!(reply.text.contains("503"), "{reply:?}");
    serving.ask("POST", "/api/auth/register-client", &[], "").is(200);
}

#[test]
fn a_network_that_is_lost_after_the_approval_loses_no_sign_in() {
    let bench = Bench::start("--pending 0 --fail GetRoleCredentials=503x3");
    let serving = Serving::start(&bench, "", &APP);
    let (asked, _) = serving.begin();
    serving.post("/api/auth/token", &asked).refuses(503, "unreachable", "");
    std::thread::sleep(std::time::Duration::from_secs(1));
    serving.post("/api/auth/token", &asked).is(200);
    assert_eq!((bench.count("CreateToken"), bench.count("Logout")), (1, 1));
}

#[test]
fn a_role_that_is_not_theirs_is_denied_and_the_session_ended() {
    let bench = Bench::start("--pending 0 --error GetRoleCredentials=ForbiddenException");
    let serving = Serving::start(&bench, "", &APP);
    let (asked, _) = serving.begin();
    serving.post("/api/auth/token", &asked).refuses(400, "access_denied", "no access to role Developer");
    assert_eq!(bench.count("Logout"), 1);
}

#[test]
fn a_flow_belongs_to_who_began_it() {
    let bench = Bench::start("--pending 0");
    let serving = Serving::start(&bench, "", &APP);
    let ((one, _), (other, _)) = (serving.begin(), serving.begin());
    let mut mixed = other.clone();
    mixed["device_code"] = one["device_code"].clone();
    serving.post("/api/auth/token", &mixed).refuses(400, "invalid_grant", "");
    let mut wrong = one.clone();
    wrong["client_secret"] = json!("guess");
    serving.post("/api/auth/token", &wrong).refuses(400, "invalid_grant", "");
    serving.post("/api/auth/device-authorization", &wrong).refuses(400, "invalid_client", "");
    assert_eq!(bench.count("CreateToken"), 0);
    serving.post("/api/auth/token", &one).is(200);
}

#[test]
fn there_are_at_most_64_flows() {
    let bench = Bench::start("");
    let serving = Serving::start(&bench, "", &APP);
    for _ in 0..64 {
        serving.ask("POST", "/api/auth/register-client", &[], "").is(200);
    }
    let reply = serving.ask("POST", "/api/auth/register-client", &[], "");
    reply.has("retry-after: ").refuses(429, "too_many_flows", "");
    assert_eq!(bench.count("RegisterClient"), 64);
}

#[test]
fn handles_say_nothing_of_awss_own_secrets() {
    let bench = Bench::start("--pending 0");
    let serving = Serving::start(&bench, "", &[APP.as_slice(), &[("DEBUG", "true")]].concat());
    let (asked, _) = serving.begin();
    serving.post("/api/auth/token", &asked).is(200);
    let log = serving.log();
    for step in ["register-client", "device-authorization", "token: approved", "token: signed in"] {
        assert!(log.contains(&format!("debug: {step}")), "{step}: {log}");
    }
    for key in ["client_id", "client_secret", "device_code"] {
        assert!(!log.contains(asked[key].as_str().unwrap()), "{key} is in the log: {log}");
    }
}

#[test]
fn the_servers_own_keys_sign_in_by_the_documents_curl_line() {
    let bench = Bench::logged_in("");
    // The document's `.env`, with keys that STS knows.
    let keys = bench.run("sso-login credentials demo --format env-no-export").exits(0).stdout;
    let work = bench.served.sandbox.root().join("work");
    fs::write(work.join(".env"), format!("# AWS Credentials\n{keys}AWS_REGION=us-east-1\n")).unwrap();
    let serving = Serving::start(&bench, "", &[]);
    let answer = serving.ask("POST", "/api/auth/aws-login", &[], "").is(200);
    let token = answer["access_token"].as_str().unwrap();
    assert_eq!(serving.with("GET", "/api/auth/me", token).is(200)["account_id"], "111122223333");
    let again = serving.with("POST", "/api/auth/refresh", token).is(200);
    assert_ne!(again["access_token"], answer["access_token"]);
    // whoami and credentials take the same keys.
    assert_eq!(bench.run("sso-login whoami").exits(0).document()["accountId"], "111122223333");
    assert!(bench.run("sso-login credentials").exits(0).stdout.contains("ASIA"));
    // New keys in the file count without a restart; ones that STS doesn't know are expired for the front end.
    fs::write(
        work.join(".env"),
        "AWS_ACCESS_KEY_ID=ASIANOBODY\nAWS_SECRET_ACCESS_KEY=x\nAWS_SESSION_TOKEN=x\n",
    )
    .unwrap();
    let reply = serving.ask("POST", "/api/auth/aws-login", &[], "");
    reply.has("x-aws-session-expired: true").refuses(401, "expired", "AWS credentials");
    fs::write(work.join(".env"), "").unwrap();
    let reply = serving.ask("POST", "/api/auth/aws-login", &[], "");
    reply.refuses(400, "no_credentials", "AWS credentials not provided");
}

#[test]
fn sts_that_cannot_be_reached_is_503() {
    let bench = Bench::start("--fail GetCallerIdentity=503");
    let keys = [("AWS_ACCESS_KEY_ID", "ASIANOBODY"), ("AWS_SECRET_ACCESS_KEY", "x")];
    let serving = Serving::start(&bench, "", &keys);
    serving.ask("POST", "/api/auth/aws-login", &[], "").refuses(503, "unreachable", "STS");
}

#[test]
fn with_a_secret_aws_login_is_for_who_has_it() {
    let bench = Bench::start("");
    let file = bench.file("secret");
    fs::write(&file, "0123456789abcdefX").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let serving = Serving::start(&bench, &format!("--aws-login-secret-file {}", file.display()), &[]);
    let path = "/api/auth/aws-login";
    serving.ask("POST", path, &[], "").refuses(401, "unauthorized", "secret");
    serving.with("POST", path, "wrong").refuses(401, "unauthorized", "secret");
    serving.with("POST", path, "0123456789abcdefX").refuses(
        400,
        "no_credentials",
        "AWS credentials not provided",
    );
}
