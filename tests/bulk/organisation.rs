//! A listing of accounts and roles becomes profiles.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Ended, Sandbox, end, names};

/// What a person wrote: comments, blanks, a missing line end.
pub const HAND: &str = "\
# my config

[default]
region = eu-west-1   # home

; the one for builds
[profile hand]
sso_session = corp
sso_account_id = 444455556666
sso_role_name = Hand
s3 =
    max_concurrent_requests = 20

[sso-session corp]
# from the mail of May
sso_start_url = https://d-1234567890.awsapps.com/start
sso_region = us-east-1
sso_registration_scopes = sso:account:access";

pub fn role(account_id: &str, account: &str, role: &str) -> Value {
    json!({
        "ssoSession": "corp", "startUrl": "https://d-1234567890.awsapps.com/start", "ssoRegion": "us-east-1",
        "scopes": ["sso:account:access"], "accountId": account_id, "accountName": account,
        "emailAddress": "owner@corp.example", "roleName": role, "seen": 7
    })
}

pub fn stream(documents: &[Value]) -> String {
    documents.iter().flat_map(|document| [document.to_string(), "\n".to_owned()]).collect()
}

pub fn three() -> Vec<Value> {
    vec![
        role("111122223333", "Dev Team", "Admin"),
        role("111122223333", "Dev Team", "ReadOnly"),
        role("222233334444", "Prod (EU)", "Admin"),
    ]
}

pub fn with_config(config: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(".aws/config", config);
    sandbox
}

pub fn read(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.config()).unwrap()
}

pub fn write(sandbox: &Sandbox, flags: &str, documents: &[Value]) -> Ended {
    let line = format!("sso-profile write --all {flags}");
    sandbox.feed(line.trim_end(), &stream(documents))
}

/// How many profiles had this change.
pub fn sum(documents: &[Value], change: &str) -> usize {
    documents.iter().filter(|document| document["change"] == change).count()
}

/// Roles of an organisation: so many accounts with two each.
pub fn many(accounts: usize) -> Vec<Value> {
    (0..accounts)
        .flat_map(|n| {
            ["Admin", "ReadOnly"]
                .map(|name| role(&format!("{:012}", 111_122_220_000 + n), &format!("Account {n}"), name))
        })
        .collect()
}

#[test]
fn each_role_becomes_a_marked_profile_and_every_other_byte_stays() {
    let sandbox = with_config(HAND);
    let documents = write(&sandbox, "", &three()).exits(0).documents();
    let text = read(&sandbox);
    assert_eq!(
        text.strip_prefix(HAND).unwrap(),
        "

[profile Dev-Team-Admin]
# written by sso-profile write --all: Dev-Team-Admin is Admin in 111122223333 by corp
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Admin

[profile Dev-Team-ReadOnly]
# written by sso-profile write --all: Dev-Team-ReadOnly is ReadOnly in 111122223333 by corp
sso_session = corp
sso_account_id = 111122223333
sso_role_name = ReadOnly

[profile Prod-EU-Admin]
# written by sso-profile write --all: Prod-EU-Admin is Admin in 222233334444 by corp
sso_session = corp
sso_account_id = 222233334444
sso_role_name = Admin
"
    );
    for (document, name) in documents.iter().zip(["Dev-Team-Admin", "Dev-Team-ReadOnly", "Prod-EU-Admin"]) {
        assert_eq!((&document["profile"], &document["change"]), (&json!(name), &json!("added")));
        assert_eq!((&document["seen"], &document["emailAddress"]), (&json!(7), &json!("owner@corp.example")));
    }
    // A line is a profile.
    assert_eq!(documents.len(), 3);
    // One word for all of them.
    let expected = json!(["profile `Dev-Team-Admin` and 2 more have no region to work in: give --region"]);
    assert_eq!((&documents[0]["warnings"], documents[1].get("warnings")), (&expected, None));
}

#[test]
fn a_new_session_is_written_once() {
    let sandbox = Sandbox::new();
    let documents = write(&sandbox, "--region eu-west-1 --output json", &three()).exits(0).documents();
    assert!(documents.iter().all(|document| document.get("warnings").is_none()));
    let text = read(&sandbox);
    assert!(text.starts_with("[sso-session corp]\nsso_start_url = https://d-1234567890.awsapps.com/start\n"));
    assert_eq!(text.matches("[sso-session").count(), 1);
    assert_eq!(text.matches("region = eu-west-1\noutput = json\n").count(), 3);
}

