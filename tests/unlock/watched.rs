//! Relock beside a monitor and a watcher: nobody is asked for a session that was locked on purpose.

use std::fs;

use serde_json::json;

use crate::login::bench::Bench;
use crate::support::until_or;
use crate::watcher::running::{Desk, Running};

/// A desk with a key of a session that is valid, in a mode.
fn desk(mode: &str) -> Option<Desk> {
    let desk = Desk::new("")?;
    desk.bench.device("demo").succeeds("success");
    desk.bench.run("sso-profile key set --env dev --key AWS_PROFILE --vault aws.iam.sso demo").exits(0);
    desk.bench.run(&format!("sso-signal mode {mode}")).exits(0);
    Some(desk)
}

/// Waits until the monitor has said of `demo` that many times more what its login is like.
fn ticks(monitor: &Running, is_required: bool) {
    let said = format!("\"loginRequired\":{is_required}");
    let count = || {
        let text = monitor.text();
        text.lines().filter(|line| line.starts_with("{\"profile\":\"demo\"") && line.contains(&said)).count()
    };
    let before = count();
    until_or(|| count() >= before + 4, || monitor.text());
}

/// The token of the session is over, for good.
fn expire(bench: &Bench) {
    let mut token = bench.token();
    token["expiresAt"] = "2026-11-21T11:00:00Z".into();
    token.as_object_mut().unwrap().remove("refreshToken");
    bench.set_token(&token);
}

/// Relock is silence; unlock ends it, so that the next expiry asks (or opens a browser) again; a logout does at once.
fn check(mode: &str, questions: usize) {
    let Some(desk) = desk(mode) else { return };
    let bench = &desk.bench;
    let (monitor, watcher) = (desk.start("monitor", desk.command("sso-monitor 1s demo")), desk.watch());
    ticks(&monitor, false);

    desk.just("sso-key-relock dev").exits(0);
    ticks(&monitor, true);
    assert_eq!(
        (desk.questions(), bench.counts()[0], watcher.text().lines().count()),
        (0, 1, 1),
        "{}",
        watcher.text()
    );
    assert_eq!(desk.signals(), ["demo"], "the monitor has raised it, and nobody acts on it");
    bench.run("sso-profile key get --env dev --key AWS_PROFILE").exits(77);

    let ended = desk.just("sso-key-unlock dev --via device --no-browser");
    assert_eq!((ended.code, desk.questions(), bench.counts()[0]), (0, 0, 2), "{}", ended.stderr);
    ticks(&monitor, false);
    assert_eq!(desk.signals(), [""; 0]);

    expire(bench);
    watcher.logs("demo: login successful", 0);
    assert_eq!((desk.questions(), bench.counts()[0]), (questions, 3));

    let from = watcher.text().len();
    desk.just("sso-logout demo").exits(0);
    watcher.logs("demo: login successful", from);
    assert_eq!((desk.questions(), bench.counts()[0]), (2 * questions, 4), "a logout asks for a new login");
}

#[test]
fn in_mode_notify_a_relock_asks_nobody_until_the_next_expiry_after_an_unlock() {
    check("notify", 1);
}

#[test]
fn in_mode_auto_a_relock_opens_no_browser_until_the_next_expiry_after_an_unlock() {
    check("auto", 0);
}

#[test]
fn the_mark_is_there_before_the_session_is_gone() {
    let Some(desk) = desk("notify") else { return };
    // Somebody who logs in holds the logout up, and the mark is made nevertheless.
    let holder = desk.start("holder", desk.bench.command("sso-lock run login -- sleep 600"));
    until_or(|| desk.bench.run("sso-lock status login").code == 0, || "no lock".to_owned());
    let relock = desk.start("relock", desk.command("sso-key-relock dev"));
    let quiet = || {
        let remembered = desk.bench.run("sso-signal status").document()["remembered"][0].clone();
        remembered["ssoSession"] == "sandbox"
            && remembered["profiles"] == json!(["demo", "demo-admin"])
            && remembered["quiet"] == true
    };
    until_or(quiet, || fs::read_to_string(desk.state().join("state.json")).unwrap_or_default());
    assert!(desk.bench.cache().join(crate::login::bench::TOKEN).exists());
    drop(holder);
    until_or(|| !desk.bench.cache().join(crate::login::bench::TOKEN).exists(), || relock.errors());
}
