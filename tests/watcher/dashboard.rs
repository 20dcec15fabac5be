//! `sso-status`: says what was checked now, and what to do next.

use serde_json::{Value, json};

use crate::watcher::running::Desk;

fn status(desk: &Desk) -> Value {
    desk.bench.program("systemctl", "exit 1");
    desk.just("sso-status-json").exits(0).document()
}

fn profile<'a>(status: &'a Value, name: &str) -> &'a Value {
    status["profiles"].as_array().unwrap().iter().find(|profile| profile["profile"] == name).unwrap()
}

/// The next action for `demo` after what happened, with a watcher.
#[track_caller]
fn check(desk: &Desk, state: &str, next: &str) {
    let status = status(desk);
    let demo = profile(&status, "demo");
    assert_eq!(demo["signal"], state, "{demo}");
    assert!(demo["nextAction"].as_str().unwrap().contains(next), "{demo}");
}

#[test]
fn validity_is_only_what_a_check_found_and_every_state_names_the_next_action() {
    let Some(desk) = Desk::new("") else { return };
    let bench = &desk.bench;
    // No signal at all, and still not valid.
    let first = status(&desk);
    assert_eq!(first["signals"], json!([]));
    assert_eq!(profile(&first, "demo")["token"]["state"], "missing");
    assert_eq!(first["nextAction"], "the watcher isn't running: just sso-watch");
    assert_eq!(first["watcher"], json!({"running": false}));
    desk.just("sso-mode-standalone").exits(0);
    check(&desk, "none", "mode standalone: log in yourself: sso-login demo | sso-signal settle");
    desk.just("sso-mode-notify").exits(0);

    // Somebody holds the watcher's lock, so a watcher runs.
    let mut watcher = bench.command("sso-lock run watcher -- sleep 100").spawn().unwrap();
    while bench.run("sso-lock status watcher").code != 0 {}
    check(&desk, "none", "no monitor was seen recently: just sso-monitor");
    bench.feed("sso-signal write --source box", "").exits(0);
    let raised =
        json!({"profile": "demo", "loginRequired": true, "reason": "x", "episode": "missing"}).to_string();
    bench.feed("sso-signal write --source box", &raised).exits(0);
    check(&desk, "due", "a question comes within 1s");
    desk.just("sso-mode-auto").exits(0);
    check(&desk, "due", "a browser opens within 1s");
    desk.just("sso-mode-notify").exits(0);
    let settle = |outcome: Value| bench.feed("sso-signal settle", &outcome.to_string()).exits(0);
    settle(json!({"profile": "demo", "outcome": "snoozed", "seconds": 900}));
    check(&desk, "snoozed", "asked again at 2026-11-21T12:15:00Z");
    desk.just("sso-login demo").exits_somehow(0);
    settle(json!({"profile": "demo", "outcome": "dismissed"}));
    check(&desk, "cooling-down", "asked again at 2026-11-21T12:10:00Z");
    desk.just("sso-login demo").exits_somehow(0);
    settle(json!({"profile": "demo", "outcome": "suppressed", "episode": "missing"}));
    check(&desk, "none", "reminders are off until the next expiry");
    bench.run("sso-signal quiet demo").exits(0);
    check(&desk, "none", "locked by you");

    bench.device("demo").succeeds("success");
    settle(
        json!({"profile": "demo", "outcome": "success", "ssoSession": "sandbox", "sessionProfiles": ["demo", "demo-admin"]}),
    );
    let last = status(&desk);
    let demo = profile(&last, "demo");
    assert_eq!((&demo["token"]["state"], &demo["nextAction"]), (&json!("valid"), &json!("nothing to do")));
    assert_eq!((&demo["suppressed"], &demo["lockedByUser"]), (&json!(false), &json!(false)));
    assert_eq!(last["monitors"][0]["source"], "box");
    assert!(last["nextAction"].as_str().unwrap().starts_with("other: "), "{}", last["nextAction"]);
    watcher.kill().unwrap();
    watcher.wait().unwrap();
}

#[test]
fn the_dashboard_for_people_is_plain_when_piped_and_shows_each_profile() {
    let Some(desk) = Desk::new("") else { return };
    desk.bench.program("systemctl", "exit 1");
    desk.bench.device("demo").succeeds("success");
    let text = desk.just("sso-status").exits(0).stdout;
    assert!(!text.contains('\u{1b}'), "{text}");
    for line in [
        "  Installed   no: no service manager runs here; run the watcher yourself: just sso-watch",
        "  Running     no",
        "  Mode        notify: asks before it opens a browser",
        "  Monitor     never seen: just sso-monitor",
        "  Token       valid, for 1h",
        "  Token       missing",
    ] {
        assert!(text.lines().any(|found| found == line), "no `{line}` in\n{text}");
    }
}

