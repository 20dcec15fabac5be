//! `sso-profile remove` as a process.

use serde_json::json;

use crate::bulk::organisation::{read, with_config};
use crate::support::{Ended, Sandbox, end};

const CORP: &str = "\
[sso-session corp]
sso_start_url = https://d-1234567890.awsapps.com/start
sso_region = us-east-1
sso_registration_scopes = sso:account:access

# admins
[profile ops]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Admin

[profile dev]
sso_session = corp
region = eu-west-1
";

fn remove(sandbox: &Sandbox, rest: &str) -> Ended {
    sandbox.run(&format!("sso-profile remove {rest}"))
}

#[test]
fn a_session_stays_while_another_profile_names_it() {
    let sandbox = with_config(CORP);
    let document = remove(&sandbox, "ops").exits(0).document();
    assert_eq!((&document["change"], &document["sessionRemoved"]), (&json!("removed"), &json!(false)));
    assert_eq!((&document["profile"], &document["accountId"]), (&json!("ops"), &json!("111122223333")));
    assert_eq!(read(&sandbox), CORP.replace("# admins\n[profile ops]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Admin\n\n", ""));
    let document = remove(&sandbox, "dev").exits(0).document();
    assert_eq!(document["sessionRemoved"], true);
    assert_eq!(read(&sandbox), "");
}

#[test]
fn a_session_that_says_more_than_write_would_stays_but_for_the_flag() {
    for text in [
        "[profile a]\nsso_session = s\n\n[sso-session s]\nsso_start_url = https://d-1234567890.awsapps.com/start\nsso_region = us-east-1\nextra = 1\n",
        "[profile a]\nsso_session = s\n\n# from the mail\n[sso-session s]\nsso_start_url = https://d-1234567890.awsapps.com/start\nsso_region = us-east-1\n",
    ] {
        let sandbox = with_config(text);
        assert_eq!(remove(&sandbox, "a").exits(0).document()["sessionRemoved"], false);
        assert!(text.ends_with(&read(&sandbox)) && read(&sandbox).contains("[sso-session s]"));
        sandbox.write(".aws/config", text);
        assert_eq!(remove(&sandbox, "a --session").exits(0).document()["sessionRemoved"], true);
        assert_eq!(read(&sandbox), "");
    }
    let sandbox = with_config(CORP);
    assert_eq!(remove(&sandbox, "ops --session").exits(0).document()["sessionRemoved"], false);
}

#[test]
fn a_session_that_the_credentials_file_names_is_used() {
    let sandbox = with_config(&CORP[..CORP.find("\n[profile dev]").unwrap()]);
    sandbox.write(".aws/credentials", "[other]\nsso_session = corp\n");
    assert_eq!(remove(&sandbox, "ops").exits(0).document()["sessionRemoved"], false);
}

#[test]
fn what_write_added_is_gone_byte_for_byte() {
    let before = "# mine\n[default]\nregion = eu-west-1\n";
    let sandbox = with_config(before);
    sandbox
        .run("sso-profile write corp --start-url https://d-1234567890.awsapps.com/start --sso-region us-east-1")
        .exits(0);
    remove(&sandbox, "corp").exits(0);
    assert_eq!(read(&sandbox), before);
}

#[test]
fn a_source_of_others_is_removed_only_by_force() {
    let text = format!(
        "{CORP}\n[profile chain]\nrole_arn = arn:aws:iam::111122223333:role/x\nsource_profile = ops\n"
    );
    let sandbox = with_config(&text);
    remove(&sandbox, "ops").exits(78).says("`chain` takes its credentials from profile `ops`");
    assert_eq!(read(&sandbox), text);
    remove(&sandbox, "ops --force").exits(0);
    assert!(!read(&sandbox).contains("[profile ops]"));
}

#[test]
fn keys_in_the_credentials_file_are_never_touched() {
    let sandbox = with_config(CORP);
    let keys = "[ops]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = hush\n[only]\nregion = x\n";
    let path = sandbox.write(".aws/credentials", keys);
    let ended = remove(&sandbox, "ops").exits(0);
    assert!(!ended.stdout.contains("hush"));
    assert!(
        ended.document()["warnings"][0].as_str().unwrap().contains("`[ops]` of the credentials file stays")
    );
    remove(&sandbox, "only").exits(78).says("only in the credentials file");
    assert_eq!(std::fs::read_to_string(path).unwrap(), keys);
}

#[test]
fn a_dry_run_shows_the_diff_and_changes_nothing() {
    let sandbox = with_config(CORP);
    let document = remove(&sandbox, "ops --dry-run").exits(0).document();
    assert!(document["diff"].as_str().unwrap().contains("\n-[profile ops]\n"));
    let text = remove(&sandbox, "ops --dry-run --text").exits(0).stdout;
    assert!(text.contains("\n-# admins\n-[profile ops]\n"), "{text}");
    assert_eq!(read(&sandbox), CORP);
    assert_eq!(remove(&sandbox, "ops --text").exits(0).stdout, "profile `ops` removed\n");
}

#[test]
fn nobody_is_removed_who_was_not_named() {
    let sandbox = with_config(CORP);
    let mut command = sandbox.tool("sso-profile remove");
    command.env("AWS_PROFILE", "ops");
    end(command, "").exits(2).says("no profile is named");
    sandbox.feed("sso-profile remove", "{\"x\":1}\n").exits(65).says("has no `profile`");
    remove(&sandbox, "op").exits(78).says("profile `op` is not in");
    assert_eq!(read(&sandbox), CORP);
}

#[test]
fn documents_name_the_profiles_in_a_pipe() {
    let sandbox = with_config(CORP);
    let documents = end(sandbox.shell("sso-profile list | sso-profile remove"), "").exits(0).documents();
    assert_eq!(documents.len(), 2);
    assert_eq!(
        (&documents[0]["sessionRemoved"], &documents[1]["sessionRemoved"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(read(&sandbox), "");
}

#[test]
fn a_profile_that_is_there_twice_goes_twice() {
    let sandbox =
        with_config("[default]\nregion = x\n\n[profile default]\nregion = y\n\n[profile a]\nk = v\n");
    remove(&sandbox, "default").exits(0);
    assert_eq!(read(&sandbox), "[profile a]\nk = v\n");
}
