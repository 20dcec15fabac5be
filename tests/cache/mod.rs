//! `sso-cache` as a process: what it promises in pipes, to a person, and to the AWS CLI's own code.

mod documents;
mod faults;
mod list;
mod monitor;
mod peers;
mod states;

use std::fs;
use std::path::PathBuf;

use crate::support::{Sandbox, end};
use serde_json::{Value, json};
use sso_cache::folder::Cache;
use sso_cache::key::Session;

const URL: &str = "https://d-1234567890.awsapps.com/start";
const PROFILE: &str = r#"{"profile":"cc","kind":"sso-session","ssoSession":"corp","accountId":"111122223333","roleName":"R","x":1}"#;
const BEFORE: &str = "2026-11-21T11:00:00Z";
const AFTER: &str = "2026-11-21T13:00:00Z";

fn token_file(sandbox: &Sandbox, session: Session<'_>) -> PathBuf {
    Cache::of_home(sandbox.home()).token(session)
}

fn put_token(sandbox: &Sandbox, session: Session<'_>, changes: &Value) {
    let mut token = json!({
        "startUrl": URL, "region": "eu-west-1", "accessToken": "aoa-CANARY", "expiresAt": AFTER, "clientId": "id-CANARY",
        "clientSecret": "cs-CANARY", "registrationExpiresAt": "2027-01-01T00:00:00Z", "refreshToken": "aor-CANARY",
        "idToken": "idt-CANARY",
    });
    for (key, value) in changes.as_object().unwrap() {
        token[key] = value.clone();
    }
    fs::write(token_file(sandbox, session), token.to_string()).unwrap();
}

fn put_role(sandbox: &Sandbox, session: Session<'_>, expires_at: &str) {
    let path = Cache::of_home(sandbox.home()).role("111122223333", "R", session);
    let credentials = json!({"ProviderType": "sso", "Credentials": {
        "AccessKeyId": "ASIACANARY", "SecretAccessKey": "s-CANARY", "SessionToken": "t-CANARY",
        "Expiration": expires_at, "AccountId": "111122223333"}});
    fs::write(path, credentials.to_string()).unwrap();
}

const CORP: Session<'_> = Session::Named("corp");

#[test]
fn no_secret_is_ever_shown_even_with_the_log_on() {
    let sandbox = Sandbox::new();
    put_role(&sandbox, CORP, AFTER);
    for changes in [
        json!({}),
        json!({"expiresAt": BEFORE}),
        json!({"expiresAt": "CANARY"}),
        json!({"clientSecret": ["CANARY"]}),
        json!({"expiresAt": {"CANARY": 1}}),
    ] {
        put_token(&sandbox, CORP, &changes);
        for line in [
            "sso-cache check",
            "sso-cache check --text",
            "sso-cache list",
            "sso-cache list --text",
            "sso-cache repair --dry-run",
            "sso-cache prune --expired --dry-run",
        ] {
            let mut command = sandbox.tool(line);
            command.env("SSO_LOG", "debug");
            let ended = end(command, PROFILE);
            assert_eq!(ended.code, 0, "{line}: {}", ended.stderr);
            assert!(!ended.stdout.contains("CANARY") && !ended.stderr.contains("CANARY"), "{line}");
            let said = match line.split(' ').nth(1).unwrap() {
                "check" => "debug: cc: SSO session",
                "list" => "debug: listed ",
                "repair" => "debug: repaired ",
                _ => "debug: pruned ",
            };
            assert!(ended.stderr.contains(said) && ended.stderr.lines().count() == 1, "{}", ended.stderr);
        }
    }
}
