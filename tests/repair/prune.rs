//! What `prune` removes, and what it keeps.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use crate::repair::{AFTER, BEFORE, of, put, registration, role, role_file, token, token_file};
use crate::support::{Sandbox, names};

const CORP: &str =
    r#"{"profile":"cc","kind":"sso-session","ssoSession":"corp","accountId":"111122223333","roleName":"R"}"#;

fn bare(expires_at: &str) -> String {
    format!(r#"{{"accessToken": "aoa", "expiresAt": "{expires_at}"}}"#)
}

#[test]
fn nothing_chosen_is_a_usage_error() {
    let sandbox = Sandbox::new();
    sandbox.run("sso-cache prune").exits(2).says("no files were chosen");
    sandbox.run("sso-cache prune --dry-run").exits(2).says("no files were chosen");
}

#[test]
fn expired_means_over_and_beyond_a_refresh() {
    let sandbox = Sandbox::new();
    let (dead, refreshable, valid) =
        (token_file(&sandbox, "dead"), token_file(&sandbox, "refreshable"), token_file(&sandbox, "valid"));
    let (keys, client) =
        (role_file(&sandbox, "corp"), sandbox.token_dir().join(format!("{}.json", "a".repeat(40))));
    let foreign = sandbox.token_dir().join("other-tool.json");
    put(&dead, bare(BEFORE));
    put(&refreshable, token("aoa", BEFORE));
    put(&valid, bare(AFTER));
    put(&keys, role(BEFORE));
    put(&client, registration().replace("2027", "2025"));
    put(&foreign, bare(BEFORE));
    let dry = sandbox.run("sso-cache prune --expired --dry-run").exits(0).documents();
    assert!(dead.exists() && keys.exists() && client.exists());
    let documents = sandbox.run("sso-cache prune --expired").exits(0).documents();
    for (path, action) in [
        (&dead, "removed"),
        (&refreshable, "kept"),
        (&valid, "kept"),
        (&keys, "removed"),
        (&client, "removed"),
        (&foreign, "kept"),
    ] {
        assert_eq!(of(&documents, path, "action"), action, "{documents:?}");
        assert_eq!(of(&dry, path, "action"), action);
        assert_eq!(path.exists(), action == "kept");
    }
    assert_eq!(names(sandbox.role_dir()), [""; 0]);
}

#[test]
fn orphans_are_what_no_profile_points_at() {
    let sandbox = Sandbox::new();
    let kept = [token_file(&sandbox, "corp"), role_file(&sandbox, "corp")];
    let gone = [token_file(&sandbox, "left"), role_file(&sandbox, "left")];
    for [tokens, roles] in [&kept, &gone] {
        put(tokens, token("aoa", AFTER));
        put(roles, role(AFTER));
    }
    let client = sandbox.token_dir().join(format!("{}.json", "a".repeat(40)));
    put(&client, registration());
    let assumed = sandbox.role_dir().join(format!("{}.json", "b".repeat(40)));
    put(&assumed, role(AFTER).replace("ProviderType", "AssumedRoleUser"));
    sandbox.feed("sso-cache prune --orphaned", CORP).exits(0);
    assert!(kept.iter().chain([&client, &assumed]).all(|path| path.exists()));
    assert!(gone.iter().all(|path| !path.exists()));
}

#[test]
fn without_knowing_all_profiles_there_are_no_orphans() {
    let sandbox = Sandbox::new();
    let corp = token_file(&sandbox, "corp");
    put(&corp, token("aoa", AFTER));
    // What another host has makes nothing an orphan here.
    let remote = CORP.replacen('{', "{\"host\":\"box1\",", 1);
    sandbox.feed("sso-cache prune --orphaned", &remote).exits(65).says("no profile document");
    sandbox.feed("sso-cache prune --orphaned", "\n").exits(65).says("no profile document");
    let broken = format!("{CORP}\n{{\"profile\":\"x\",\"error\":\"no such session\"}}");
    sandbox.feed("sso-cache prune --orphaned", &broken).exits(78).says("no such session");
    sandbox.feed("sso-cache prune --orphaned", "{\"a\"").exits(65);
    assert!(corp.exists());
}

#[test]
fn corrupt_is_what_is_beyond_repair() {
    let sandbox = Sandbox::new();
    let (hopeless, mendable) = (token_file(&sandbox, "hopeless"), token_file(&sandbox, "mendable"));
    let (foreign, whole) = (sandbox.token_dir().join("foreign.json"), sandbox.token_dir().join("whole.json"));
    put(&hopeless, "{\"accessTok");
    put(&mendable, token("aoa", AFTER) + "}");
    put(&foreign, "{");
    put(&whole, "[]");
    put(&sandbox.role_dir().join("session.db"), "SQLite");
    sandbox.run("sso-cache prune --corrupt").exits(0);
    assert!(!hopeless.exists() && !foreign.exists());
    assert!(mendable.exists() && whole.exists() && sandbox.role_dir().join("session.db").exists());
}

#[test]
fn age_narrows_the_other_choices_and_stands_alone_for_tokens_and_credentials() {
    let sandbox = Sandbox::new();
    let age = |path: &std::path::Path, days: u64| {
        let then = SystemTime::now() - Duration::from_secs(days * 24 * 3600);
        File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
    };
    let (old, new, valid) =
        (token_file(&sandbox, "old"), token_file(&sandbox, "new"), token_file(&sandbox, "valid"));
    let client = sandbox.token_dir().join(format!("{}.json", "a".repeat(40)));
    for (path, content, days) in [
        (&old, bare(BEFORE), 40),
        (&new, bare(BEFORE), 1),
        (&valid, bare(AFTER), 40),
        (&client, registration(), 40),
    ] {
        put(path, content);
        age(path, days);
    }
    sandbox.run("sso-cache prune --expired --older-than 30d").exits(0);
    assert!(!old.exists() && new.exists() && valid.exists());
    sandbox.run("sso-cache prune --older-than 30d").exits(0);
    assert!(new.exists() && !valid.exists() && client.exists());
}

#[test]
fn what_can_not_be_read_is_kept_and_told() {
    let sandbox = Sandbox::new();
    let (dead, link) = (token_file(&sandbox, "dead"), token_file(&sandbox, "link"));
    put(&dead, bare(BEFORE));
    std::os::unix::fs::symlink(&dead, &link).unwrap();
    let documents = sandbox.run("sso-cache prune --expired --text").exits(0);
    assert!(documents.stdout.contains("removed"), "{}", documents.stdout);
    assert!(fs::symlink_metadata(&link).is_ok(), "a link is left alone");
}

#[test]
fn a_dry_run_says_in_words_what_it_would_do_and_an_empty_one_that_there_is_nothing() {
    let sandbox = Sandbox::new();
    for line in ["sso-cache prune --expired --text", "sso-cache prune --expired --dry-run --text"] {
        assert_eq!(sandbox.run(line).exits(0).stdout, "nothing to prune\n", "{line}");
    }
    let dead = token_file(&sandbox, "dead");
    put(&dead, bare(BEFORE));
    let row = |line: &str| sandbox.run(line).exits(0).stdout.lines().last().unwrap().to_owned();
    let dry = row("sso-cache prune --expired --dry-run --text");
    assert!(dry.starts_with("would remove  token ") && dead.exists(), "{dry}");
    let wet = row("sso-cache prune --expired --text");
    assert!(wet.starts_with("removed       token ") && !dead.exists(), "{wet}");
}
