//! `list --every` and `show --every`: the profiles on the beat, as the config then has them.

use std::fs;

use serde_json::json;

use crate::support::monitor::Monitor;
use crate::support::{Sandbox, end};

const CORP: &str = "[profile corp]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Dev\n\
                    [sso-session corp]\nsso_start_url = https://d-1234567890.awsapps.com/start\nsso_region = us-east-1\n";

/// Replaces the config as editors do, so that no tick finds half of it.
fn put(sandbox: &Sandbox, text: &str) {
    let new = sandbox.write(".aws/config.new", text);
    fs::rename(new, sandbox.config()).unwrap();
}

#[test]
fn a_profile_that_is_added_changed_or_removed_counts_without_a_restart() {
    let sandbox = Sandbox::new();
    let mut monitor = Monitor::start(&sandbox, "sso-profile list --every 1s", "");
    // Nothing is there at first: it waits for the first profile instead of ending.
    assert!(monitor.complaint().contains("has no profile yet"));
    put(&sandbox, CORP);
    let first = monitor.next();
    assert_eq!((&first["profile"], &first["roleName"]), (&json!("corp"), &json!("Dev")));
    put(&sandbox, &CORP.replace("= Dev", "= Admin"));
    monitor.until(|document| document["roleName"] == "Admin");
    put(&sandbox, &format!("{CORP}[profile other]\nregion = eu-west-1\n"));
    monitor.until(|document| document["profile"] == "other");
    put(&sandbox, "[profile third]\nregion = eu-west-1\n");
    monitor.until(|document| document["profile"] == "third");
    for _ in 0..2 {
        assert_eq!(monitor.next()["profile"], "third", "the others are gone");
    }
    assert_eq!(monitor.ends(), "");
}

#[test]
fn a_config_that_nobody_can_parse_is_said_once_and_the_profiles_of_before_stay() {
    let sandbox = Sandbox::new();
    put(&sandbox, CORP);
    let mut monitor = Monitor::start(&sandbox, "sso-profile list --every 1s", "");
    monitor.next();
    put(&sandbox, "[profile corp\nregion = eu-west-1\n");
    assert!(monitor.complaint().contains("the last known profiles are used"));
    for _ in 0..2 {
        assert_eq!(monitor.next()["roleName"], "Dev");
    }
    put(&sandbox, &CORP.replace("= Dev", "= Admin"));
    monitor.until(|document| document["roleName"] == "Admin");
    assert_eq!(monitor.ends(), "", "it was said once");
}

#[test]
fn one_profile_is_shown_as_it_is_on_each_tick() {
    let sandbox = Sandbox::new();
    put(&sandbox, CORP);
    let mut monitor = Monitor::start(&sandbox, "sso-profile show corp --every 1s", "{\"profile\":\"x\"}");
    assert_eq!(monitor.next()["profileFrom"], "argument");
    put(&sandbox, "[profile other]\nregion = eu-west-1\n");
    let gone = monitor.until(|document| document.get("error").is_some());
    assert_eq!((&gone["profile"], gone.get("kind")), (&json!("corp"), None));
    put(&sandbox, CORP);
    monitor.until(|document| document["kind"] == "sso-session");
    assert_eq!(monitor.ends(), "");

    sandbox.run("sso-profile show nobody --every 1s").exits(78);
}

#[test]
fn the_list_ends_well_when_told_to_and_has_the_monitors_tick() {
    let sandbox = Sandbox::new();
    put(&sandbox, CORP);
    for signal in ["TERM", "INT"] {
        let mut monitor = Monitor::start(&sandbox, "sso-profile list --every 1h", "");
        monitor.next();
        monitor.ends_by(signal);
    }
    for every in ["0s", "999ms", "60", "soon"] {
        sandbox.run(&format!("sso-profile list --every {every}")).exits(2);
    }
    let mut command = sandbox.tool("sso-profile list --every");
    command.env("SSO_CHECK_SECONDS", "0");
    end(command, "").exits(78).says("SSO_CHECK_SECONDS is 0");
}