#[test]
fn hostile_signals_and_stamps_reach_no_terminal() {
    let Some(desk) = Desk::new("") else { return };
    desk.bench.program("systemctl", "exit 1");
    let signals = desk.state().join("signals");
    std::fs::create_dir_all(&signals).unwrap();
    std::fs::write(
        signals.join(".monitor-x"),
        "{\"source\":\"\u{202e}x\\u001b[31m\",\"at\":\"2026-11-21T11:59:00Z\"}",
    )
    .unwrap();
    std::fs::write(signals.join(".monitor-y"), "{\"source\":7}").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", signals.join(".monitor-z")).unwrap();
    let hostile = "{\"profile\":\"demo\",\"timestamp\":\"2026-11-21T11:59:00Z\",\"reason\":\"\\u001b[2Jx\"}";
    std::fs::write(signals.join("demo.json"), hostile).unwrap();
    let text = desk.just("sso-status").exits(0).stdout;
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    assert!(text.contains("  Monitor     x, last seen 1m ago"), "{text}");
}

/// The dashboard of what the checks say, as lines.
fn dashboard(desk: &Desk, checked: &[Value]) -> Vec<String> {
    let lines: Vec<_> = checked.iter().map(ToString::to_string).collect();
    let input = format!("{}\n", lines.join("\n"));
    let ended = desk.bench.feed("sso-signal status - --text", &input).exits(0);
    ended.stdout.lines().map(str::to_owned).collect()
}

fn checked(profile: &str, session: &str, needs_login: bool) -> Value {
    let state = if needs_login { "missing" } else { "valid" };
    json!({"profile": profile, "ssoSession": session, "loginRequired": needs_login, "reason": "r",
        "token": {"state": state, "expiresAt": "2026-11-21T20:00:00Z"}})
}

#[test]
fn three_hundred_profiles_fit_a_screen_by_session_with_the_problems_first() {
    let Some(desk) = Desk::new("") else { return };
    let named = |n: usize| format!("p{n}");
    // Of one session.
    let one: Vec<_> = (0..300).map(|n| checked(&named(n), "corp", true)).collect();
    let lines = dashboard(&desk, &one);
    assert!(lines.len() <= 24, "{lines:#?}");
    assert!(lines.contains(&"corp: 300 profiles (p0, p1, p2 and 297 more)".to_owned()), "{lines:#?}");
    // Of a session each: a quarter of them has expired.
    let many: Vec<_> = (0..300).map(|n| checked(&named(n), &format!("s{n}"), n % 4 == 3)).collect();
    let lines = dashboard(&desk, &many);
    assert!(lines.len() <= 24, "{lines:#?}");
    let place = |text: &str| lines.iter().position(|line| line.starts_with(text)).unwrap();
    let (problems, first) = (place("75 profiles need attention"), place("  p3: "));
    assert!(problems < first && first < place("225 profiles need no attention"), "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains("and 65 more profiles")), "{lines:#?}");
    // Two sessions: the expired one is first, whatever the order of the config.
    let two: Vec<_> =
        (0..6).map(|n| checked(&named(n), if n < 3 { "fine" } else { "over" }, n >= 3)).collect();
    let lines = dashboard(&desk, &two);
    let place = |text: &str| lines.iter().position(|line| line.starts_with(text)).unwrap();
    assert!(place("over: 3 profiles") < place("fine: 3 profiles"), "{lines:#?}");
}

#[test]
fn while_a_question_waits_its_answer_is_the_next_step() {
    let Some(desk) = Desk::new("") else { return };
    desk.bench.run("sso-signal write demo").exits(0);
    let held = |name: &str| json!({"name": name, "held": true, "owner": {"pid": 7, "command": "sso-watch", "since": "2026-11-21T11:59:00Z"}});
    let about = checked("demo", "sandbox", true);
    let next = |documents: &[Value]| {
        let lines = dashboard(&desk, documents);
        lines.iter().find(|line| line.trim_start().starts_with("Next")).unwrap().clone()
    };
    let watched = next(&[about.clone(), held("watcher")]);
    assert!(watched.contains("a question comes within"), "{watched}");
    let asked = next(&[about.clone(), held("watcher"), held("ask")]);
    assert!(asked.contains("answer the open question first"), "{asked}");
    // Reminders that are off for good name the profile whose they are.
    desk.bench.run("sso-signal quiet demo --forever").exits(0);
    let lines = dashboard(&desk, &[about]).join("\n");
    assert!(lines.contains("locked by you until you run sso-signal quiet demo --off"), "{lines}");
}

#[test]
fn a_login_that_is_asked_for_without_a_watcher_says_that_none_runs() {
    let Some(desk) = Desk::new("") else { return };
    let asked = desk.just("sso-login demo").exits_somehow(0);
    assert!(asked.stderr.contains("no watcher runs: just sso-watch"), "{}", asked.stderr);
    let mut watcher = desk.bench.command("sso-lock run watcher -- sleep 100").spawn().unwrap();
    while desk.bench.run("sso-lock status watcher").code != 0 {}
    let asked = desk.just("sso-login demo").exits_somehow(0);
    assert!(!asked.stderr.contains("no watcher runs"), "{}", asked.stderr);
    watcher.kill().unwrap();
    watcher.wait().unwrap();
}
