//! Twenty-five minutes before the end of a session: what everybody sees who looks, and what nobody has to see again.

use std::fs;

use serde_json::Value;

use super::Day;
use crate::login::bench::after;
use crate::support::{end, until};
use crate::watcher::running::Desk;

/// 15:35, for a session that began at noon and lasts four hours.
const TEATIME: u32 = 3 * 60 + 35;
const MONITOR: &str = "sso-profile show corp | sso-cache check --ahead | sso-login refresh | sso-signal write --source sso-monitor";
const WATCHER: &str = "sso-signal wait --timeout 0s | sso-login - | sso-signal settle";

/// A profile `corp` of a session `corp` that ends at four, known by what was seen of the one before it.
fn teatime() -> Day {
    let mut day = Day::begin("--session-length 4h --keep-session");
    day.bench.configure(|text| {
        let corp = "\n[profile corp]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Developer\n\
             region = us-east-1\n";
        let section = text.split("[sso-session sandbox]").nth(1).unwrap().split("\n[").next().unwrap();
        format!("{text}{corp}\n[sso-session corp]{section}\n")
    });
    day.corp("sso-login corp --via device --no-browser 2> /dev/null", &[]);
    for minutes in [61, 122, 183] {
        day.at(minutes);
        day.corp(MONITOR, &[]);
    }
    day.at(TEATIME);
    day
}

impl Day {
    fn corp(&self, line: &str, variables: &[(&str, &str)]) -> Vec<Value> {
        self.run(&format!("set +e; {line}; true"), variables)
    }

