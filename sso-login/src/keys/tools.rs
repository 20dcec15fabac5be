//! The other tools, run as processes: each step is a command that a person could type.

use std::env;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::process::Signal;
use sso_tool::exit::{Exit, Fault};
use sso_tool::stream::Document;
use sso_tool::time::format_duration;

use super::running::{Output, Running, Said, read_all};
use crate::interrupt::Interrupt;

const TICK: Duration = Duration::from_millis(20);
/// How long a tool may take to clean up after a signal.
const GRACE: Duration = Duration::from_secs(10);

/// How the tools are run.
#[derive(Clone, Copy)]
pub(crate) struct Tools<'a> {
    interrupt: &'a Interrupt,
    config: Option<&'a Path>,
    is_deaf: bool,
}

/// What came of a choice.
pub(crate) enum Chosen {
    Row(Document),
    /// Nobody chose.
    Nothing,
    /// No row is what was asked for.
    NoSuchRow,
}

/// One run of a tool.
pub(crate) struct Call {
    tool: &'static str,
    arguments: Vec<String>,
    input: Option<Vec<Document>>,
    shows_stderr: bool,
}

impl Call {
    /// A tool with arguments and an empty stdin.
    pub(crate) fn of(tool: &'static str, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().copied().map(str::to_owned).collect();
        Self { tool, arguments, input: None, shows_stderr: false }
    }

    /// A login that asks nobody for consent, for the session of the document on stdin.
    pub(crate) fn login(via: &str, is_forced: bool, no_browser: bool, timeout: Option<Duration>) -> Self {
        let mut call = Self::of("sso-login", &["--via", via, "--ask", "never", "--exit-status"]);
        let flags = [("--force", is_forced), ("--no-browser", no_browser)];
        call.arguments.extend(flags.iter().filter(|(_, is_set)| *is_set).map(|(flag, _)| (*flag).to_owned()));
        if let Some(timeout) = timeout {
            call.arguments.extend(["--timeout".to_owned(), format_duration(timeout)]);
        }
        call.arguments.push("-".to_owned());
        call
    }

    /// With a document on stdin.
    pub(crate) fn about(self, document: Document) -> Self {
        self.about_all(vec![document])
    }

    /// With documents on stdin.
    pub(crate) fn about_all(self, documents: Vec<Document>) -> Self {
        Self { input: Some(documents), ..self }
    }

    /// What it says to people is seen at once: a page to open.
    pub(crate) fn shown(self) -> Self {
        Self { shows_stderr: true, ..self }
    }
}

impl<'a> Tools<'a> {
    /// Tools that end when this process is told to.
    pub(crate) fn new(interrupt: &'a Interrupt) -> Self {
        Self { interrupt, config: None, is_deaf: false }
    }

    /// The same with another AWS config file.
    pub(crate) fn with_config(self, config: &'a Path) -> Self {
        Self { config: Some(config), ..self }
    }

    /// The same for cleaning up, which nothing stops: neither a signal to this process, nor a key on the terminal.
    pub(crate) fn deaf(self) -> Self {
        Self { is_deaf: true, ..self }
    }

    /// The config file that the tools are given, if it isn't the person's.
    pub(super) fn config(&self) -> Option<&Path> {
        self.config
    }

    /// Status 128 + N if this process was told to end by signal N: for what is done without a tool.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        match self.interrupt.received().filter(|_| !self.is_deaf) {
            Some(signal) => Err(interrupted(signal)),
            None => Ok(()),
        }
    }

    /// Runs a tool to its end. Status 128 + N if this process was told to end by signal N.
    pub(crate) fn run(&self, call: &Call) -> anyhow::Result<Said> {
        self.run_with(call, |_| {})
    }

    /// The same; `each_event` gets what it says while it runs.
    pub(crate) fn run_with(&self, call: &Call, each_event: impl FnMut(&Document)) -> anyhow::Result<Said> {
        let mut running = self.start(call)?;
        let mut output = Output::of(running.child.stdout.take());
        let status = self.wait(&mut running, &mut output, each_event)?;
        running.said(status, output)
    }

    /// Lets a person choose one of the documents that a tool puts out, as they come.
    pub(crate) fn choose(&self, source: &Call, picks: &[String]) -> anyhow::Result<Chosen> {
        let mut choose = Call::of("sso-profile", &["choose"]);
        for pick in picks {
            choose.arguments.extend(["--pick".to_owned(), pick.clone()]);
        }
        let mut feeding = self.start(source)?;
        let rows = feeding.child.stdout.take().context("a stream is missing")?;
        let mut choosing = self.start_from(&choose, rows.into())?;
        let mut output = Output::of(choosing.child.stdout.take());
        let chosen = self.wait(&mut choosing, &mut output, |_| {});
        // What fed it ends with it, or has ended before.
        let fed = self.wait(&mut feeding, &mut Output::of(None), |_| {})?;
        let chosen = choosing.said(chosen?, output)?;
        // Its own words beat those of a list without rows.
        feeding.said(fed, Output::of(None))?.good()?;
        match chosen.exit {
            Exit::No => Ok(Chosen::Nothing),
            Exit::Config if !picks.is_empty() => Ok(Chosen::NoSuchRow),
            _ => chosen.good().map(|said| Chosen::Row(said.document)),
        }
    }

    fn start(&self, call: &Call) -> anyhow::Result<Running> {
        Ok(match &call.input {
            Some(documents) => self.start_from(call, Stdio::piped())?.feed(documents.clone()),
            None => self.start_from(call, Stdio::null())?,
        })
    }

    fn start_from(&self, call: &Call, stdin: Stdio) -> anyhow::Result<Running> {
        let stderr = if call.shows_stderr { Stdio::inherit() } else { Stdio::piped() };
        let mut command = Command::new(beside_us(call.tool));
        command.args(&call.arguments);
        command.stdin(stdin).stdout(Stdio::piped()).stderr(stderr);
        // What a shell says about its own terminal isn't about a pipe.
        command.env("SSO_FORMAT", "json");
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

/// This process was told to end.
pub(crate) fn interrupted(signal: i32) -> anyhow::Error {
    Fault::new(Exit::of_signal(signal), "interrupted").into()
}

/// The tool installed with us, else that of PATH.
fn beside_us(tool: &str) -> PathBuf {
    let beside = env::current_exe().ok().map(|own| own.with_file_name(tool));
    beside.filter(|path| path.is_file()).unwrap_or_else(|| tool.into())
}
