//! A set-up without a terminal: every answer is a flag.

use std::fs;

use serde_json::json;

use crate::roundtrip::machine::{Machine, steps};
use crate::support::{end, names};

const URL: &str = "https://d-1234567890.awsapps.com/start";
/// A portal that the machine's config doesn't have.
const OTHER: &str = "https://d-5555555555.awsapps.com/start";
const ROLE: &str = "--account-id 444455556666 --role-name ReadOnly --region eu-central-1";

#[test]
fn a_new_session_is_registered_once_and_unlocking_registers_nothing() {
    let Some(machine) = Machine::start("") else { return };
    let before = machine.config();
    let ended = machine.key_set(&format!(
        "AWS_PROFILE dev aws.iam.sso corp-dev --start-url {URL} --sso-region us-east-1 --sso-session corp {ROLE}"
    ));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(steps(&ended), ["login", "write", "set", "unlock", "get", "relock"]);
    let last = ended.documents().pop().unwrap();
    for (key, value) in [
        ("profile", "corp-dev"),
        ("slug", "dev.AWS_PROFILE"),
        ("vault", "aws.iam.sso"),
        ("state", "locked"),
        ("accountId", "444455556666"),
    ] {
        assert_eq!(last[key], value, "{last}");
    }
    assert!(last["arn"].as_str().unwrap().contains("AWSReservedSSO_ReadOnly_"), "{last}");

    // One consent, by exactly one call of the AWS CLI, with a profile that the person's config never had.
    assert_eq!(machine.argv(), ["sso login --profile sso-key-set"]);
    assert_eq!(machine.counts(), [1, 1, 1]);
    assert_eq!(
        machine.config(),
        format!(
            "{before}\n[profile corp-dev]\nsso_session = corp\nsso_account_id = 444455556666\n\
             sso_role_name = ReadOnly\nregion = eu-central-1\n\n[sso-session corp]\nsso_start_url = {URL}\n\
             sso_region = us-east-1\nsso_registration_scopes = sso:account:access\n"
        )
    );
    // Locked, and nobody is to be reminded of it.
    assert_eq!((machine.status("AWS_PROFILE"), machine.quiet()), (77, vec!["corp".to_owned()]));
    assert_eq!(names(machine.home().join(".aws/cli/cache")), [""; 0]);

    machine.run("sso-login corp-dev --via aws").exits_somehow(0);
    assert_eq!(machine.argv().last().unwrap(), "sso login --profile corp-dev");
    assert_eq!(machine.counts(), [2, 1, 1]);
    assert_eq!(machine.status("AWS_PROFILE"), 0);
    // A login that nobody settled ends the lock all the same, once a monitor sees it.
    let checked = machine.run("sso-profile show corp-dev").exits_somehow(0).stdout;
    let checked = end(machine.command("sso-cache check"), &checked).stdout;
    end(machine.command("sso-signal write"), &checked).exits_somehow(0);
    assert_eq!(machine.quiet(), [""; 0]);
}

#[test]
fn a_known_start_url_needs_no_typing_and_no_second_registration() {
    let Some(machine) = Machine::start("") else { return };
    machine.run("sso-login demo --via aws").exits_somehow(0);
    // The session is valid and its registration is good: there is nothing to ask anybody.
    let ended = machine.key_set(&format!("AWS_PROFILE dev aws.iam.sso corp-dev --start-url {URL}/ {ROLE}"));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!((machine.counts(), machine.argv().len()), ([1, 1, 1], 1));
    assert!(machine.config().contains("[profile corp-dev]\nsso_session = sandbox\n"), "{}", machine.config());
    assert_eq!(machine.config().matches("[sso-session ").count(), 2);
}

#[test]
fn a_session_in_use_is_not_logged_out_without_a_word() {
    let Some(machine) = Machine::start("") else { return };
    machine.run("sso-login demo --via aws").exits_somehow(0);
    let kept = machine.key_set("AWS_PROFILE dev aws.iam.sso demo --keep-session").exits_somehow(0);
    assert_eq!(kept.stderr, "");
    let last = kept.documents().pop().unwrap();
    assert_eq!((&last["state"], machine.status("AWS_PROFILE")), (&"granted".into(), 0), "{last}");
    assert_eq!((machine.counts(), machine.quiet()), ([1, 1, 0], Vec::new()));
    // Without the flag, and with nobody to ask, it is said before it happens.
    let ended = machine.key_set("AWS_PROFILE dev aws.iam.sso demo").exits_somehow(0);
    assert!(ended.stderr.contains("session \"sandbox\" is in use (demo, demo-admin)"), "{}", ended.stderr);
    assert!(ended.stderr.contains("--keep-session leaves it logged in"), "{}", ended.stderr);
    assert_eq!((machine.counts(), machine.status("AWS_PROFILE")), ([1, 1, 1], 77));
    // A session that this begins can stay, too.
    machine.key_set("AWS_PROFILE dev aws.iam.sso demo --keep-session").exits_somehow(0);
    assert_eq!((machine.counts(), machine.status("AWS_PROFILE")), ([2, 1, 1], 0));
}