    fn ask(&self) -> Vec<Value> {
        let dialog = self.bench.file("bin/dialog");
        let variables =
            [("SSO_AHEAD", "30m"), ("SSO_DIALOG", dialog.to_str().unwrap()), ("SSO_LOGIN_VIA", "device")];
        self.corp(MONITOR, &variables);
        self.corp(WATCHER, &variables);
        let asked = self.bench.text("questions");
        asked.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn answers(&self, answer: &str) {
        let log = self.bench.file("questions");
        self.bench.program("dialog", &format!("cat >> {}; echo '{answer}'", log.display()));
    }

    fn text(&self, line: &str, variables: &[(&str, &str)]) -> crate::support::Ended {
        let mut command = self.bench.command("bash -o pipefail -c");
        command.arg(line).env("SSO_NOW", after(self.minutes * 60)).envs(variables.iter().copied());
        end(command, "")
    }
}

#[test]
fn the_prompt_says_it_the_watcher_asks_once_and_a_job_is_told_before_it_begins() {
    let mut day = teatime();
    let prompt = "sso-profile show corp | sso-cache check --format '{profile} {left} {end}'";
    assert_eq!(day.text(prompt, &[]).exits(0).stdout, "corp 25m session\n");
    // The watcher asks once, and gently.
    day.answers(r#"{"answer":"dismiss"}"#);
    let asked = day.ask();
    assert_eq!(asked.len(), 1, "{asked:?}");
    let question = asked[0]["question"].as_str().unwrap();
    assert!(question.starts_with("corp ends at 16:00, in 25 minutes. Log in now?"), "{question}");
    assert_eq!(asked[0]["title"], "AWS SSO Session Ends Soon");
    for minutes in [TEATIME + 1, TEATIME + 11, TEATIME + 24] {
        day.at(minutes);
        assert_eq!(day.ask().len(), 1, "asked again at {minutes}");
    }
    // The end itself is another question.
    day.at(4 * 60 + 1);
    let asked = day.ask();
    assert_eq!(asked.len(), 2);
    assert!(!asked[1]["question"].as_str().unwrap().contains("ends at"), "{}", asked[1]);
}

#[test]
fn a_job_that_needs_two_hours_is_told_before_it_begins() {
    let day = teatime();
    let job = "sso-login exec corp --min-left 2h -- touch began < /dev/null";
    let told = day.text(job, &[("SSO_DIALOG", "none")]);
    assert_eq!(told.code, 77, "{}", told.stderr);
    assert!(told.stderr.contains("ends at 2026-11-21T16:00:00Z, but 2h are needed"), "{}", told.stderr);
    assert!(!day.bench.served.sandbox.root().join("work/began").exists());
    // One that needs less begins.
    day.text("sso-login exec corp --min-left 20m --renewing -- true < /dev/null", &[]).exits(0);
}

#[test]
fn dont_remind_of_an_end_that_is_near_is_no_silence_about_the_end() {
    let mut day = teatime();
    day.answers(r#"{"answer":"suppress"}"#);
    assert_eq!(day.ask().len(), 1);
    day.at(TEATIME + 20);
    assert_eq!(day.ask().len(), 1);
    day.at(4 * 60 + 1);
    day.answers(r#"{"answer":"refresh"}"#);
    assert_eq!(day.ask().len(), 2);
    assert_eq!(day.check("", &[])["profile"], "demo");
    let corp = day.corp("sso-profile show corp | sso-cache check", &[]).remove(0);
    assert_eq!(corp["token"]["state"], "valid", "{corp}");
}

#[test]
fn whoever_looks_sees_the_sessions_end_and_a_renewal_keeps_it() {
    let mut day = teatime();
    let status = "sso-profile show corp | sso-cache check --ahead | sso-signal status - --text";
    let shown = day.text(status, &[("SSO_AHEAD", "30m")]).exits(0).stdout;
    assert!(shown.contains("  Session     ends in 25m, as observed\n"), "{shown}");
    assert!(shown.contains("valid, for 25m, and the session ends"), "{shown}");
    let shown = day.text(status, &[("SSO_SESSION_LENGTH_corp", "3h50m")]).exits(0).stdout;
    assert!(shown.contains("  Session     ends in 15m, as set by SSO_SESSION_LENGTH\n"), "{shown}");
    // The file of settings counts like the environment, for the dashboard as for the monitor.
    let file = day.bench.file("settings");
    fs::write(&file, "SSO_AHEAD=30m\n").unwrap();
    let line = "sso-profile show corp | sso-cache check --ahead";
    let named = [("SSO_ENV_FILE", file.to_str().unwrap())];
    assert_eq!(day.run(line, &named)[0]["token"]["state"], "ending");
    assert_eq!(day.run(line, &[])[0]["token"]["state"], "valid");
    // A document keeps what is known through a renewal, and a command says it.
    day.at(TEATIME + 2);
    let document = day.run("sso-login refresh corp --before 1h", &[]).remove(0);
    assert_eq!(document["session"]["endsAt"], after(4 * 3600), "{document}");
    let gauges = day.text("sso-profile show corp | sso-cache check --prometheus", &[]).exits(0).stdout;
    let at_four = chrono::DateTime::parse_from_rfc3339(&after(4 * 3600)).unwrap().timestamp();
    let line =
        format!("sso_session_expiry_timestamp_seconds{{profile=\"corp\",session=\"corp\"}} {at_four}\n");
    assert!(gauges.contains(&line), "{gauges}");
}

#[test]
fn the_recipes_of_monitor_and_dashboard_look_ahead_as_far_as_the_settings_say() {
    let Some(desk) = Desk::new("--session-length 8h") else { return };
    let settings = desk.bench.file("settings");
    fs::write(&settings, "SSO_AHEAD=9h\nSSO_SESSION_LENGTH=8h\n").unwrap();
    desk.bench.device("demo").succeeds("success");
    desk.bench.program("systemctl", "exit 1");
    let dressed = |recipe: &str| {
        let mut command = desk.command(recipe);
        command.env("SSO_ENV_FILE", &settings);
        command
    };
    let status = end(dressed("sso-status-json"), "").exits(0).document();
    let demo =
        status["profiles"].as_array().unwrap().iter().find(|profile| profile["profile"] == "demo").unwrap();
    assert_eq!(demo["token"]["state"], "ending", "{demo}");
    let monitor = desk.start("monitor", dressed("sso-monitor 1s demo"));
    until("a signal of the end that is near", || desk.signals() == ["demo"]);
    let signal = desk.bench.run("sso-signal read demo").exits(0).document();
    assert_eq!(signal["episode"], format!("ending {}", after(8 * 3600)), "{signal}");
    drop(monitor);
}
