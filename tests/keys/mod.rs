//! What `sso-profile key` promises: references and no secrets, answers and no logins.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::support::{Sandbox, end};
use serde_json::{Value, json};

const CONFIG: &str = "\
[profile corp]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Developer
region = eu-west-1
[profile ops]
sso_session = corp
sso_account_id = 444455556666
sso_role_name = Admin
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
    log_in(&sandbox);
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
    assert!(!sandbox.state().join("keys.json").exists(), "as before the first key");
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

/// A key of each vault and state: granted, locked, absent.
fn four(sandbox: &Sandbox) {
    for (env, key, vault, reference) in [
        ("ci", "AWS_PROFILE", "aws.static", "ci"),
        ("dev", "AWS_PROFILE", "aws.iam.sso", "corp"),
        ("dev", "OPS_PROFILE", "aws.iam.sso", "ops"),
        ("dev", "TOKEN", "env", "NOT_SET"),
    ] {
        let set = format!("sso-profile key set --env {env} --key {key} --vault {vault} {reference}");
        sandbox.run(&set).exits(0);
    }
}

/// Writes the token of the session `corp` (its key is sha1("corp"), as AWS-FORMATS 1 has it).
fn log_in(sandbox: &Sandbox) {
    let token = json!({"startUrl": "https://d-1234567890.awsapps.com/start", "region": "us-east-1",
        "accessToken": "canary", "expiresAt": "2026-11-21T18:00:00Z"});
    sandbox.write(".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json", token.to_string());
}

#[test]
fn people_get_a_table_with_what_helps_and_no_secret() {
    let sandbox = sandbox();
    four(&sandbox);
    log_in(&sandbox);
    let ended = sandbox.run("sso-profile key list --text").exits(0);
    let rows: Vec<Vec<_>> =
        ended.stdout.lines().map(|line| line.split_whitespace().take(5).collect()).collect();
    assert_eq!(
        rows,
        [
            vec!["KEY", "STATE", "VAULT", "REFERENCE", "UNTIL"],
            vec!["ci.AWS_PROFILE", "granted", "aws.static", "ci", "-"],
            vec!["dev.AWS_PROFILE", "granted", "aws.iam.sso", "corp", "2026-11-21T18:00:00Z"],
            vec!["dev.OPS_PROFILE", "granted", "aws.iam.sso", "ops", "2026-11-21T18:00:00Z"],
            vec!["dev.TOKEN", "absent", "env", "NOT_SET", "-"],
        ]
    );
    assert!(ended.stdout.ends_with("  NOT_SET is not set\n") && !ended.stdout.contains("canary"));
    fs::remove_dir_all(sandbox.token_dir()).unwrap();
    let ended = sandbox.run("sso-profile key list --text --env dev --vault aws.iam.sso").exits(0);
    assert_eq!(ended.stdout.matches("; next: sso-login ").count(), 2, "{}", ended.stdout);
    assert!(ended.stdout.ends_with("; next: sso-login ops | sso-signal settle\n"), "{}", ended.stdout);
}

#[test]
fn the_worst_state_is_the_status_if_it_is_asked_for() {
    let sandbox = sandbox();
    assert_eq!(sandbox.run("sso-profile key list").exits(0).stdout, "");
    assert_eq!(sandbox.run("sso-profile key list --text").exits(0).stdout, "there are no keys yet\n");
    sandbox.run("sso-profile key list -e").exits(78).says("there are no keys yet");
    four(&sandbox);
    let status = |flags: &str| {
        let ended = sandbox.run(format!("sso-profile key list -e {flags}").trim_end());
        assert_eq!(ended.stderr, "", "{flags}");
        ended.code
    };
    assert_eq!((status(""), status("--env ci"), status("--vault aws.iam.sso")), (78, 0, 77));
    log_in(&sandbox);
    assert_eq!((status("--vault aws.iam.sso --text"), status("--vault env")), (0, 78));
    sandbox.run("sso-profile key list -e --env dve").exits(78).says("there is no key in env `dve`");
    sandbox
        .run("sso-profile key list -e --env ci --vault env")
        .exits(78)
        .says("no key of vault env in env `ci`");
    sandbox.run("sso-profile key list").exits(0);
}

