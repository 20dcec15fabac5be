//! The real AWS CLI v2 logs in through us; tests/matrix has what every client shares with us.

use std::path::Path;

use serde_json::Value;

use crate::support::warm_aws::aws_warm;
use crate::support::{Ended, Sandbox, end};

/// A script in a sandbox of the real clock (theirs is, too), with the AWS CLI v2 as `aws`, and whatever is first on this
/// machine's PATH as it is.
fn run(aws: &Path, flags: &str, script: &str) -> Ended {
    let sandbox = Sandbox::new();
    sandbox.program("aws", &format!("#!/bin/sh\nexec {} \"$@\"\n", aws.display()));
    let mut command = sandbox.tool(format!("sso-login sandbox {flags}").trim_end());
    command.env_remove("SSO_NOW").args(["--", "bash", "-euo", "pipefail", "-c", script]);
    end(command, "")
}

fn lines(ended: &Ended) -> Vec<Value> {
    ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or(Value::Null)).collect()
}

#[test]
fn the_aws_cli_takes_the_session_of_our_device_flow() {
    let Some(aws) = aws_warm() else { return };
    let script = "sso-login demo --via device --no-browser 2>/dev/null >/dev/null
        aws sts get-caller-identity --profile demo --query Arn
        aws sts get-caller-identity --profile demo-admin --query Account
        aws configure export-credentials --profile demo | tr -d '\\n'; echo
        sso-login demo | tail -n 1
        ls ~/.aws/sso/cache | wc -l";
    let seen = lines(&run(&aws, "", script).exits(0));
    assert!(seen[0].as_str().unwrap().contains("AWSReservedSSO_Developer_"), "{seen:?}");
    assert_eq!(seen[1], "111122223333");
    assert!(seen[2]["SessionToken"].is_string());
    assert_eq!(seen[3]["outcome"], "valid");
    assert_eq!(seen[4], 2);
}

#[test]
fn the_aws_cli_logs_in_through_us() {
    let Some(aws) = aws_warm() else { return };
    let script = "sso-login demo --no-browser 2>stderr
        sso-login demo-admin
        cat stderr >&2
        aws sts get-caller-identity --profile demo-admin --query Account";
    let ended = run(&aws, "", script);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let seen = lines(&ended);
    let (url, code) = (seen[0]["url"].as_str().unwrap(), seen[0]["userCode"].as_str().unwrap());
    assert_eq!((&seen[0]["event"], &seen[0]["via"]), (&Value::from("authorize"), &Value::from("aws")));
    assert!(ended.stderr.contains(url) && ended.stderr.contains(code), "{}", ended.stderr);
    assert!(!ended.stderr.contains("sso-login: "), "{}", ended.stderr);
    assert_eq!((&seen[1]["outcome"], &seen[1]["via"]), (&Value::from("success"), &Value::from("aws")));
    assert_eq!((&seen[2]["outcome"], &seen[3]), (&Value::from("valid"), &Value::from("111122223333")));
}

#[test]
fn what_the_aws_cli_says_is_told_apart() {
    let Some(aws) = aws_warm() else { return };
    let with = format!("export SSO_AWS={} AWS_MAX_ATTEMPTS=1", aws.display());
    let script = format!("{with}; sso-login demo --via aws --no-browser");
    let denied = run(&aws, "--deny", &script);
    denied.fails(77, "failed", "aws", "AccessDeniedException");
    run(&aws, "--expire", &script).fails(124, "timeout", "expired_token", "expired");
    run(&aws, "--pending 1000", &format!("{with}; sso-login demo --via aws --timeout 5s")).fails(
        124,
        "timeout",
        "",
        "took too long",
    );
    let away = "rm -r ~/.aws/models; export AWS_MAX_ATTEMPTS=1 AWS_ENDPOINT_URL_SSO_OIDC=http://127.0.0.1:9 HTTPS_PROXY=http://127.0.0.1:9
        unset NO_PROXY no_proxy; sso-login demo --via aws";
    run(&aws, "", away).fails(69, "failed", "unreachable", "");
}

#[test]
fn a_service_that_throttles_the_aws_cli_is_unreachable_and_no_refusal() {
    let Some(aws) = aws_warm() else { return };
    // Each try of the AWS CLI answers the same.
    let line = format!("SSO_AWS={} AWS_MAX_ATTEMPTS=1 BROWSER=true sso-login demo --via aws", aws.display());
    for flags in [
        "--fail RegisterClient=429",
        "--fail StartDeviceAuthorization=500",
        "--error CreateToken=AccessDeniedException",
    ] {
        let ended = run(&aws, flags, &line);
        assert_eq!(ended.code, if flags.contains("--fail") { 69 } else { 77 }, "{flags}: {}", ended.stderr);
    }
}
