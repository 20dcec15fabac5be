//! What comes from the box, line by line: over stdin, or from a command that was started there.

use std::io;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};
use sso_tool::sanitize::sanitize;

use crate::process::{Line, send_lines};

/// Lines that wait to be looked at; a box that prints faster waits.
const AHEAD: usize = 64;
/// How long a look takes at most.
const TICK: Duration = Duration::from_millis(20);
/// How long ssh and the box get to end what was started there, once its stdin is closed.
const GRACE: Duration = Duration::from_secs(3);
/// How long the last lines may take to come.
const LEFTOVERS: Duration = Duration::from_millis(500);

/// Lines from the box.
pub(crate) struct Feed {
    lines: Receiver<Line>,
    command: Option<Started>,
    /// The last line on the command's stderr, fit to be shown.
    pub(crate) complaint: String,
    over_since: Option<Instant>,
}

/// A command in the box. It ends with its stdin.
struct Started {
    child: Child,
    stdin: Option<ChildStdin>,
    status: Option<ExitStatus>,
}

/// What a look found.
pub(crate) enum Found {
    /// A line of stdout.
    Line(String),
    /// Nothing, for now.
    Nothing,
    /// The end, with the status of ssh if it was started here.
    Over(Option<ExitStatus>),
}

impl Feed {
    /// What somebody else's ssh pipes in.
    pub(crate) fn stdin() -> Self {
        let (sender, lines) = mpsc::sync_channel(AHEAD);
        thread::spawn(move || send_lines(io::stdin(), &sender, Line::Out));
        Self { lines, command: None, complaint: String::new(), over_since: None }
    }

    /// Starts a command that ends with its stdin. It stays in this process's group: ssh may ask on the terminal.
    pub(crate) fn start(mut command: Command) -> anyhow::Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().context("cannot run ssh")?;
        let (sender, lines) = mpsc::sync_channel(AHEAD);
        if let Some(stdout) = child.stdout.take() {
            let sender = sender.clone();
            thread::spawn(move || send_lines(stdout, &sender, Line::Out));
        }
        if let Some(stderr) = child.stderr.take() {
            thread::spawn(move || send_lines(stderr, &sender, Line::Err));
        }
        let stdin = child.stdin.take();
        let command = Some(Started { child, stdin, status: None });
        Ok(Self { lines, command, complaint: String::new(), over_since: None })
    }

    /// Looks for a line for a moment.
    pub(crate) fn look(&mut self) -> anyhow::Result<Found> {
        let mut is_dry = false;
        match self.lines.recv_timeout(TICK) {
            Ok(Line::Out(line)) => return Ok(Found::Line(line)),
            Ok(Line::Err(line)) => {
                self.complain(&line);
                return Ok(Found::Nothing);
            }
            Err(RecvTimeoutError::Disconnected) if self.command.is_none() => return Ok(Found::Over(None)),
            Err(RecvTimeoutError::Disconnected) => {
                is_dry = true;
                thread::sleep(TICK);
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        let Some(started) = &mut self.command else { return Ok(Found::Nothing) };
        if started.status.is_none() {
            started.status = started.child.try_wait().context("cannot wait for ssh")?;
            self.over_since = started.status.map(|_| Instant::now());
        }
        // A master connection that ssh left behind may keep its pipes open: what is there by now is all.
        let is_over = self.over_since.is_some_and(|since| is_dry || since.elapsed() > LEFTOVERS);
        Ok(if is_over { Found::Over(started.status) } else { Found::Nothing })
    }

    /// Keeps what a person should read: neither the page nor what comes with it, which is shown here, nor a hint for the
    /// box itself.
    fn complain(&mut self, line: &str) {
        let line = sanitize(line.trim());
        let line = line.trim_start_matches("sso-login: ").trim_start_matches("aws: [ERROR]: ");
        let is_other =
            ["hint: ", "http", "AWS will ask you ", "(AWS CLI "].iter().any(|other| line.starts_with(other));
        if !line.is_empty() && !is_other {
            line.clone_into(&mut self.complaint);
        }
    }
}

impl Drop for Feed {
    /// Ends what was started, and only that: its stdin closes, and there it ends itself.
    fn drop(&mut self) {
        let Some(started) = &mut self.command else { return };
        started.stdin = None;
        let begin = Instant::now();
        while started.status.is_none() && begin.elapsed() < GRACE {
            // Lines that nobody reads must not keep it from ending.
            while self.lines.try_recv().is_ok() {}
            started.status = started.child.try_wait().ok().flatten();
            thread::sleep(TICK);
        }
        if started.status.is_none() {
            // Asked first: ssh then ends the command that it goes through, too.
            if let Some(pid) = i32::try_from(started.child.id()).ok().and_then(Pid::from_raw) {
                let _ = kill_process(pid, Signal::TERM);
            }
            thread::sleep(TICK * 10);
            let _ = started.child.kill();
            let _ = started.child.wait();
        }
    }
}
