//! launchd, played by a fake launchctl.

use std::fs;
use std::path::PathBuf;

use rustix::process::getuid;
use serde_json::json;

use crate::service::fakes::{INSTALL, dotenv, mac, mark, told};
use crate::support::Sandbox;

fn plist(sandbox: &Sandbox) -> PathBuf {
    sandbox.home().join("Library/LaunchAgents/com.bazel.sso-watcher.plist")
}

fn domain() -> String {
    format!("gui/{}", getuid().as_raw())
}

fn bootstrap(sandbox: &Sandbox) -> String {
    format!("bootstrap {} {}", domain(), plist(sandbox).display())
}

fn bootout() -> String {
    format!("bootout {}/com.bazel.sso-watcher", domain())
}

#[test]
fn installing_writes_the_agent_and_starts_it() {
    let sandbox = mac();
    let document = sandbox.run(INSTALL).exits(0).document();
    let logs = sandbox.home().join("Library/Logs");
    assert_eq!(
        document,
        json!({"service": "launchd", "label": "com.bazel.sso-watcher", "installed": true, "running": true, "pid": 4242,
               "file": plist(&sandbox), "log": logs.join("sso-watcher.log"), "errorLog": logs.join("sso-watcher.error.log"),
               "changed": true, "aws": sandbox.root().join("bin/aws"), "awsVersion": "2.22.1"})
    );
    assert!(logs.is_dir() && sandbox.state().join("signals").is_dir());
    assert_eq!(told(&sandbox), [bootstrap(&sandbox)]);
}

#[test]
fn installing_again_touches_nothing_and_a_changed_setting_is_applied() {
    let sandbox = mac();
    sandbox.run(INSTALL).exits(0);
    told(&sandbox);
    let before = fs::metadata(plist(&sandbox)).unwrap().modified().unwrap();
    assert_eq!(sandbox.run(INSTALL).exits(0).document()["changed"], false);
    assert_eq!(told(&sandbox), Vec::<String>::new());
    assert_eq!(fs::metadata(plist(&sandbox)).unwrap().modified().unwrap(), before);

    dotenv(&sandbox, "SSO_COOLDOWN_SECONDS=60 # a minute\nexport AWS_PROFILE='corp'\n");
    assert_eq!(sandbox.run(INSTALL).exits(0).document()["changed"], true);
    assert_eq!(told(&sandbox), [bootout(), bootstrap(&sandbox)]);
    let text = fs::read_to_string(plist(&sandbox)).unwrap();
    assert!(text.contains("<string>60</string>") && text.contains("<string>corp</string>"), "{text}");
}

#[test]
fn an_agent_that_was_booted_out_by_hand_is_started_again() {
    let sandbox = mac();
    sandbox.run(INSTALL).exits(0);
    fs::remove_file(sandbox.home().join("loaded")).unwrap();
    told(&sandbox);
    let document = sandbox.run(INSTALL).exits(0).document();
    assert_eq!((&document["changed"], &document["running"]), (&json!(false), &json!(true)));
    assert_eq!(told(&sandbox), [bootstrap(&sandbox)]);
}

#[test]
fn a_launchd_that_still_ends_the_old_agent_is_asked_again() {
    let sandbox = mac();
    mark(&sandbox, "busy");
    sandbox.run(INSTALL).exits(0);
    assert_eq!(told(&sandbox), [bootstrap(&sandbox), bootstrap(&sandbox)]);
}

#[test]
fn over_ssh_the_agent_is_installed_for_the_next_desktop_session() {
    let sandbox = mac();
    mark(&sandbox, "no-desktop");
    let document = sandbox.run(INSTALL).exits(0).document();
    assert_eq!((&document["installed"], &document["running"]), (&json!(true), &json!(false)));
    assert!(document["note"].as_str().unwrap().contains("next login"), "{document}");
    assert_eq!(told(&sandbox), Vec::<String>::new());
}

#[test]
fn uninstalling_twice_is_fine_and_keeps_state_and_logs() {
    let sandbox = mac();
    sandbox.run(INSTALL).exits(0);
    told(&sandbox);
    let ended = sandbox.run("sso-signal service uninstall").exits(0);
    assert_eq!(ended.document(), json!({"service": "launchd", "removed": true}));
    assert_eq!(told(&sandbox), [bootout()]);
    assert!(!plist(&sandbox).exists() && sandbox.state().exists());
    assert_eq!(sandbox.run("sso-signal service uninstall").exits(0).document()["removed"], false);
    let status = sandbox.run("sso-signal service status").exits(0).document();
    assert_eq!((&status["installed"], &status["running"]), (&json!(false), &json!(false)));
}

#[test]
fn restarting_needs_an_installed_service() {
    let sandbox = mac();
    sandbox.run("sso-signal service restart").exits(78).says("the watcher is not installed");
    sandbox.run(INSTALL).exits(0);
    told(&sandbox);
    sandbox.run("sso-signal service restart").exits(0);
    assert_eq!(told(&sandbox), [bootout(), bootstrap(&sandbox)]);
}

#[test]
fn another_programs_agent_stays_and_nothing_is_put_beside_it() {
    let sandbox = mac();
    let foreign = sandbox.write("Library/LaunchAgents/com.bazel.sso-watcher.plist", "<plist>theirs</plist>");
    for line in
        [INSTALL, "sso-signal service install --replace -- just sso-watch", "sso-signal service uninstall"]
    {
        let ended = sandbox.run(line).exits(78).says("another program's");
        assert!(ended.stderr.contains("launchctl bootout"), "{}", ended.stderr);
    }
    assert_eq!(fs::read_to_string(&foreign).unwrap(), "<plist>theirs</plist>");
    assert_eq!(told(&sandbox), Vec::<String>::new());
    let status = sandbox.run("sso-signal service status").exits(0).document();
    assert_eq!(status["foreign"], json!(foreign));
}

#[test]
fn an_agent_of_that_label_from_another_place_is_foreign_too() {
    let sandbox = mac();
    sandbox.write("loaded", "/Users/me/other/com.bazel.sso-watcher.plist\n");
    sandbox.run(INSTALL).exits(78).says("/Users/me/other/");
    assert!(!plist(&sandbox).exists());
}

#[test]
fn a_second_checkout_does_not_take_over_unasked() {
    let sandbox = mac();
    sandbox.run(INSTALL).exits(0);
    let other = sandbox.root().join("other");
    fs::create_dir(&other).unwrap();
    let mut again = sandbox.tool(INSTALL);
    again.current_dir(&other);
    let ended = crate::support::end(again, "").exits(78).says("installed from another directory");
    assert!(ended.stderr.contains("just sso-uninstall && just sso-install"), "{}", ended.stderr);
    let mut again = sandbox.tool("sso-signal service install --replace -- just sso-watch");
    again.current_dir(&other);
    assert_eq!(crate::support::end(again, "").exits(0).document()["changed"], true);
}
