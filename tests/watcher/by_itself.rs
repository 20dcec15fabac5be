//! What happens without anybody's command: a plain login ends its own reminders.

use crate::login::bench::Bench;
use crate::support::{end, until_or};
use crate::watcher::running::{Desk, project};
use serde_json::json;

#[test]
fn a_plain_login_settles_its_own_reminders() {
    let bench = Bench::start("--pending 0");
    bench.run("sso-signal write demo").exits(0);
    bench.run("sso-signal snooze demo 1h").exits(0);
    bench.device("demo");
    assert_eq!(bench.run("sso-signal read --all").stdout, "", "the signal is gone");
    // The snooze, too: the next end of the session is told at once.
    bench.run("sso-login logout demo").exits(0);
    bench.run("sso-signal write demo").exits(0);
    let due = bench.run("sso-signal wait --timeout 0s").exits(0).document();
    assert_eq!(due["profile"], json!("demo"));
}

#[test]
fn a_login_that_nobody_was_reminded_of_leaves_no_state() {
    let bench = Bench::start("--pending 0");
    bench.device("demo");
    assert!(!bench.state().contains(&"state.json".to_owned()), "{:?}", bench.state());
}

/// `refresh -` in the monitor: what brings no documents is no request for the profile of the environment.
#[test]
fn a_monitor_without_documents_renews_nothing() {
    let Some(desk) = Desk::new("") else { return };
    let bench = &desk.bench;
    bench.device("demo");
    let mut token = bench.token();
    token["expiresAt"] = "2026-11-21T11:00:00Z".into();
    bench.set_token(&token);
    let before = bench.counts();
    let mut command = bench.command("bash");
    command.arg(project().join("scripts/sso-monitor")).arg("--json");
    desk.dress(&mut command);
    bench.program("sso-profile", "exit 0");
    let ended = end(command, "");
    assert_eq!(
        (ended.stdout.as_str(), bench.counts(), bench.token()),
        ("", before, token),
        "{}",
        ended.stderr
    );
    assert!(!desk.state().join("login-required.json").exists());
}

/// The monitor and the watcher as they are started by hand or as services, out of the scripts themselves.
#[test]
fn monitor_and_watcher_follow_a_config_that_changes_under_them() {
    let Some(desk) = Desk::new("") else { return };
    let bench = &desk.bench;
    let _monitor = desk.start("monitor", desk.command("sso-monitor 1s"));
    let watcher = desk.watch();
    let questions_about =
        |profile: &str| bench.text("questions").contains(&format!("\"profile\":\"{profile}\""));
    until_or(|| questions_about("other"), || watcher.errors());

    // A new profile with a new session: nobody restarts anything.
    bench.configure(|config| {
        format!(
            "{config}\n[profile late]\nsso_session = late\nsso_account_id = 111122223333\nsso_role_name = Dev\n\
             region = us-east-1\n[sso-session late]\nsso_start_url = https://d-7777777777.awsapps.com/start\n\
             sso_region = us-east-1\n"
        )
    });
    until_or(|| questions_about("late"), || format!("{}{}", watcher.text(), watcher.errors()));
}
