//! `sso-login doctor`: each check, with what it looks at broken on purpose.

mod files;
mod fixes;
mod inside;
mod network;
mod programs;

use crate::support::{Ended, Sandbox, end};
use serde_json::Value;

const CONFIG: &str = "\
[profile cc]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = R
[sso-session corp]
sso_start_url = https://d-1234567890.awsapps.com/start
sso_region = eu-west-1
";
const AFTER: &str = "2026-11-21T13:00:00Z";

/// A sandbox in which all is well.
fn healthy() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(".aws/config", CONFIG);
    sandbox.program("aws", "#!/bin/sh\necho aws-cli/2.36.7 Python/3.11.7 Linux/6 source/x86_64\n");
    put_token(&sandbox, AFTER, "2027-01-01T00:00:00Z");
    for folder in [sandbox.token_dir(), sandbox.role_dir()] {
        chmod(&folder, 0o700);
    }
    sandbox
}

fn put_token(sandbox: &Sandbox, expires_at: &str, registration_expires_at: &str) {
    // sha1("corp")
    let token = format!(
        r#"{{"startUrl": "https://d-1234567890.awsapps.com/start", "region": "eu-west-1", "accessToken": "aoa-CANARY",
        "expiresAt": "{expires_at}", "clientId": "id", "clientSecret": "cs-CANARY",
        "registrationExpiresAt": "{registration_expires_at}", "refreshToken": "aor-CANARY"}}"#
    );
    let cache = sso_cache::folder::Cache::of_home(sandbox.home());
    let path = cache.token(sso_cache::key::Session::Named("corp"));
    std::fs::write(&path, token).unwrap();
    chmod(&path, 0o600);
}

fn chmod(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// The doctor, with these variables.
fn doctor(sandbox: &Sandbox, flags: &str, variables: &[(&str, &str)]) -> Ended {
    let mut command = sandbox.tool(format!("sso-login doctor {flags}").trim_end());
    command.envs(variables.iter().copied());
    let ended = end(command, "");
    assert!(!ended.stdout.contains("CANARY") && !ended.stderr.contains("CANARY"), "{}", ended.stdout);
    ended
}

/// The findings of one check.
fn of(ended: &Ended, check: &str) -> Vec<Value> {
    ended.documents().into_iter().filter(|document| document["check"] == check).collect()
}

/// Expects one finding of `check`, with that status, of which `seen` and `fix` contain these words.
#[track_caller]
fn expect(ended: &Ended, check: &str, status: &str, seen: &str, fix: &str) -> Value {
    let found = of(ended, check);
    let is_it = |finding: &&Value| {
        finding["status"] == status
            && finding["seen"].as_str().unwrap().contains(seen)
            && finding["fix"].as_str().unwrap_or_default().contains(fix)
    };
    found
        .iter()
        .find(is_it)
        .unwrap_or_else(|| panic!("{check} {status} {seen:?} {fix:?} is not in {found:#?}"))
        .clone()
}

#[test]
fn where_all_is_well_every_check_says_so_once() {
    let sandbox = healthy();
    let ended = doctor(&sandbox, "-e --offline", &[]).exits(0);
    for check in [
        "aws-cli",
        "variables",
        "config",
        "readers",
        "cache",
        "permissions",
        "state-directory",
        "session",
        "registration",
    ] {
        let found = of(&ended, check);
        assert_eq!((found.len(), &found[0]["status"]), (1, &Value::from("ok")), "{found:?}");
        assert!(found[0].get("fix").is_none(), "{found:?}");
    }
    for check in ["endpoint", "clock", "watcher", "monitor", "dialog"] {
        assert_eq!(of(&ended, check)[0]["status"], "skipped");
    }
    assert!(!sandbox.state().exists(), "it changes nothing");
}

#[test]
fn the_text_says_what_is_wrong_first_and_what_is_fine_in_one_line() {
    let sandbox = healthy();
    let text = doctor(&sandbox, "--offline --text", &[]).exits(0).stdout;
    assert!(text.starts_with("Nothing is wrong here.\n\nFine: aws-cli, variables, config"), "{text}");
    let text = doctor(&sandbox, "--offline --text -e", &[("AWS_PROFILE", "")]);
    assert_eq!(text.code, 78);
    assert!(
        text.stdout.starts_with("One thing is wrong:\n\n  variables: AWS_PROFILE is set and empty"),
        "{}",
        text.stdout
    );
    assert!(text.stdout.contains("    What helps:  unset AWS_PROFILE\n"), "{}", text.stdout);
}

#[test]
fn the_worst_finding_is_the_status_where_that_is_wanted() {
    let sandbox = healthy();
    assert_eq!(doctor(&sandbox, "--offline -e", &[("AWS_DEFAULT_PROFILE", "cc")]).exits(1).code, 1);
    doctor(&sandbox, "--offline", &[("AWS_PROFILE", "")]).exits(0);
    std::fs::write(sandbox.token_dir().join(format!("{}.json", "a".repeat(40))), "{").unwrap();
    assert_eq!(doctor(&sandbox, "--offline -e", &[]).code, 65);
    doctor(&sandbox, "--wrong", &[]).exits(2);
}

#[test]
fn the_page_on_troubleshooting_knows_every_check() {
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/troubleshooting.md")).unwrap();
    let sandbox = healthy();
    let mut checks: Vec<_> = doctor(&sandbox, "--offline", &[])
        .documents()
        .iter()
        .map(|document| document["check"].as_str().unwrap().to_owned())
        .collect();
    checks.dedup();
    for check in &checks {
        assert!(page.contains(&format!("\n| `{check}` |")), "{check}");
    }
    let help = sandbox.run("sso-login doctor --help").exits(0).stdout;
    assert!(checks.iter().all(|check| help.contains(check.as_str())), "{help}");
    // The symptoms that people bring are there, too.
    for symptom in ["./install.sh", "policy storage is local only", "JSONDecodeError", "get-caller-identity"]
    {
        assert!(page.contains(symptom), "{symptom}");
    }
}
