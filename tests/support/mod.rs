//! A sandbox for every test: its own HOME, its own PATH, no other variable, a fixed clock.
#![allow(dead_code, reason = "each test file uses its own part of the harness")]

pub mod monitor;
pub mod schema;
pub mod screen;
pub mod traced;
pub mod warm_aws;

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use assert_cmd::assert::Assert;
use predicates::prelude::*;
use serde_json::Value;
use tempfile::TempDir;

/// The fixed clock of the tests.
pub const NOW: &str = "2026-11-21T12:00:00Z";

pub struct Sandbox {
    dir: TempDir,
}

/// What a finished process said.
pub struct Ended {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    assert: Assert,
}

impl Sandbox {
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("sso-test-").tempdir().unwrap();
        for folder in ["home/.aws/sso/cache", "home/.aws/cli/cache", "bin", "work"] {
            fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        Self { dir }
    }

    pub fn root(&self) -> &Path {
        self.dir.path()
    }

    pub fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    pub fn state(&self) -> PathBuf {
        self.home().join(".aws/sso-renewer")
    }

    pub fn config(&self) -> PathBuf {
        self.home().join(".aws/config")
    }

    pub fn token_dir(&self) -> PathBuf {
        self.home().join(".aws/sso/cache")
    }

    pub fn role_dir(&self) -> PathBuf {
        self.home().join(".aws/cli/cache")
    }

    /// Writes a file below HOME.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.home().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Puts a fake program on the sandbox's PATH (before /usr/bin and /bin).
    pub fn program(&self, name: &str, script: &str) -> PathBuf {
        let path = self.dir.path().join("bin").join(name);
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// The PATH of sandboxed processes: fakes, then the suite's tools, then the system.
    pub fn path(&self) -> String {
        format!("{}:{}:/usr/bin:/bin", self.dir.path().join("bin").display(), tools().display())
    }

    /// A command with nothing of this machine in its environment.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("HOME", self.home())
            .env("PATH", self.path())
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .env("SSO_NOW", NOW)
            .env("TMPDIR", self.dir.path())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .current_dir(self.dir.path().join("work"))
            .stdin(Stdio::null());
        command
    }

    /// One of the five tools with arguments; words are split at spaces.
    pub fn tool(&self, line: &str) -> Command {
        let mut words = line.split(' ');
        let mut command = self.command(tool(words.next().unwrap()));
        command.args(words);
        command
    }

    /// A shell line under `bash -euo pipefail`.
    pub fn shell(&self, line: &str) -> Command {
        let mut command = self.command("bash");
        command.args(["-euo", "pipefail", "-c", line]);
        command
    }

    /// Runs one of the five tools.
    pub fn run(&self, line: &str) -> Ended {
        end(self.tool(line), "")
    }

    /// Runs one of the five tools with text on stdin.
    pub fn feed(&self, line: &str, input: &str) -> Ended {
        end(self.tool(line), input)
    }
}

/// Runs a command to its end with text on stdin (none: /dev/null stays).
pub fn end(mut command: Command, input: &str) -> Ended {
    let what = format!("{command:?}");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    if !input.is_empty() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.spawn().unwrap_or_else(|err| panic!("{what}: {err}"));
    let writer = child.stdin.take().map(|mut stdin| {
        let input = input.to_owned();
        // A tool that stops reading early is fine.
        std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())))
    });
    let output = child.wait_with_output().unwrap();
    if let Some(writer) = writer {
        writer.join().unwrap();
    }
    schema::check(&what, Some(input), &String::from_utf8_lossy(&output.stdout));
    Ended::of(&output, what)
}

impl Ended {
    pub fn of(output: &Output, what: impl Into<String>) -> Self {
        use std::os::unix::process::ExitStatusExt as _;
        Self {
            code: output.status.code().unwrap_or_else(|| 128 + output.status.signal().unwrap_or_default()),
            stdout: String::from_utf8(output.stdout.clone()).unwrap(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
            assert: Assert::new(output.clone()).append_context("command", what.into()),
        }
    }

    /// Asserts the status (128 + N for signal N); success, and the answer no, also mean silence on stderr.
    #[track_caller]
    pub fn exits(mut self, code: i32) -> Self {
        if self.code != code || code < 128 {
            self.assert = self.assert.code(code);
        }
        if code == 0 || code == 1 {
            self.assert = self.assert.stderr(predicate::str::is_empty());
        }
        self
    }

    /// Asserts the status, whatever was said to people.
    #[track_caller]
    pub fn exits_somehow(mut self, code: i32) -> Self {
        self.assert = self.assert.code(code);
        self
    }

    /// Asserts that stderr is exactly one line (and maybe its hint) that contains `text`.
    #[track_caller]
    pub fn says(mut self, text: &str) -> Self {
        let is_one_line =
            |stderr: &str| stderr.lines().filter(|line| !line.contains(": hint: ")).count() == 1;
        let one_line = predicate::function(is_one_line).fn_name("one line, and maybe its hint");
        self.assert = self.assert.stderr(predicate::str::contains(text)).stderr(one_line);
        self
    }

    /// The documents on stdout.
    #[track_caller]
    pub fn documents(&self) -> Vec<Value> {
        let parse = |line: &str| {
            serde_json::from_str(line).unwrap_or_else(|err| panic!("{}: {err}: {line}", self.assert))
        };
        self.stdout.lines().map(parse).collect()
    }

    /// The one document on stdout.
    #[track_caller]
    pub fn document(&self) -> Value {
        let mut documents = self.documents();
        assert_eq!(documents.len(), 1, "{}", self.assert);
        documents.remove(0)
    }
}

/// The folder of the built tools. `cargo test --workspace` builds all five beside each other.
pub fn tools() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().and_then(Path::parent).unwrap().to_owned()
}

