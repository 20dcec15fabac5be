//! What `sso-profile key` promises: references and no secrets, answers and no logins.
#![expect(unreachable_pub, reason = "modules of a test see each other's functions")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a failing test panics")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};
use support::{Sandbox, end};

const CONFIG: &str = "\
[profile corp]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Developer
region = eu-west-1
[profile old]
sso_start_url = https://d-1234567890.awsapps.com/start
sso_region = us-east-1
sso_account_id = 111122223333
sso_role_name = Developer
[profile ci]
aws_access_key_id = AKIAEXAMPLE
aws_secret_access_key = canary
[sso-session corp]
sso_start_url = https://d-1234567890.awsapps.com/start
sso_region = us-east-1
";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(".aws/config", CONFIG);
    // Whoever runs it fails the test: looking never logs in.
    sandbox.program("aws", "#!/bin/sh\ntouch \"$HOME/logged-in\"\n");
    sandbox
}

fn stored(sandbox: &Sandbox) -> Value {
    serde_json::from_slice(&fs::read(sandbox.state().join("keys.json")).unwrap()).unwrap()
}

#[test]
fn a_key_is_a_private_reference() {
    let sandbox = sandbox();
    sandbox.run("sso-profile key set --env dev --key AWS_PROFILE --vault aws.iam.sso corp").exits(0);
    let entry = json!({"vault": "aws.iam.sso", "reference": "corp"});
    assert_eq!(stored(&sandbox), json!({"version": 1, "keys": {"dev.AWS_PROFILE": entry}}));
    let mode = fs::metadata(sandbox.state().join("keys.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_locked_key_names_the_command_that_unlocks_and_logs_nobody_in() {
    let sandbox = sandbox();
    sandbox.run("sso-profile key set --env dev --key AWS_PROFILE --vault aws.iam.sso corp").exits(0);
    let ended = sandbox.run("sso-profile key get --env dev --key AWS_PROFILE").exits(77);
    assert_eq!(ended.document()["state"], "locked");
    assert!(ended.stderr.contains("hint: sso-login corp | sso-signal settle\n"), "{}", ended.stderr);
    assert_eq!(sandbox.run("sso-profile key list").exits(0).document()["state"], "locked");
    assert!(!sandbox.home().join("logged-in").exists());
}

#[test]
fn a_valid_session_grants_the_profile_name_and_nothing_of_the_token() {
    let sandbox = sandbox();
    sandbox.run("sso-profile key set --env dev --key AWS_PROFILE --vault aws.iam.sso corp").exits(0);
    let token = json!({"startUrl": "https://d-1234567890.awsapps.com/start", "region": "us-east-1",
        "accessToken": "canary", "expiresAt": "2026-11-21T18:00:00Z"});
    // sha1("corp"), as AWS-FORMATS 1 has it.
    sandbox.write(".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json", token.to_string());
    let ended = sandbox.run("sso-profile key get --env dev --key AWS_PROFILE").exits(0);
    assert_eq!((&ended.document()["state"], &ended.document()["value"]), (&json!("granted"), &json!("corp")));
    assert!(!ended.stdout.contains("canary"));
}

#[test]
fn a_static_profile_is_granted_and_its_secret_shown_nowhere() {
    let sandbox = sandbox();
    sandbox.run("sso-profile key set --env ci --key AWS_PROFILE --vault aws.static ci").exits(0);
    let ended = sandbox.run("sso-profile key get --env ci --key AWS_PROFILE").exits(0);
    assert_eq!(ended.document()["value"], "ci");
    assert!(!ended.stdout.contains("canary") && !stored(&sandbox).to_string().contains("canary"));
}

#[test]
fn a_variable_is_the_product_of_get_alone() {
    let sandbox = sandbox();
    let file = sandbox.write("services.env", "export TOKEN='canary'\n");
    let set = format!("sso-profile key set --env dev --key TOKEN --vault env {}#TOKEN", file.display());
    sandbox.run(&set).exits(0);
    assert_eq!(
        sandbox.run("sso-profile key get --env dev --key TOKEN").exits(0).document()["value"],
        "canary"
    );
    assert!(!sandbox.run("sso-profile key list").exits(0).stdout.contains("canary"));
    assert!(!stored(&sandbox).to_string().contains("canary"));
    fs::remove_file(file).unwrap();
    let ended = sandbox.run("sso-profile key get --env dev --key TOKEN").exits(1);
    assert_eq!(ended.document()["state"], "absent");
}

#[test]
fn what_is_not_there_is_absent_and_what_went_away_blocks() {
    let sandbox = sandbox();
    sandbox.run("sso-profile key get --env dev --key AWS_PROFILE").exits(1);
    sandbox.run("sso-profile key remove --env dev --key AWS_PROFILE").exits(1);
    sandbox.run("sso-profile key set --env dev --key AWS_PROFILE --vault aws.iam.sso corp").exits(0);
    sandbox.write(".aws/config", "");
    sandbox.run("sso-profile key get --env dev --key AWS_PROFILE").exits(78).says("no profile `corp`");
    sandbox.run("sso-profile key remove --env dev --key AWS_PROFILE").exits(0);
    assert_eq!(stored(&sandbox)["keys"], json!({}));
}

#[test]
fn a_reference_that_does_not_fit_its_vault_is_refused_and_not_stored() {
    let sandbox = sandbox();
    for (vault, reference) in
        [("aws.iam.sso", "none"), ("aws.iam.sso", "old"), ("aws.iam.sso", "ci"), ("aws.static", "corp")]
    {
        let set = format!("sso-profile key set --env dev --key K --vault {vault} {reference}");
        sandbox.run(&set).exits(78);
    }
    let ended = sandbox.run("sso-profile key set --env dev --key K --vault env s3cr3t/value").exits(78);
    assert!(!ended.stderr.contains("s3cr3t"), "{}", ended.stderr);
    assert!(!sandbox.state().join("keys.json").exists());
}

#[test]
fn list_keeps_to_the_asked_for_env() {
    let sandbox = sandbox();
    for env in ["dev", "prod"] {
        sandbox.run(&format!("sso-profile key set --env {env} --key K --vault env K")).exits(0);
    }
    assert_eq!(sandbox.run("sso-profile key list --env prod").exits(0).document()["slug"], "prod.K");
}

#[test]
fn a_broken_file_is_named_and_left_alone() {
    let sandbox = sandbox();
    for content in ["{", "{\"version\":2,\"keys\":{}}", "{\"version\":1,\"keys\":{\"x\":{}}}"] {
        let path = sandbox.write(".aws/sso-renewer/keys.json", content);
        sandbox.run("sso-profile key set --env dev --key K --vault env K").exits(65).says("keys.json");
        assert_eq!(fs::read_to_string(path).unwrap(), content);
    }
}

#[test]
fn fifty_concurrent_sets_lose_none() {
    let sandbox = sandbox();
    std::thread::scope(|scope| {
        for number in 0..50 {
            let command =
                sandbox.tool(&format!("sso-profile key set --env dev --key K{number} --vault env K"));
            scope.spawn(move || end(command, "").exits(0));
        }
    });
    assert_eq!(stored(&sandbox)["keys"].as_object().unwrap().len(), 50);
}
