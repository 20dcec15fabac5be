//! One way to run a program: its lines as they come, a limit to what it may print, a deadline, and an end that takes
//! everything with it that the program started.

use std::env;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// What a program may print in all, in bytes, where a caller sets no other limit.
pub const USUAL_MOST: usize = 4 << 20;

/// The longest line that is handed out, in bytes; the rest of the line is read and dropped.
const LONGEST_LINE: usize = 64 << 10;
/// Lines that wait for the caller; a program that prints faster waits.
const AHEAD: usize = 64;
/// How long a program may take to end once it is told to, by the end of its standard input or by SIGTERM, where a caller
/// sets no other time.
const GRACE: Duration = Duration::from_secs(2);
/// How long the last lines of a program that ended may take to come: a browser that it started may keep the pipe open.
const LEFTOVERS: Duration = Duration::from_millis(500);
/// How often the deadline, the interruption and the child are looked at while nothing is printed.
const TICK: Duration = Duration::from_millis(10);

/// A tool or script of the suite: the one installed with this program, else the one in PATH, else its bare name.
pub fn of_suite(name: &str) -> PathBuf {
    beside(name).or_else(|| on_path(name)).unwrap_or_else(|| name.into())
}

/// The program of that name in this program's folder.
pub fn beside(name: &str) -> Option<PathBuf> {
    env::current_exe().ok().map(|own| own.with_file_name(name)).filter(|path| path.is_file())
}

/// The program that a name stands for: the first of that name in PATH.
pub fn on_path(program: &str) -> Option<PathBuf> {
    all_on_path(program).next()
}

/// The programs of that name in PATH, by absolute paths. A relative entry of PATH counts for nothing: what it names
/// depends on the working directory, where a stranger may have put it.
pub fn all_on_path(program: &str) -> impl Iterator<Item = PathBuf> {
    let program = program.to_owned();
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = env::split_paths(&path).filter(|folder| folder.is_absolute()).collect();
    folders.into_iter().map(move |folder| folder.join(&program)).filter(|file| file.is_file())
}

/// A line of output, without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Of standard output.
    Out(String),
    /// Of standard error.
    Err(String),
}

/// How a run ended. Whatever the way, nothing of the program's process group runs any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By itself.
    Status(ExitStatus),
    /// At the deadline.
    TimedOut,
    /// Because it printed more than it may.
    TooMuch,
    /// Because this process was told to end, by that signal.
    Interrupted(i32),
}

/// What one look at a running program finds.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// A line.
    Line(Line),
    /// Nothing, for now.
    Quiet,
    /// The end, and all lines before it were handed out.
    Ended(ExitStatus),
    /// More output than the limit allows. What comes after is not read.
    TooMuch,
}

/// What the program reads.
enum Input {
    /// Nothing: `/dev/null`.
    Nothing,
    /// A text, and then the end. A program that doesn't read it is fine.
    Text(Vec<u8>),
    /// A file, from where it stands.
    File(File),
    /// A pipe that stays open as long as the program is wanted.
    Leash,
}

/// A program to run.
pub struct Program<'a> {
    command: Command,
    input: Input,
    is_in_our_group: bool,
    shows_stdout: bool,
    shows_stderr: bool,
    most: usize,
    grace: Duration,
    deadline: Option<Instant>,
    interrupted: Option<&'a dyn Fn() -> Option<i32>>,
}

impl<'a> Program<'a> {
    /// A program that reads nothing, in a process group of its own: what it starts ends with it.
    pub fn new(command: Command) -> Self {
        Self {
            command,
            input: Input::Nothing,
            is_in_our_group: false,
            shows_stdout: false,
            shows_stderr: false,
            most: USUAL_MOST,
            grace: GRACE,
            deadline: None,
            interrupted: None,
        }
    }

    /// Gives the program a text on standard input.
    #[must_use]
    pub fn reading(self, text: impl Into<Vec<u8>>) -> Self {
        Self { input: Input::Text(text.into()), ..self }
    }

    /// Gives the program a file as standard input.
    #[must_use]
    pub fn reading_file(self, file: File) -> Self {
        Self { input: Input::File(file), ..self }
    }

    /// Gives the program a standard input that stays open until the program is to end.
    #[must_use]
    pub fn on_a_leash(self) -> Self {
        Self { input: Input::Leash, ..self }
    }

    /// Runs the program in this process's group, since it may ask on the terminal.
    #[must_use]
    pub fn in_our_group(self) -> Self {
        Self { is_in_our_group: true, ..self }
    }

