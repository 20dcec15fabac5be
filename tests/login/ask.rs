//! Asking before a login that nobody at the keyboard asked for.

use std::fs;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::login::bench::Bench;
use crate::support::{Ended, end};

const DEMO: &str = "{\"profile\":\"demo\",\"reason\":\"Credentials expired\",\"mode\":\"notify\"}";

/// Asks about a document with a dialog program that is this script.
fn asked(bench: &Bench, script: &str, input: &str) -> Ended {
    asked_with(bench, script, input, "")
}

fn asked_with(bench: &Bench, script: &str, input: &str, arguments: &str) -> Ended {
    let dialog = bench.program("dialog", script);
    let mut command = bench.command(&format!("sso-login - --via device --no-browser {arguments}"));
    command.env("SSO_DIALOG", dialog).env("OUT", bench.served.sandbox.root());
    end(command, input)
}

fn says(answer: &Value) -> String {
    format!("cat >$OUT/question; echo x >>$OUT/asked; echo '{answer}'")
}

#[test]
fn each_answer_is_an_outcome() {
    for (answer, outcome, status) in [
        (json!({"answer": "refresh"}), "success", 0),
        (json!({"answer": "snooze", "seconds": 900}), "snoozed", 75),
        (json!({"answer": "suppress"}), "suppressed", 77),
        (json!({"answer": "dismiss"}), "dismissed", 75),
    ] {
        let bench = Bench::start("");
        let last = asked(&bench, &says(&answer), DEMO).succeeds(outcome);
        assert_eq!(last["seconds"], answer["seconds"]);
        assert_eq!(bench.counts()[0], u64::from(status == 0), "{answer}");
        let question: Value = serde_json::from_str(&bench.text("question")).unwrap();
        assert_eq!(question["reason"], "Credentials expired");
        assert_eq!(question["sessionProfiles"], json!(["demo", "demo-admin"]));
        assert_eq!(asked_with(&bench, &says(&answer), DEMO, "-e").code, status, "{answer}");
    }
}

#[test]
fn no_clear_consent_is_no_login() {
    let bench = Bench::start("");
    for script in [
        "exit 0",
        "exit 1",
        "echo '{\"answer\":\"refresh\"}'; exit 1",
        "echo refresh",
        "echo '{\"answer\":\"Refresh\"}'",
        "echo '{\"answer\":\"refresh\"} x'",
        "echo '{\"answer\":\"refresh\"}{\"answer\":\"dismiss\"}'",
        "echo '{\"answer\":\"snooze\"}'",
        "echo '{\"answer\":\"snooze\",\"seconds\":-1}'",
        "echo '{\"answer\":\"snooze\",\"seconds\":86401}'",
        "printf '\\377'",
        "exit 3",
        "kill -9 $$",
    ] {
        let ended = asked(&bench, script, DEMO);
        assert_eq!((ended.code, &ended.last()["outcome"]), (0, &json!("dismissed")), "{}", ended.stderr);
        // A person closed it, or the log names the dialog.
        let is_closed = script.ends_with("exit 0") || script.ends_with("exit 1");
        let begin = "sso-login: profile `demo`: nobody could be asked: ";
        assert_eq!(ended.stderr.starts_with(begin), !is_closed, "{script}: {}", ended.stderr);
        assert!(is_closed || ended.stderr.contains("bin/dialog: it"), "{}", ended.stderr);
    }
    for dialog in ["/nonexistent/dialog", " "] {
        let mut command = bench.command("sso-login - --via device");
        command.env("SSO_DIALOG", dialog);
        let ended = end(command, DEMO);
        let last = ended.last();
        assert_eq!((ended.code, &last["outcome"]), (0, &json!("dismissed")), "{last}");
        assert!(last["reason"].as_str().unwrap().starts_with("nobody could be asked: "), "{last}");
        assert!(ended.stderr.contains("sso-login doctor"), "{}", ended.stderr);
    }
    let mut command = bench.command("sso-login - --via device");
    command.env("SSO_DIALOG", "none");
    let last = end(command, DEMO).succeeds("dismissed");
    assert_eq!(last["reason"], "nobody could be asked: SSO_DIALOG is `none`");
    assert_eq!(bench.counts(), [0, 0, 0]);
}

#[test]
fn no_answer_in_time_is_a_dismissal_and_the_dialog_is_closed() {
    let bench = Bench::start("");
    let script = "echo '{\"answer\":\"refresh\"}'; sleep 600 & echo $! >$OUT/window; wait";
    asked_with(&bench, script, DEMO, "--ask-timeout 300ms").succeeds("dismissed");
    let stat = fs::read_to_string(format!("/proc/{}/stat", bench.text("window").trim()));
    assert!(stat.map_or(true, |stat| stat.contains(") Z ")), "the window is still open");
}