#[test]
fn a_session_in_use_outlives_a_round_trip_that_fails() {
    let Some(machine) = Machine::start("") else { return };
    machine.run("sso-login demo --via aws").exits_somehow(0);
    machine.faults(&serde_json::json!({"error": ["GetRoleCredentials=ForbiddenException"]}));
    machine.key_set("AWS_PROFILE dev aws.iam.sso demo").exits_somehow(78);
    machine.key_set("AWS_PROFILE dev aws.iam.sso demo --keep-session").exits_somehow(78);
    assert_eq!((machine.counts(), machine.quiet()), ([1, 1, 0], Vec::new()));
}

#[test]
fn a_start_url_that_legacy_profiles_have_gets_a_session_with_their_region() {
    let Some(machine) = Machine::start("") else { return };
    let legacy = format!(
        "[profile old]\nsso_start_url = {URL}\nsso_region = us-east-1\nsso_account_id = 111122223333\n\
         sso_role_name = Developer\n"
    );
    fs::write(machine.home().join(".aws/config"), &legacy).unwrap();
    let ended = machine.key_set(&format!("AWS_PROFILE dev aws.iam.sso corp-dev --start-url {URL} {ROLE}"));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let session = format!("[sso-session corp-dev]\nsso_start_url = {URL}\nsso_region = us-east-1\n");
    assert!(
        machine.config().starts_with(&legacy) && machine.config().contains(&session),
        "{}",
        machine.config()
    );
}

#[test]
fn a_legacy_profile_gets_a_session_of_its_portal_by_a_name_that_no_other_portal_has() {
    let Some(machine) = Machine::start("") else { return };
    machine.append(&format!(
        "\n[profile sandbox]\nsso_start_url = {OTHER}\nsso_region = us-east-1\n\
         sso_account_id = 111122223333\nsso_role_name = Developer\n"
    ));
    let ended = machine.key_set(&format!("AWS_PROFILE dev aws.iam.sso sandbox {ROLE} --replace"));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let session = format!("[sso-session sandbox-2]\nsso_start_url = {OTHER}\nsso_region = us-east-1\n");
    assert!(machine.config().contains(&session), "{}", machine.config());
    assert!(machine.config().contains("[profile sandbox]\nsso_"), "{}", machine.config());
    assert!(machine.config().contains("sso_session = sandbox-2\n"), "{}", machine.config());
}

#[test]
fn a_region_that_is_not_the_portals_is_named_before_anybody_logs_in() {
    let Some(machine) = Machine::start("") else { return };
    let before = machine.files();
    machine.faults(&json!({"error": ["StartDeviceAuthorization=InvalidRequestException"]}));
    let words = format!("AWS_PROFILE dev aws.iam.sso corp --start-url {OTHER} --sso-region us-east-1 {ROLE}");
    let ended = machine.key_set(&words);
    assert_eq!(ended.code, 78, "{}", ended.stderr);
    let says = format!("the portal {OTHER} isn't in the region us-east-1");
    assert!(ended.stderr.contains(&says), "{}", ended.stderr);
    assert_eq!((machine.files(), machine.argv()), (before, Vec::new()));
}

#[test]
fn a_token_of_another_portal_under_the_same_name_is_no_login_here() {
    let Some(machine) = Machine::start("") else { return };
    machine.run("sso-login demo --via aws").exits_somehow(0);
    fs::write(machine.home().join(".aws/config"), "").unwrap();
    let words = format!(
        "AWS_PROFILE dev aws.iam.sso corp --start-url {OTHER} --sso-region us-east-1 --sso-session sandbox {ROLE}"
    );
    let ended = machine.key_set(&words);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!((machine.counts()[0], machine.argv().len()), (2, 2));
}

#[test]
fn consent_is_asked_for_when_a_key_is_set_and_not_when_it_is_unlocked() {
    let Some(machine) = Machine::start("") else { return };
    // A session of our own client: the AWS CLI, which unlocks, has none yet.
    machine.run("sso-login demo --via device --no-browser").exits_somehow(0);
    machine.key_set("AWS_PROFILE dev aws.iam.sso demo").exits_somehow(0);
    assert_eq!(machine.argv(), ["sso login --profile demo"]);
    assert_eq!(machine.counts(), [2, 2, 1]);
    machine.run("sso-login demo --via aws").exits_somehow(0);
    assert_eq!(machine.counts(), [3, 2, 1]);
}

#[test]
fn a_profile_that_is_there_is_tried_as_it_is() {
    let Some(machine) = Machine::start("") else { return };
    let before = machine.config();
    let ended = machine.key_set("AWS_PROFILE dev aws.iam.sso demo --text");
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let begins: Vec<_> = ended.stdout.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(begins, ["set", "unlock", "get", "relock", "dev.AWS_PROFILE"], "{}", ended.stdout);
    assert!(ended.stdout.contains("so are its other profiles: demo-admin"), "{}", ended.stdout);
    assert!(ended.stdout.ends_with("to unlock it: just sso-key-unlock dev\n"), "{}", ended.stdout);
    assert_eq!((machine.config(), machine.argv()), (before, vec!["sso login --profile demo".to_owned()]));
}