/// A built tool by name.
pub fn tool(name: &str) -> PathBuf {
    let path = tools().join(name);
    assert!(path.exists(), "{name} isn't built: run `cargo test --workspace`");
    path
}

/// A program the test needs. If it isn't there: a failure in CI, a named skip elsewhere.
pub fn peer(variable: &str, default: &str) -> Option<PathBuf> {
    let found = find(variable, default);
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "{default} is needed for this test and is not installed");
        skip(&format!("{default} is not installed ({variable})"));
    }
    found
}

/// A program that says more than the tests need: a named skip without it, in CI as well.
pub fn optional(variable: &str, default: &str) -> Option<PathBuf> {
    let found = find(variable, default);
    if found.is_none() {
        skip(&format!("{default} is not installed ({variable})"));
    }
    found
}

/// A program that a mirror may lack: a named skip, in CI as well.
fn newest(variable: &str, name: &str) -> Option<PathBuf> {
    let found = find(variable, tools().parent().unwrap().join("newest/bin").join(name).to_str().unwrap());
    if found.is_none() {
        skip(&format!("{name} of a newer Debian is not at hand ({variable}): run tests/newest.sh"));
    }
    found
}

/// Names what isn't tested, on stderr and in the file of the run that `tests/peers.sh` prints at its end.
pub fn skip(what: &str) {
    eprintln!("SKIPPED: {what}");
    if let Some(path) = std::env::var_os("SSO_TEST_SKIPPED") {
        let mut file = fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
        file.write_all(format!("SKIPPED: {what}\n").as_bytes()).unwrap();
    }
}

fn find(variable: &str, default: &str) -> Option<PathBuf> {
    let name = std::env::var(variable).unwrap_or_else(|_| default.to_owned());
    if name.contains('/') {
        Some(PathBuf::from(&name)).filter(|path| path.exists())
    } else {
        std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
            .map(|dir| dir.join(&name))
            .find(|path| path.is_file())
    }
}

/// Debian's AWS CLI v2 (or `SSO_TEST_AWS`), whatever v1 comes first on PATH.
pub fn aws_v2() -> Option<PathBuf> {
    peer("SSO_TEST_AWS", "/usr/bin/aws")
}

/// The AWS CLI of a newer Debian than this machine's (`SSO_TEST_AWS_NEWEST`).
pub fn aws_newest() -> Option<PathBuf> {
    newest("SSO_TEST_AWS_NEWEST", "aws")
}

/// `tests/matrix/ask.go` with the SDK for Go (`SSO_TEST_GO`).
pub fn ask_go() -> Option<PathBuf> {
    newest("SSO_TEST_GO", "ask-go")
}

/// A Python that has botocore (`SSO_TEST_PYTHON`).
pub fn python() -> Option<PathBuf> {
    peer("SSO_TEST_PYTHON", "python3")
}

/// `script` of util-linux, which runs a command on a terminal of its own (`SSO_TEST_SCRIPT`).
pub fn script() -> Option<PathBuf> {
    let script = peer("SSO_TEST_SCRIPT", "script")?;
    let version = Command::new(&script).arg("--version").output().ok()?;
    let is_known = String::from_utf8_lossy(&version.stdout).contains("util-linux");
    if !is_known {
        skip("script isn't that of util-linux");
    }
    is_known.then_some(script)
}

/// `unshare`, where this user may have a mount namespace.
pub fn unshare() -> Option<PathBuf> {
    let unshare = peer("SSO_TEST_UNSHARE", "unshare")?;
    // Not a folder in which somebody else has mounted something: that can't be bound.
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(&unshare);
    let can = command.args(["-rm", "mount", "--bind"]).args([folder.path(); 2]).output().unwrap();
    if !can.status.success() {
        skip(&format!("no mount namespace: {}", String::from_utf8_lossy(&can.stderr)));
        return None;
    }
    Some(unshare)
}

/// Waits for something that other processes do. A minute is for ever: no test asserts a time.
#[track_caller]
pub fn until(what: &str, is_so: impl FnMut() -> bool) {
    until_or(is_so, || format!("waited in vain for {what}"));
}

/// The same, with what else to say if it never happens.
#[track_caller]
pub fn until_or(mut is_so: impl FnMut() -> bool, otherwise: impl FnOnce() -> String) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_secs(60), "{}", otherwise());
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A port of loopback where nobody listens. Below those that the system draws for others (from 32768 up), so that it stays
/// free until it is used.
pub fn free_port() -> u16 {
    static DRAWN: AtomicU16 = AtomicU16::new(0);
    // Runs beside this one begin elsewhere.
    let first = (std::process::id() % 80) as u16 * 100;
    loop {
        let port = 10_000 + (first + DRAWN.fetch_add(1, Ordering::Relaxed)) % 8_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// The names in a folder, sorted.
pub fn names(dir: impl AsRef<Path>) -> Vec<String> {
    let mut names: Vec<_> = match fs::read_dir(dir) {
        Ok(entries) => entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect(),
        Err(_) => Vec::new(),
    };
    names.sort();
    names
}
