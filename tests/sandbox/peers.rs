//! The real AWS CLI v2 and botocore as clients of the sandbox.

use std::path::Path;

use serde_json::Value;

use crate::support::warm_aws::aws_warm;
use crate::support::{Ended, Sandbox, end, python};

/// A script in the sandbox, with the AWS CLI as `aws`. The clock is the real one: theirs is too.
fn with_aws(flags: &str, script: &str) -> Option<Ended> {
    let aws = aws_warm()?;
    Some(run(flags, &script.replace("aws ", &format!("{} ", aws.display()))))
}

fn run(flags: &str, script: &str) -> Ended {
    let sandbox = Sandbox::new();
    let mut command = sandbox.tool(format!("sso-login sandbox {flags}").trim_end());
    command.env_remove("SSO_NOW").args(["--", "bash", "-euo", "pipefail", "-c", script]);
    end(command, "")
}

fn lines(ended: &Ended) -> Vec<Value> {
    ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or(Value::Null)).collect()
}

#[test]
fn the_aws_cli_logs_in_and_knows_who_it_is() {
    let script = "aws sso login --profile demo --no-browser >/dev/null
        aws sts get-caller-identity --profile demo --query Arn
        aws configure export-credentials --profile demo-admin | tr -d '\\n'; echo
        aws sts get-caller-identity --profile demo-admin --query Account
        aws sso logout
        test -z \"$(ls ~/.aws/cli/cache)\"";
    let Some(ended) = with_aws("--approve auto", script) else { return };
    let seen = lines(&ended.exits(0));
    assert!(
        seen[0]
            .as_str()
            .unwrap()
            .starts_with("arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Developer_")
    );
    assert!(seen[1]["AccessKeyId"].as_str().unwrap().starts_with("ASIA"));
    assert_eq!(seen[2], "111122223333");
}

#[test]
fn the_aws_cli_opens_the_stand_in_for_a_browser() {
    let script = "aws sso login --profile other >/dev/null; aws sts get-caller-identity --profile other --query Account";
    let Some(ended) = with_aws("--pending 0 --slow-down 1", script) else { return };
    // The AWS CLI polls once before it shows anything, and takes the `slow_down` there.
    assert_eq!(lines(&ended.exits(0)), ["444455556666"]);
}

#[test]
fn the_aws_cli_sees_a_denial_and_an_expiry() {
    let script = "aws sso login --profile demo --no-browser";
    let Some(denied) = with_aws("--deny", script) else { return };
    assert!(denied.code == 254 && denied.stderr.contains("AccessDeniedException"), "{}", denied.stderr);
    let Some(expired) = with_aws("--expire", script) else { return };
    assert!(expired.code == 255 && expired.stderr.contains("has expired"), "{}", expired.stderr);
}

#[test]
fn the_aws_cli_pages_through_a_large_organisation() {
    let script = "aws sso login --profile demo --no-browser >/dev/null
        token=$(grep -ho '\"accessToken\": \"[^\"]*' ~/.aws/sso/cache/*.json | cut -d'\"' -f4)
        aws sso list-accounts --region us-east-1 --access-token \"$token\" --query 'length(accountList)'
        aws sso list-account-roles --region us-east-1 --access-token \"$token\" --account-id 444455556666 \\
            --query 'length(roleList)'";
    let Some(ended) = with_aws("--accounts 230 --roles 60", script) else { return };
    assert_eq!(lines(&ended.exits(0)), [230, 60]);
}

#[test]
fn botocore_takes_and_refreshes_what_the_aws_cli_got() {
    let Some(python) = python() else { return };
    let script = format!(
        "aws sso login --profile demo --no-browser >/dev/null
        '{}' -c '
import botocore.session, json, os, urllib.request
session = botocore.session.Session(profile=\"demo\")
print(session.create_client(\"sts\").get_caller_identity()[\"Account\"])
stats = urllib.request.urlopen(os.environ[\"SSO_SANDBOX_URL\"] + \"/sandbox/stats\")
print(json.load(stats)[\"refreshes\"])
'",
        Path::new(&python).display()
    );
    // Ten minutes are less than the fifteen that botocore wants left, so it refreshes at once.
    let Some(ended) = with_aws("--token-lifetime 10m", &script) else { return };
    assert_eq!(ended.exits(0).stdout, "111122223333\n1\n");
}

#[test]
fn the_aws_cli_lists_the_buckets_whatever_its_version() {
    let script = "sso-login demo --via device --no-browser > /dev/null 2>&1; aws s3 ls --profile demo";
    let Some(ended) = with_aws("", script) else { return };
    assert!(ended.exits(0).stdout.ends_with(" sandbox-111122223333\n"));
}

#[test]
fn s3_answers_who_signs_with_the_secret_that_belongs_to_the_key() {
    let Some(python) = python() else { return };
    let script = format!(
        "sso-login demo --via device --no-browser > /dev/null 2>&1
        eval \"$(sso-login credentials demo --format env)\"
        ask() {{ '{}' -c '
import botocore.session
client = botocore.session.Session().create_client(\"s3\", region_name=\"eu-west-1\")
try: print([bucket[\"Name\"] for bucket in client.list_buckets()[\"Buckets\"]])
except Exception as error: print(error.response[\"Error\"][\"Code\"])'; }}
        ask
        AWS_SECRET_ACCESS_KEY=another ask
        AWS_SESSION_TOKEN=another ask
        AWS_ACCESS_KEY_ID=ASIANOBODY ask",
        python.display()
    );
    assert_eq!(
        run("", &script).exits(0).stdout,
        "['sandbox-111122223333']\nSignatureDoesNotMatch\nInvalidToken\nInvalidAccessKeyId\n"
    );
}
