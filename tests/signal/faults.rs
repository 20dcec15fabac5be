//! A fault at every system call that touches the state: no space, an I/O error, a kill. Afterwards every file is the
//! old one or the new one, whole; the next call works, and sweeps what was left.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use serde_json::json;

use crate::signal::clock::{expired, raise, settle, valid};
use crate::support::{self, Ended, Sandbox, traced};

/// What the faults hit, and with which error.
const FAULTS: [(&str, &str); 10] = [
    ("write", "ENOSPC"),
    ("fsync", "EIO"),
    ("rename", "EIO"),
    ("renameat2", "ENOSPC"),
    // A file system that can't exchange.
    ("renameat2", "EINVAL"),
    ("linkat", "EIO"),
    ("mkdir", "ENOSPC"),
    ("openat", "EIO"),
    ("flock", "ENOLCK"),
    ("unlink", "EIO"),
];

/// Files by their path in the state directory.
type Files = BTreeMap<PathBuf, String>;

fn files(sandbox: &Sandbox) -> Files {
    fn walk(root: &Path, folder: &Path, files: &mut Files) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(root, &path, files);
            } else {
                let name = path.strip_prefix(root).unwrap().to_owned();
                files.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut found = Files::new();
    walk(&sandbox.state(), &sandbox.state(), &mut found);
    found
}

fn is_temporary(path: &Path) -> bool {
    path.file_name().unwrap().to_string_lossy().starts_with('.')
}

/// One command line with what it reads, on a state that was prepared.
struct Act {
    line: &'static str,
    input: String,
    prepare: fn(&Sandbox),
}

impl Act {
    fn command(&self, sandbox: &Sandbox, strace: &[&str]) -> Command {
        let tool = sandbox.tool(self.line);
        if strace.is_empty() {
            return tool;
        }
        let mut command = sandbox.command("strace");
        command.args(["-f", "-y", "-o"]).arg(sandbox.root().join("trace")).args(strace);
        command.arg(tool.get_program()).args(tool.get_args());
        command
    }

    fn run(&self, sandbox: &Sandbox, strace: &[&str]) -> Ended {
        support::end(self.command(sandbox, strace), &self.input)
    }

    fn prepared(&self) -> Sandbox {
        let sandbox = Sandbox::new();
        (self.prepare)(&sandbox);
        sandbox
    }

    /// The system calls that touch the state, each as its name and how many of that name the same thread made.
    fn calls(&self) -> BTreeSet<(String, usize)> {
        let sandbox = self.prepared();
        let names: BTreeSet<&str> = FAULTS.iter().map(|(name, _)| *name).collect();
        let traced = names.into_iter().collect::<Vec<_>>().join(",");
        self.run(&sandbox, &["-e", &format!("trace={traced}")]).exits(0);
        let trace = fs::read_to_string(sandbox.root().join("trace")).unwrap();
        let ours = traced::calls(&trace).into_iter().filter(|call| call.arguments.contains("sso-renewer"));
        ours.map(|call| (call.name.to_owned(), call.number)).collect()
    }
}

/// Injects every fault, and checks what is left.
fn check(line: &'static str, input: &str, prepare: fn(&Sandbox)) {
    if support::peer("SSO_TEST_STRACE", "strace").is_none() {
        return;
    }
    let act = Act { line, input: input.to_owned(), prepare };
    let before = act.prepared();
    let old = files(&before);
    act.run(&before, &[]).exits(0);
    let new = files(&before);
    assert_ne!(old, new, "{line}");

    let calls = act.calls();
    for name in ["write", "fsync", "openat", "flock"] {
        assert!(calls.iter().any(|(call, _)| call == name), "{line}: no {name} in {calls:?}");
    }
    let mut jobs: Vec<String> = Vec::new();
    for (name, n) in &calls {
        // A kill between two calls that change something is a kill at the second one.
        if !["openat", "flock"].contains(&name.as_str()) {
            jobs.push(format!("inject={name}:signal=KILL:when={n}"));
        }
        for (fault, error) in FAULTS {
            if fault == name {
                jobs.push(format!("inject={name}:error={error}:when={n}"));
            }
        }
    }
    let jobs = Mutex::new(jobs);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some(job) = { jobs.lock().unwrap().pop() } {
                    inject(&act, &job, &old, &new);
                }
            });
        }
    });
}