    /// Leaves standard error to the person.
    #[must_use]
    pub fn showing_stderr(self) -> Self {
        Self { shows_stderr: true, ..self }
    }

    /// Leaves standard output and standard error to those of this process.
    #[must_use]
    pub fn showing_all(self) -> Self {
        Self { shows_stdout: true, shows_stderr: true, ..self }
    }

    /// Sets another limit, in bytes of both streams together.
    #[must_use]
    pub fn printing_at_most(self, most: usize) -> Self {
        Self { most, ..self }
    }

    /// Sets another time for the program to end in, once it is told to.
    #[must_use]
    pub fn ending_within(self, grace: Duration) -> Self {
        Self { grace, ..self }
    }

    /// The same, ended at a time.
    #[must_use]
    pub fn until(self, deadline: Instant) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    /// The same, ended as soon as `interrupted` names a signal.
    #[must_use]
    pub fn unless(self, interrupted: &'a dyn Fn() -> Option<i32>) -> Self {
        Self { interrupted: Some(interrupted), ..self }
    }

    /// Runs the program to its end and hands out each line as it comes.
    pub fn run(self, mut each: impl FnMut(Line)) -> io::Result<End> {
        let (deadline, interrupted) = (self.deadline, self.interrupted);
        let received = || interrupted.and_then(|interrupted| interrupted());
        let mut running = self.start()?;
        loop {
            // Before each line, so that no program puts its end off by printing.
            if let Some(signal) = received() {
                return Ok(End::Interrupted(signal));
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Ok(End::TimedOut);
            }
            match running.look()? {
                Event::Line(line) => each(line),
                Event::Quiet => {}
                Event::TooMuch => return Ok(End::TooMuch),
                // A key on the terminal ends both at once.
                Event::Ended(status) => return Ok(received().map_or(End::Status(status), End::Interrupted)),
            }
        }
    }

    /// Runs the program to its end and keeps what it prints.
    pub fn output(self) -> io::Result<Output> {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        let end = self.run(|line| {
            let (stream, line) = match line {
                Line::Out(line) => (&mut stdout, line),
                Line::Err(line) => (&mut stderr, line),
            };
            stream.push_str(&line);
            stream.push('\n');
        })?;
        Ok(Output { end, stdout, stderr })
    }

    /// Starts the program and leaves it alone: what it prints goes nowhere, and it outlives this process.
    pub fn detach(mut self) -> io::Result<()> {
        if !self.is_in_our_group {
            self.command.process_group(0);
        }
        self.command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = self.command.spawn()?;
        // Nobody else reaps it.
        thread::spawn(move || child.wait());
        Ok(())
    }

    /// Starts the program. Deadline and interruption are the caller's affair then.
    pub fn start(mut self) -> io::Result<Running> {
        if !self.is_in_our_group {
            self.command.process_group(0);
        }
        let (stdin, text) = match self.input {
            Input::Nothing => (Stdio::null(), None),
            Input::File(file) => (file.into(), None),
            Input::Text(text) => (Stdio::piped(), Some(text)),
            Input::Leash => (Stdio::piped(), None),
        };
        let output = |is_shown: bool| if is_shown { Stdio::inherit() } else { Stdio::piped() };
        let (stdout, stderr) = (output(self.shows_stdout), output(self.shows_stderr));
        let mut child = self.command.stdin(stdin).stdout(stdout).stderr(stderr).spawn()?;
        let (sender, meter) = (mpsc::sync_channel(AHEAD), Meter::new(self.most));
        let (sender, lines) = sender;
        if let Some(stdout) = child.stdout.take() {
            let (sender, meter) = (sender.clone(), meter.clone());
            thread::spawn(move || send_lines(stdout, &sender, &meter, Line::Out));
        }
        if let Some(stderr) = child.stderr.take() {
            thread::spawn(move || send_lines(stderr, &sender, &meter, Line::Err));
        }
        let mut leash = child.stdin.take();
        if let Some(text) = text
            && let Some(mut stdin) = leash.take()
        {
            thread::spawn(move || drop(stdin.write_all(&text)));
        }
        let lines = Lines { lines, is_too_much: false };
        Ok(Running {
            child,
            is_in_our_group: self.is_in_our_group,
            grace: self.grace,
            leash,
            lines,
            ended: None,
        })
    }
}

/// What a program printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// How it ended.
    pub end: End,
    /// What the program printed on standard output.
    pub stdout: String,
    /// What the program printed on standard error.
    pub stderr: String,
}

