//! The other tools, run as processes: each step is a command that a person could type.

use std::env;
use std::io::{self, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use sso_signal::exit::{Exit, Fault};
use sso_signal::wire::{Document, Documents};

use crate::child;
use crate::interrupt::Interrupt;

const TICK: Duration = Duration::from_millis(20);
/// How long a tool may take to clean up after a signal.
const GRACE: Duration = Duration::from_secs(10);

/// How the tools are run.
#[derive(Clone, Copy)]
pub(super) struct Tools<'a> {
    interrupt: &'a Interrupt,
    config: Option<&'a Path>,
    is_deaf: bool,
}

/// One run of a tool.
pub(super) struct Call {
    tool: &'static str,
    arguments: Vec<String>,
    input: Option<Document>,
    shows_stderr: bool,
}

/// What a tool answered.
#[derive(Debug)]
pub(super) struct Said {
    /// How it ended.
    pub(super) exit: Exit,
    /// Its last document that is no event.
    pub(super) document: Document,
    complaint: String,
}

impl Call {
    /// A tool with arguments and an empty stdin.
    pub(super) fn of(tool: &'static str, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().copied().map(str::to_owned).collect();
        Self { tool, arguments, input: None, shows_stderr: false }
    }

    /// With a document on stdin.
    pub(super) fn about(self, document: Document) -> Self {
        Self { input: Some(document), ..self }
    }

    /// What it says to people is seen at once: a page to open.
    pub(super) fn shown(self) -> Self {
        Self { shows_stderr: true, ..self }
    }
}

impl<'a> Tools<'a> {
    /// Tools that end when this process is told to.
    pub(super) fn new(interrupt: &'a Interrupt) -> Self {
        Self { interrupt, config: None, is_deaf: false }
    }

    /// The same with another AWS config file.
    pub(super) fn with_config(self, config: &'a Path) -> Self {
        Self { config: Some(config), ..self }
    }

    /// The same for cleaning up, which nothing stops: neither a signal to this process, nor a key on the terminal.
    pub(super) fn deaf(self) -> Self {
        Self { is_deaf: true, ..self }
    }

    /// Runs a tool to its end. Status 128 + N if this process was told to end by signal N.
    pub(super) fn run(&self, call: &Call) -> anyhow::Result<Said> {
        self.run_with(call, |_| {})
    }

    /// The same; `each_event` gets what it says while it runs.
    pub(super) fn run_with(&self, call: &Call, each_event: impl FnMut(&Document)) -> anyhow::Result<Said> {
        let mut running = self.start(call, Stdio::piped())?;
        let mut output = Output::of(running.child.stdout.take());
        let status = self.wait(&mut running, &mut output, each_event)?;
        running.said(status, output)
    }

    /// Lets a person choose one of the documents that `source` puts out, as they come. `None` if nobody chose.
    pub(super) fn choose(&self, source: Source, picks: &[String]) -> anyhow::Result<Option<Document>> {
        let mut choose = Call::of("sso-profile", &["choose"]);
        for pick in picks {
            choose.arguments.extend(["--pick".to_owned(), pick.clone()]);
        }
        let (mut feeding, input) = match source {
            Source::Call(call) => {
                let mut feeding = self.start(&call, Stdio::piped())?;
                let stdout = feeding.child.stdout.take().context("a stream is missing")?;
                (Some(feeding), Input::Of(stdout))
            }
            Source::Documents(documents) => (None, Input::Lines(documents)),
        };
        let mut choosing = match input {
            Input::Of(stdout) => self.start_from(&choose, Stdio::piped(), Some(stdout.into()))?,
            Input::Lines(documents) => {
                let choosing = self.start_from(&choose, Stdio::piped(), Some(Stdio::piped()))?;
                choosing.feed(documents)
            }
        };
        let mut output = Output::of(choosing.child.stdout.take());
        let chosen = self.wait(&mut choosing, &mut output, |_| {});
        // What fed it ends with it, or has ended before.
        let fed = match &mut feeding {
            Some(feeding) => Some(self.wait(feeding, &mut Output::of(None), |_| {})?),
            None => None,
        };
        let chosen = choosing.said(chosen?, output)?;
        if let (Some(feeding), Some(status)) = (feeding, fed) {
            // Its own words beat those of a list without rows.
            feeding.said(status, Output::of(None))?.good()?;
        }
        match chosen.exit {
            Exit::No => Ok(None),
            _ => chosen.good().map(|said| Some(said.document)),
        }
    }

    fn start(&self, call: &Call, stdout: Stdio) -> anyhow::Result<Running> {
        let stdin = call.input.as_ref().map(|_| Stdio::piped());
        let running = self.start_from(call, stdout, stdin)?;
        Ok(match &call.input {
            Some(document) => running.feed(vec![document.clone()]),
            None => running,
        })
    }

    fn start_from(&self, call: &Call, stdout: Stdio, stdin: Option<Stdio>) -> anyhow::Result<Running> {
        let stderr = if call.shows_stderr { Stdio::inherit() } else { Stdio::piped() };
        let mut command = Command::new(beside_us(call.tool));
        command.args(&call.arguments);
        command.stdin(stdin.unwrap_or_else(Stdio::null)).stdout(stdout).stderr(stderr);
        if let Some(config) = self.config {
            command.env("AWS_CONFIG_FILE", config);
        }
        if self.is_deaf {
            command.process_group(0);
        }
        let mut child = command.spawn().with_context(|| format!("cannot run {}", call.tool))?;
        let complaint = child.stderr.take().map(|stderr| thread::spawn(move || read_all(stderr)));
        Ok(Running { tool: call.tool, child, complaint })
    }