#[test]
fn a_document_has_what_logins_and_marks_need() {
    let sandbox = sandbox();
    four(&sandbox);
    log_in(&sandbox);
    let keys = sandbox.run("sso-profile key list --env dev --vault aws.iam.sso").exits(0).documents();
    assert_eq!(
        json!([keys[1]["profile"], keys[1]["ssoSession"], keys[1]["roleName"], keys[1]["expiresAt"]]),
        json!(["ops", "corp", "Admin", "2026-11-21T18:00:00Z"])
    );
    let checked = sandbox.feed("sso-cache check -e", &keys[1].to_string()).exits(0).document();
    assert_eq!((&checked["slug"], &checked["loginRequired"]), (&json!("dev.OPS_PROFILE"), &json!(false)));
}

#[test]
fn each_session_is_named_once_with_whom_it_concerns() {
    let sandbox = sandbox();
    four(&sandbox);
    let session = sandbox.run("sso-profile key sessions").exits(0).document();
    assert_eq!(
        json!([session["profile"], session["ssoSession"], session["sessionProfiles"], session["keys"]]),
        json!(["corp", "corp", ["corp", "ops"], ["dev.AWS_PROFILE", "dev.OPS_PROFILE"]])
    );
    // A key without a session is no typo, one that is blocked has none any more, and neither stands for AWS_PROFILE.
    assert_eq!(sandbox.run("sso-profile key sessions --env ci").exits(0).stdout, "");
    sandbox.write(".aws/config", "");
    assert_eq!(sandbox.run("sso-profile key sessions --env dev").exits(0).stdout, "");
    sandbox.run("sso-profile key sessions --env dve").exits(78).says("there is no key in env `dve`");
}

#[test]
fn a_key_whose_profile_goes_is_mentioned_and_then_says_what_to_do() {
    let sandbox = sandbox();
    four(&sandbox);
    let removed = sandbox.run("sso-profile remove ops --text").exits(0).stdout;
    assert!(removed.contains("key `dev.OPS_PROFILE` points at profile `ops`"), "{removed}");
    let keys = sandbox.run("sso-profile key list --env dev").exits(0).documents();
    assert_eq!(keys[1]["state"], "blocked");
    assert_eq!(keys[1]["reason"], "there is no profile `ops`");
    let fix = "sso-profile key set --env dev --key OPS_PROFILE --vault aws.iam.sso REFERENCE (or key remove)";
    assert_eq!(keys[1]["fix"], fix);
    assert_eq!(keys[0]["state"], "locked", "the others are as they were");
    let got = sandbox.run("sso-profile key get --env dev --key OPS_PROFILE").exits(78);
    assert!(got.stderr.ends_with(&format!("hint: {fix}\n")), "{}", got.stderr);
}

#[test]
fn what_is_wrong_with_one_key_hides_no_other() {
    let sandbox = sandbox();
    four(&sandbox);
    sandbox.write(
        ".aws/config",
        CONFIG
            .replace(
                "sso_session = corp\nsso_account_id = 444455556666",
                "sso_session = gone\nsso_account_id = 444455556666",
            )
            .replace("aws_secret_access_key = canary", ""),
    );
    let file = sandbox.write("dir/x", "");
    let dir = file.parent().unwrap().display();
    sandbox.run(&format!("sso-profile key set --env dev --key DIR --vault env {dir}#X")).exits(0);
    let keys = sandbox.run("sso-profile key list").exits(0).documents();
    let states: Vec<_> =
        keys.iter().map(|key| (key["key"].as_str().unwrap(), key["state"].as_str().unwrap())).collect();
    assert_eq!(
        states,
        [
            ("AWS_PROFILE", "blocked"),
            ("AWS_PROFILE", "locked"),
            ("DIR", "blocked"),
            ("OPS_PROFILE", "blocked"),
            ("TOKEN", "absent")
        ]
    );
}

#[test]
fn a_config_that_can_not_be_read_is_named_and_keys_without_a_profile_need_none() {
    let sandbox = sandbox();
    four(&sandbox);
    sandbox.write(".aws/config", "[profile corp\n");
    sandbox.run("sso-profile key list").exits(78).says(".aws/config");
    sandbox.run("sso-profile key sessions").exits(78).says(".aws/config");
    sandbox.run("sso-profile key list --vault env").exits(0);
}

