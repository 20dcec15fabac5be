//! A tool while it runs, and what it said.

use std::io::{self, Read as _, Write as _};
use std::process::{Child, ChildStderr, ChildStdout, ExitStatus};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use sso_tool::exit::{Exit, Fault};
use sso_tool::stream::{Document, Documents};
use sso_tool::subject::is_event;

use sso_tool::process;

/// What a tool answered.
#[derive(Debug)]
pub(crate) struct Said {
    tool: &'static str,
    /// How it ended.
    pub(crate) exit: Exit,
    /// Its last document that isn't an event.
    pub(crate) document: Document,
    /// Its documents before that one.
    pub(crate) before: Vec<Document>,
    complaint: String,
    /// Whether its stderr was seen at once.
    is_shown: bool,
}

impl Said {
    /// The same if the tool did what it was asked to; else its own words as an error, with its status.
    pub(crate) fn good(self) -> anyhow::Result<Self> {
        if self.exit == Exit::Done { Ok(self) } else { Err(self.fault().into()) }
    }

    fn fault(&self) -> Fault {
        let of_document = |key| self.document.get(key).and_then(Value::as_str).map(str::to_owned);
        // A logout that couldn't be told to the service has a note.
        let mut reason = of_document("reason").or_else(|| of_document("note"));
        let mut hint = of_document("hint");
        for line in self.complaint.lines() {
            // `tool: …` and `tool: hint: …` (DESIGN 2).
            let Some((_, words)) = line.split_once(": ") else { continue };
            match words.strip_prefix("hint: ") {
                Some(words) => hint = Some(words.to_owned()),
                None => reason = Some(words.to_owned()),
            }
        }
        let reason = reason.unwrap_or_else(|| {
            let above = if self.is_shown { ", for the reason above" } else { "" };
            format!("{} ended with status {}{above}", self.tool, self.exit.code())
        });
        Fault::new(self.exit, reason).hint_if(hint)
    }
}

/// A tool that runs.
pub(crate) struct Running {
    pub(crate) tool: &'static str,
    pub(crate) child: Child,
    pub(crate) complaint: Option<JoinHandle<String>>,
}

impl Running {
    /// Gives it documents on stdin.
    pub(crate) fn feed(mut self, documents: Vec<Document>) -> Self {
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

    pub(crate) fn signal(&self, signal: Signal) {
        // It may have ended, but is not waited for yet: its pid is still its own.
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }

    /// What it said, now that it has ended and its documents are read.
    pub(crate) fn said(self, status: ExitStatus, output: Output) -> anyhow::Result<Said> {
        let is_shown = self.complaint.is_none();
        let complaint = match self.complaint {
            Some(thread) => thread.join().ok().with_context(|| format!("cannot read from {}", self.tool))?,
            None => String::new(),
        };
        let exit = exit_of(status);
        if exit == Exit::Done {
            // A warning or a log; a closed stderr takes nothing from the answer.
            let _ = io::stderr().lock().write_all(complaint.as_bytes());
        }
        Ok(Said { tool: self.tool, exit, document: output.last, before: output.before, complaint, is_shown })
    }
}

/// The documents that a tool puts out.
pub(crate) struct Output {
    documents: Option<Receiver<anyhow::Result<Document>>>,
    last: Document,
    before: Vec<Document>,
    pub(crate) is_over: bool,
}

impl Output {
    pub(crate) fn of(stdout: Option<ChildStdout>) -> Self {
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
        Self { is_over: documents.is_none(), documents, last: Document::new(), before: Vec::new() }
    }

    pub(crate) fn read(
        &mut self,
        timeout: Duration,
        each_event: &mut impl FnMut(&Document),
    ) -> anyhow::Result<()> {
        let Some(documents) = self.documents.as_ref().filter(|_| !self.is_over) else {
            thread::sleep(timeout);
            return Ok(());
        };
        match documents.recv_timeout(timeout) {
            Ok(document) => {
                let document = document?;
                if is_event(&document) {
                    each_event(&document);
                } else {
                    let before = std::mem::replace(&mut self.last, document);
                    self.before.extend((!before.is_empty()).then_some(before));
                }
            }
            Err(RecvTimeoutError::Disconnected) => self.is_over = true,
            Err(RecvTimeoutError::Timeout) => {}
        }
        Ok(())
    }
}

pub(crate) fn read_all(mut stderr: ChildStderr) -> String {
    const MOST: u64 = 64 << 10;
    let mut bytes = Vec::new();
    // What is cut off, or can't be read, is missing from a message only.
    let _ = stderr.by_ref().take(MOST).read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn exit_of(status: ExitStatus) -> Exit {
    let code = u8::try_from(process::code(status)).unwrap_or(u8::MAX);
    Exit::ALL.into_iter().find(|exit| exit.code() == code).unwrap_or(Exit::Command(code))
}
