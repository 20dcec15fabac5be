//! Two commands at a time, ours and the real AWS CLI's: one is stopped at a system call on the session's files, the other runs
//! whole, the first goes on. The end is one that some order without overlap gives.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::login::bench::{Bench, TOKEN};
use crate::sandbox::served::Served;
use crate::support::{aws_newest, aws_v2, end, names, peer};

/// What a command does to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    Refresh,
    Credentials,
    Login,
    Logout,
}
use Act::{Credentials, Login, Logout, Refresh};

const ALL: [Act; 4] = [Refresh, Credentials, Login, Logout];

impl Act {
    fn ours(self) -> &'static str {
        match self {
            Refresh => "sso-login refresh demo",
            Credentials => "sso-login credentials demo",
            Login => "sso-login --via device --no-browser --force demo",
            Logout => "sso-login logout demo",
        }
    }

    /// The AWS CLI renews a session where it fetches credentials.
    fn theirs(self, aws: &Path) -> String {
        let words = match self {
            Refresh | Credentials => "configure export-credentials --profile demo",
            Login => "sso login --profile demo --no-browser",
            Logout => "sso logout",
        };
        format!("{} {words}", aws.display())
    }
}

/// How a session stands when both have ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    /// Whether there is a token.
    has_token: bool,
    /// Whether the session works without a person.
    works: bool,
    /// Whether a role's keys are in the cache.
    has_keys: bool,
}

/// A machine on the real clock, as the AWS CLI can't be told another.
struct Machine {
    bench: Bench,
    strace: PathBuf,
    keys: PathBuf,
    serial: BTreeMap<(Act, Act), BTreeSet<State>>,
    traces: usize,
}

impl Machine {
    fn start(strace: PathBuf) -> Self {
        let bench = Bench { served: Served::start_at("--pending 0", None) };
        let mut machine = Self { bench, strace, keys: PathBuf::new(), serial: BTreeMap::new(), traces: 0 };
        machine.reset();
        machine.run(Credentials.ours());
        let folder = machine.bench.home().join(".aws/cli/cache");
        machine.keys = folder.join(names(&folder).into_iter().find(|name| !name.starts_with('.')).unwrap());
        machine
    }

