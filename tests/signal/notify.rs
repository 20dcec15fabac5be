//! `notify`: a command once for every episode of a session.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::signal::clock::{after, expired, is_due, raise, settle};
use crate::support::{Sandbox, end, names, peer, until};

/// A command that notes what it was told, and ends with `status`.
fn teller(sandbox: &Sandbox, status: u8) -> String {
    let path = sandbox.root().join("bin/tell");
    let log = sandbox.root().join("told");
    fs::write(&path, format!("#!/bin/sh\ncat >> '{}'\nexit {status}\n", log.display())).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

fn told(sandbox: &Sandbox) -> Vec<Value> {
    let log = fs::read_to_string(sandbox.root().join("told")).unwrap_or_default();
    log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_episode_of_a_session_is_told_once_and_not_again_after_a_restart() {
    let sandbox = Sandbox::new();
    let command = format!("sso-signal notify -- {}", teller(&sandbox, 0));
    sandbox.run(&command).exits(1);
    let of_session = |profile: &str, episode: &str| {
        let mut document = expired(profile, episode);
        document["ssoSession"] = "corp".into();
        sandbox.feed("sso-signal write", &document.to_string()).exits(0);
    };
    of_session("dev", "one");
    of_session("ops", "one");
    raise(&sandbox, "other", "one");
    assert_eq!(sandbox.run(&command).exits(0).stdout, "");
    assert_eq!(told(&sandbox).len(), 2, "{:?}", told(&sandbox));
    assert_eq!(told(&sandbox)[0]["episode"], "one");
    sandbox.run(&command).exits(1);
    of_session("ops", "two");
    sandbox.run(&command).exits(0);
    assert_eq!(told(&sandbox).len(), 3);
}

#[test]
fn a_snoozed_one_is_told_too_and_the_watcher_gets_it_all_the_same() {
    let sandbox = Sandbox::new();
    let command = format!("sso-signal notify -- {}", teller(&sandbox, 0));
    raise(&sandbox, "corp", "one");
    settle(&sandbox, 0, &json!({"profile": "corp", "outcome": "snoozed", "seconds": 900}));
    let before = fs::read_to_string(sandbox.state().join("state.json")).unwrap();
    sandbox.run(&command).exits(0);
    assert_eq!(told(&sandbox).len(), 1);
    assert_eq!(fs::read_to_string(sandbox.state().join("state.json")).unwrap(), before);
    assert!(is_due(&sandbox, 900));
    // A lease hides nothing from it, either.
    raise(&sandbox, "dev", "one");
    after(&sandbox, 0, "sso-signal wait --timeout 0s").exits(0);
    sandbox.run(&command).exits(0);
    assert_eq!(told(&sandbox).len(), 2);
}

#[test]
fn a_command_that_fails_is_tried_three_times_in_all() {
    let sandbox = Sandbox::new();
    let command = format!("sso-signal notify -- {}", teller(&sandbox, 7));
    raise(&sandbox, "corp", "one");
    let ended = sandbox.run(&command);
    assert!(ended.code == 7 && ended.stderr.contains("ended with 7"), "{}", ended.stderr);
    assert_eq!(told(&sandbox).len(), 3);
    sandbox.run(&command).exits(1);
    sandbox.run("sso-signal notify -- /no/such/program").exits(127).says("cannot run");
    sandbox.run("sso-signal notify").exits(2);
}

#[test]
fn a_command_that_hangs_holds_up_no_other_notice() {
    let sandbox = Sandbox::new();
    raise(&sandbox, "corp", "one");
    raise(&sandbox, "dev", "one");
    let script = "read -r line; case $line in *corp*) exec sleep 600;; *) echo \"$line\" >> ../told;; esac";
    let command = format!("sso-signal notify --timeout 1s -- sh -c '{script}'");
    let ended = end(sandbox.shell(&command), "").exits_somehow(124);
    assert!(ended.stderr.contains("corp: the command ended with 124; tried again"), "{}", ended.stderr);
    assert_eq!(told(&sandbox).len(), 1, "{:?}", told(&sandbox));
    let left = names(sandbox.state()).into_iter().filter(|name| name.starts_with(".notify")).count();
    assert_eq!(left, 0, "no run is left");
}

#[test]
fn a_run_that_hangs_without_its_process_is_waited_for_no_longer() {
    let sandbox = Sandbox::new();
    raise(&sandbox, "ops", "one");
    let script = "echo $$ > ../pid; exec sleep 600";
    let mut child = sandbox
        .shell(&format!("exec sso-signal notify -- sh -c '{script}'"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let left = sandbox.root().join("pid");
    until("the run", || fs::read_to_string(&left).is_ok_and(|pid| pid.ends_with('\n')));
    let left: i32 = fs::read_to_string(left).unwrap().trim().parse().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    end(sandbox.shell(&format!("sso-signal notify --timeout 100ms -- sh -c '{script}'")), "")
        .exits_somehow(124);
    kill_process(Pid::from_raw(left).unwrap(), Signal::KILL).unwrap();
}

#[test]
fn a_command_that_outlives_its_killed_parent_is_not_run_twice_and_one_that_was_cut_off_is() {
    let sandbox = Sandbox::new();
    raise(&sandbox, "corp", "one");
    let path = teller(&sandbox, 0);
    let script = fs::read_to_string(&path).unwrap();
    let command = format!("sso-signal notify -- {path}");
    // The parent of the command is the shell that leaves the receipt; that one's is the tool.
    let of_tool = "read -r line < /proc/$PPID/stat; set -- $line; kill -9 \"$4\"";
    let with = |kill: &str| fs::write(&path, script.replace("exit 0", &format!("{kill}\nexit 0"))).unwrap();
    with(of_tool);
    assert_eq!(sandbox.run(&command).code, 137);
    fs::write(&path, &script).unwrap();
    assert_eq!(sandbox.run(&command).code, 0);
    assert_eq!(told(&sandbox).len(), 1);
    raise(&sandbox, "dev", "one");
    with(&format!("(set -- x; {of_tool}); kill -9 $PPID; kill -9 $$"));
    assert_eq!(sandbox.run(&command).code, 137);
    fs::write(&path, &script).unwrap();
    sandbox.run(&command).exits(0);
    sandbox.run(&command).exits(1);
    assert_eq!(told(&sandbox).len(), 3);
}

/// System calls that change nothing which outlives the process: a kill at one of them is a kill at the next that does.
const INERT: &[&str] = &[
    "access",
    "arch_prctl",
    "brk",
    "clock_gettime",
    "clock_nanosleep",
    "close",
    "dup",
    "epoll_create1",
    "execve",
    "exit_group",
    "faccessat2",
    "fcntl",
    "fstat",
    "futex",
    "getcwd",
    "getdents64",
    "gettid",
    "sched_yield",
    "geteuid",
    "getpid",
    "getrandom",
    "getuid",
    "ioctl",
    "lseek",
    "madvise",
    "mmap",
    "mprotect",
    "munmap",
    "newfstatat",
    "pipe2",
    "poll",
    "pread64",
    "prlimit64",
    "read",
    "readlink",
    "rseq",
    "rt_sigaction",
    "rt_sigprocmask",
    "sched_getaffinity",
    "set_robust_list",
    "set_tid_address",
    "sigaltstack",
    "statx",
];

#[test]
fn a_kill_at_any_system_call_costs_no_notice_and_makes_none_twice() {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    // Without -f: it hits the tool and never the command, so that each notice is told once.
    let traced = |sandbox: &Sandbox, line: &str, flags: &[&str]| {
        let tool = sandbox.tool(line);
        let mut command = sandbox.command(&strace);
        command.args(["-qq"]).args(flags).arg(tool.get_program()).args(tool.get_args());
        end(command, "").code
    };
    // Every call that the tool makes, but for those that change nothing: its name, and the how manieth of that name it is.
    let sandbox = Sandbox::new();
    raise(&sandbox, "corp", "one");
    let log = sandbox.root().join("trace");
    let line = format!("sso-signal notify -- {}", teller(&sandbox, 0));
    assert_eq!(traced(&sandbox, &line, &["-o", log.to_str().unwrap()]), 0);
    let (mut counts, mut calls) = (BTreeMap::new(), Vec::new());
    for line in fs::read_to_string(&log).unwrap().lines() {
        let call = line.split('(').next().unwrap();
        if !call.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_') {
            continue;
        }
        let nth = counts.entry(call.to_owned()).and_modify(|nth| *nth += 1).or_insert(1);
        let changes =
            call != "openat" || ["O_WRONLY", "O_RDWR", "O_CREAT"].iter().any(|flag| line.contains(flag));
        if changes && !INERT.contains(&call) {
            calls.push((call.to_owned(), *nth));
        }
    }
    for needed in ["openat", "write", "flock", "rename", "unlink", "fsync", "clone", "wait"] {
        assert!(calls.iter().any(|(call, _)| call.starts_with(needed)), "{needed} isn't made: {calls:?}");
    }
    for (call, nth) in calls {
        let sandbox = Sandbox::new();
        raise(&sandbox, "corp", "one");
        let line = format!("sso-signal notify -- {}", teller(&sandbox, 0));
        let (trace, inject) = (format!("trace={call}"), format!("inject={call}:signal=KILL:when={nth}"));
        let killed = traced(&sandbox, &line, &["-o", "/dev/null", "-e", &trace, "-e", &inject]);
        assert_eq!(killed, 137, "{call} {nth}");
        // A command that goes on is waited for.
        let again = sandbox.run(&line).code;
        assert!(again < 2, "{call} {nth}: {again}");
        let told = told(&sandbox);
        assert_eq!(told.len(), 1, "{call} {nth}: {told:?}");
        assert_eq!(told[0]["episode"], "one", "{call} {nth}");
    }
}

#[test]
fn it_follows_and_tells_of_what_comes() {
    let sandbox = Sandbox::new();
    let mut follower = sandbox.tool(&format!("sso-signal notify --follow -- {}", teller(&sandbox, 0)));
    let mut follower = follower.env("SSO_POLL_SECONDS", "1").stdout(Stdio::null()).spawn().unwrap();
    for (number, profile) in ["a", "b"].into_iter().enumerate() {
        raise(&sandbox, profile, "one");
        while told(&sandbox).len() <= number {
            assert!(follower.try_wait().unwrap().is_none());
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
    follower.kill().unwrap();
    follower.wait().unwrap();
}