#[test]
fn running_it_again_changes_nothing() {
    let sandbox = with_config(HAND);
    write(&sandbox, "--prune", &three()).exits(0);
    let before = (read(&sandbox), fs::metadata(sandbox.config()).unwrap());
    let documents = write(&sandbox, "--prune", &three()).exits(0).documents();
    assert!(
        documents
            .iter()
            .all(|document| document["change"] == "unchanged" && document.get("warnings").is_none())
    );
    let after = fs::metadata(sandbox.config()).unwrap();
    assert_eq!(read(&sandbox), before.0);
    assert_eq!((before.1.ino(), before.1.mtime_nsec()), (after.ino(), after.mtime_nsec()));
    // In another order, too, and with a role listed twice.
    let again: Vec<_> = three().into_iter().rev().chain(three()).collect();
    write(&sandbox, "--prune --text", &again).exits(0);
    assert_eq!(read(&sandbox), before.0);
}

#[test]
fn a_dry_run_shows_the_diff_and_changes_nothing() {
    let sandbox = with_config(HAND);
    write(&sandbox, "", &three()[..2]).exits(0);
    let before = read(&sandbox);
    let ended = write(&sandbox, "--prune --dry-run --text", &three()[1..]).exits(0);
    let changes: Vec<_> =
        ended.stdout.lines().filter(|line| line.starts_with(['-', '+']) && line.contains('[')).collect();
    assert_eq!(changes, ["-[profile Dev-Team-Admin]", "+[profile Prod-EU-Admin]"], "{}", ended.stdout);
    let documents = write(&sandbox, "--prune --dry-run", &three()[1..]).exits(0).documents();
    assert!(documents.iter().all(|document| document["dryRun"] == true));
    assert_eq!([sum(&documents, "added"), sum(&documents, "removed"), documents.len()], [1, 1, 3]);
    assert!(documents[2]["diff"].as_str().unwrap().contains("+[profile Prod-EU-Admin]"));
    assert!(documents[..2].iter().all(|document| document.get("diff").is_none()));
    assert_eq!(read(&sandbox), before);
}

#[test]
fn two_roles_with_one_name_are_an_error_that_names_both() {
    let sandbox = with_config(HAND);
    let ended = write(&sandbox, "--name-template {account}", &three()).exits(78);
    ended.says(
        "both Admin in 111122223333 (corp) and ReadOnly in 111122223333 (corp) would be profile `Dev-Team`",
    );
    let same = [role("111122223333", "Dev Team", "Admin"), role("222233334444", "Dev-Team", "Admin")];
    write(&sandbox, "", &same).exits(78).says("Admin in 222233334444");
    assert_eq!(read(&sandbox), HAND);
    write(&sandbox, "--name-template {account}.{accountId}.{role}", &same).exits(0);
    assert!(read(&sandbox).contains("[profile Dev-Team.222233334444.Admin]"));
}

#[test]
fn what_cannot_be_a_profile_is_refused_before_anything_is_written() {
    let sandbox = with_config(HAND);
    let broken = |key: &str, value: Value| {
        let mut documents = three();
        documents[1][key] = value;
        documents
    };
    for (documents, code, says) in [
        (broken("accountId", Value::Null), 65, "document 2: it has no `accountId`"),
        (broken("roleName", Value::Null), 65, "document 2: it has no `roleName`"),
        (broken("ssoSession", Value::Null), 65, "document 2: it has no `ssoSession`"),
        (broken("accountId", json!(7)), 65, "`accountId` is not a string"),
        (broken("accountId", json!("123456789012")), 78, "placeholder"),
        (broken("startUrl", json!("https://d-xxxxxxxxxx.awsapps.com/start")), 78, "placeholder"),
        (broken("startUrl", json!("https://d-9999999999.awsapps.com/start")), 65, "disagree"),
        (broken("roleName", json!("x\n[profile evil]")), 78, "control characters"),
    ] {
        write(&sandbox, "--prune --replace", &documents).exits(code).says(says);
        assert_eq!(read(&sandbox), HAND, "{says}");
    }
    let cut_short = stream(&three()).replace("\"Prod (EU)\"", "");
    sandbox.feed("sso-profile write --all --prune", &cut_short).exits(65);
    assert_eq!(read(&sandbox), HAND);
}

