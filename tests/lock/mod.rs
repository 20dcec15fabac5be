//! What `sso-lock` promises, with whole processes, and with the library where a process can't show it.

mod answers;
mod faults;
pub mod running;
mod takeover;
mod token;

use std::fs::{self, File, FileTimes};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use crate::support::{Sandbox, names};
use serde_json::{Value, json};
use sso_lock::Lock;

/// A running `sso-lock run NAME -- sh -c …` whose command has said "ready".
struct Holder {
    child: Child,
    command_pid: u32,
    stdout: BufReader<std::process::ChildStdout>,
}

impl Holder {
    /// Runs `script` after it said its pid. Its stdin stays open as long as the holder lives.
    fn start(sandbox: &Sandbox, name: &str, script: &str) -> Self {
        let mut command = sandbox.tool(&format!("sso-lock run {name} --"));
        command.args(["sh", "-c", &format!("echo $$; {script}")]);
        Self::of(command)
    }

    fn of(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        Self { child, command_pid: line.trim().parse().unwrap(), stdout }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn send(&self, signal: &str) {
        signal_to(self.child.id(), signal);
    }

    /// Ends the command by closing its stdin.
    fn end(mut self) -> i32 {
        drop(self.child.stdin.take());
        self.status()
    }

    fn status(&mut self) -> i32 {
        use std::os::unix::process::ExitStatusExt as _;
        let status = self.child.wait().unwrap();
        status.code().unwrap_or_else(|| -status.signal().unwrap())
    }

    /// Kills the holder alone, then its command. The lock's directory stays.
    fn die(mut self) {
        self.child.kill().unwrap();
        assert_eq!(self.status(), -9);
        signal_to(self.command_pid, "KILL");
        // Its end of the pipe is closed when it is gone.
        self.stdout.read_to_string(&mut String::new()).unwrap();
    }
}

/// Waits until its stdin is closed.
const HOLD: &str = "cat > /dev/null";

fn signal_to(pid: u32, signal: &str) {
    assert!(Command::new("kill").args([&format!("-{signal}"), &pid.to_string()]).status().unwrap().success());
}

fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap().trim().to_owned()
}

fn owner(boot: &str) -> Value {
    json!({"pid": 7, "host": "elsewhere", "command": "aws", "since": "2026-11-21T00:00:00Z", "bootId": boot})
}

/// Makes a lock's directory with this `owner.json`, as a dead process leaves it.
fn forge(sandbox: &Sandbox, name: &str, content: &str) -> PathBuf {
    sandbox.write(&format!(".aws/sso-renewer/{name}.lock/owner.json"), content)
}

fn age(path: &Path, seconds: i64) {
    let now = SystemTime::now();
    let span = Duration::from_secs(seconds.unsigned_abs());
    let moment = if seconds < 0 { now + span } else { now - span };
    File::open(path).unwrap().set_times(FileTimes::new().set_modified(moment)).unwrap();
}

/// Whoever comes next gets the lock at once, and leaves nothing behind.
#[track_caller]
fn is_obtainable(sandbox: &Sandbox, name: &str) {
    sandbox.run(&format!("sso-lock run {name} -- true")).exits(0);
    assert_eq!(names(sandbox.state()), [""; 0]);
}

fn library_lock(sandbox: &Sandbox) -> Lock {
    Lock::new(sandbox.state(), "x".parse().unwrap())
}
