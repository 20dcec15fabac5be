//! A signal's file that another user wrote for himself alone: only what needs it fails.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::json;

use crate::signal::clock::{expired, main_file, raise, valid};
use crate::support::{self, Sandbox, names};

#[test]
fn an_unreadable_file_is_an_error_no_bad_file_and_keeps_no_other_back() {
    let sandbox = Sandbox::new();
    raise(&sandbox, "good", "one");
    let file = sandbox.write(".aws/sso-renewer/signals/corp.json", "{}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    let run =
        |line: &str, input: &str| unprivileged(&sandbox, line).map(|command| support::end(command, input));
    let message = "signals/corp.json: Permission denied";
    let Some(waited) = run("sso-signal wait --timeout 0s", "") else { return };
    assert_eq!((waited.code, waited.says(message).document()["profile"].as_str()), (0, Some("good")));
    // It goes on waiting, and says so once.
    run("sso-signal wait --timeout 100ms --poll 10ms", "").unwrap().exits(124).says(message);
    let read = run("sso-signal read --all", "").unwrap().exits(74).says(message);
    assert_eq!(read.document()["profile"], "good");
    run("sso-signal read good", "").unwrap().exits(0);
    run("sso-signal read other", "").unwrap().exits(1);
    run("sso-signal read corp", "").unwrap().exits(74).says(message);
    for line in ["sso-signal status", "sso-signal status -"] {
        let status = run(line, "").unwrap().says(message);
        assert_eq!((status.code, &status.document()["signals"][0]["profile"]), (0, &json!("good")), "{line}");
    }
    run("sso-signal write corp", "").unwrap().exits(74).says(message);
    run("sso-signal write good", "").unwrap().exits(0);
    run("sso-signal clear other", "").unwrap().exits(0);
    run("sso-signal clear corp", "").unwrap().exits(74).says(message);
    run("sso-signal settle", r#"{"profile":"good","outcome":"success"}"#).unwrap().exits(0);
    let settled =
        run("sso-signal settle", r#"{"profile":"corp","outcome":"suppressed","episode":"e"}"#).unwrap();
    settled.exits(74).says(message);
    assert!(fs::read_to_string(sandbox.state().join("state.json")).unwrap().contains("suppressedEpisodes"));
    assert!(file.exists() && !main_file(&sandbox).exists());
    assert_eq!(names(sandbox.state().join("quarantine")), [""; 0]);
}

#[test]
fn an_unreadable_file_is_one_documents_error_and_the_stream_goes_on() {
    let sandbox = Sandbox::new();
    raise(&sandbox, "first", "one");
    let file = sandbox.write(".aws/sso-renewer/signals/corp.json", "{}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    let input: String = [expired("a", "one"), expired("corp", "one"), valid("corp"), expired("b", "one")]
        .map(|d| format!("{d}\n"))
        .concat();
    let Some(write) = unprivileged(&sandbox, "sso-signal write") else { return };
    let ended = support::end(write, &input).exits(74).says("signals/corp.json: Permission denied");
    let signals: Vec<_> = ended.documents().iter().map(|document| document["signal"].clone()).collect();
    assert_eq!(signals, ["raised", "none", "none", "raised"]);
    for n in [1, 2] {
        let error = ended.documents()[n]["error"].as_str().unwrap().to_owned();
        assert!(error.ends_with("signals/corp.json: Permission denied (os error 13)"), "{error}");
    }
}

#[test]
fn an_unreadable_file_in_the_first_place_stops_no_other_profile() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.state().join("signals")).unwrap();
    let file = sandbox.write(".aws/sso-renewer/login-required.json", "{}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    let run =
        |line: &str, input: &str| unprivileged(&sandbox, line).map(|command| support::end(command, input));
    let message = "login-required.json: Permission denied";
    let Some(written) = run("sso-signal write corp", "") else { return };
    assert_eq!((written.code, &written.says(message).document()["profile"]), (0, &json!("corp")));
    assert_eq!(names(sandbox.state().join("signals")), ["corp.json"]);
    run("sso-signal read corp", "").unwrap().exits(0);
    run("sso-signal read other", "").unwrap().exits(74).says(message);
    let waited = run("sso-signal wait --timeout 0s", "").unwrap().says(message);
    assert_eq!((waited.code, &waited.document()["profile"]), (0, &json!("corp")));
    let cleared = run("sso-signal write", &valid("corp").to_string()).unwrap().says(message);
    assert_eq!((cleared.code, &cleared.document()["signal"]), (0, &json!("cleared")));
    assert!(file.exists());
}

/// The tool as a user whom permissions stop. As root that is another one; without a way to be that one the test
/// is a named skip.
fn unprivileged(sandbox: &Sandbox, line: &str) -> Option<Command> {
    let is_root = fs::read("/proc/self/status").is_ok_and(|status| {
        String::from_utf8_lossy(&status).lines().any(|line| line.starts_with("Uid:\t0\t"))
    });
    if !is_root {
        return Some(sandbox.tool(line));
    }
    let setpriv = support::peer("SSO_TEST_SETPRIV", "setpriv")?;
    // The other user must get at the tool and own the sandbox.
    let tool = sandbox.root().join("sso-signal");
    if !tool.exists() {
        fs::copy(support::tool("sso-signal"), &tool).unwrap();
        fs::set_permissions(sandbox.root(), fs::Permissions::from_mode(0o755)).unwrap();
        let owned = Command::new("chown").args(["-R", "65534:65534"]).arg(sandbox.root()).status().unwrap();
        assert!(owned.success());
    }
    let mut command = sandbox.command(setpriv);
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(tool);
    command.args(line.split(' ').skip(1));
    Some(command)
}

/// A tool whose every call of this kind on a signal's file fails so.
fn failing(sandbox: &Sandbox, fault: &str, line: &str) -> Option<Command> {
    let strace = support::peer("SSO_TEST_STRACE", "strace")?;
    let (file, tool) = (sandbox.state().join("signals/corp.json"), sandbox.tool(line));
    let mut command = sandbox.command(strace);
    command.args(["-f", "-qq", "-o", "/dev/null", "-P"]).arg(file).args(["-e", &format!("inject={fault}")]);
    command.arg(tool.get_program()).args(tool.get_args());
    Some(command)
}

#[test]
fn a_disk_that_fails_at_a_signal_loses_no_answer_and_is_told_with_74() {
    for (fault, message) in [
        ("openat:error=EIO", "Input/output error"),
        ("read:error=EIO", "Input/output error"),
        ("openat:error=EACCES", "Permission denied"),
    ] {
        let sandbox = Sandbox::new();
        // Two, so that the second has a file of its own.
        raise(&sandbox, "first", "one");
        raise(&sandbox, "corp", "one");
        let run = |line: &str, input: &str| {
            failing(&sandbox, fault, line).map(|command| support::end(command, input))
        };
        let answer = r#"{"profile":"corp","outcome":"suppressed","episode":"one"}"#;
        let Some(settled) = run("sso-signal settle", answer) else { return };
        let settled = settled.exits(74).says(message);
        assert!(settled.stderr.contains("signals/corp.json"), "{fault}: {}", settled.stderr);
        assert_eq!(settled.document()["outcome"], "suppressed", "{fault}");
        // It holds once the disk is well.
        assert_eq!(crate::signal::clock::status(&sandbox, "corp").0, "suppressed", "{fault}");
        for line in ["sso-signal read corp", "sso-signal write corp", "sso-signal clear corp"] {
            run(line, "").unwrap().exits(74).says(message);
        }
        // The others are served, and it is said.
        let waited = run("sso-signal wait --timeout 0s", "").unwrap().exits_somehow(0).says(message);
        assert_eq!(waited.document()["profile"], "first", "{fault}");
        assert_eq!(names(sandbox.state().join("quarantine")), [""; 0], "{fault}");
    }
}
