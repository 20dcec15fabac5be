//! The table of dialogs, row by row, with a stand-in for `osascript`; and the table of errors.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::ask::watch::{ROUND, Watch, said};
use crate::support::{end, names, until};

const SCRIPT: &str = include_str!("../../sso-login/src/ask/question.applescript");

#[test]
fn refresh_logs_in_and_clears_the_signal() {
    let watch = Watch::start("");
    watch.raise("demo", "one");
    watch.dialog("osascript", &["echo Refresh"]);
    let last = watch.round(0, "");
    assert_eq!((&last["outcome"], &last["via"]), (&json!("success"), &json!("device")));
    assert_eq!((watch.state("demo"), watch.logins(), watch.calls().len()), (None, 1, 1));
    // Still valid: no dialog, whatever is raised.
    watch.raise("demo", "one");
    assert_eq!(watch.round(0, "")["outcome"], "valid");
    assert_eq!((watch.state("demo"), watch.calls().len()), (None, 1));
}

#[test]
fn the_question_names_all_that_matters_and_no_text_is_in_the_script() {
    let watch = Watch::start("");
    watch.raise("demo", "one");
    watch.dialog("osascript", &["echo \"Don't Remind\"", "echo Cancel"]);
    watch.round(180, "");
    let [question, warning] = &watch.calls()[..] else { panic!("{:?}", watch.calls()) };
    assert_eq!(question[..4], ["-e", SCRIPT, "question", "AWS SSO Login Required"]);
    assert_eq!(
        question[4],
        "Profile \"demo\" needs an AWS SSO login.\n\n\
         Account: 111122223333, role Developer\n\
         Session: \"sandbox\" at https://d-1234567890.awsapps.com/start\n\
         Also for: \"demo-admin\"\n\
         Since: 12:00 (3m ago)\n\
         Reason: Credentials expired\nRaised by: sso-monitor-container\n\n\
         Refresh now, snooze, or disable reminders?\n\
         If you close this or don't answer within 2m, you are asked again in 10m."
    );
    assert_eq!(question[5..], ["120", "Don't Remind", "Snooze", "Refresh"]);
    assert_eq!(warning[..4], ["-e", SCRIPT, "warning", "Disable SSO Reminders?"]);
    for command in ["\nsso-login demo | sso-signal settle\n", "\naws sso login --profile demo"] {
        assert!(warning[4].contains(command), "{}", warning[4]);
    }
    assert_eq!(warning[5..], ["120", "Cancel", "Disable Reminders"]);
}

#[test]
fn each_snooze_keeps_the_signal_for_as_long_as_was_picked() {
    for (label, seconds) in [("15 min", 900), ("30 min", 1800), ("1 hour", 3600), ("4 hours", 14_400)] {
        let watch = Watch::start("");
        watch.raise("demo", "one");
        watch.dialog("osascript", &["echo Snooze", &format!("echo '{label}'")]);
        let last = watch.round(0, "");
        assert_eq!((&last["outcome"], &last["seconds"]), (&json!("snoozed"), &json!(seconds)));
        assert_eq!(watch.calls()[1][5..], ["120", "15 min", "30 min", "1 hour", "4 hours"]);
        // A monitor that goes on raising it undoes nothing.
        watch.raise("demo", "one");
        watch.waits("demo", "snoozed", seconds);
        assert_eq!(watch.logins(), 0);
    }
}

#[test]
fn dont_remind_is_quiet_until_a_new_expiry() {
    let watch = Watch::start("");
    watch.raise("demo", "one");
    watch.dialog("osascript", &["echo \"Don't Remind\"", "echo 'Disable Reminders'", "echo Refresh"]);
    assert_eq!(watch.round(0, "")["outcome"], "suppressed");
    assert_eq!(watch.state("demo"), None);
    watch.raise("demo", "one");
    assert!(!watch.is_due(1_000_000));
    // Another expiry is asked about, once the cooldown has passed.
    watch.raise("demo", "two");
    assert_eq!(watch.round(660, "")["outcome"], "success");
}

#[test]
fn whatever_is_no_clear_answer_costs_a_cooldown_and_no_login() {
    for steps in [
        &["echo"][..],
        &[""],
        &["exit 1"],
        &["echo Refresh; exit 1"],
        &["echo 'execution error: User canceled. (-128)' >&2; exit 1"],
        &["echo refresh"],
        &["echo 'button returned:Refresh'"],
        &["printf '\\377Refresh'"],
        &["echo Refresh; echo Refresh"],
        &["kill -9 $$"],
        &["echo Snooze", "echo"],
        &["echo Snooze", "exit 1"],
        &["echo Snooze", "echo '2 hours'"],
        &["echo \"Don't Remind\"", "exit 1"],
        &["echo \"Don't Remind\"", "echo Cancel"],
        &["echo \"Don't Remind\"", "echo"],
    ] {
        let watch = Watch::start("");
        watch.raise("demo", "one");
        watch.dialog("osascript", steps);
        assert_eq!(watch.round(0, "")["outcome"], "dismissed", "{steps:?}");
        assert_eq!(watch.calls().len(), steps.len(), "{steps:?}");
        watch.waits("demo", "cooling-down", 600);
        assert_eq!(watch.logins(), 0);
    }
}