#[test]
fn keys_are_looked_at_without_any_other_program() {
    let sandbox = sandbox();
    four(&sandbox);
    let copy = sandbox.root().join("bin/sso-profile");
    // By another process: a file that this one has open for writing as it forks couldn't be run.
    assert!(
        Command::new("cp").arg(crate::support::tool("sso-profile")).arg(&copy).status().unwrap().success()
    );
    let mut command = sandbox.command(&copy);
    command.args(["key", "list"]).env("PATH", sandbox.root().join("bin"));
    assert_eq!(
        end(command, "").exits(0).documents().len(),
        sandbox.run("sso-profile key list").documents().len()
    );
}

#[test]
fn two_thousand_keys_take_seconds_of_computing() {
    let sandbox = sandbox();
    let entry = json!({"vault": "aws.iam.sso", "reference": "corp"});
    let variable =
        json!({"vault": "env", "reference": format!("{}#LAST", sandbox.home().join("e").display())});
    let keys: serde_json::Map<_, _> = (0..2000)
        .map(|n| (format!("dev.K{n}"), if n % 2 == 0 { entry.clone() } else { variable.clone() }))
        .collect();
    sandbox.write(".aws/sso-renewer/keys.json", json!({"version": 1, "keys": keys}).to_string());
    sandbox.write("e", format!("{}LAST=canary\n", "OTHER=x\n".repeat(2000)));
    // The file parsed for each key takes many times as much computing.
    let ended = end(sandbox.shell("ulimit -t 15; sso-profile key list --text"), "").exits(0);
    assert_eq!(ended.stdout.lines().count(), 2001);
}