fn inject(act: &Act, job: &str, old: &Files, new: &Files) {
    let sandbox = act.prepared();
    let what = format!("{} {job}", act.line);
    let ended = act.run(&sandbox, &["-e", job]);
    let trace = fs::read_to_string(sandbox.root().join("trace")).unwrap_or_default();
    assert!(
        trace.contains("(INJECTED)") || trace.contains("killed by SIGKILL"),
        "{what}: nothing was hit\n{trace}"
    );
    assert!(ended.stderr.lines().count() <= 2, "{what}: {}", ended.stderr);
    let left = files(&sandbox);
    for path in left.keys().chain(old.keys()).chain(new.keys()).filter(|path| !is_temporary(path)) {
        let content = left.get(path);
        assert!(
            content == old.get(path) || content == new.get(path),
            "{what}: {} is neither old nor new: {content:?}\n{}",
            path.display(),
            ended.stderr
        );
    }
    if !job.contains("KILL") {
        let temporary: Vec<_> = left.keys().filter(|path| is_temporary(path)).collect();
        assert!(temporary.is_empty() || job.contains("unlink"), "{what} left {temporary:?}");
        if ended.code == 0 && job.contains("EINVAL") {
            assert_eq!(&left, new, "{what}");
        }
    }
    // The next calls work, and sweep what a killed one left.
    let both = format!("{}{}", expired("corp", "after"), expired("other", "after"));
    sandbox.feed("sso-signal write", &both).exits(0);
    sandbox
        .feed(
            "sso-signal settle",
            &["corp", "other"]
                .map(|profile| json!({"profile": profile, "outcome": "dismissed"}).to_string())
                .concat(),
        )
        .exits(0);
    sandbox.run("sso-signal mode notify").exits(0);
    let left: Vec<PathBuf> = files(&sandbox).into_keys().filter(|path| is_temporary(path)).collect();
    assert!(left.is_empty(), "{what}: {left:?} stayed");
    assert_eq!(crate::signal::clock::profiles(&sandbox), ["corp", "other"], "{what}");
}

fn two_signals(sandbox: &Sandbox) {
    sandbox.run("sso-signal mode auto").exits(0);
    let both = format!("{}{}", expired("corp", "one"), expired("other", "one"));
    sandbox.feed("sso-signal write", &both).exits(0);
    settle(sandbox, -700, &json!({"profile": "corp", "outcome": "dismissed", "episode": "none"}));
}

fn outcome(outcome: &str) -> String {
    json!({"profile": "corp", "ssoSession": "s", "sessionProfiles": ["corp", "other"], "outcome": outcome, "seconds": 900,
        "episode": "one"})
    .to_string()
}

#[test]
fn the_first_signal() {
    check("sso-signal write", &expired("corp", "one").to_string(), |_| {});
}

#[test]
fn a_further_signal_and_a_new_episode() {
    let both = format!("{}{}", expired("other", "one"), expired("corp", "two"));
    check("sso-signal write", &both, |sandbox| raise(sandbox, "corp", "one"));
}

#[test]
fn a_recovery() {
    check("sso-signal write", &valid("corp").to_string(), |sandbox| {
        two_signals(sandbox);
        sandbox.run("sso-signal snooze corp 1h").exits(0);
    });
}

#[test]
fn a_snooze() {
    check("sso-signal settle", &outcome("snoozed"), two_signals);
}

#[test]
fn a_dismissal() {
    check("sso-signal settle", &outcome("dismissed"), two_signals);
}

#[test]
fn a_suppression() {
    check("sso-signal settle", &outcome("suppressed"), two_signals);
}

#[test]
fn a_login() {
    check("sso-signal settle", &outcome("success"), two_signals);
}

#[test]
fn a_mode() {
    // The directory is only locked where two files must agree.
    check("sso-signal mode standalone", "", two_signals);
}

#[test]
fn a_lease() {
    check("sso-signal wait --timeout 0s", "", |sandbox| {
        two_signals(sandbox);
        sandbox.feed("sso-signal write", &valid("other").to_string()).exits(0);
    });
}

/// As on a network file system whose lock service is away.
#[test]
fn without_flock_a_file_is_still_replaced_at_once() {
    let Some(strace) = support::peer("SSO_TEST_STRACE", "strace") else { return };
    for error in ["ENOLCK", "EIO", "ENOSYS"] {
        let sandbox = Sandbox::new();
        let mut command = sandbox.command("timeout");
        command.arg("30").arg(&strace).args(["-f", "-qq", "-o", "/dev/null", "-e"]);
        command.arg(format!("inject=flock:error={error}")).arg(support::tool("sso-signal"));
        command.args(["mode", "auto"]);
        assert_eq!(support::end(command, "").code, 0, "{error}");
        assert_eq!(fs::read(sandbox.state().join("mode")).unwrap(), b"auto\n");
    }
}
