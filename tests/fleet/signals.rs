//! A signal from a box leads to a login on that box, if this machine's owner has listed it.

use serde_json::{Value, json};

use crate::remote::metta::Metta;
use crate::support::{Ended, end, names};

const RAISE: &str =
    "sso-login inspect metta1 | grep '\"profile\":\"demo\"' | sso-signal write --source sso-fleet";
const WATCH: &str = "sso-signal wait --timeout 5s | sso-login - --timeout 60s | sso-signal settle";

fn watch(metta: &Metta, variables: &[(&str, &str)]) -> Ended {
    let mut command = metta.shell(WATCH);
    command.envs(variables.iter().copied());
    end(command, "")
}

/// The signals on the person's machine.
fn signals(metta: &Metta) -> Vec<String> {
    let mut names = names(metta.bench.home().join(".aws/sso-renewer/signals"));
    names.retain(|name| !name.starts_with('.'));
    names
}

#[test]
fn a_signal_of_a_listed_box_is_mended_there() {
    let Some(metta) = Metta::start() else { return };
    let raised = end(metta.shell(RAISE), "").exits(0).document();
    assert_eq!((&raised["host"], &raised["signal"]), (&json!("metta1"), &json!("raised")));
    assert_eq!(signals(&metta), ["metta1%7Cdemo.json"]);

    let ended = watch(
        &metta,
        &[
            ("SSO_HOSTS", "metta2, metta1"),
            ("SSO_LOGIN_MODE", "auto"),
            ("AWS_PROFILE", "demo"),
            ("SSO_AUTO_PROFILES", "demo@metta1"),
        ],
    );
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let last = ended.documents().pop().unwrap();
    assert_eq!(last["outcome"], "success", "{last}");
    metta.is_logged_in(&last);
    assert_eq!(signals(&metta), [""; 0]);
}

#[test]
fn consent_to_a_profile_here_is_none_to_one_of_that_name_there() {
    let Some(metta) = Metta::start() else { return };
    let log = metta.bench.file("contacted");
    metta.bench.program("ssh", &format!("echo \"$@\" >> {}; exit 255", log.display()));
    let mut command = metta.command("sso-login -");
    command.envs([("SSO_HOSTS", "metta1"), ("AWS_PROFILE", "demo"), ("SSO_DIALOG", "none")]);
    let ended = end(command, "{\"profile\":\"demo\",\"host\":\"metta1\",\"mode\":\"auto\"}\n");
    assert_eq!(ended.exits(0).document()["outcome"], "dismissed");
    assert!(!log.exists());
}

#[test]
fn a_box_that_nobody_listed_is_never_contacted() {
    let Some(metta) = Metta::start() else { return };
    end(metta.shell(RAISE), "").exits(0);
    let log = metta.bench.file("contacted");
    metta.bench.program("ssh", &format!("echo \"$@\" >> {}; exit 255", log.display()));
    for variables in [&[][..], &[("SSO_HOSTS", "metta2")]] {
        let mut variables = variables.to_vec();
        variables.extend([
            ("SSO_LOGIN_MODE", "auto"),
            ("AWS_PROFILE", "demo"),
            ("SSO_NOW", "2026-11-21T13:00:00Z"),
        ]);
        let mut command = metta.command("sso-login - --ask never");
        command.envs(variables);
        let ended = end(command, "{\"profile\":\"demo\",\"host\":\"metta1\",\"mode\":\"auto\"}\n")
            .exits(0)
            .document();
        assert_eq!(ended["outcome"], "dismissed");
        assert!(
            ended["reason"].as_str().unwrap().contains("metta1, which SSO_HOSTS doesn't list"),
            "{ended}"
        );
    }
    // A name that is none isn't given to ssh though somebody listed it.
    let mut command = metta.command("sso-login - --ask never");
    command.env("SSO_HOSTS", "-oProxyCommand=id");
    assert_eq!(end(command, "{\"profile\":\"demo\",\"host\":\"-oProxyCommand=id\"}\n").code, 2);
    assert!(!log.exists(), "{}", std::fs::read_to_string(&log).unwrap());
}

#[test]
fn a_person_is_asked_about_a_box_as_about_this_machine() {
    let Some(metta) = Metta::start() else { return };
    let seen = metta.bench.file("seen");
    let dialog = metta.bench.program(
        "dialog",
        &format!("cat > {}; echo '{{\"answer\":\"snooze\",\"seconds\":900}}'", seen.display()),
    );
    let mut command = metta.command("sso-login -");
    command.env("SSO_DIALOG", &dialog);
    // Listed in the file.
    std::fs::create_dir_all(metta.bench.home().join(".aws/sso-renewer")).unwrap();
    std::fs::write(metta.bench.home().join(".aws/sso-renewer/hosts"), "# boxes\nmetta1 # the first\n")
        .unwrap();
    let signal = json!({"profile": "demo", "host": "metta1", "mode": "notify", "reason": "expired"});
    let ended = end(command, &format!("{signal}\n")).exits(0).document();
    assert_eq!((&ended["outcome"], &ended["seconds"]), (&json!("snoozed"), &json!(900)));
    let seen: Value = serde_json::from_str(&std::fs::read_to_string(seen).unwrap()).unwrap();
    let question = seen["question"].as_str().unwrap();
    assert!(question.starts_with("Profile \"demo\" on \"metta1\" needs an AWS SSO login."), "{question}");
}