    /// Waits until it ended and its documents are read; told to end, it ends the tool first.
    fn wait(
        &self,
        running: &mut Running,
        output: &mut Output,
        mut each_event: impl FnMut(&Document),
    ) -> anyhow::Result<ExitStatus> {
        let mut told_at = None;
        loop {
            output.read(TICK, &mut each_event)?;
            if output.is_over
                && let Some(status) = running.child.try_wait().context("cannot wait for a tool")?
            {
                return match self.interrupt.received().filter(|_| !self.is_deaf) {
                    Some(signal) => Err(interrupted(signal)),
                    None => Ok(status),
                };
            }
            if self.is_deaf || self.interrupt.received().is_none() {
                continue;
            }
            // A key on the terminal reached it, too; a signal to us alone did not.
            let begin = *told_at.get_or_insert_with(|| {
                running.signal(Signal::TERM);
                Instant::now()
            });
            if begin.elapsed() > GRACE {
                running.signal(Signal::KILL);
                output.is_over = true;
            }
        }
    }
}

/// Where the documents to choose from come from.
pub(super) enum Source {
    /// A tool, while it runs.
    Call(Call),
    /// They are here.
    Documents(Vec<Document>),
}

enum Input {
    Of(ChildStdout),
    Lines(Vec<Document>),
}

impl Said {
    /// The same if the tool did what it was asked to; else its own words as an error, with its status.
    pub(super) fn good(self) -> anyhow::Result<Self> {
        if self.exit == Exit::Done { Ok(self) } else { Err(self.fault().into()) }
    }

    fn fault(&self) -> Fault {
        let of_document = |key| self.document.get(key).and_then(Value::as_str).map(str::to_owned);
        let mut reason = of_document("reason");
        let mut hint = of_document("hint");
        for line in self.complaint.lines() {
            // `tool: …` and `tool: hint: …` (DESIGN 2).
            let Some((_, words)) = line.split_once(": ") else { continue };
            match words.strip_prefix("hint: ") {
                Some(words) => hint = Some(words.to_owned()),
                None => reason = Some(words.to_owned()),
            }
        }
        let reason = reason.unwrap_or_else(|| format!("it ended with status {}", self.exit.code()));
        let fault = Fault::new(self.exit, reason);
        match hint {
            Some(hint) => fault.hint(hint),
            None => fault,
        }
    }
}

/// This process was told to end.
pub(super) fn interrupted(signal: i32) -> anyhow::Error {
    let code = u8::try_from(128 + signal).unwrap_or(u8::MAX);
    Fault::new(Exit::Command(code), "interrupted").into()
}

struct Running {
    tool: &'static str,
    child: Child,
    complaint: Option<JoinHandle<String>>,
}

impl Running {
    fn feed(mut self, documents: Vec<Document>) -> Self {
        if let Some(mut stdin) = self.child.stdin.take() {
            thread::spawn(move || {
                for document in documents {
                    // A tool that stops reading says why by itself.
                    if writeln!(stdin, "{}", Value::from(document)).is_err() {
                        break;
                    }
                }
            });
        }
        self
    }

    fn signal(&self, signal: Signal) {
        // It may have ended, but is not waited for yet: its pid is still its own.
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }

    fn said(self, status: ExitStatus, output: Output) -> anyhow::Result<Said> {
        let complaint = match self.complaint {
            Some(thread) => thread.join().ok().with_context(|| format!("cannot read from {}", self.tool))?,
            None => String::new(),
        };
        let exit = exit_of(status);
        if exit == Exit::Done {
            // A warning or a log; a closed stderr takes nothing from the answer.
            let _ = io::stderr().lock().write_all(complaint.as_bytes());
        }
        Ok(Said { exit, document: output.last, complaint })
    }
}

/// The documents that a tool puts out.
struct Output {
    documents: Option<Receiver<anyhow::Result<Document>>>,
    last: Document,
    is_over: bool,
}

impl Output {
    fn of(stdout: Option<ChildStdout>) -> Self {
        let documents = stdout.map(|stdout| {
            let (sender, documents) = mpsc::channel();
            thread::spawn(move || {
                for document in Documents::new(stdout, "the answer of a tool") {
                    if sender.send(document).is_err() {
                        break;
                    }
                }
            });
            documents
        });
        Self { is_over: documents.is_none(), documents, last: Document::new() }
    }

    fn read(&mut self, patience: Duration, each_event: &mut impl FnMut(&Document)) -> anyhow::Result<()> {
        let Some(documents) = self.documents.as_ref().filter(|_| !self.is_over) else {
            thread::sleep(patience);
            return Ok(());
        };
        match documents.recv_timeout(patience) {
            Ok(document) => {
                let document = document?;
                if document.contains_key("event") {
                    each_event(&document);
                } else {
                    self.last = document;
                }
            }
            Err(RecvTimeoutError::Disconnected) => self.is_over = true,
            Err(RecvTimeoutError::Timeout) => {}
        }
        Ok(())
    }
}

fn read_all(mut stderr: ChildStderr) -> String {
    const MOST: u64 = 64 << 10;
    let mut bytes = Vec::new();
    // What is cut off, or can't be read, is missing from a message only.
    let _ = stderr.by_ref().take(MOST).read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn exit_of(status: ExitStatus) -> Exit {
    let code = u8::try_from(child::code(status)).unwrap_or(u8::MAX);
    Exit::ALL.into_iter().find(|exit| exit.code() == code).unwrap_or(Exit::Command(code))
}

/// The tool installed with us, else that of PATH.
fn beside_us(tool: &str) -> PathBuf {
    let beside = env::current_exe().ok().map(|own| own.with_file_name(tool));
    beside.filter(|path| path.is_file()).unwrap_or_else(|| tool.into())
}
