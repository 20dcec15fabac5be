//! The commands of the document, as recipes and as tasks of a real mise.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::login::bench::after;
use crate::support::{self, NOW, end, until_or};
use crate::watcher::running::{Desk, project};

fn write_state(desk: &Desk, name: &str, text: &str) {
    fs::create_dir_all(desk.state()).unwrap();
    fs::write(desk.state().join(name), text).unwrap();
}

#[test]
fn a_login_by_hand_is_a_new_episode_that_nothing_holds_back() {
    let Some(desk) = Desk::new("") else { return };
    let bench = &desk.bench;
    let outcomes = [
        json!({"profile": "demo", "outcome": "suppressed", "episode": "one"}),
        json!({"profile": "demo", "outcome": "snoozed", "seconds": 3600}),
        json!({"profile": "demo", "outcome": "dismissed"}),
    ];
    for outcome in outcomes {
        bench.run("sso-signal write demo").exits(0);
        bench.feed("sso-signal settle", &outcome.to_string()).exits(0);
        assert_eq!(bench.run("sso-signal wait --timeout 0s").code, 124, "{outcome}");
        let said = desk.just("sso-login").exits_somehow(0).stdout;
        assert_eq!(said, "login of `demo` requested: a running watcher asks within 1s\n");
        let due = bench.run("sso-signal wait --timeout 0s").exits(0).document();
        assert_eq!((&due["profile"], &due["source"]), (&json!("demo"), &json!("sso-login")));
        bench.run("sso-signal clear --all").exits(0);
    }
    bench.run("sso-signal quiet demo").exits(0);
    desk.just("sso-login demo").exits_somehow(0);
    bench.run("sso-signal wait --timeout 0s").exits(0);
    // Somebody else's stamp of a dismissal holds it back no more than one's own.
    write_state(&desk, "last-login-at.txt", "1795262400\n");
    desk.just("sso-login demo").exits_somehow(0);
    bench.run("sso-signal wait --timeout 0s").exits(0);
}

#[test]
fn a_login_by_hand_says_what_the_mode_makes_of_it() {
    let Some(desk) = Desk::new("") else { return };
    desk.just("sso-mode-auto").exits(0);
    assert!(desk.just("sso-login demo").exits_somehow(0).stdout.contains("opens a browser within 1s"));
    // A profile that nobody trusted is asked about, also in `auto`.
    assert!(desk.just("sso-login other").exits_somehow(0).stdout.contains("asks within 1s"));
    desk.bench.run("sso-signal clear --all").exits(0);
    desk.just("sso-mode-standalone").exits(0);
    let ended = desk.just("sso-login demo");
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(
        ended.stdout.ends_with(&format!("{NOW} demo: login successful, signal cleared\n")),
        "{}",
        ended.stdout
    );
    assert_eq!((desk.questions(), desk.bench.counts()[0]), (0, 1));
}

#[test]
fn a_logout_ends_one_session_and_asks_for_a_new_one() {
    let Some(desk) = Desk::new("") else { return };
    desk.bench.device("demo").succeeds("success");
    desk.bench.device("other").succeeds("success");
    let said = desk.just("sso-logout demo");
    assert_eq!(
        (said.code, said.stdout.as_str()),
        (
            0,
            "logged out of session `sandbox`: `demo`, `demo-admin`\n\
             login of `demo` requested: a running watcher asks within 1s\n"
        ),
        "{}",
        said.stderr
    );
    assert_eq!(desk.signals(), ["demo"]);
    let states = |profile: &str| {
        let shown = desk.bench.run(&format!("sso-profile show {profile}")).exits(0).stdout;
        desk.bench.feed("sso-cache check", &shown).exits(0).document()["token"]["state"].clone()
    };
    assert_eq!((states("demo"), states("other")), (json!("missing"), json!("valid")));
    let said = desk.just("sso-logout --all").exits(0).stdout;
    assert_eq!(said, "nobody was logged in to session `sandbox`\nlogged out of session `other`: `other`\n");
    assert_eq!(states("other"), "missing");
}