#[test]
fn a_dialog_that_hangs_is_ended_at_any_step() {
    for steps in [&["/bin/sleep 600"][..], &["echo Snooze", "/bin/sleep 600"]] {
        let watch = Watch::start("");
        watch.raise("demo", "one");
        watch.dialog("osascript", steps);
        assert_eq!(watch.round(0, "--ask-timeout 800ms")["outcome"], "dismissed");
        assert_eq!(watch.calls()[0][5], "1");
        watch.waits("demo", "cooling-down", 600);
    }
}

#[test]
fn a_login_that_fails_or_takes_too_long_keeps_the_signal_for_30_s_and_asks_again() {
    for (faults, flags, outcome) in
        [(json!({"deny": true}), "", "failed"), (json!({"pending": 1000}), "--timeout 1s", "timeout")]
    {
        let watch = Watch::start("");
        watch.bench.faults(&faults);
        watch.raise("demo", "one");
        watch.dialog("osascript", &["echo Refresh", "echo Refresh"]);
        assert_eq!(watch.round(0, flags)["outcome"], outcome);
        assert_eq!(watch.state("demo"), Some(("retry".to_owned(), 30)));
        assert!(!watch.is_due(29));
        watch.bench.faults(&json!({"deny": false, "pending": 0}));
        assert_eq!(watch.round(30, "")["outcome"], "success");
        assert_eq!((watch.calls().len(), watch.state("demo")), (2, None));
    }
}

#[test]
fn a_profile_that_is_not_there_is_no_question() {
    let watch = Watch::start("");
    watch.raise("gone", "one");
    watch.dialog("osascript", &["echo Refresh"]);
    assert_eq!(watch.round(0, "")["outcome"], "unknown-profile");
    assert_eq!((watch.calls().len(), watch.state("gone").unwrap().0), (0, "unknown-profile".to_owned()));
    assert!(!watch.is_due(1_000_000));
    watch.bench.configure(|config| format!("{config}\n[profile gone]\nsso_session = sandbox\n"));
    assert_eq!(watch.round(0, "")["outcome"], "success");
}

#[test]
fn a_login_under_way_or_a_question_that_is_open_is_left_to_the_next_poll() {
    for (lock, dialogs) in [("login", 1), ("ask", 0)] {
        let watch = Watch::start("");
        watch.raise("demo", "one");
        watch.dialog("osascript", &["echo Refresh", "echo Refresh"]);
        let ended = end(watch.shell(0, &format!("sso-lock run {lock} -- /bin/bash -c '{ROUND}'"), ""), "");
        assert_eq!(ended.code, 0, "{}", said(&ended));
        assert_eq!((&ended.last()["outcome"], watch.calls().len()), (&json!("busy"), dialogs));
        watch.waits("demo", "retry", 5);
    }
}

#[test]
fn a_signal_that_cannot_be_read_is_put_aside_with_a_warning() {
    let watch = Watch::start("");
    watch.dialog("osascript", &["echo Refresh"]);
    let state = watch.bench.home().join(".aws/sso-renewer");
    fs::create_dir_all(&state).unwrap();
    fs::write(state.join("login-required.json"), "{\"profile\":\"demo\"").unwrap();
    let ended = end(watch.shell(0, &ROUND.replace("5s", "0s"), ""), "");
    assert_eq!((ended.code, ended.stderr.lines().count()), (124, 1), "{}", said(&ended));
    assert_eq!((watch.calls().len(), names(state.join("quarantine")).len()), (0, 1));
}

#[test]
fn without_a_desktop_or_a_terminal_nobody_is_asked_and_nothing_happens() {
    let watch = Watch::start("");
    for (program, step, says) in [
        ("other", "", "no dialog program and no terminal here"),
        (
            "osascript",
            "echo 'No user interaction allowed. (-1713)' >&2; exit 1",
            "osascript: no desktop here",
        ),
    ] {
        watch.raise("demo", program);
        watch.dialog(program, &[step]);
        watch.bench.run("sso-signal clear --all");
        watch.raise("demo", "one");
        let last = watch.round(0, "");
        assert_eq!(last["outcome"], "dismissed");
        let reason = last["reason"].as_str().unwrap();
        assert!(reason.starts_with("nobody could be asked: ") && reason.contains(says), "{reason}");
    }
    assert_eq!(watch.logins(), 0);
}

#[test]
fn the_limit_is_120_s_and_the_dialog_is_killed_somewhat_later() {
    let watch = Watch::start("");
    watch.raise("demo", "one");
    watch.dialog("osascript", &["exec /bin/sleep 600"]);
    let mut child = watch.shell(0, ROUND, "").stdout(std::process::Stdio::null()).spawn().unwrap();
    until("the dialog", || !watch.calls().is_empty());
    // Nobody waits two minutes here: the dialog has its limit, and is open.
    assert_eq!((watch.calls()[0][5].as_str(), child.try_wait().unwrap()), ("120", None));
    let group = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process_group(group, rustix::process::Signal::TERM).unwrap();
    child.wait().unwrap();
    // The dialog and the lock go with it.
    watch.dialog("osascript", &["echo Refresh"]);
    until("the end of the question's lock", || {
        !watch.bench.home().join(".aws/sso-renewer/ask.lock").exists()
    });
    assert_eq!(watch.round(30, "")["outcome"], "success");
}

#[test]
fn the_script_compiles_where_there_is_a_compiler() {
    let compiler = Path::new("/usr/bin/osacompile");
    if compiler.exists() {
        let script = "../sso-login/src/ask/question.applescript";
        let status = Command::new(compiler).args(["-o", "/dev/null", script]).status().unwrap();
        assert!(status.success());
    }
}
