//! `check --every`: on the beat, through mishaps, to a good end.

use std::fs;

use serde_json::json;

use crate::cache::{CORP, PROFILE, put_token};
use crate::support::monitor::Monitor;
use crate::support::{Sandbox, end};

fn monitor(sandbox: &Sandbox, every: &str, input: &str) -> Monitor {
    Monitor::start(sandbox, &format!("sso-cache check --every {every}"), input)
}

#[test]
fn the_monitor_repeats_every_profile_and_sees_changes_and_mishaps() {
    let sandbox = Sandbox::new();
    let mut monitor =
        monitor(&sandbox, "1s", &format!("{PROFILE}\n{{\"profile\":\"s\",\"kind\":\"static\"}}"));
    assert_eq!(monitor.next()["token"]["state"], "missing");
    put_token(&sandbox, CORP, &json!({}));
    assert_eq!(monitor.next()["profile"], "s");
    assert_eq!(monitor.next()["token"]["state"], "valid");

    fs::rename(sandbox.token_dir(), sandbox.home().join("kept")).unwrap();
    fs::write(sandbox.token_dir(), "").unwrap();
    assert_eq!(monitor.next()["profile"], "s");
    let failed = monitor.next();
    assert!(failed["error"].as_str().unwrap().starts_with("cannot read "), "{failed}");
    assert_eq!((failed.get("loginRequired"), &failed["reason"]), (None, &failed["error"]));

    fs::remove_file(sandbox.token_dir()).unwrap();
    fs::rename(sandbox.home().join("kept"), sandbox.token_dir()).unwrap();
    assert_eq!(monitor.next()["profile"], "s");
    let healed = monitor.next();
    assert_eq!((healed.get("error"), &healed["loginRequired"]), (None, &json!(false)));
    assert_eq!(monitor.ends(), "");
}

#[test]
fn the_monitor_ends_well_when_told_to_or_when_its_reader_goes() {
    let sandbox = Sandbox::new();
    for signal in ["TERM", "INT"] {
        let mut monitor = monitor(&sandbox, "1h", PROFILE);
        monitor.next();
        monitor.ends_by(signal);
    }
    let mut monitor = monitor(&sandbox, "1h", PROFILE);
    monitor.next();
    assert_eq!(monitor.ends(), "");
}

#[test]
fn a_monitor_that_could_not_work_is_refused() {
    let sandbox = Sandbox::new();
    for line in ["--every 0s", "--every 999ms", "--every 60", "--every 60s -e"] {
        assert_eq!(sandbox.feed(&format!("sso-cache check {line}"), PROFILE).code, 2, "{line}");
    }
    sandbox.run("sso-cache check --every 60s").exits(65).says("no profile document");
    let ended =
        sandbox.feed("sso-cache check --every 60s", &format!("{PROFILE}{{\"profile\":\"x\"}}")).exits(65);
    assert_eq!(ended.stdout, "");
    let mut command = sandbox.tool("sso-cache check --every");
    command.env("SSO_CHECK_SECONDS", "0");
    end(command, PROFILE).exits(78).says("SSO_CHECK_SECONDS");
}