#[test]
fn who_is_asked_follows_the_mode_and_the_profile() {
    let bench = Bench::start("");
    let asks = |document: &Value, variables: &[(&str, &str)], arguments: &str| {
        fs::write(bench.file("asked"), "").unwrap();
        let dialog = bench.program("dialog", &says(&json!({"answer": "dismiss"})));
        let mut command = bench.command(&format!("sso-login - --via device --no-browser {arguments}"));
        command
            .env("SSO_DIALOG", dialog)
            .env("OUT", bench.served.sandbox.root())
            .envs(variables.iter().copied());
        let outcome = end(command, &document.to_string()).last()["outcome"].clone();
        // The next one finds no session.
        let _ = fs::remove_dir_all(bench.cache());
        let was_asked = !bench.text("asked").is_empty();
        assert_eq!(outcome, if was_asked { "dismissed" } else { "success" });
        was_asked
    };
    let in_mode = |mode: &str| json!({"profile": "demo", "mode": mode});
    assert!(asks(&in_mode("notify"), &[], ""));
    assert!(asks(&in_mode("notify"), &[("AWS_PROFILE", "demo")], ""));
    assert!(asks(&in_mode("auto"), &[], ""));
    assert!(asks(&in_mode("auto"), &[("AWS_PROFILE", "other")], ""));
    assert!(!asks(&in_mode("auto"), &[("AWS_PROFILE", "demo")], ""));
    assert!(!asks(&in_mode("auto"), &[("SSO_AUTO_PROFILES", "other, demo")], ""));
    assert!(!asks(&in_mode("auto"), &[("BACKLOG_AWS_PROFILE", "demo"), ("AWS_PROFILE", "other")], ""));
    assert!(!asks(&in_mode("auto"), &[("BACKLOG_AWS_PROFILE", "other"), ("AWS_PROFILE", "demo")], ""));
    assert!(asks(&in_mode("auto"), &[("BACKLOG_AWS_PROFILE", "other")], ""));
    assert!(!asks(&json!({"profile": "demo"}), &[], ""));
    assert!(asks(&json!({"profile": "demo"}), &[], "--ask always"));
    assert!(!asks(&in_mode("notify"), &[], "--ask never"));
}

#[test]
fn a_mode_that_is_not_known_is_no_consent() {
    let bench = Bench::start("");
    for (mode, shown) in
        [(json!("bogus"), "bogus"), (json!("Auto"), "Auto"), (json!(""), ""), (json!(null), "null")]
    {
        let mut command = bench.command("sso-login --via device --no-browser");
        command.env("SSO_DIALOG", "none").env("AWS_PROFILE", "demo");
        let document = json!({"profile": "demo", "mode": mode}).to_string();
        let ended = end(command, &format!("{document}{document}")).exits_somehow(0);
        let warning =
            format!("sso-login: `mode` of the document must be notify, auto or standalone, not `{shown}`");
        assert_eq!(ended.stderr.matches(&warning).count(), 1, "{}", ended.stderr);
        assert!(ended.documents().iter().all(|document| document["outcome"] == "dismissed"));
    }
    assert_eq!(bench.counts(), [0, 0, 0]);
    let ended = asked(&bench, &says(&json!({"answer": "refresh"})), &DEMO.replace("notify", "bogus"));
    assert_eq!(ended.exits_somehow(0).last()["outcome"], "success");
    assert_eq!((bench.text("asked").as_str(), bench.counts()[0]), ("x\n", 1));
}

#[test]
fn in_standalone_nobody_is_asked_and_nobody_logs_in() {
    let bench = Bench::start("");
    let demo = &DEMO.replace("notify", "standalone");
    for flags in ["", "--force"] {
        let mut command = bench.command(&format!("sso-login --via device --no-browser {flags}"));
        let dialog = bench.program("dialog", &says(&json!({"answer": "refresh"})));
        command.env("SSO_DIALOG", dialog).env("OUT", bench.served.sandbox.root()).env("AWS_PROFILE", "demo");
        let ended = end(command, demo);
        let last = ended.succeeds("dismissed");
        assert_eq!(last["reason"], "the mode is standalone: nobody is asked, and nobody logs in");
        assert_eq!((bench.text("asked"), bench.counts()), (String::new(), [0, 0, 0]));
    }
    bench.device("demo").succeeds("success");
    asked(&bench, "exit 1", demo).succeeds("valid");
    bench.forward(3600);
    let mut command = bench.command("sso-login -");
    command.env("SSO_NOW", crate::login::bench::after(3600));
    assert_eq!(end(command, demo).succeeds("success")["via"], "refresh");
}