impl Output {
    /// Whether it ended by itself, with 0.
    pub fn is_good(&self) -> bool {
        matches!(self.end, End::Status(status) if status.success())
    }
}

/// The status as a shell gives it: 128 + N for signal N.
pub fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

/// A program that runs; it and all that it started end with this value.
pub struct Running {
    child: Child,
    is_in_our_group: bool,
    grace: Duration,
    leash: Option<ChildStdin>,
    lines: Lines,
    ended: Option<(ExitStatus, Instant)>,
}

impl Running {
    /// Looks for a line for a moment.
    pub fn look(&mut self) -> io::Result<Event> {
        let is_dry = match self.lines.next() {
            Next::Line(line) => return Ok(Event::Line(line)),
            Next::TooMuch => return Ok(Event::TooMuch),
            Next::Quiet => false,
            Next::Over => true,
        };
        if self.ended.is_none() {
            self.ended = self.child.try_wait()?.map(|status| (status, Instant::now()));
        }
        match self.ended {
            Some((status, since)) if is_dry || since.elapsed() > LEFTOVERS => Ok(Event::Ended(status)),
            None if is_dry => {
                thread::sleep(TICK);
                Ok(Event::Quiet)
            }
            _ => Ok(Event::Quiet),
        }
    }

    fn end(&mut self) {
        // Nobody reads any more: a program that prints without end fails at its next line.
        self.lines = Lines::none();
        if self.leash.take().is_some() && self.is_over_within(self.grace) {
            return;
        }
        self.signal(Signal::TERM);
        self.is_over_within(self.grace);
        self.signal(Signal::KILL);
        if let Ok(status) = self.child.wait() {
            self.ended = Some((status, Instant::now()));
        }
    }

    fn is_over_within(&mut self, timeout: Duration) -> bool {
        let begin = Instant::now();
        while begin.elapsed() < timeout {
            if let Ok(Some(status)) = self.child.try_wait() {
                self.ended = Some((status, Instant::now()));
                return true;
            }
            thread::sleep(TICK);
        }
        false
    }

    fn signal(&self, signal: Signal) {
        // A child that was waited for may have given its number away.
        let is_gone = self.ended.is_some();
        let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) else { return };
        let _ = match self.is_in_our_group {
            true if is_gone => Ok(()),
            true => kill_process(pid, signal),
            // The group lives as long as one of it does.
            false => kill_process_group(pid, signal),
        };
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended.is_none() {
            self.end();
        }
    }
}

/// The lines of a stream that is no child's.
pub struct Lines {
    lines: Receiver<Piece>,
    is_too_much: bool,
}

/// What one look at [`Lines`] finds.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// A line.
    Line(Line),
    /// Nothing, for now.
    Quiet,
    /// The end.
    Over,
    /// More than the limit allows.
    TooMuch,
}

enum Piece {
    Line(Line),
    TooMuch,
}

impl Lines {
    /// Reads a stream's lines, `most` bytes of them.
    pub fn of(stream: impl Read + Send + 'static, most: usize) -> Self {
        let (sender, lines) = mpsc::sync_channel(AHEAD);
        thread::spawn(move || send_lines(stream, &sender, &Meter::new(most), Line::Out));
        Self { lines, is_too_much: false }
    }

    fn none() -> Self {
        Self { lines: mpsc::sync_channel(0).1, is_too_much: false }
    }

    /// Looks for a line for a moment.
    #[expect(clippy::should_implement_trait, reason = "an iterator ends; this one may be quiet for a while")]
    pub fn next(&mut self) -> Next {
        if self.is_too_much {
            return Next::TooMuch;
        }
        match self.lines.recv_timeout(TICK) {
            Ok(Piece::Line(line)) => Next::Line(line),
            Ok(Piece::TooMuch) => {
                self.is_too_much = true;
                Next::TooMuch
            }
            Err(RecvTimeoutError::Timeout) => Next::Quiet,
            Err(RecvTimeoutError::Disconnected) => Next::Over,
        }
    }
}

/// What may still be printed, on all streams of a program together.
#[derive(Clone)]
struct Meter(Arc<AtomicUsize>);

impl Meter {
    fn new(most: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(most)))
    }

    /// Whether that much may still come.
    fn takes(&self, bytes: usize) -> bool {
        self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(bytes)).is_ok()
    }
}

