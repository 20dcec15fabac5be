//! Whose a profile is: marked ones are kept as listed, all others are left alone.

use serde_json::json;

use crate::bulk::organisation::{HAND, read, role, sum, three, with_config, write};
use crate::support::Sandbox;

fn written() -> Sandbox {
    let sandbox = with_config(HAND);
    write(&sandbox, "", &three()).exits(0);
    sandbox
}

fn removed(sandbox: &Sandbox, keep: usize) -> Vec<String> {
    let documents = write(sandbox, "--prune", &three()[..keep]).exits(0).documents();
    let removed = documents.iter().filter(|document| document["change"] == "removed");
    removed.map(|document| document["profile"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_is_no_longer_listed_is_removed_and_gives_the_bytes_back() {
    let sandbox = with_config(HAND);
    write(&sandbox, "", &three()[..1]).exits(0);
    let before = read(&sandbox);
    write(&sandbox, "", &three()).exits(0);
    assert_eq!(removed(&sandbox, 1), ["Dev-Team-ReadOnly", "Prod-EU-Admin"]);
    assert_eq!(read(&sandbox), before);
}

#[test]
fn without_prune_nothing_goes() {
    let sandbox = written();
    let before = read(&sandbox);
    write(&sandbox, "", &three()[..1]).exits(0);
    assert_eq!(read(&sandbox), before);
}

#[test]
fn hand_written_profiles_and_other_sessions_are_never_pruned() {
    let sandbox = written();
    let mut other = role("333344445555", "Other", "Admin");
    other["ssoSession"] = json!("other");
    write(&sandbox, "", &[other]).exits(0);
    let copied = read(&sandbox).replace("[profile Prod-EU-Admin]", "[profile mine]");
    sandbox.write(".aws/config", &copied);
    assert_eq!(removed(&sandbox, 1), ["Dev-Team-ReadOnly"]);
    let text = read(&sandbox);
    for header in
        ["[default]", "[profile hand]", "[profile mine]", "[profile Other-Admin]", "[sso-session other]"]
    {
        assert!(text.contains(header), "{header}");
    }
}

#[test]
fn keys_that_were_added_stay() {
    let sandbox = written();
    let edited = read(&sandbox).replace(
        "sso_role_name = ReadOnly\n",
        "sso_role_name = ReadOnly\nregion = sa-east-1\n# why\noutput = text\n",
    );
    sandbox.write(".aws/config", &edited);
    write(&sandbox, "--prune", &three()).exits(0);
    assert_eq!(read(&sandbox), edited);
    write(&sandbox, "--prune --region eu-west-1", &three()).exits(0);
    let text = read(&sandbox);
    assert!(text.contains("region = sa-east-1\n# why\noutput = text\n"));
    assert_eq!(text.matches("\nregion = eu-west-1\n").count(), 2);
    assert_eq!(removed(&sandbox, 1), ["Dev-Team-ReadOnly", "Prod-EU-Admin"]);
}

#[test]
fn a_profile_turned_to_another_role_by_hand_is_its_owners() {
    let sandbox = written();
    let edited = read(&sandbox).replace("sso_role_name = ReadOnly", "sso_role_name = Auditor");
    sandbox.write(".aws/config", &edited);
    write(&sandbox, "", &three()).exits(78).says("profile `Dev-Team-ReadOnly` exists, differs");
    assert_eq!(removed(&sandbox, 1), ["Prod-EU-Admin"]);
    assert!(read(&sandbox).contains("sso_role_name = Auditor"));
    write(&sandbox, "--replace", &three()).exits(0);
    assert_eq!(read(&sandbox).matches("# written by").count(), 3);
    assert_eq!(removed(&sandbox, 1), ["Dev-Team-ReadOnly", "Prod-EU-Admin"]);
}

#[test]
fn a_name_that_means_another_account_now_is_followed() {
    let sandbox = written();
    let mut documents = three();
    documents[2]["accountId"] = json!("555566667777");
    let written = write(&sandbox, "--prune", &documents).exits(0).documents();
    assert_eq!([sum(&written, "replaced"), sum(&written, "removed")], [1, 0]);
    assert!(read(&sandbox).ends_with(
        "[profile Prod-EU-Admin]\n# written by sso-profile write --all: Prod-EU-Admin is Admin in 555566667777 by corp\n\
         sso_session = corp\nsso_account_id = 555566667777\nsso_role_name = Admin\n"
    ));
}

#[test]
fn hand_written_profiles_of_the_same_name_are_overwritten_only_with_replace() {
    let hand = format!(
        "{HAND}\n\n[profile Dev-Team-Admin]\nrole_arn = arn:aws:iam::111122223333:role/x\nsource_profile = hand\nregion = eu-west-1\n"
    );
    let sandbox = with_config(&hand);
    write(&sandbox, "", &three()).exits(78).says("profile `Dev-Team-Admin` exists, differs");
    assert_eq!(read(&sandbox), hand);
    write(&sandbox, "--replace", &three()).exits(0);
    assert!(read(&sandbox).contains(
        "[profile Dev-Team-Admin]\n# written by sso-profile write --all: Dev-Team-Admin is Admin in 111122223333 by corp\n\
         region = eu-west-1\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Admin\n"
    ));
}

#[test]
fn hand_written_profiles_that_say_the_same_stay_unmarked() {
    let hand = format!(
        "{HAND}\n\n[profile Dev-Team-Admin]\nsso_session=corp\nsso_account_id=111122223333\nsso_role_name=Admin\n"
    );
    let sandbox = with_config(&hand);
    write(&sandbox, "", &three()[..1]).exits(0);
    assert_eq!(read(&sandbox), hand);
    assert_eq!(sum(&write(&sandbox, "--prune", &three()[1..]).exits(0).documents(), "removed"), 0);
}

#[test]
fn a_session_that_differs_is_changed_only_with_replace() {
    let sandbox = written();
    let before = read(&sandbox);
    let moved: Vec<_> = three()
        .into_iter()
        .map(|mut document| {
            document["ssoRegion"] = json!("eu-west-1");
            document
        })
        .collect();
    write(&sandbox, "", &moved)
        .exits(78)
        .says("sso-session `corp` exists and differs in sso_region; `hand`, `Dev-Team-Admin`");
    assert_eq!(read(&sandbox), before);
    write(&sandbox, "--replace", &moved).exits(0);
    assert_eq!(read(&sandbox), before.replace("sso_region = us-east-1", "sso_region = eu-west-1"));
}

#[test]
fn a_pruned_profile_that_others_need_stays_and_is_named() {
    let sandbox = written();
    let text = format!(
        "{}\n[profile chain]\nrole_arn = arn:aws:iam::111122223333:role/x\nsource_profile = Prod-EU-Admin\n",
        read(&sandbox)
    );
    sandbox.write(".aws/config", &text);
    let documents = write(&sandbox, "--prune", &three()[..2]).exits(0).documents();
    let kept = documents.last().unwrap();
    assert_eq!((&kept["profile"], &kept["change"]), (&json!("Prod-EU-Admin"), &json!("kept")));
    let warnings = &kept["warnings"];
    assert!(
        warnings[0].as_str().unwrap().contains("`Prod-EU-Admin` no longer has a role, but stays"),
        "{warnings}"
    );
    assert_eq!(read(&sandbox), text);
}

#[test]
fn a_pruned_profile_that_a_key_points_at_is_named_with_the_key() {
    let sandbox = written();
    sandbox.run("sso-profile key set --env dev --key OPS_PROFILE --vault aws.iam.sso Prod-EU-Admin").exits(0);
    for flags in ["--prune --dry-run", "--prune"] {
        let documents = write(&sandbox, flags, &three()[..1]).exits(0).documents();
        let warnings = |change: &str, profile: &str| {
            let is_it = |document: &&serde_json::Value| {
                document["change"] == change && document["profile"] == profile
            };
            documents.iter().find(is_it).unwrap().get("warnings").cloned()
        };
        assert_eq!(warnings("removed", "Dev-Team-ReadOnly"), None);
        let expected = "key `dev.OPS_PROFILE` points at profile `Prod-EU-Admin`: sso-profile key list --text";
        assert_eq!(warnings("removed", "Prod-EU-Admin"), Some(json!([expected])));
    }
}

#[test]
fn access_keys_are_never_overwritten() {
    let hand = format!(
        "{HAND}\n\n[profile Dev-Team-Admin]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = hush\n"
    );
    let sandbox = with_config(&hand);
    let ended = write(&sandbox, "--replace", &three()).exits(78);
    assert!(!ended.stderr.contains("hush"));
    ended.says("holds access keys");
    assert_eq!(read(&sandbox), hand);
}

#[test]
fn line_ends_are_those_of_the_file() {
    let sandbox = with_config(&HAND.replace('\n', "\r\n"));
    write(&sandbox, "", &three()).exits(0);
    let text = read(&sandbox);
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    assert_eq!(removed(&sandbox, 2), ["Prod-EU-Admin"]);
    write(&sandbox, "", &three()).exits(0);
    assert_eq!(read(&sandbox), text);
}
