//! `just sso-watch`: never two, survives the death of any stage, obeys the mode, logs a line per event.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::{NOW, end, until_or};
use crate::watcher::running::{Desk, kill};

#[test]
fn each_event_is_one_line_with_its_time_and_no_code_of_a_login() {
    let Some(desk) = Desk::new("") else { return };
    let watcher = desk.watch();
    desk.bench.run("sso-signal write demo --reason test").exits(0);
    watcher.logs("demo: login successful, signal cleared", 0);
    let text = watcher.text();
    let lines: Vec<_> = text.lines().collect();
    assert!(lines.iter().all(|line| line.starts_with(&format!("{NOW} "))), "{text}");
    let state = desk.state();
    let start = format!(
        "{NOW} watching {}/login-required.json (profile=demo), mode=notify, cooldown=600s, poll=1s",
        state.display()
    );
    assert_eq!(
        lines,
        [
            start.as_str(),
            &format!("{NOW} demo: login under way, waiting for the browser"),
            &format!("{NOW} demo: login successful, signal cleared")
        ]
    );
    assert!(!format!("{text}{}", watcher.errors()).contains("user_code"), "{}", watcher.errors());
    assert_eq!((desk.questions(), desk.bench.counts()[0]), (1, 1));
}

#[test]
fn a_second_watcher_is_told_who_watches_already() {
    let Some(desk) = Desk::new("") else { return };
    let _watcher = desk.watch();
    let second = desk.just("sso-watch");
    assert_eq!(second.code, 75, "{}", second.stderr);
    assert!(second.stderr.contains("sso-lock: `watcher` is held by pid "), "{}", second.stderr);
}

#[test]
fn a_service_that_comes_second_takes_over_when_the_first_ends() {
    let Some(desk) = Desk::new("") else { return };
    let first = desk.watch();
    let service = desk.start("service", desk.command("sso-watch 52w"));
    service.member("sso-lock run --wait 52w");
    assert_eq!(service.text(), "");
    drop(first);
    service.logs(": watching ", 0);
    desk.bench.run("sso-signal write demo").exits(0);
    service.logs("demo: login successful", 0);
}

#[test]
fn the_loop_survives_the_death_of_every_stage() {
    let Some(desk) = Desk::new("") else { return };
    let watcher = desk.watch();
    let mut at = 0;
    for stage in ["sso-signal wait", "sso-login -", "sso-signal settle", "sso-signal log "] {
        let pid = watcher.member(stage);
        kill(pid);
        until_or(|| watcher.family().iter().all(|(other, _)| *other != pid), || format!("{stage} lives"));
        for profile in ["demo", "other"] {
            // The round that lost a stage may swallow a request or two; a later one ends its lease.
            until_or(
                || {
                    desk.just(&format!("sso-login {profile}")).exits(0);
                    std::thread::sleep(Duration::from_millis(300));
                    watcher.text()[at..].contains(&format!("{profile}: "))
                },
                || format!("after {stage}: {:?}\n{}", watcher.text(), watcher.errors()),
            );
        }
        at = watcher.text().len();
    }
    until_or(|| desk.signals().is_empty(), || format!("{:?}", desk.signals()));
    assert_eq!(desk.bench.counts()[0], 2, "one login per session");
}

#[test]
fn a_loop_whose_lock_was_killed_ends_and_its_wait_with_it() {
    let Some(desk) = Desk::new("") else { return };
    let watcher = desk.watch();
    let (lock, wait) = (watcher.member("sso-lock run"), watcher.member("sso-signal wait"));
    let shell = watcher.member("bash -uo pipefail");
    kill(lock);
    // The kernel freed the lock: the next watcher begins at once.
    let next = desk.start("next", desk.command("sso-watch"));
    next.logs(": watching ", 0);
    kill(shell);
    until_or(
        || !std::fs::exists(format!("/proc/{wait}/fd")).unwrap() || is_zombie(wait),
        || "wait lives".to_owned(),
    );
}

fn is_zombie(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| stat.contains(") Z "))
}

#[test]
fn the_mode_is_obeyed_within_a_poll() {
    let Some(desk) = Desk::new("") else { return };
    desk.just("sso-mode-standalone").exits(0);
    let watcher = desk.watch();
    desk.bench.run("sso-signal write demo").exits(0);
    desk.just("sso-mode-auto").exits(0);
    watcher.logs("demo: login successful", 0);
    assert_eq!(desk.questions(), 0, "auto asks nobody about AWS_PROFILE");
    assert_eq!(desk.bench.counts()[0], 1);
}

#[test]
fn in_mode_standalone_nothing_happens() {
    let Some(desk) = Desk::new("") else { return };
    desk.just("sso-mode-standalone").exits(0);
    desk.bench.run("sso-signal write demo").exits(0);
    let watcher = desk.watch();
    let wait = watcher.member("sso-signal wait");
    // Three polls later it still waits, and nobody was asked.
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(watcher.member("sso-signal wait"), wait);
    assert_eq!(
        (desk.signals(), desk.questions(), desk.bench.counts()),
        (vec!["demo".to_owned()], 0, [0, 0, 0])
    );
}

#[test]
fn a_watcher_that_fails_at_every_poll_is_not_hot_and_says_so_once() {
    let Some(desk) = Desk::new("") else { return };
    let watcher = desk.watch();
    // A state of a newer version stops every stage that needs it.
    std::fs::create_dir_all(desk.state()).unwrap();
    std::fs::write(desk.state().join("state.json"), "{\"version\":99}").unwrap();
    std::fs::write(
        desk.state().join("login-required.json"),
        format!("{{\"profile\":\"demo\",\"timestamp\":\"{NOW}\"}}"),
    )
    .unwrap();
    until_or(|| watcher.errors().contains("is of version 99"), || watcher.errors());
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(watcher.errors().matches("is of version 99").count(), 1, "{}", watcher.errors());
    std::fs::remove_file(desk.state().join("state.json")).unwrap();
    watcher.logs("demo: login successful", 0);
}

#[test]
fn ending_the_watcher_ends_all_of_it() {
    let Some(desk) = Desk::new("") else { return };
    let mut watcher = desk.watch();
    watcher.member("sso-signal settle");
    let family = watcher.family();
    watcher.signal(Signal::TERM);
    watcher.code();
    until_or(
        || family.iter().all(|(pid, _)| is_zombie(*pid)),
        || format!("{:?}", family.iter().filter(|(pid, _)| !is_zombie(*pid)).collect::<Vec<_>>()),
    );
}

#[test]
fn root_on_a_desktop_gets_no_watcher() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let Some(desk) = Desk::new("") else { return };
    let mut command = desk.command("sso-watch");
    command.env("SUDO_USER", "me").stdout(Stdio::piped());
    let ended = end(command, "");
    assert_eq!(ended.code, 78, "{}", ended.stderr);
    assert!(ended.stderr.contains("the watcher doesn't run as root on a desktop"), "{}", ended.stderr);
    assert!(!desk.state().join("watcher.lock").exists());
}
