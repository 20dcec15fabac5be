//! The real AWS CLI v2 and botocore take what the browser's login wrote.

use serde_json::Value;

use crate::support::warm_aws::aws_warm;
use crate::support::{Ended, Sandbox, end, python};

/// A script in a sandbox of the real clock (theirs is, too). `BROWSER` is the sandbox's stand-in.
fn run(flags: &str, script: &str) -> Ended {
    let sandbox = Sandbox::new();
    let mut command = sandbox.tool(format!("sso-login sandbox {flags}").trim_end());
    command.env_remove("SSO_NOW").args(["--", "bash", "-euo", "pipefail", "-c", script]);
    end(command, "")
}

fn lines(ended: &Ended) -> Vec<Value> {
    ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or(Value::Null)).collect()
}

const STATS: &str = "python3 -c 'import os,urllib.request as u;
print(u.urlopen(os.environ[\"SSO_SANDBOX_URL\"] + \"/sandbox/stats\").read().decode())'";

#[test]
fn the_aws_cli_takes_and_refreshes_the_session() {
    let Some(aws) = aws_warm() else { return };
    let script = format!(
        "sso-login demo --via pkce >/dev/null 2>&1
        {aws} sts get-caller-identity --profile demo --query Arn
        {aws} configure export-credentials --profile demo-admin | tr -d '\\n'; echo
        sso-login demo
        {STATS}",
        aws = aws.display()
    );
    // Ten minutes are less than the fifteen that the AWS CLI wants left, so it refreshes at once.
    for (lifetime, refreshes) in [("--token-lifetime 1h", 0), ("--token-lifetime 10m", 1)] {
        let seen = lines(&run(lifetime, &script).exits(0));
        assert!(seen[0].as_str().unwrap().contains("AWSReservedSSO_Developer_"), "{seen:?}");
        assert!(seen[1]["SessionToken"].is_string(), "{seen:?}");
        assert_eq!(seen[2]["outcome"], "valid");
        assert_eq!(seen[3]["logins"], 1);
        assert!(seen[3]["refreshes"].as_u64().unwrap() >= refreshes, "{seen:?}");
    }
}

#[test]
fn the_aws_clis_login_and_ours_share_the_token_but_no_client() {
    let Some(aws) = aws_warm() else { return };
    let script = format!(
        "{aws} sso login --profile demo --no-browser >/dev/null
        sso-login demo --via pkce
        sso-login demo --via pkce --force >/dev/null 2>&1
        sso-login demo --via device --no-browser --force >/dev/null 2>&1
        {aws} sso login --profile demo --no-browser >/dev/null
        ls ~/.aws/sso/cache | wc -l
        {STATS}",
        aws = aws.display()
    );
    let seen = lines(&run("", &script).exits(0));
    // One token, three registrations, none of them made twice.
    assert_eq!((&seen[0]["outcome"], &seen[1]), (&"valid".into(), &4.into()));
    assert_eq!((&seen[2]["logins"], &seen[2]["operations"]["RegisterClient"]), (&4.into(), &3.into()));
}

#[test]
fn botocore_takes_and_refreshes_the_session() {
    let Some(python) = python() else { return };
    let script = format!(
        "sso-login demo --via pkce >/dev/null 2>&1
        '{}' -c '
import botocore.session
session = botocore.session.Session(profile=\"demo\")
print(session.create_client(\"sts\").get_caller_identity()[\"Account\"])'
        {STATS}",
        python.display()
    );
    let seen = lines(&run("--token-lifetime 10m", &script).exits(0));
    assert_eq!((&seen[0], &seen[1]["refreshes"]), (&111_122_223_333_u64.into(), &1.into()));
}

#[test]
fn a_session_of_the_browsers_login_is_renewed_silently() {
    let script =
        format!("sso-login demo --via pkce >/dev/null 2>&1; sleep 1.2; sso-login demo --via pkce; {STATS}");
    let seen = lines(&run("--token-lifetime 1s", &script).exits(0));
    assert_eq!((&seen[0]["outcome"], &seen[0]["via"]), (&"success".into(), &"refresh".into()));
    assert_eq!((&seen[1]["logins"], &seen[1]["refreshes"]), (&1.into(), &1.into()));
}
