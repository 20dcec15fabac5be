//! A program run for a while: in a process group of its own, its lines read as they come, ended whole.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::interrupt::Interrupt;

/// The longest line that is read, in bytes; the rest of it is dropped.
const LONGEST: u64 = 64 << 10;
/// Lines that wait to be looked at; a program that prints faster waits.
const AHEAD: usize = 64;
/// How long a program may take to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(2);
/// How long the last lines of a program that ended may take to come.
const LEFTOVERS: Duration = Duration::from_millis(500);
const TICK: Duration = Duration::from_millis(20);

/// A line of output.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// Of stdout.
    Out(String),
    /// Of stderr.
    Err(String),
}

/// How it ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself.
    Status(ExitStatus),
    /// It took too long and was killed.
    TimedOut,
    /// This process was told to end by that signal; the child is gone.
    Interrupted(i32),
}

/// Runs `command` with `input` on stdin, gives each line to `each`, and ends it at `deadline`.
pub(crate) fn run(
    mut command: Command,
    input: &str,
    deadline: Instant,
    mut each: impl FnMut(Line),
) -> anyhow::Result<End> {
    let interrupt = Interrupt::hold()?;
    // A group of its own, so that what the program started ends with it.
    command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut group = Group { child: command.spawn()?, is_over: false };
    if let Some(mut stdin) = group.child.stdin.take() {
        let input = input.to_owned();
        // A program that doesn't read is fine.
        thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    }
    let lines = group.lines();
    loop {
        // Looked at before each line, so that a program can't put its end off by printing.
        if let Some(signal) = interrupt.received() {
            group.end();
            return Ok(End::Interrupted(signal));
        }
        if Instant::now() >= deadline {
            group.end();
            return Ok(End::TimedOut);
        }
        match lines.recv_timeout(TICK) {
            Ok(line) => {
                each(line);
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => thread::sleep(TICK),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Some(status) = group.child.try_wait()? {
            group.is_over = true;
            // A browser that it started may keep the pipe open: what is there by now is all.
            let end = Instant::now() + LEFTOVERS;
            while Instant::now() < end
                && let Ok(line) = lines.recv_timeout(TICK)
            {
                each(line);
            }
            return Ok(match interrupt.received() {
                Some(signal) => End::Interrupted(signal),
                None => End::Status(status),
            });
        }
    }
}

/// The status as a shell gives it: 128 + N for signal N.
pub(crate) fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

/// The child and all that it started; killed with this value if it isn't over by then.
struct Group {
    child: Child,
    is_over: bool,
}

impl Group {
    fn lines(&mut self) -> Receiver<Line> {
        let (sender, lines) = mpsc::sync_channel(AHEAD);
        if let Some(stdout) = self.child.stdout.take() {
            let sender = sender.clone();
            thread::spawn(move || send_lines(stdout, &sender, Line::Out));
        }
        if let Some(stderr) = self.child.stderr.take() {
            thread::spawn(move || send_lines(stderr, &sender, Line::Err));
        }
        lines
    }

    fn end(&mut self) {
        self.signal(Signal::TERM);
        let begin = Instant::now();
        while begin.elapsed() < GRACE {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                break;
            }
            thread::sleep(TICK);
        }
        self.signal(Signal::KILL);
        let _ = self.child.wait();
        self.is_over = true;
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // It may be gone already.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.is_over {
            self.end();
        }
    }
}

/// Sends each line until the stream ends or nobody listens.
pub(crate) fn send_lines(stream: impl Read, sender: &SyncSender<Line>, kind: fn(String) -> Line) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut bytes = Vec::new();
        match reader.by_ref().take(LONGEST).read_until(b'\n', &mut bytes) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        if bytes.last() != Some(&b'\n') && reader.skip_until(b'\n').is_err() {
            return;
        }
        let line = String::from_utf8_lossy(&bytes);
        if sender.send(kind(line.trim_end_matches(['\r', '\n']).to_owned())).is_err() {
            return;
        }
    }
}
