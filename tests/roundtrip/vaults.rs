//! Every vault makes the same round trip.

use crate::roundtrip::machine::{Machine, steps};

const STEPS: [&str; 4] = ["set", "unlock", "get", "relock"];

#[test]
fn a_variable_and_a_line_of_a_file_are_proven_and_shown_nowhere() {
    let Some(machine) = Machine::start("") else { return };
    let file = machine.home().join("my.env");
    std::fs::write(&file, "export API_TOKEN='canary-file'\n").unwrap();
    let canary = [("API_TOKEN", "canary-variable")];
    for words in ["API_TOKEN dev env".to_owned(), format!("OTHER dev env {}#API_TOKEN", file.display())] {
        for flags in ["", " --text"] {
            let ended = machine.run_with(&format!("sso-login key-set {words}{flags}"), &canary);
            assert_eq!(ended.code, 0, "{}", ended.stderr);
            assert!(!format!("{}{}", ended.stdout, ended.stderr).contains("canary"), "{}", ended.stdout);
            if flags.is_empty() {
                assert_eq!(steps(&ended), STEPS);
                assert_eq!(ended.documents().pop().unwrap()["state"], "granted");
            }
        }
    }
    let got = machine.run_with("sso-profile key get --env dev --key API_TOKEN", &canary);
    assert_eq!(got.document()["value"], "canary-variable");
    assert!(!machine.files().values().any(|text| text.contains("canary")));
    assert_eq!(machine.counts(), [0, 0, 0]);
}

#[test]
fn a_variable_that_is_not_there_or_empty_is_no_key() {
    let Some(machine) = Machine::start("") else { return };
    let before = machine.files();
    for (variables, says) in
        [(&[][..], "get: API_TOKEN is not set"), (&[("API_TOKEN", "")][..], "get: API_TOKEN is ")]
    {
        let ended = machine.run_with("sso-login key-set API_TOKEN dev env", variables);
        assert_eq!(ended.code, 78, "{}", ended.stderr);
        assert!(ended.stderr.contains(says), "{}", ended.stderr);
        assert_eq!(machine.files(), before);
    }
    let ended = machine.key_set("API_TOKEN dev env X --role-name Y");
    assert_eq!((ended.code, machine.files()), (2, before));
}

#[test]
fn static_keys_are_tried_against_sts() {
    let Some(machine) = Machine::start("") else { return };
    // Keys that the service knows; those of a user of IAM have no token, which STS doesn't mind.
    machine.run("sso-login demo --via device --no-browser").exits_somehow(0);
    let keys = machine.run("sso-login credentials demo --format process").stdout;
    let keys: serde_json::Value = serde_json::from_str(&keys).unwrap();
    machine.run("sso-login logout demo").exits(0);
    machine.append(&format!(
        "\n[profile ci]\naws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}\n",
        keys["AccessKeyId"].as_str().unwrap(),
        keys["SecretAccessKey"].as_str().unwrap(),
        keys["SessionToken"].as_str().unwrap(),
    ));
    let before = machine.files();
    machine.fail("GetCallerIdentity", 403);
    let ended = machine.key_set("AWS_PROFILE dev aws.static ci");
    assert_ne!(ended.code, 0);
    assert!(ended.stderr.contains("is not stored: get: "), "{}", ended.stderr);
    assert_eq!(machine.files(), before);

    machine.served.forget("/sandbox/faults");
    let ended = machine.key_set("AWS_PROFILE dev aws.static ci");
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(steps(&ended), STEPS);
    assert!(!ended.stdout.contains(keys["SecretAccessKey"].as_str().unwrap()));
    assert_eq!((machine.status("AWS_PROFILE"), machine.argv().len()), (0, 0));
    let ended = machine.key_set("AWS_PROFILE dev aws.static demo");
    assert_eq!(ended.code, 78, "{}", ended.stderr);
    assert!(ended.stderr.contains("`dev.AWS_PROFILE` stays as it was: set: "), "{}", ended.stderr);
}
