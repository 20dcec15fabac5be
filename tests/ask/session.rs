//! One session, one question.

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};

use crate::ask::watch::{ROUND, Watch, said};
use crate::support::{Ended, end, until};

/// Hands over all that is due at once, as a watcher that runs on does.
const FOLLOW: &str = "{ sso-signal wait --follow --timeout 0s || [ $? -eq 124 ]; } \
     | sso-login - --via device --no-browser | sso-signal settle";

fn outcomes(ended: &Ended) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut outcomes: Vec<_> = ended
        .documents()
        .iter()
        .filter(|document| document["event"].is_null())
        .map(|document| (text(&document["profile"]), text(&document["outcome"])))
        .collect();
    outcomes.sort();
    outcomes
}

#[test]
fn the_second_profile_of_a_session_has_the_firsts_answer() {
    for (steps, outcome, state) in [
        (&["echo Refresh"][..], "valid", None),
        (&["echo Snooze", "echo '1 hour'"], "snoozed", Some(("snoozed", 3600))),
        (&["echo"], "dismissed", Some(("cooling-down", 600))),
        (&["echo \"Don't Remind\"", "echo 'Disable Reminders'"], "suppressed", None),
    ] {
        let watch = Watch::start("");
        for profile in ["demo", "demo-admin"] {
            watch.raise(profile, profile);
        }
        watch.dialog("osascript", steps);
        let ended = end(watch.shell(0, FOLLOW, ""), "");
        let outcomes = outcomes(&ended);
        assert_eq!(outcomes.len(), 2, "{}", said(&ended));
        assert!(outcomes.iter().any(|(_, found)| found == outcome), "{outcomes:?}");
        assert_eq!(watch.calls().len(), steps.len());
        if outcome != "valid" {
            let second = &ended.documents()[1];
            assert_eq!((&second["outcome"], &second["answeredFor"]), (&json!(outcome), &json!("demo")));
        }
        for profile in ["demo", "demo-admin"] {
            assert_eq!(watch.state(profile), state.map(|(state, until)| (state.to_owned(), until)));
            // Each has its own episode, and the answer was about both.
            watch.raise(profile, profile);
        }
        assert_eq!(watch.is_due(10), outcome == "valid");
    }
}

#[test]
fn a_login_that_failed_is_not_asked_about_at_once_for_the_next_profile() {
    let watch = Watch::start("--deny");
    for profile in ["demo", "demo-admin"] {
        watch.raise(profile, "one");
    }
    watch.dialog("osascript", &["echo Refresh", "echo Refresh"]);
    end(watch.shell(0, FOLLOW, ""), "");
    assert_eq!(watch.calls().len(), 1);
    for profile in ["demo", "demo-admin"] {
        assert_eq!(watch.state(profile), Some(("retry".to_owned(), 30)));
    }
    let status = watch.bench.run("sso-signal status").exits(0).document();
    assert_eq!(status["remembered"][0]["failures"], 1, "{status}");
}

#[test]
fn another_session_is_another_question() {
    let watch = Watch::start("");
    for profile in ["demo", "other", "demo-admin"] {
        watch.raise(profile, "one");
    }
    watch.dialog("osascript", &["echo Snooze", "echo '1 hour'", "echo"]);
    let ended = end(watch.shell(0, FOLLOW, ""), "");
    let expected = [("demo", "snoozed"), ("demo-admin", "snoozed"), ("other", "dismissed")];
    let expected = expected.map(|(profile, outcome)| (profile.to_owned(), outcome.to_owned()));
    assert_eq!((outcomes(&ended), watch.calls().len()), (expected.into(), 3), "{}", said(&ended));
}

#[test]
fn profiles_of_one_start_url_without_a_session_are_one_question_too() {
    let watch = Watch::start("");
    watch.bench.configure(|config| {
        let legacy = "sso_start_url = https://d-1234567890.awsapps.com/start\nsso_region = us-east-1\n\
             sso_account_id = 111122223333\nsso_role_name = Developer\n";
        format!("{config}\n[profile old-a]\n{legacy}\n[profile old-b]\n{legacy}")
    });
    for profile in ["old-a", "old-b"] {
        watch.raise(profile, "one");
    }
    watch.dialog("osascript", &["echo"]);
    assert_eq!(watch.round(0, "")["outcome"], "dismissed");
    for profile in ["old-a", "old-b"] {
        assert_eq!(watch.state(profile), Some(("cooling-down".to_owned(), 600)));
    }
    assert!(!watch.is_due(599));
}

#[test]
fn two_watchers_show_one_question() {
    let watch = Watch::start("");
    watch.raise("demo", "one");
    watch.dialog("osascript", &["echo $$ >\"$OUT/window\"; exec /bin/sleep 600", "echo Refresh"]);
    let mut first = watch.shell(0, ROUND, "").stdout(std::process::Stdio::null()).spawn().unwrap();
    until("the dialog", || !watch.calls().is_empty());
    // The lease is over, and so the signal is handed over once more; another session waits for its turn, too.
    watch.raise("other", "one");
    let ended = end(watch.shell(30, FOLLOW, ""), "");
    let busy = ["demo", "other"].map(|profile| (profile.to_owned(), "busy".to_owned()));
    assert_eq!((outcomes(&ended), watch.calls().len()), (busy.into(), 1), "{}", said(&ended));
    assert!(ended.documents()[0]["reason"].as_str().unwrap().starts_with("another question is open: "));

    kill_process_group(Pid::from_raw(i32::try_from(first.id()).unwrap()).unwrap(), Signal::KILL).unwrap();
    first.wait().unwrap();
    // Whoever asked is dead, and so is its lock. The window of a real dialog gives up by itself.
    let window = watch.bench.text("window").trim().parse().unwrap();
    rustix::process::kill_process(Pid::from_raw(window).unwrap(), Signal::KILL).unwrap();
    assert_eq!(watch.round(60, "")["outcome"], "success");
}

#[test]
fn an_unlisted_profile_in_auto_is_asked_about() {
    let watch = Watch::start("");
    watch.bench.run("sso-signal mode auto").exits(0);
    watch.raise("demo", "one");
    watch.dialog("osascript", &["echo"]);
    let last = watch.round(0, "");
    assert_eq!((&last["mode"], &last["outcome"]), (&json!("auto"), &json!("dismissed")));
    assert_eq!((watch.logins(), watch.calls().len()), (0, 1));
    let mut command = watch.shell(700, ROUND, "");
    command.env("SSO_AUTO_PROFILES", "demo");
    assert_eq!(end(command, "").last()["outcome"], "success");
    assert_eq!(watch.calls().len(), 1);
}