#[test]
fn nobody_is_asked_about_a_session_that_is_valid_or_renewable() {
    let bench = Bench::logged_in("");
    asked(&bench, &says(&json!({"answer": "dismiss"})), DEMO).succeeds("valid");
    bench.forward(3600);
    let dialog = bench.program("dialog", &says(&json!({"answer": "dismiss"})));
    let mut command = bench.command("sso-login - --via device");
    command.env("SSO_DIALOG", dialog).env("OUT", bench.served.sandbox.root());
    command.env("SSO_NOW", crate::login::bench::after(3600));
    assert_eq!(end(command, DEMO).succeeds("success")["via"], "refresh");
    assert_eq!(bench.text("asked"), "");
}

#[test]
fn the_question_comes_at_once_if_the_session_cannot_be_renewed_after_all() {
    let bench = Bench::logged_in("--session-lifetime 90m");
    bench.forward(7200);
    let dialog = bench.program("dialog", &says(&json!({"answer": "refresh"})));
    let mut command = bench.command("sso-login - --via device --no-browser");
    command.env("SSO_DIALOG", dialog).env("OUT", bench.served.sandbox.root());
    command.env("SSO_NOW", crate::login::bench::after(7200));
    assert_eq!(end(command, DEMO).succeeds("success")["via"], "device");
    assert_eq!(bench.text("asked"), "x\n");
    assert_eq!(bench.counts()[..2], [1, 0]);
}

#[test]
fn a_session_that_came_while_the_question_was_open_is_taken() {
    let bench = Bench::start("");
    let login = crate::support::tool("sso-login");
    let script = format!(
        "{} demo-admin --via device --no-browser >/dev/null 2>&1; {}",
        login.display(),
        says(&json!({"answer": "refresh"}))
    );
    asked(&bench, &script, DEMO).succeeds("valid");
    assert_eq!(bench.counts()[0], 1);
}

#[test]
fn the_lock_is_free_while_somebody_is_asked() {
    let bench = Bench::start("");
    let script = format!(
        "ls ~/.aws/sso-renewer | grep -v sessions.json >$OUT/state; {}",
        says(&json!({"answer": "dismiss"}))
    );
    asked(&bench, &script, DEMO).succeeds("dismissed");
    // Not the login's: only the question's own.
    assert_eq!(bench.text("state"), "ask.lock\n");
}

#[test]
fn a_signal_closes_the_dialog_and_ends_the_stream() {
    let bench = Bench::start("");
    let dialog =
        bench.program("dialog", "echo $$ >$OUT/dialog.tmp; mv $OUT/dialog.tmp $OUT/dialog; exec sleep 600");
    let mut command = bench.command("sso-login - --via device");
    command.env("SSO_DIALOG", dialog).env("OUT", bench.served.sandbox.root());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), format!("{DEMO}{DEMO}").as_bytes()).unwrap();
    while !bench.file("dialog").exists() {
        assert_eq!(child.try_wait().unwrap(), None);
    }
    kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), Signal::TERM).unwrap();
    let ended = Ended::of(&child.wait_with_output().unwrap(), "login");
    assert_eq!((ended.code, ended.documents().len()), (143, 1));
    let stat = fs::read_to_string(format!("/proc/{}/stat", bench.text("dialog").trim()));
    assert!(stat.map_or(true, |stat| stat.contains(") Z ")), "the dialog is still open");
}

#[test]
fn what_a_person_answers_holds_for_the_expiry_though_no_signal_names_it() {
    let bench = Bench::start("");
    let answer = says(&json!({"answer": "suppress"}));
    let dialog = bench.program("dialog", &answer);
    let mut command = bench.command("sso-login demo --via device --no-browser --ask always");
    command.env("SSO_DIALOG", dialog).env("OUT", bench.served.sandbox.root());
    let ended = end(command, "").exits_somehow(77);
    let last = ended.last();
    assert_eq!(last["episode"], "missing");
    end(bench.command("sso-signal settle"), &last.to_string()).exits(0);
    let checked = bench.run("sso-profile show demo").exits(0).document().to_string();
    let checked = end(bench.command("sso-cache check"), &checked).document();
    assert_eq!(checked["episode"], "missing");
    end(bench.command("sso-signal write"), &checked.to_string()).exits(0);
    assert_eq!(bench.run("sso-signal status").document()["signals"][0]["state"], "suppressed");
}
