//! The document's steps with the AWS CLI v2: log in, look, start, log in again, start again.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::services::place::project;
use crate::support::warm_aws::aws_warm;
use crate::support::{Sandbox, end, peer, script, tools};

/// A sandbox of the real clock with `aws`, whose arguments go to a file, and a function `just`.
fn sandbox(aws: &Path) -> (Sandbox, PathBuf) {
    let sandbox = Sandbox::new();
    let log = sandbox.root().join("argv");
    let script = format!("#!/bin/sh\necho \"$*\" >> '{}'\nexec '{}' \"$@\"\n", log.display(), aws.display());
    sandbox.program("aws", &script);
    (sandbox, log)
}

fn command(sandbox: &Sandbox, just: &Path) -> Command {
    let mut command = sandbox.tool("sso-login sandbox --pending 0 --");
    command.env_remove("SSO_NOW").env("JUST", just).env("JUSTFILE", project().join("justfile"));
    command.env("CARGO_TARGET_DIR", tools().parent().unwrap());
    command
}

fn logins(log: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    text.lines().filter(|line| line.contains("login")).map(str::to_owned).collect()
}

#[test]
fn the_steps_of_the_document_work_as_written() {
    // B2, B5, B6, B11, B14, B27
    let (Some(aws), Some(just)) = (aws_warm(), peer("SSO_TEST_JUST", "just")) else { return };
    let (sandbox, _) = sandbox(&aws);
    let script = r#"
        just() { "$JUST" --justfile "$JUSTFILE" "$@"; }
        export BACKLOG_AWS_PROFILE=demo
        start() { just sso-exec -- sh -c 'aws sts get-caller-identity --query Account; echo "$AWS_ACCESS_KEY_ID"' 2> said; }
        aws sso login --profile demo > /dev/null 2>&1
        ls ~/.aws/sso/cache/*.json > /dev/null
        aws sts get-caller-identity --profile demo --query Account
        start
        grep -h -o '"\(AccessKeyId": "ASIA\|SecretAccessKey\|SessionToken\|Expiration\)' ~/.aws/cli/cache/*.json | sort -u | wc -l
        sso-login logout demo > /dev/null
        ! start
        grep -F 'Try running: aws sso login --profile demo' said
        aws sso login --profile demo > /dev/null 2>&1
        start
    "#;
    let mut command = command(&sandbox, &just);
    command.args(["bash", "-euo", "pipefail", "-c", script]);
    let ended = end(command, "").exits(0);
    let lines: Vec<_> = ended.stdout.lines().collect();
    assert_eq!((lines[0], lines[1], lines[3]), ("\"111122223333\"", "\"111122223333\"", "4"), "{lines:?}");
    assert_eq!(
        (lines[4], lines[5]),
        ("[INFO] Try running: aws sso login --profile demo", "\"111122223333\"")
    );
    assert!(lines[2].starts_with("ASIA") && lines[6].starts_with("ASIA"));
    assert_ne!(lines[2], lines[6], "the old keys went with their session");
}

#[test]
fn a_yes_at_the_terminal_is_the_command_that_was_asked_about() {
    // B5, B-c5
    let (Some(aws), Some(just)) = (aws_warm(), peer("SSO_TEST_JUST", "just")) else { return };
    let Some(script) = script() else { return };
    let (sandbox, log) = sandbox(&aws);
    let mut command = command(&sandbox, &just);
    command.arg(script).args(["--quiet", "--return", "--command"]);
    command.arg("\"$JUST\" --justfile \"$JUSTFILE\" sso-exec demo -- sh -c 'echo \"in $AWS_REGION\"'");
    command.arg("/dev/null").env("SHELL", "/bin/sh").env("TERM", "dumb");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut shown, mut bytes, mut is_answered) = (String::new(), [0; 4096], false);
    while let Ok(length @ 1..) = child.stdout.as_mut().unwrap().read(&mut bytes) {
        shown.push_str(&String::from_utf8_lossy(&bytes[..length]));
        if shown.contains("(y/N): ") && !is_answered {
            is_answered = true;
            child.stdin.as_mut().unwrap().write_all(b"y\n").unwrap();
        }
    }
    assert!(child.wait().unwrap().success() && shown.contains("in eu-west-1"), "{shown}");
    assert_eq!(logins(&log), ["sso login --profile demo"]);
}
