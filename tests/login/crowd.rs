//! Many at once: one login, one refresh, and whoever dies holds nobody up.

use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::login::bench::{Bench, after};
use crate::support::Ended;

/// Starts that many, of both profiles of the session in turn.
fn crowd(bench: &Bench, count: usize, clock: &str) -> Vec<Child> {
    let start = |profile: &&str| {
        let mut command = bench.command(&format!("sso-login --via device --no-browser {profile}"));
        command.env("SSO_NOW", clock).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    ["demo", "demo-admin"].iter().cycle().take(count).map(start).collect()
}

fn outcomes(crowd: Vec<Child>) -> Vec<String> {
    let ended =
        crowd.into_iter().map(|child| Ended::of(&child.wait_with_output().unwrap(), "one of a crowd"));
    let outcome = |ended: Ended| {
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        ended.last()["outcome"].as_str().unwrap().to_owned()
    };
    ended.map(outcome).collect()
}

fn count(outcomes: &[String], outcome: &str) -> usize {
    outcomes.iter().filter(|found| *found == outcome).count()
}

#[test]
fn fifty_at_once_make_one_login() {
    let bench = Bench::start("--pending 1");
    let outcomes = outcomes(crowd(&bench, 50, &after(0)));
    assert_eq!((count(&outcomes, "success"), count(&outcomes, "valid")), (1, 49));
    assert_eq!(bench.counts()[..2], [1, 0]);
    assert_eq!(bench.count("StartDeviceAuthorization"), 1);
    assert_eq!(bench.state(), [""; 0]);
}

#[test]
fn fifty_at_once_make_one_refresh() {
    let bench = Bench::logged_in("");
    bench.forward(3600);
    let outcomes = outcomes(crowd(&bench, 50, &after(3600)));
    assert_eq!((count(&outcomes, "success"), count(&outcomes, "valid")), (1, 49));
    assert_eq!(bench.counts(), [0, 1, 1]);
}

#[test]
fn if_the_one_that_logs_in_is_killed_another_goes_on() {
    let bench = Bench::start("--pending 1000");
    let mut first = crowd(&bench, 1, &after(0));
    while bench.count("CreateToken") == 0 {
        std::thread::yield_now();
    }
    let others = crowd(&bench, 10, &after(0));
    bench.faults(&json!({"pending": 0}));
    let mut first = first.remove(0);
    kill_process(Pid::from_raw(i32::try_from(first.id()).unwrap()).unwrap(), Signal::KILL).unwrap();
    first.wait().unwrap();
    let outcomes = outcomes(others);
    // The killed one may have been done already.
    assert!(count(&outcomes, "success") <= 1 && count(&outcomes, "valid") >= 9, "{outcomes:?}");
    assert_eq!(bench.counts()[0], 1);
    assert_eq!(bench.state(), [""; 0]);
}

#[test]
fn a_busy_lock_is_waited_for_as_long_as_the_time_limit_and_not_at_all_by_a_watcher() {
    let bench = Bench::start("--pending 1000");
    let mut first = crowd(&bench, 1, &after(0)).remove(0);
    while bench.count("CreateToken") == 0 {
        std::thread::yield_now();
    }
    let second = bench.device("demo --timeout 300ms");
    second.fails(75, "busy", "", "another login is under way: pid ");
    assert!(second.complaint().contains("hint: sso-lock status login"), "{}", second.stderr);
    let watcher = "{\"profile\":\"demo\",\"mode\":\"auto\"}";
    let mut command = bench.command("sso-login - --via device");
    command.env("AWS_PROFILE", "demo");
    let ended = crate::support::end(command, watcher);
    assert_eq!((ended.code, ended.last()["outcome"].as_str()), (0, Some("busy")));
    first.kill().unwrap();
    first.wait().unwrap();
}

#[test]
fn a_no_to_one_is_a_no_to_all_who_waited() {
    one_answer_for_all("deny", (77, "failed", "access_denied"));
}

#[test]
fn a_code_that_nobody_approved_in_time_is_nobodys_answer_to_all_who_waited() {
    one_answer_for_all("expire", (124, "timeout", "expired_token"));
}

#[track_caller]
fn one_answer_for_all(fault: &str, (code, outcome, error): (i32, &str, &str)) {
    let bench = Bench::start("--pending 1000");
    let mut crowd = crowd(&bench, 10, &after(0));
    // Who comes after the answer asks again, so everybody must wait by now.
    while crowd.iter().filter(|child| is_waiting(child)).count() < 9 {
        std::thread::yield_now();
    }
    bench.faults(&json!({"pending": 0, fault: true}));
    let ended: Vec<_> = crowd
        .drain(..)
        .map(|child| Ended::of(&child.wait_with_output().unwrap(), "one of a crowd"))
        .collect();
    for ended in &ended {
        let last = ended.last();
        let said = (ended.code, last["outcome"].as_str(), last["error"].as_str());
        assert_eq!(said, (code, Some(outcome), Some(error)), "{}", ended.stderr);
    }
    assert_eq!(bench.count("StartDeviceAuthorization"), 1);
    let told = ended.iter().filter(|ended| ended.stderr.contains("asked for by another process")).count();
    assert_eq!(told, 9);

    bench.device("demo").fails(code, outcome, error, "");
    assert_eq!(bench.count("StartDeviceAuthorization"), 2, "a new login is a new question");
}

/// Whether a process looks again and again whether the lock is free: it goes to sleep more often than any start takes.
fn is_waiting(child: &Child) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let sleeps = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    sleeps.and_then(|sleeps| sleeps.trim().parse::<u32>().ok()).is_some_and(|sleeps| sleeps > 30)
}