#[test]
fn a_hint_can_be_pasted_whatever_the_profile_is_called() {
    let sandbox = sandbox();
    let name = "it's -- $(touch ran)";
    sandbox.write(".aws/config", CONFIG.replace("[profile corp]", "[profile \"it's -- $(touch ran)\"]"));
    let mut set = sandbox.tool("sso-profile key set --env dev --key K --vault aws.iam.sso");
    set.arg(name);
    end(set, "").exits(0);
    let fix = sandbox.run("sso-profile key list").exits(0).document()["fix"].as_str().unwrap().to_owned();
    sandbox.program("sso-login", "#!/bin/sh\nprintf '%s\\n' \"$@\" > $HOME/said\n");
    end(sandbox.shell(&fix), "").exits(0);
    assert_eq!(fs::read_to_string(sandbox.home().join("said")).unwrap(), format!("--\n{name}\n"));
    assert!(!sandbox.root().join("work/ran").exists());
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

#[test]
fn the_last_key_is_gone_for_good_once_that_is_said() {
    let Some(strace) = crate::support::peer("SSO_TEST_STRACE", "strace") else { return };
    let sandbox = sandbox();
    sandbox.run("sso-profile key set --env dev --key K --vault env K").exits(0);
    let trace = sandbox.root().join("trace");
    let mut command = sandbox.command(strace);
    command.args(["-f", "-qq", "-e", "trace=unlink,unlinkat,fsync,write", "-o"]).arg(&trace);
    command.arg(crate::support::tool("sso-profile")).args(["key", "remove", "--env", "dev", "--key", "K"]);
    end(command, "").exits(0);
    let trace = fs::read_to_string(trace).unwrap();
    let (_, after) = trace.split_once("keys.json").unwrap_or_else(|| panic!("{trace}"));
    let synced = after.find("fsync(").unwrap_or_else(|| panic!("{trace}"));
    assert!(after.find("write(1").is_none_or(|said| synced < said), "{trace}");
}

#[test]
fn a_key_too_many_is_refused_and_costs_no_other() {
    let sandbox = Sandbox::new();
    let entry = json!({"vault": "env", "reference": "x".repeat(100)});
    let keys: serde_json::Map<_, _> = (0..7000).map(|n| (format!("dev.K{n}"), entry.clone())).collect();
    let store = json!({"version": 1, "keys": keys}).to_string();
    assert!(store.len() < 1 << 20);
    let path = sandbox.write(".aws/sso-renewer/keys.json", &store);
    sandbox.run("sso-profile key set --env dev --key B --vault env HOME").exits(65).says("too many keys");
    assert_eq!(fs::read_to_string(path).unwrap(), store);
}

#[test]
fn a_key_without_a_profile_never_stands_for_that_of_the_environment() {
    let sandbox = sandbox();
    sandbox.run("sso-profile key set --env dev --key TOKEN --vault env NOT_SET").exits(0);
    log_in(&sandbox);
    let key = sandbox.run("sso-profile key list").exits(0).stdout;
    for line in [
        "sso-login -",
        "sso-login logout -",
        "sso-login refresh -",
        "sso-login whoami -",
        "sso-login register -",
        "sso-profile show",
        "sso-cache check",
        "sso-signal quiet -",
        "sso-signal write --source test",
    ] {
        let mut command = sandbox.tool(line);
        command.env("AWS_PROFILE", "corp");
        let ended = end(command, &key);
        assert_eq!((ended.code, &ended.stdout, ended.stderr.as_str()), (0, &key, ""), "{line}");
    }
    assert_eq!(fs::read_dir(sandbox.token_dir()).unwrap().count(), 1, "nobody was logged out");
    assert!(!sandbox.home().join("logged-in").exists());
    assert_eq!(sandbox.run("sso-signal read").exits(1).stdout, "", "no signal was raised");
}

#[test]
fn a_static_key_says_what_its_profile_is_so_that_any_tool_takes_the_list() {
    let sandbox = sandbox();
    four(&sandbox);
    let keys = sandbox.run("sso-profile key list");
    assert_eq!(keys.documents()[0]["kind"], "static");
    let checked = sandbox.feed("sso-cache check", &keys.stdout).exits(0).documents();
    let required: Vec<_> = checked.iter().map(|key| &key["loginRequired"]).collect();
    assert_eq!(required, [&json!(false), &json!(true), &json!(true), &Value::Null]);
}

#[test]
fn a_file_that_is_not_there_is_what_is_said_of_its_variables() {
    let sandbox = sandbox();
    let file = sandbox.home().join("none.env");
    let set = format!("sso-profile key set --env dev --key TOKEN --vault env {}#TOKEN", file.display());
    sandbox.run(&set).exits(0);
    let reason = |sandbox: &Sandbox| sandbox.run("sso-profile key list").document()["reason"].clone();
    assert_eq!(reason(&sandbox), format!("there is no file {}", file.display()));
    fs::write(&file, "OTHER=x\n").unwrap();
    assert_eq!(reason(&sandbox), format!("{}#TOKEN is not set", file.display()));
}

#[test]
fn a_line_of_a_file_of_variables_that_cannot_be_read_is_named() {
    let sandbox = sandbox();
    let file = sandbox.write("vars.env", "# a comment\nTOKEN 1\nexport OTHER=x\nOPEN=\"never closed\n");
    let get = |name: &str| {
        let reference = format!("{}#{name}", file.display());
        sandbox.run(&format!("sso-profile key set --env dev --key {name} --vault env {reference}")).exits(0);
        sandbox.run(&format!("sso-profile key get --env dev --key {name}"))
    };
    get("TOKEN").exits_somehow(78).says("vars.env, line 2: not TOKEN=value");
    get("OPEN").exits_somehow(78).says("vars.env, line 4: not OPEN=value");
    assert_eq!(get("OTHER").exits(0).document()["value"], "x");
}

#[test]
fn a_file_of_variables_that_is_huge_is_not_read_into_memory() {
    let sandbox = sandbox();
    let file = sandbox.root().join("huge");
    fs::File::create(&file).unwrap().set_len(1 << 40).unwrap();
    let reference = format!("{}#TOKEN", file.display());
    sandbox.run(&format!("sso-profile key set --env dev --key TOKEN --vault env {reference}")).exits(0);
    let ended = sandbox.run("sso-profile key get --env dev --key TOKEN");
    assert_eq!(ended.code, 78, "{}", ended.stderr);
    assert!(ended.stderr.contains("it is larger than 1 MiB"), "{}", ended.stderr);
}
