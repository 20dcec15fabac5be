//! Whatever dies: the signal comes back in 30 s, nothing runs hot, nobody logs in without a cause.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::login::bench::{Bench, after};
use crate::pipeline::{Desk, WATCHER};
use crate::support::{Ended, end};

/// One signal, about `demo`.
fn desk() -> Desk {
    let desk = Desk::new(Bench::start(""));
    desk.answers("refresh", None);
    desk.shell(0, "sso-signal write demo --reason test >/dev/null").exits(0);
    desk
}

/// Nothing is due now, and the signal is back after its lease.
fn comes_back(desk: &Desk) {
    assert_eq!(desk.signals(), ["demo"]);
    assert_eq!(desk.watch(0), [""; 0]);
    assert_eq!(desk.watch(29), [""; 0]);
    let outcomes = desk.watch(31);
    assert!(outcomes == ["demo success"] || outcomes == ["demo valid"], "{outcomes:?}");
    assert_eq!(desk.signals(), [""; 0]);
    assert_eq!(desk.bench.counts()[0], 1);
}

#[test]
fn a_killed_wait_is_no_cause_to_log_in() {
    let desk = Desk::new(Bench::start(""));
    desk.answers("refresh", None);
    // `$$` is bash; `wait` finds its own process id in the file and is killed as soon as it waits.
    let mut command = desk.bench.command("bash -euo pipefail -c");
    command.arg("{ sso-signal wait & echo $! >$OUT/wait.tmp; mv $OUT/wait.tmp $OUT/wait; wait $!; } | sso-login - --via device | sso-signal settle");
    command.env("OUT", desk.bench.served.sandbox.root()).env("AWS_PROFILE", "demo");
    command.env("SSO_DIALOG", desk.bench.file("bin/dialog"));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while !desk.bench.file("wait").exists() {
        std::thread::yield_now();
    }
    let wait = desk.bench.text("wait").trim().parse().unwrap();
    kill_process(Pid::from_raw(wait).unwrap(), Signal::KILL).unwrap();
    let ended = Ended::of(&child.wait_with_output().unwrap(), "the pipeline");
    assert_eq!((ended.code, ended.stdout.as_str()), (137, ""));
    assert_eq!((desk.questions(), desk.bench.counts()), (0, [0, 0, 0]));
}

#[test]
fn a_login_that_is_killed_at_its_question_leaves_the_signal() {
    let desk = desk();
    desk.dialog("kill -9 $PPID");
    let ended = desk.shell(0, WATCHER);
    assert_eq!((ended.code, ended.stdout.as_str()), (0, ""), "the loop ended: {}", ended.stderr);
    desk.answers("refresh", None);
    comes_back(&desk);
}

#[test]
fn a_login_that_is_killed_at_work_leaves_the_signal() {
    let desk = desk();
    desk.bench.faults(&json!({"pending": 1000}));
    // The first step of a login kills it: the browser's program.
    desk.bench.program("browser", "kill -9 $PPID");
    let line = WATCHER.replace(" --no-browser", "");
    let browser = desk.bench.file("bin/browser");
    let ended = desk.shell_with(0, &line, &[("BROWSER", browser.to_str().unwrap())]);
    assert_eq!(crate::pipeline::outcomes(&ended), [""; 0]);
    desk.bench.faults(&json!({"pending": 0}));
    comes_back(&desk);
}

#[test]
fn a_settle_that_is_killed_costs_no_second_login() {
    let desk = desk();
    let line = WATCHER.replace("sso-signal settle", "sh -c 'kill -9 $$'");
    desk.shell(0, &line);
    comes_back(&desk);
    assert_eq!(desk.questions(), 1);
}

#[test]
fn a_pipe_that_is_closed_ends_the_stages_quietly() {
    let desk = desk();
    desk.answers("dismiss", None);
    let ended = desk.shell(0, "sso-signal wait | sso-login - --via device --no-browser | true").exits(0);
    assert_eq!(ended.stdout, "");
    let many = "{\"profile\":\"x\"}\n".repeat(10_000);
    let mut command = desk.bench.command("bash -euo pipefail -c");
    command.arg("sso-login - | head -n 1").env("SSO_NOW", after(0));
    let ended = end(command, &many);
    assert_eq!((ended.code, ended.stderr.as_str(), ended.documents().len()), (0, "", 1));
}

#[test]
fn two_watchers_are_one() {
    let desk = desk();
    let both = format!("({WATCHER}) & ({WATCHER}); wait");
    let ended = desk.shell(0, &both);
    assert_eq!(crate::pipeline::outcomes(&ended), ["demo success"]);
    assert_eq!((desk.questions(), desk.bench.counts()[0]), (1, 1));
}
