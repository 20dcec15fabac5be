//! Whom a document is about, for every stage of a pipe: the table of the design, times every command.

mod stages;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::login::bench::Bench;
use crate::support::{Sandbox, end};

/// The stages, in the order of a row's answers.
const STAGES: [&str; 11] = [
    "sso-login --via device --no-browser -",
    "sso-login refresh -",
    "sso-login credentials -",
    "sso-login whoami -",
    "sso-login accounts -",
    "sso-login logout -",
    "sso-login exec - -- ran",
    "sso-login register -",
    "sso-login console - --print",
    "sso-login authorize",
    "sso-login token",
];
/// The other stages of `sso-login`.
const MORE_STAGES: [&str; 17] = [
    "sso-login -",
    "sso-login exec - --ask -- ran",
    "sso-profile write --all",
    "sso-cache check --ahead 1h",
    "sso-cache check --prometheus",
    "sso-cache prune --orphaned",
    "sso-signal notify -- true",
    "sso-signal status -",
    "sso-signal log",
    "sso-login credentials - --format env",
    "sso-login credentials - --format sts",
    "sso-login refresh - -e",
    "sso-login console - --print",
    "sso-login console - --print --federated",
    "sso-login authorize",
    "sso-login token",
    "sso-login tunnel box1 --no-browser",
];
/// The document goes on as it is.
const ON: &str = "=";
/// No product, and this status.
const REFUSED: &str = "!78";
/// The step before gave nothing.
const NO_CLIENT: &str = "!65";
/// The document of a link has no key but the profile's and the link's.
const LINK: &str = "url=";
const LISTED: &str = "ssoSession=sandbox";
const ENDED: &str = "loggedOut=true";
const RAN: &str = "ran=true";
const CLIENT: &str = "ssoRegion=us-east-1";
const VALID: &str = "outcome=valid";
const REMOTE: &str = "error=remote";
const UNKNOWN: &str = "error=unknown-profile";

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn every_stage_answers_what_is_its_own_and_passes_the_rest_on() {
    let rows: [(&str, [&str; 11]); 11] = [
        (r#"{"event":"authorize","profile":"demo","host":"h","url":"x"}"#, [ON; 11]),
        (r#"{"slug":"dev.TOKEN","vault":"env"}"#, [ON; 11]),
        (r#"{"profile":"demo","error":"expired","reason":"r"}"#, [ON; 11]),
        (
            r#"{"profile":"demo","host":"metta@box1","ssoSession":"sandbox"}"#,
            ["outcome=dismissed", ON, REMOTE, REMOTE, ON, REMOTE, REMOTE, ON, REMOTE, ON, ON],
        ),
        (
            r#"{"host":"box1","ssoSession":"sandbox"}"#,
            ["outcome=unknown-profile", ON, REMOTE, REMOTE, ON, REMOTE, REMOTE, ON, REMOTE, ON, ON],
        ),
        (
            r#"{"profile":"demo"}"#,
            [
                VALID,
                VALID,
                "roleName=Developer",
                "accountId=111122223333",
                LISTED,
                ENDED,
                RAN,
                CLIENT,
                LINK,
                NO_CLIENT,
                NO_CLIENT,
            ],
        ),
        (
            r#"{"profile":"demo","accountId":"444455556666","roleName":"ReadOnly"}"#,
            [
                VALID,
                VALID,
                "roleName=ReadOnly",
                "accountId=444455556666",
                LISTED,
                ENDED,
                RAN,
                CLIENT,
                LINK,
                NO_CLIENT,
                NO_CLIENT,
            ],
        ),
        (
            r#"{"profile":"demo","roleName":"ReadOnly"}"#,
            [
                VALID,
                VALID,
                "error=config",
                "error=config",
                LISTED,
                ENDED,
                REFUSED,
                CLIENT,
                "error=config",
                NO_CLIENT,
                NO_CLIENT,
            ],
        ),
        (
            r#"{"ssoSession":"sandbox"}"#,
            [VALID, VALID, UNKNOWN, UNKNOWN, LISTED, ENDED, REFUSED, CLIENT, UNKNOWN, NO_CLIENT, NO_CLIENT],
        ),
        (
            r#"{"ssoSession":"sandbox","accountId":"444455556666","roleName":"ReadOnly"}"#,
            [
                VALID,
                VALID,
                "roleName=ReadOnly",
                "accountId=444455556666",
                LISTED,
                ENDED,
                RAN,
                CLIENT,
                LINK,
                NO_CLIENT,
                NO_CLIENT,
            ],
        ),
        (
            r#"{"ssoSession":"nobody"}"#,
            [
                "outcome=unknown-profile",
                UNKNOWN,
                UNKNOWN,
                UNKNOWN,
                UNKNOWN,
                UNKNOWN,
                REFUSED,
                REFUSED,
                UNKNOWN,
                NO_CLIENT,
                NO_CLIENT,
            ],
        ),
    ];
    let bench = Bench::logged_in("");
    bench.program("ran", "echo '{\"ran\":true}'");
    for (row, answers) in rows {
        for (stage, answer) in STAGES.into_iter().zip(answers) {
            check(&bench, stage, row, answer);
        }
    }
}

fn check(bench: &Bench, stage: &str, row: &str, answer: &str) {
    let ended = bench.feed(stage, row);
    let context = format!("{row} | {stage}: {} {} {}", ended.code, ended.stdout, ended.stderr);
    match answer.split_once('=') {
        Some(("", "")) => {
            assert_eq!(ended.document(), serde_json::from_str::<Value>(row).unwrap(), "{context}");
        }
        Some((key, value)) => {
            let document = &ended.documents()[0];
            let said = document[key].as_str().map_or_else(|| document[key].to_string(), str::to_owned);
            assert!(said == value || (value.is_empty() && document[key].is_string()), "{context}");
        }
        None => assert_eq!(
            (ended.stdout.as_str(), format!("!{}", ended.code)),
            ("", answer.to_owned()),
            "{context}"
        ),
    }
    if answer == ENDED {
        bench.device("demo").succeeds("success");
    }
}

#[test]
fn a_document_about_another_host_leaves_cache_and_portal_as_they_were() {
    let bench = Bench::logged_in("");
    bench.program("ran", "echo '{\"ran\":true}'");
    bench.program("ssh", "exit 255");
    let before = (tree(&bench.home().join(".aws/sso")), tree(&bench.home().join(".aws/cli")));
    for stage in STAGES.into_iter().chain(MORE_STAGES).chain(stages::STAGES) {
        for row in [r#"{"profile":"demo","host":"metta@box1"}"#, r#"{"ssoSession":"sandbox","host":"box1"}"#]
        {
            let ended = bench.feed(stage, row);
            assert!(
                !ended.stdout.contains("AccessKeyId") && !ended.stdout.contains("arn:"),
                "{}",
                ended.stdout
            );
        }
    }
    assert_eq!((tree(&bench.home().join(".aws/sso")), tree(&bench.home().join(".aws/cli"))), before);
    assert_eq!(bench.served.admin("/sandbox/log").text, "");
}

/// The commands that read no documents, or whose documents aren't about anybody's session.
const NO_STAGES: [&str; 21] = [
    "sso-login setup",
    "sso-login key-set",
    "sso-login doctor",
    "sso-login inspect",
    "sso-login serve",
    "sso-login sandbox",
    "sso-signal read",
    "sso-signal wait",
    "sso-signal snooze",
    "sso-signal clear",
    "sso-signal mode",
    "sso-signal service",
    "sso-cache list",
    "sso-cache repair",
    "sso-profile list",
    "sso-profile key",
    "sso-lock run",
    "sso-lock acquire",
    "sso-lock release",
    "sso-lock status",
    "sso-lock break",
];

#[test]
fn every_command_that_reads_documents_is_a_stage_of_the_tables() {
    let sandbox = Sandbox::new();
    let stages: Vec<_> = STAGES.into_iter().chain(MORE_STAGES).chain(stages::STAGES).collect();
    for tool in ["sso-signal", "sso-lock", "sso-cache", "sso-profile", "sso-login"] {
        let help = sandbox.run(&format!("{tool} --help")).exits(0).stdout;
        let commands = help.split_once("Commands:\n").unwrap().1.split("\n\n").next().unwrap();
        // Names are at two columns, what they do may go on further right.
        let names = commands.lines().filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next());
        for name in names.filter(|name| *name != "help") {
            let command = format!("{tool} {name}");
            let is_stage =
                stages.iter().any(|stage| *stage == command || stage.starts_with(&format!("{command} ")));
            assert!(is_stage != NO_STAGES.contains(&command.as_str()), "{command}: a stage, or none?");
        }
    }
}

#[test]
fn a_refusal_for_another_host_names_the_command_to_run_there() {
    let bench = Bench::start("");
    for (row, line) in [
        (r#"{"profile":"demo","host":"metta@box1"}"#, "ssh metta@box1 sso-login logout demo"),
        (r#"{"profile":"my dev","host":"h"}"#, r"ssh h 'sso-login logout '\''my dev'\'''"),
        (r#"{"ssoSession":"s","host":"h"}"#, "ssh h sso-login logout --sso-session s"),
    ] {
        let ended = bench.feed("sso-login logout -e", row).exits_somehow(78);
        let reason = ended.document()["reason"].as_str().unwrap().to_owned();
        assert!(reason.ends_with(&format!("run: {line}")), "{reason}");
    }
    // What ssh would take for an option is no host to paste.
    let document =
        bench.feed("sso-login logout -", r#"{"profile":"p","host":"-oProxyCommand=x"}"#).document();
    assert_eq!(document["error"], "remote");
    assert!(!document["reason"].as_str().unwrap().contains("ssh"), "{document}");
}

#[test]
fn a_role_asked_for_is_the_role_at_the_portal() {
    let asked = json!({"accountId": "444455556666", "roleName": "ReadOnly"});
    for line in [
        "sso-login credentials demo --account-id 444455556666 --role-name ReadOnly",
        "sso-login credentials --sso-session sandbox --account-id 444455556666 --role-name ReadOnly",
        "sso-login whoami --profile demo --account-id 444455556666 --role-name ReadOnly",
        "sso-login exec demo --account-id 444455556666 --role-name ReadOnly -- true",
        "sso-login credentials - --format env",
        "sso-login exec - -- true",
    ] {
        let bench = Bench::logged_in("");
        let mut row = asked.clone();
        row["ssoSession"] = json!("sandbox");
        let input = if line.contains(" - ") { row.to_string() } else { String::new() };
        bench.feed(line, &input).exits(0);
        // What was got is in the cache, under the role that was asked for: nobody asks the portal again.
        let whoami = "sso-login whoami --sso-session sandbox --account-id 444455556666 --role-name ReadOnly";
        let arn = bench.run(whoami).exits(0).document()["arn"].clone();
        let role = "arn:aws:sts::444455556666:assumed-role/AWSReservedSSO_ReadOnly_";
        assert!(arn.as_str().unwrap().starts_with(role), "{line}: {arn}");
        assert_eq!(bench.count("GetRoleCredentials"), 1, "{line}");
    }
}

#[test]
fn a_session_is_a_subject_by_its_name() {
    let bench = Bench::start("");
    let document = bench.device("--sso-session sandbox").succeeds("success");
    assert_eq!((&document["ssoSession"], &document["profile"]), (&json!("sandbox"), &Value::Null));
    bench.run("sso-login refresh --sso-session sandbox").exits(0);
    assert_eq!(bench.run("sso-login accounts --sso-session sandbox").exits(0).documents().len(), 6);
    bench.run("sso-login credentials --sso-session sandbox").exits_somehow(78).says("no account and role");
    bench.run("sso-login logout --sso-session sandbox").exits(0);
    let ended = bench.run("sso-login refresh --sso-session sandbox").exits_somehow(77);
    assert!(ended.stderr.contains("run: sso-login --sso-session sandbox"), "{}", ended.stderr);
    // The name of a session is no profile's, and the way on is said.
    let ended = bench.run("sso-login sandbox2").exits_somehow(78);
    assert_eq!(ended.document()["outcome"], "unknown-profile");
    let hint = bench.run("sso-login refresh --profile sandbox").exits_somehow(78).stderr;
    assert!(hint.contains("sso-login refresh --sso-session sandbox"), "{hint}");
}

#[test]
fn exec_gives_its_command_no_documents_to_read() {
    let bench = Bench::logged_in("");
    let ended =
        bench.feed("sso-login exec - -- cat", "{\"profile\":\"demo\"}{\"profile\":\"other\"}").exits(0);
    assert_eq!(ended.stdout, "");
    // Progress before the document is no output of the command.
    let ended = bench.feed("sso-login exec - -- echo x", "{\"event\":\"e\"}{\"profile\":\"demo\"}").exits(0);
    assert_eq!(ended.stdout, "x\n");
    bench
        .feed("sso-login exec demo --renewing --account-id 444455556666 --role-name ReadOnly -- true", "")
        .exits_somehow(78)
        .says("no profile has that role");
}

#[test]
fn credentials_are_handed_out_as_sts_answers() {
    let bench = Bench::logged_in("");
    let document = bench.run("sso-login credentials demo --format sts").exits(0).document();
    let keys: Vec<_> = document["Credentials"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"]);
}

#[test]
fn a_token_file_without_its_end_is_told_in_the_words_of_the_check() {
    let bench = Bench::logged_in("");
    let mut token = bench.token();
    token.as_object_mut().unwrap().remove("expiresAt");
    bench.set_token(&token);
    let words = "has no expiresAt that is a timestamp";
    let checked = bench.shell("sso-profile show demo | sso-cache check").exits(0).document();
    assert!(checked["reason"].as_str().unwrap().ends_with(words), "{checked}");
    for line in ["credentials demo", "exec demo -- true", "whoami demo", "refresh demo", "accounts demo"] {
        let ended = bench.run(&format!("sso-login {line}")).exits_somehow(77);
        assert!(ended.stderr.contains(words) && !ended.stderr.contains("JSON"), "{line}: {}", ended.stderr);
    }
}

/// Every file below a folder, with what it holds.
fn tree(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(dir).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(tree(&path));
        } else {
            files.insert(path.to_string_lossy().into_owned(), fs::read(&path).unwrap());
        }
    }
    files
}

#[test]
fn keys_without_a_profile_are_told_whose_they_are() {
    let bench = Bench::logged_in("");
    let keys = bench.run("sso-login credentials demo --format env-no-export").exits(0).stdout;
    fs::write(bench.home().join(".aws/config"), "").unwrap();
    let variables: Vec<_> = keys.lines().filter_map(|line| line.split_once('=')).collect();
    let arn = |ended: crate::support::Ended| ended.exits(0).document()["arn"].as_str().unwrap().to_owned();
    let mut command = bench.command("sso-login whoami");
    command.env_remove("AWS_PROFILE").envs(variables);
    assert!(arn(end(command, "")).contains("Developer"));
    fs::write(bench.served.sandbox.root().join("work/.env"), &keys).unwrap();
    let mut command = bench.command("sso-login whoami");
    command.env_remove("AWS_PROFILE");
    assert!(arn(end(command, "")).contains("Developer"));
}