#[test]
fn a_mistyped_name_is_told_at_once_and_leaves_no_trace() {
    let Some(desk) = Desk::new("") else { return };
    for mode in ["notify", "auto", "standalone"] {
        desk.bench.run(&format!("sso-signal mode {mode}")).exits(0);
        let ended = desk.just("sso-login demoo");
        assert_ne!(ended.code, 0, "{mode}");
        assert!(ended.stderr.contains("profile `demoo` is not in "), "{mode}: {}", ended.stderr);
        assert_eq!((ended.stdout.as_str(), desk.signals()), ("", vec![]), "{mode}");
    }
    assert_eq!(support::names(desk.state()), ["mode"]);
    // Nor does it in a pipe of one's own.
    let mut line = desk.bench.command("bash -c");
    line.arg("sso-login demoo | sso-signal settle");
    end(line, "");
    let status = desk.bench.run("sso-signal status").exits(0).document();
    assert_eq!(status["remembered"], json!([]));
}

#[test]
fn flags_that_nobody_knows_end_the_watcher_at_once() {
    let Some(desk) = Desk::new("") else { return };
    for flag in ["--bad", "demo", "--via"] {
        let ended = desk.just(&format!("sso-watch 0s {flag}"));
        assert_ne!(ended.code, 0, "{flag}");
        assert!(!ended.stdout.contains("watching"), "{flag}");
        assert_eq!(ended.stderr.matches("sso-login: ").count(), 2, "one line and its hint: {}", ended.stderr);
        assert_eq!(ended.stderr.matches("error: ").count(), 1, "just's: {}", ended.stderr);
    }
}

#[test]
fn cleaning_up_keeps_what_a_person_decided_for_good_and_loses_no_signal() {
    let Some(desk) = Desk::new("") else { return };
    let bench = &desk.bench;
    desk.just("sso-mode-auto").exits(0);
    bench.run("sso-signal quiet other").exits(0);
    bench.run("sso-signal write demo --source sso-monitor").exits(0);
    bench.feed("sso-signal settle", "{\"profile\":\"demo\",\"outcome\":\"dismissed\"}").exits(0);
    fs::create_dir_all(desk.state().join("login.lock")).unwrap();
    let owner = json!({"pid": 1, "host": "gone", "command": "sso-login", "since": "2020-01-01T00:00:00Z"});
    fs::write(desk.state().join("login.lock/owner.json"), owner.to_string()).unwrap();
    fs::File::options()
        .write(true)
        .open(desk.state().join("login.lock/owner.json"))
        .unwrap()
        .set_modified(std::time::UNIX_EPOCH)
        .unwrap();
    let ended = desk.just("sso-clean");
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(desk.signals(), [""; 0]);
    assert!(!desk.state().join("last-login-at.txt").exists() && !desk.state().join("login.lock").exists());
    assert_eq!(fs::read_to_string(desk.state().join("mode")).unwrap(), "auto\n");
    let mut monitor = bench.command("bash -euo pipefail -c");
    monitor.arg("sso-profile list | sso-cache check | sso-signal write --source sso-monitor");
    end(monitor, "").exits(0);
    let due: Vec<_> = bench.run("sso-signal wait --timeout 0s").exits_somehow(0).documents();
    assert_eq!(due[0]["profile"], "demo");
    let status = bench.run("sso-signal status").exits(0).document();
    let other =
        status["signals"].as_array().unwrap().iter().find(|signal| signal["profile"] == "other").unwrap();
    assert_eq!(other["state"], "quiet");
}

#[test]
fn a_living_logins_lock_stays() {
    let Some(desk) = Desk::new("") else { return };
    let mut holder = desk.bench.command("sso-lock run login -- sleep 60").spawn().unwrap();
    while desk.bench.run("sso-lock status login").code != 0 {}
    let ended = desk.just("sso-clean");
    assert_eq!(ended.code, 0);
    assert!(ended.stderr.contains("`login` is held by"), "{}", ended.stderr);
    desk.bench.run("sso-lock status login").exits(0);
    holder.kill().unwrap();
    holder.wait().unwrap();
}