#[test]
fn what_differs_is_changed_only_when_asked_to() {
    let Some(machine) = Machine::start("") else { return };
    let before = machine.files();
    let ended = machine.key_set(&format!("AWS_PROFILE dev aws.iam.sso demo --sso-session sandbox {ROLE}"));
    assert_eq!(ended.code, 78, "{}", ended.stderr);
    assert!(ended.stderr.contains("sso-login: key `dev.AWS_PROFILE` is not stored: "), "{}", ended.stderr);
    assert!(ended.stderr.ends_with("sso-login: hint: --replace changes the profile\n"), "{}", ended.stderr);
    // Nobody logs in for what can't be.
    assert_eq!((machine.files(), machine.counts()), (before, [0, 0, 0]));

    machine
        .key_set(&format!("AWS_PROFILE dev aws.iam.sso demo --sso-session sandbox {ROLE} --replace"))
        .exits_somehow(0);
    assert!(machine.config().contains(
        "[profile demo]\nsso_session = sandbox\nsso_account_id = 444455556666\nsso_role_name = ReadOnly\n"
    ));
    assert_eq!(machine.status("AWS_PROFILE"), 77);
}

#[test]
fn a_name_that_other_tools_will_not_take_is_told() {
    let Some(machine) = Machine::start("") else { return };
    let ended = machine.key_set(&format!("AWS_PROFILE dev aws.iam.sso b]ad --sso-session sandbox {ROLE}"));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let written = ended.documents().into_iter().find(|document| document["step"] == "write").unwrap();
    let warning = written["warnings"][0].as_str().unwrap();
    assert!(warning.contains("b]ad") && written["what"].as_str().unwrap().contains(warning), "{written}");
}

#[test]
fn what_flags_do_not_say_a_profile_that_is_there_does() {
    let Some(machine) = Machine::start("") else { return };
    let ended = machine.key_set("AWS_PROFILE dev aws.iam.sso demo --role-name ReadOnly --replace");
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(machine.config().contains(
        "[profile demo]\nsso_session = sandbox\nsso_account_id = 111122223333\nsso_role_name = ReadOnly\n"
    ));
    let ended = machine.key_set("AWS_PROFILE dev aws.iam.sso demo --account-id 12");
    assert_eq!(ended.code, 78);
    assert!(ended.stderr.contains("the account `12` is not 12 digits"), "{}", ended.stderr);
}

#[test]
fn without_a_terminal_the_missing_flags_are_named_and_nobody_is_logged_in() {
    let Some(machine) = Machine::start("") else { return };
    let before = machine.files();
    for (words, code, says) in [
        (
            "",
            2,
            "a new profile needs --start-url, --sso-region, the profile's name, --account-id, --role-name",
        ),
        (
            "corp --start-url https://d-5555555555.awsapps.com/start",
            2,
            "needs --sso-region, --account-id, --role-name",
        ),
        ("corp --sso-session sandbox --role-name X", 2, "a new profile needs --account-id\n"),
        ("demmo", 78, "profile `demmo` is not in "),
        (
            "corp --start-url http://x/ --sso-region us-east-1 --account-id 1 --role-name x",
            78,
            "isn't an https address",
        ),
        (
            "corp --sso-session other --start-url https://d-1234567890.awsapps.com/start --account-id 111122223333 --role-name x",
            78,
            "belongs to https://d-0987654321.awsapps.com/start in us-east-1, which differs from the flags",
        ),
    ] {
        let ended = machine.key_set(&format!("AWS_PROFILE dev aws.iam.sso {words}"));
        assert_eq!(ended.code, code, "{words}: {}", ended.stderr);
        assert!(ended.stderr.contains(says), "{words}: {}", ended.stderr);
        assert!(code != 2 || ended.stderr.contains("hint: sso-login key-set AWS_PROFILE dev "), "{words}");
        assert_eq!(ended.stdout, "", "{words}");
    }
    assert_eq!((machine.files(), machine.counts(), machine.argv()), (before, [0, 0, 0], Vec::new()));
}

#[test]
fn two_at_once_take_turns() {
    let Some(machine) = Machine::start("") else { return };
    let mut first = machine.command("sso-login key-set A dev aws.iam.sso demo");
    let mut second = machine.command("sso-login key-set B dev aws.iam.sso demo-admin");
    let children = [first.spawn().unwrap(), second.spawn().unwrap()];
    for child in children {
        assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
    }
    assert_eq!((machine.status("A"), machine.status("B")), (77, 77));
    assert_eq!(machine.counts(), [2, 1, 2]);
    let keys: serde_json::Value =
        serde_json::from_slice(&fs::read(machine.home().join(".aws/sso-renewer/keys.json")).unwrap())
            .unwrap();
    assert_eq!(keys["keys"]["dev.B"], json!({"vault": "aws.iam.sso", "reference": "demo-admin"}));
}