/// Sends each line until the stream ends, nobody listens, or there is too much of it.
fn send_lines(stream: impl Read, sender: &SyncSender<Piece>, meter: &Meter, kind: fn(String) -> Line) {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        let (taken, is_whole) = match reader.fill_buf() {
            Err(err) if err.kind() == io::ErrorKind::Interrupted => continue,
            Ok([]) | Err(_) => break,
            Ok(bytes) => {
                let end = bytes.iter().position(|byte| *byte == b'\n');
                let taken = end.map_or(bytes.len(), |end| end + 1);
                let room = LONGEST_LINE.saturating_sub(line.len());
                line.extend(bytes.iter().take(taken.min(room)));
                (taken, end.is_some())
            }
        };
        reader.consume(taken);
        // Counted as it is read: a line without end is no way around the limit.
        if !meter.takes(taken) {
            let _ = sender.send(Piece::TooMuch);
            return;
        }
        if is_whole && !send(&mut line, sender, kind) {
            return;
        }
    }
    if !line.is_empty() {
        send(&mut line, sender, kind);
    }
}

fn send(line: &mut Vec<u8>, sender: &SyncSender<Piece>, kind: fn(String) -> Line) -> bool {
    let text = String::from_utf8_lossy(line).trim_end_matches(['\r', '\n']).to_owned();
    line.clear();
    sender.send(Piece::Line(kind(text))).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Program<'static> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Program::new(command)
    }

    #[test]
    fn lines_of_both_streams_and_the_status_come_through() {
        let output = sh("cat; echo oops >&2; exit 3").reading("one\r\ntwo").output().unwrap();
        assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("one\ntwo\n", "oops\n"));
        assert!(matches!(output.end, End::Status(status) if code(status) == 3) && !output.is_good());
        let killed = sh("kill -9 $$").output().unwrap();
        assert!(matches!(killed.end, End::Status(status) if code(status) == 137));
    }

    #[test]
    fn who_prints_without_end_is_ended_with_or_without_line_ends() {
        for script in ["yes", "tr '\\0' x < /dev/zero"] {
            let mut bytes = 0;
            let end = sh(script).printing_at_most(1 << 20).run(|line| {
                let (Line::Out(line) | Line::Err(line)) = line;
                bytes += line.len();
            });
            assert_eq!(end.unwrap(), End::TooMuch, "{script}");
            assert!(bytes <= 1 << 20, "{bytes}");
        }
    }

    #[test]
    fn a_deadline_and_a_signal_end_what_the_program_started_too() {
        let dir = tempfile::tempdir().unwrap();
        for is_signal in [false, true] {
            let pid_file = dir.path().join(is_signal.to_string());
            let script = format!("sleep 1000 & echo $! > {}; echo ready; wait", pid_file.display());
            let is_ready = std::cell::Cell::new(false);
            let interrupted = || (is_signal && is_ready.get()).then_some(15);
            let program = sh(&script).unless(&interrupted);
            let program =
                if is_signal { program } else { program.until(Instant::now() + Duration::from_secs(1)) };
            let end = program.run(|_| is_ready.set(true)).unwrap();
            assert_eq!(end, if is_signal { End::Interrupted(15) } else { End::TimedOut });
            let pid = std::fs::read_to_string(pid_file).unwrap().trim().parse().ok().and_then(Pid::from_raw);
            let is_gone = || match std::fs::read_to_string(format!("/proc/{}/stat", pid.unwrap())) {
                Ok(stat) => stat.contains(") Z "),
                Err(_) => true,
            };
            while !is_gone() {
                thread::sleep(TICK);
            }
        }
    }

    #[test]
    fn a_program_on_a_leash_ends_by_itself() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ended");
        let mut running = sh(&format!("read -r _; touch {}", file.display())).on_a_leash().start().unwrap();
        assert_eq!(running.look().unwrap(), Event::Quiet);
        drop(running);
        assert!(file.exists());
    }

    #[test]
    fn a_stream_is_read_to_its_end() {
        let mut lines = Lines::of(io::Cursor::new(b"a\nb".to_vec()), 10);
        let mut next = || loop {
            match lines.next() {
                Next::Quiet => {}
                next => return next,
            }
        };
        let out = |text: &str| Next::Line(Line::Out(text.to_owned()));
        assert_eq!([next(), next(), next()], [out("a"), out("b"), Next::Over]);
        let mut lines = Lines::of(io::repeat(b'x'), 10);
        while lines.next() == Next::Quiet {}
        assert_eq!(lines.next(), Next::TooMuch);
    }
}