    fn command(&self, line: &str) -> Command {
        let mut command = self.bench.command(line);
        command.env_remove("SSO_NOW").stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn run(&self, line: &str) -> i32 {
        let mut command = self.command(line);
        command.stdin(Stdio::null());
        end(command, "").code
    }

    fn token_file(&self) -> PathBuf {
        self.bench.cache().join(TOKEN)
    }

    /// A session whose token has expired and can be renewed, and no role's keys.
    fn reset(&self) {
        for name in names(self.bench.home().join(".aws/cli/cache")) {
            fs::remove_file(self.bench.home().join(".aws/cli/cache").join(name)).unwrap();
        }
        let ended = self.run(Login.ours());
        assert_eq!(ended, 0, "the login before");
        let mut token: Value = serde_json::from_str(&self.bench.token_text()).unwrap();
        token["expiresAt"] = "2020-01-01T00:00:00Z".into();
        fs::write(self.token_file(), token.to_string()).unwrap();
    }

    fn state(&self) -> State {
        let text = fs::read_to_string(self.token_file()).ok();
        if let Some(text) = &text {
            assert!(serde_json::from_str::<Value>(text).is_ok(), "a torn token stays: {text}");
        }
        let left: Vec<_> =
            names(self.bench.cache()).into_iter().filter(|name| name.starts_with('.')).collect();
        assert!(left.is_empty(), "left behind: {left:?}");
        let has_keys = self.keys.exists();
        State { has_token: text.is_some(), works: self.run("sso-login accounts demo") == 0, has_keys }
    }

    /// The ends that the two orders without overlap give.
    fn serial(&mut self, one: Act, other: Act) -> BTreeSet<State> {
        let pair = (one.min(other), one.max(other));
        if let Some(known) = self.serial.get(&pair) {
            return known.clone();
        }
        let orders = BTreeSet::from([[one, other], [other, one]]);
        let ends = orders.into_iter().map(|order| {
            self.reset();
            for act in order {
                self.run(act.ours());
            }
            self.state()
        });
        let ends: BTreeSet<_> = ends.collect();
        self.serial.insert(pair, ends.clone());
        ends
    }

    /// The command under strace, which sees the calls on the session's files; it stops after the one of that number.
    fn traced(&mut self, line: &str, stops_after: Option<usize>) -> (Child, PathBuf) {
        const CALLS: &str = "/^(open|rename|unlink|ftruncate|write)";
        self.traces += 1;
        let log = self.bench.file(&format!("trace-{}", self.traces));
        let mut command = self.command(self.strace.to_str().unwrap());
        command.args(["-f", "-qq", "-e", &format!("trace={CALLS}"), "-o"]).arg(&log);
        for path in [self.token_file(), self.keys.clone()] {
            command.arg("-P").arg(path);
        }
        if let Some(number) = stops_after {
            command.args(["-e", &format!("inject={CALLS}:signal=SIGSTOP:when={number}")]);
        }
        let traced = self.command(line);
        command.arg(traced.get_program()).args(traced.get_args());
        (command.stdin(Stdio::null()).spawn().unwrap(), log)
    }

    /// The numbers of the calls after which the command is about to change a file, the first look among them.
    fn points(&mut self, line: &str) -> Vec<usize> {
        self.reset();
        let (mut child, log) = self.traced(line, None);
        child.wait().unwrap();
        let text = fs::read_to_string(log).unwrap();
        let is_change =
            |call: &str| ["rename", "unlink", "ftruncate", "write("].iter().any(|name| call.contains(name));
        // strace counts each thread's calls by themselves.
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut changes = Vec::new();
        for call in text.lines().filter(|line| !line.contains(" --- ") && !line.contains("resumed>")) {
            let count = counts.entry(call.split_whitespace().next().unwrap()).or_default();
            if is_change(call) {
                changes.push((*count).max(1));
            }
            *count += 1;
        }
        assert!(!changes.is_empty(), "{line} changes nothing: {text}");
        changes
    }

    /// Stops one command at a call, runs the other, lets the first go on. Answers whether it was stopped.
    fn interleave(&mut self, stopped: &str, point: usize, other: &str) -> bool {
        self.reset();
        let (mut child, log) = self.traced(stopped, Some(point));
        let begin = Instant::now();
        let pid = loop {
            let text = fs::read_to_string(&log).unwrap_or_default();
            if let Some(line) = text.lines().find(|line| line.ends_with("--- stopped by SIGSTOP ---")) {
                break line.split_whitespace().next().unwrap().parse().ok().and_then(Pid::from_raw);
            }
            if child.try_wait().unwrap().is_some() {
                break None;
            }
            assert!(begin.elapsed() < Duration::from_secs(60), "neither stopped nor ended: {stopped}");
            sleep(Duration::from_millis(2));
        };
        // One of ours waits for the other's lock: then it goes on only with the other.
        let is_ours = other.starts_with("sso-login ");
        let waits = is_ours && self.bench.home().join(".aws/sso-renewer/login.lock").exists();
        let mut second = self.command(other).stdin(Stdio::null()).spawn().unwrap();
        if !waits {
            second.wait().unwrap();
        }
        if let Some(pid) = pid {
            kill_process(pid, Signal::CONT).unwrap();
        }
        child.wait().unwrap();
        second.wait().unwrap();
        pid.is_some()
    }

    /// Every pair at these points; how many of them overlapped.
    fn check(&mut self, one: (Act, &str), other: (Act, &str), points: &[usize]) -> usize {
        let expected = self.serial(one.0, other.0);
        let mut overlapped = 0;
        for point in points {
            overlapped += usize::from(self.interleave(one.1, *point, other.1));
            let state = self.state();
            assert!(
                expected.contains(&state),
                "`{}` stopped after call {point}, `{}` in between: {state:?}; without overlap {expected:?}",
                one.1,
                other.1
            );
        }
        overlapped
    }
}

#[test]
fn two_of_ours_end_as_one_after_the_other_would() {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    let mut machine = Machine::start(strace);
    let mut overlapped = 0;
    for one in ALL {
        // Just before its last change: the answer of the service is there, and not written.
        let last = machine.points(one.ours()).pop().unwrap();
        for other in ALL {
            // Two that only renew are of one mind.
            if [one, other].iter().any(|act| matches!(act, Login | Logout)) {
                overlapped += machine.check((one, one.ours()), (other, other.ours()), &[last]);
            }
        }
    }
    // Others go on by threads that strace counts by themselves, and may end unstopped.
    assert!(overlapped >= 6, "{overlapped}");
}

#[test]
fn the_aws_cli_in_the_middle_of_ours_ends_as_before_or_after_it() {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    let Some(aws) = aws_v2() else { return };
    let mut machine = Machine::start(strace);
    for (one, other) in [(Refresh, Logout), (Refresh, Login), (Credentials, Logout), (Login, Logout)] {
        let last = machine.points(one.ours()).pop().unwrap();
        assert_eq!(machine.check((one, one.ours()), (other, &other.theirs(&aws)), &[last]), 1);
    }
}

/// What the AWS CLI writes after we ended a session is beyond us; that the next command copes with it isn't.
fn copes(machine: &mut Machine, aws: &Path, one: Act, other: Act) {
    let line = one.theirs(aws);
    for point in machine.points(&line) {
        machine.interleave(&line, point, other.ours());
        assert_eq!(machine.run("sso-login --via device --no-browser demo"), 0, "{line}, {other:?}");
        assert!(machine.state().works, "{line}, {other:?}");
    }
}

#[test]
fn ours_in_the_middle_of_the_aws_cli_leaves_nothing_that_the_next_command_fails_at() {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    let Some(aws) = aws_v2() else { return };
    let mut machine = Machine::start(strace);
    copes(&mut machine, &aws, Refresh, Logout);
}

/// Every pair at every call that changes a file, with both AWS CLIs: minutes.
#[test]
#[ignore = "takes minutes: cargo test -p sso-login --test login interleavings -- --ignored"]
fn every_pair_at_every_call() {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    let mut machine = Machine::start(strace);
    let clients: Vec<_> = [aws_v2(), aws_newest()].into_iter().flatten().collect();
    for one in ALL {
        let mut points = machine.points(one.ours());
        points.insert(0, 1);
        points.dedup();
        for other in ALL {
            machine.check((one, one.ours()), (other, other.ours()), &points);
            for aws in &clients {
                machine.check((one, one.ours()), (other, &other.theirs(aws)), &points);
                copes(&mut machine, aws, one, other);
            }
        }
    }
}
