//! Two commands at a time, ours and the real AWS CLI's: one is stopped at a system call on the session's files, the other runs
//! whole, the first goes on. The end is one that some order without overlap gives.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::login::bench::{Bench, TOKEN};
use crate::sandbox::served::Served;
use crate::support::{aws_newest, aws_v2, end, names, peer, traced};

/// What a command does to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    Refresh,
    Credentials,
    Login,
    Logout,
}
use Act::{Credentials, Login, Logout, Refresh};

/// The status where a service didn't answer in time.
const UNAVAILABLE: i32 = 69;

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
            // The newest waits for a browser otherwise, and none comes.
            Login if Some(aws) == aws_newest().as_deref() => {
                "sso login --profile demo --no-browser --use-device-code"
            }
            Login => "sso login --profile demo --no-browser",
            Logout => "sso logout",
        };
        format!("{} {words}", aws.display())
    }
}

/// How a session stands when both have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    /// Whether there is a token.
    has_token: bool,
    /// Whether a role's keys are in the cache.
    has_keys: bool,
    /// Whether the session works without a person.
    works: bool,
    /// By the portal's log: the sign-ins that began, less those that ended.
    sign_ins: i64,
}

/// Where a command is stopped: after a thread's call of that name and number, as strace counts them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Point {
    call: String,
    number: usize,
}

/// A machine on the real clock, as the AWS CLI can't be told another.
struct Machine {
    bench: Bench,
    strace: PathBuf,
    keys: PathBuf,
    serial: BTreeMap<Vec<String>, BTreeSet<State>>,
    /// What the last command of ours said.
    said: String,
    traces: usize,
}

