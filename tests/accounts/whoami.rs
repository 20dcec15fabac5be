//! Who am I: asked of STS, with expired, denied and unreachable told apart.

use serde_json::json;

use crate::login::bench::{Bench, after};
use crate::support::end;

#[test]
fn the_identity_is_that_of_the_role() {
    let bench = Bench::logged_in("");
    let document = bench.run("sso-login whoami demo").exits(0).document();
    assert_eq!(
        document,
        json!({
            "profile": "demo", "profileFrom": "argument",
            "arn": "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Developer_0000000022223333/user",
            "accountId": "111122223333", "userId": "AROASANDBOX22223333:user", "expiresAt": "2026-11-21T13:00:00Z"
        })
    );
    let text = bench.run("sso-login whoami demo --text").exits(0).stdout;
    assert!(text.starts_with("demo: arn:aws:sts::111122223333:assumed-role/"), "{text}");
}

#[test]
fn a_filter_asks_about_each_and_keeps_what_it_does_not_know() {
    let bench = Bench::logged_in("");
    let input = "{\"profile\":\"demo\",\"mine\":[1]}\n{\"event\":\"x\"}\n{\"profile\":\"other\"}\n{\"profile\":\"no\"}\n";
    let documents = bench.feed("sso-login whoami", input).exits(0).documents();
    assert_eq!((&documents[0]["mine"], &documents[0]["accountId"]), (&json!([1]), &json!("111122223333")));
    assert_eq!(documents[1], json!({"event": "x"}));
    assert_eq!(
        (&documents[2]["error"], &documents[3]["error"]),
        (&json!("expired"), &json!("unknown-profile"))
    );
    bench.feed("sso-login whoami -e", "{\"profile\":\"other\"}").exits(77);
}

#[test]
fn expired_denied_and_unreachable_are_told_apart() {
    let bench = Bench::logged_in("");
    for (fault, error, code) in [
        (json!({"error": ["GetCallerIdentity=ExpiredToken"]}), "expired", 77),
        (json!({"error": ["GetCallerIdentity=InvalidClientTokenId"]}), "denied", 78),
        (json!({"error": ["GetCallerIdentity=InvalidAction"]}), "denied", 78),
        (json!({"error": ["GetCallerIdentity=Throttling"]}), "unreachable", 69),
        (json!({"error": ["GetCallerIdentity=InternalFailure"]}), "unreachable", 69),
        (json!({"error": [], "fail": ["GetCallerIdentity=503"]}), "unreachable", 69),
        (json!({"error": ["GetRoleCredentials=ForbiddenException"], "fail": []}), "denied", 78),
    ] {
        bench.faults(&fault);
        let _ = std::fs::remove_dir_all(bench.home().join(".aws/cli/cache"));
        let ended = bench.run("sso-login whoami demo");
        assert_eq!(
            (ended.code, &ended.document()["error"]),
            (code, &json!(error)),
            "{fault}: {}",
            ended.stderr
        );
        assert!(ended.document()["reason"].is_string());
    }
    let mut nobody = bench.command("sso-login whoami demo");
    nobody.env("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1");
    bench.faults(&json!({"error": []}));
    assert_eq!(end(nobody, "").exits(69).document()["error"], "unreachable");
}

#[test]
fn cached_credentials_that_died_early_are_replaced() {
    let bench = Bench::logged_in("");
    bench.run("sso-login whoami demo").exits(0);
    bench.faults(&json!({"error": ["GetCallerIdentity=ExpiredTokenx1"]}));
    bench.run("sso-login whoami demo").exits(0);
    assert_eq!(bench.count("GetRoleCredentials"), 2);
}

#[test]
fn a_session_that_is_over_is_no_identity() {
    let bench = Bench::logged_in("");
    bench.forward(9 * 3600);
    let mut command = bench.command("sso-login whoami demo");
    command.env("SSO_NOW", after(9 * 3600));
    let ended = end(command, "").exits(77).says("has expired; run: sso-login demo");
    assert_eq!(ended.document()["error"], "expired");
}