#[test]
fn the_command_line_says_what_is_missing() {
    let sandbox = with_config(HAND);
    sandbox.run("sso-profile write --all").exits(2).says("nothing is piped in");
    write(&sandbox, "--name-template {nope}", &three()).exits(2).says("unknown field `{nope}`");
    sandbox.run("sso-profile write corp --prune").exits(2);
    write(&sandbox, "corp", &three()).exits(2);
    // Nothing listed: a tool before this one failed, and nothing is known of any session.
    let ended = end(sandbox.shell("true | sso-profile write --all --prune"), "").exits(65);
    assert_eq!(ended.stdout, "");
    ended.says("no document came in");
    assert_eq!(read(&sandbox), HAND);
}

#[test]
fn an_organisation_with_the_same_names_takes_no_profile_of_another() {
    let sandbox = with_config(HAND);
    write(&sandbox, "", &three()).exits(0);
    let before = read(&sandbox);
    let other: Vec<_> = three()
        .into_iter()
        .map(|mut role| {
            role["ssoSession"] = "other".into();
            role["startUrl"] = "https://d-0987654321.awsapps.com/start".into();
            role["accountId"] = "999988887777".into();
            role
        })
        .take(1)
        .collect();
    write(&sandbox, "", &other).exits(78).says("belongs to sso-session `corp`, and would move to `other`");
    assert_eq!(read(&sandbox), before);
    write(&sandbox, "--replace", &other).exits(0);
    assert!(read(&sandbox).contains("999988887777"));
}

#[test]
fn events_and_unknown_keys_pass_through() {
    let sandbox = with_config(HAND);
    let event = json!({"event": "authorize", "url": "x"});
    let mut documents = three();
    documents.insert(1, event.clone());
    assert_eq!(write(&sandbox, "", &documents).exits(0).documents()[1], event);
}

#[test]
fn default_is_never_a_name_of_many() {
    let sandbox = with_config(HAND);
    let documents = [role("111122223333", "default", "Admin")];
    write(&sandbox, "--name-template {account} --replace", &documents).exits(78).says("falls back to");
    assert_eq!(read(&sandbox), HAND);
}

#[test]
fn two_thousand_profiles_take_seconds_of_computing() {
    let sandbox = with_config(HAND);
    let documents = many(1000);
    for (flags, change) in [("", "added"), ("--prune", "unchanged")] {
        let lines: Vec<_> = documents.iter().map(ToString::to_string).collect();
        let input = format!("{}\n", lines.join("\n"));
        let line = format!("ulimit -t 10; sso-profile write --all {flags}");
        let written = end(sandbox.shell(&line), &input).exits(0).documents();
        assert_eq!(sum(&written, change), 2000);
    }
    assert!(read(&sandbox).starts_with(HAND));
    let pruned = write(&sandbox, "--prune", &documents[..2]).exits(0).documents();
    assert_eq!(sum(&pruned, "removed"), 1998);
    write(&sandbox, "", &documents[2..]).exits(0);
    assert!(read(&sandbox).starts_with(HAND));
}

#[test]
fn writers_of_one_and_of_many_at_once_lose_nothing() {
    let sandbox = with_config(HAND);
    let mut children = Vec::new();
    for n in 0..25 {
        let line =
            format!("sso-profile write p{n} --sso-session corp --account-id 111122223333 --role-name R{n}");
        children.push(sandbox.tool(&line).stdout(Stdio::null()).spawn().unwrap());
        let document = role(&format!("{:012}", 111_122_220_000_u64 + n), &format!("a{n}"), "Admin");
        let line = format!("echo '{document}' | sso-profile write --all");
        children.push(sandbox.shell(&line).stdout(Stdio::null()).spawn().unwrap());
    }
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let text = read(&sandbox);
    assert!(text.starts_with(HAND));
    for n in 0..25 {
        assert!(
            text.contains(&format!("[profile p{n}]\n")) && text.contains(&format!("[profile a{n}-Admin]\n")),
            "{n}"
        );
    }
    assert_eq!(names(sandbox.home().join(".aws")), [".config.sso-lock", "cli", "config", "sso"]);
}