impl Machine {
    fn start(strace: PathBuf) -> Self {
        let bench = Bench { served: Served::start_at("--pending 0", None) };
        let mut machine = Self {
            bench,
            strace,
            keys: PathBuf::new(),
            serial: BTreeMap::new(),
            said: String::new(),
            traces: 0,
        };
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

    fn run(&mut self, line: &str) -> i32 {
        let mut command = self.command(line);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let ended = end(command, "");
        self.said = format!("{line}: {} {}{}", ended.code, ended.stdout, ended.stderr);
        ended.code
    }

    fn token_file(&self) -> PathBuf {
        self.bench.cache().join(TOKEN)
    }

    /// A session whose token has expired and can be renewed, and no role's keys.
    fn reset(&mut self) {
        for name in names(self.bench.home().join(".aws/cli/cache")) {
            fs::remove_file(self.bench.home().join(".aws/cli/cache").join(name)).unwrap();
        }
        let ended = self.run(Login.ours());
        assert_eq!(ended, 0, "the login before");
        let mut token: Value = serde_json::from_str(&self.bench.token_text()).unwrap();
        token["expiresAt"] = "2020-01-01T00:00:00Z".into();
        fs::write(self.token_file(), token.to_string()).unwrap();
        self.bench.served.forget("/sandbox/log");
    }

    /// The sign-ins that began since the reset, less those that ended.
    fn sign_ins(&self) -> i64 {
        let log = self.bench.served.admin("/sandbox/log").text;
        let entries = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let changes = entries.filter(|entry| entry["status"] == 200).map(|entry| {
            let grant = entry["grantType"].as_str().unwrap_or_default();
            match entry["operation"].as_str().unwrap() {
                "CreateToken" if grant != "refresh_token" => 1,
                "Logout" => -1,
                _ => 0,
            }
        });
        changes.sum()
    }

    fn state(&mut self) -> State {
        let text = fs::read_to_string(self.token_file()).ok();
        if let Some(text) = &text {
            assert!(serde_json::from_str::<Value>(text).is_ok(), "a torn token stays: {text}");
        }
        let left: Vec<_> =
            names(self.bench.cache()).into_iter().filter(|name| name.starts_with('.')).collect();
        assert!(left.is_empty(), "left behind: {left:?}");
        let (has_keys, sign_ins) = (self.keys.exists(), self.sign_ins());
        let works = self.run("sso-login accounts demo") == 0;
        State { has_token: text.is_some(), has_keys, works, sign_ins }
    }

    /// The ends that these commands give without overlap, in either order.
    fn serial(&mut self, lines: &[&str]) -> BTreeSet<State> {
        let mut key: Vec<_> = lines.iter().copied().map(str::to_owned).collect();
        key.sort();
        if let Some(known) = self.serial.get(&key) {
            return known.clone();
        }
        let orders = BTreeSet::from([lines.to_vec(), lines.iter().rev().copied().collect()]);
        let ends = orders.into_iter().map(|order| {
            self.reset();
            for line in order {
                self.run(line);
            }
            self.state()
        });
        let ends: BTreeSet<_> = ends.collect();
        self.serial.insert(key, ends.clone());
        ends
    }

    /// The command under strace, which sees the calls on the session's files; it stops after the one of that point.
    fn traced(&mut self, line: &str, stops_after: Option<&Point>) -> (Child, PathBuf) {
        const CALLS: &str = "/^(open|rename|unlink|ftruncate|write)";
        self.traces += 1;
        let log = self.bench.file(&format!("trace-{}", self.traces));
        let mut command = self.command(self.strace.to_str().unwrap());
        command.args(["-f", "-qq", "-e", &format!("trace={CALLS}"), "-o"]).arg(&log);
        for path in [self.token_file(), self.keys.clone()] {
            command.arg("-P").arg(path);
        }
        if let Some(Point { call, number }) = stops_after {
            command.args(["-e", &format!("inject={call}:signal=SIGSTOP:when={number}")]);
        }
        let traced = self.command(line);
        command.arg(traced.get_program()).args(traced.get_args());
        (command.stdin(Stdio::null()).spawn().unwrap(), log)
    }

    /// Every point at which the command is about to change a file: after the call of that thread before the change, or after
    /// the change itself where there is none.
    fn points(&mut self, line: &str) -> Vec<Point> {
        self.reset();
        let (mut child, log) = self.traced(line, None);
        child.wait().unwrap();
        let text = fs::read_to_string(log).unwrap();
        let mut before: BTreeMap<&str, Point> = BTreeMap::new();
        let mut points = Vec::new();
        for call in traced::calls(&text) {
            let point = Point { call: call.name.to_owned(), number: call.number };
            if !call.name.starts_with("open") || call.arguments.contains("O_TRUNC") {
                let before = before.get(call.thread).unwrap_or(&point).clone();
                points.extend((!points.contains(&before)).then_some(before));
            }
            before.insert(call.thread, point);
        }
        assert!(!points.is_empty(), "{line} changes nothing: {text}");
        points
    }

    /// Stops one command at a call, runs the other, lets the first go on. Answers how each ended.
    fn interleave(&mut self, stopped: &str, point: &Point, other: &str) -> [Option<i32>; 2] {
        self.reset();
        let (mut child, log) = self.traced(stopped, Some(point));
        let Some(pid) = traced::stopped(&mut child, &log).and_then(Pid::from_raw) else {
            panic!("{stopped} was never stopped after {point:?}");
        };
        // One of ours waits for the other's lock: then it goes on only with the other.
        let is_lock = |name: &String| name.rsplit('.').next() == Some("lock");
        let waits = other.starts_with("sso-login ")
            && names(self.bench.home().join(".aws/sso-renewer")).iter().any(is_lock);
        let mut second = self.command(other).stdin(Stdio::null()).spawn().unwrap();
        if !waits {
            second.wait().unwrap();
        }
        kill_process(pid, Signal::CONT).unwrap();
        [child.wait().unwrap().code(), second.wait().unwrap().code()]
    }

    /// Two commands, the first stopped at each of these points. The AWS CLI takes part in no lock, and a refresh token is good
    /// for one use: one of its commands that fails may leave what the other one leaves alone. A token that it has got and not
    /// written, and what it writes after ours has ended, is beyond us: where it is stopped only what a person notices is
    /// compared, unless ours has said that a person must log in; and the next login works.
    fn check(&mut self, stopped: &str, points: &[Point], other: &str) {
        let is_ours = |line: &str| line.starts_with("sso-login ");
        for point in points {
            let codes = self.interleave(stopped, point, other);
            if is_ours(stopped) && codes[0] == Some(UNAVAILABLE) {
                // It stood still for longer than it waits for a service, and says that it has not been told.
                continue;
            }
            let state = self.state();
            let mut expected = self.serial(&[stopped, other]);
            for (line, rest, code) in [(stopped, other, codes[0]), (other, stopped, codes[1])] {
                if code != Some(0) && !is_ours(line) {
                    expected.extend(self.serial(&[rest]));
                }
            }
            let is_serial = if is_ours(stopped) {
                expected.contains(&state)
            } else {
                codes[1] != Some(0) || expected.iter().any(|end| end.works == state.works)
            };
            let context =
                format!("`{stopped}` stopped after {point:?}, `{other}` in between: {codes:?}, {state:?}");
            assert!(is_serial, "{context}; without overlap {expected:?}; {}", self.said);
            if !is_ours(stopped) {
                assert_eq!(self.run("sso-login --via device --no-browser demo"), 0, "{context}");
                assert!(self.state().works, "{context}");
            }
        }
    }
}

/// One of ours, stopped before each of its changes, with each of ours in between.
fn ours_beside_ours(one: Act) {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    let mut machine = Machine::start(strace);
    let points = machine.points(one.ours());
    for other in ALL {
        machine.check(one.ours(), &points, other.ours());
    }
}

#[test]
fn a_refresh_beside_any_of_ours_ends_as_before_or_after_it() {
    ours_beside_ours(Refresh);
}

#[test]
fn credentials_beside_any_of_ours_end_as_before_or_after_it() {
    ours_beside_ours(Credentials);
}

#[test]
fn a_login_beside_any_of_ours_ends_as_before_or_after_it() {
    ours_beside_ours(Login);
}

#[test]
fn a_logout_beside_any_of_ours_ends_as_before_or_after_it() {
    ours_beside_ours(Logout);
}

#[test]
fn the_aws_cli_in_the_middle_of_ours_ends_as_before_or_after_it() {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    let Some(aws) = aws_v2() else { return };
    let mut machine = Machine::start(strace);
    let points = machine.points(Refresh.ours());
    machine.check(Refresh.ours(), &points, &Logout.theirs(&aws));
}

#[test]
fn ours_in_the_middle_of_the_aws_cli_leaves_nothing_that_the_next_command_fails_at() {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    let Some(aws) = aws_v2() else { return };
    let mut machine = Machine::start(strace);
    let line = Refresh.theirs(&aws);
    let points = machine.points(&line);
    machine.check(&line, points.get(points.len() - 1..).unwrap(), Logout.ours());
}

/// One of ours with each of either AWS CLI's in between, and the other way round, at every call that changes a file: minutes.
fn ours_beside_either_aws_cli(one: Act) {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    let mut machine = Machine::start(strace);
    for aws in [aws_v2(), aws_newest()].into_iter().flatten() {
        let (ours, theirs) = (one.ours(), one.theirs(&aws));
        let (points, their_points) = (machine.points(ours), machine.points(&theirs));
        for other in ALL {
            machine.check(ours, &points, &other.theirs(&aws));
            machine.check(&theirs, &their_points, other.ours());
        }
    }
}

#[test]
#[ignore = "takes minutes: cargo test -p sso-login --test login interleavings -- --ignored"]
fn a_refresh_beside_either_aws_cli_at_every_call() {
    ours_beside_either_aws_cli(Refresh);
}

#[test]
#[ignore = "takes minutes: cargo test -p sso-login --test login interleavings -- --ignored"]
fn credentials_beside_either_aws_cli_at_every_call() {
    ours_beside_either_aws_cli(Credentials);
}

#[test]
#[ignore = "takes minutes: cargo test -p sso-login --test login interleavings -- --ignored"]
fn a_login_beside_either_aws_cli_at_every_call() {
    ours_beside_either_aws_cli(Login);
}

#[test]
#[ignore = "takes minutes: cargo test -p sso-login --test login interleavings -- --ignored"]
fn a_logout_beside_either_aws_cli_at_every_call() {
    ours_beside_either_aws_cli(Logout);
}