#[test]
fn the_monitor_signals_what_is_expired_and_nothing_else() {
    let Some(desk) = Desk::new("") else { return };
    desk.bench.device("other").succeeds("success");
    desk.bench.configure(|text| format!("{text}\n[profile broken]\nsso_session = nowhere\nsso_account_id = 111122223333\nsso_role_name = X\n"));
    let monitor = desk.start("monitor", desk.command("sso-monitor 1s"));
    monitor.logs("\"profile\":\"broken\"", 0);
    assert_eq!(desk.signals(), ["demo", "demo-admin"]);
    // Level-triggered: a signal that was cleared comes back while the reason lasts.
    desk.bench.run("sso-signal clear --all").exits(0);
    until_or(|| desk.signals().len() == 2, || monitor.text());
    desk.bench.device("demo").succeeds("success");
    until_or(|| desk.signals().is_empty(), || monitor.text());
    let seen = desk.bench.run("sso-signal status").exits(0);
    assert_eq!(seen.code, 0);
    drop(monitor);
    let one = desk.start("one", desk.command("sso-monitor 1s other"));
    one.logs("\"profile\":\"other\"", 0);
    assert!(!one.text().contains("\"profile\":\"demo\""), "{}", one.text());
}

/// The tasks of the document, with what each prints.
#[test]
fn every_task_of_the_document_runs_under_mise() {
    let Some(mise) = support::peer("SSO_TEST_MISE", "mise") else { return };
    let Some(desk) = Desk::new("") else { return };
    desk.bench.program("systemctl", "exit 1");
    let task = |name: &str| {
        let mut command = desk.bench.served.sandbox.command(&mise);
        command.args(["run", "--quiet", name]).current_dir(project());
        for (name, value) in desk.bench.served.document["export"].as_object().unwrap() {
            command.env(name, value.as_str().unwrap());
        }
        desk.dress(&mut command);
        command
            .env("MISE_TRUSTED_CONFIG_PATHS", project())
            .env("MISE_TASK_RUN_AUTO_INSTALL", "false")
            .env("MISE_AUTO_INSTALL", "false")
            .env("MISE_OFFLINE", "1")
            .env("SSO_NOW", after(0));
        end(command, "")
    };
    for (name, code, says) in [
        ("sso-mode:auto", 0, "switched to auto: opens a browser when a session expires (within 1s)"),
        ("sso-mode:standalone", 0, "switched to standalone: idle"),
        ("sso-mode:notify", 0, "switched to notify: asks before it opens a browser"),
        ("sso-mode", 0, "notify: asks before it opens a browser"),
        ("sso-login", 0, "login of `demo` requested: a running watcher asks within 1s"),
        ("sso-status", 0, "Mode        notify: asks before it opens a browser"),
        ("sso-logs", 0, "No log file yet"),
        ("sso-clean", 0, "\"cleared\":1"),
        ("sso-logout", 0, "login of `demo` requested"),
        ("sso-keys", 0, "there are no keys yet"),
        ("sso-key-unlock", 78, "there are no keys yet"),
        ("sso-key-relock", 78, "there are no keys yet"),
        ("sso-install", 69, "just sso-watch"),
        ("sso-restart", 69, "just sso-watch"),
        ("sso-auth-test", 0, "success"),
        ("sso-uninstall", 69, "nothing is installed"),
    ] {
        let ended = task(name);
        let text = format!("{}{}", ended.stdout, ended.stderr);
        assert!(text.contains(says), "{name} ({code}):\n{text}");
        assert_eq!(ended.code == 0, code == 0, "{name}: {}\n{text}", ended.code);
    }
    let tasks = fs::read_to_string(project().join("mise.toml")).unwrap();
    assert!(tasks.contains("\"sso-logs:follow\"") && Path::new(&mise).exists());
}
