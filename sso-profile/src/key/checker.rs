//! `sso-cache check` as a process: its library stands above ours. One for however many questions.

use std::env;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::Context as _;
use sso_tool::exit::{Exit, Fault};
use sso_tool::stream::{Document, Documents};

/// A running `sso-cache check`.
pub(super) struct Checker {
    child: Child,
    /// Closed, so that it ends, before it is waited for.
    questions: Option<ChildStdin>,
    answers: Documents<ChildStdout>,
}

impl Checker {
    /// Status 78 if there is no such program.
    pub(super) fn start() -> anyhow::Result<Self> {
        let mut command = Command::new(program());
        let spawned = command.arg("check").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(err) if err.kind() == ErrorKind::NotFound => {
                let message =
                    "sso-cache, which knows the sessions, is neither beside sso-profile nor on PATH";
                return Err(Fault::new(Exit::Config, message)
                    .hint("install all five tools into one folder: just install")
                    .into());
            }
            Err(err) => return Err(err).context("cannot run sso-cache"),
        };
        let answers = child.stdout.take().context("sso-cache has no output")?;
        let questions = child.stdin.take();
        Ok(Self { child, questions, answers: Documents::new(answers, "the answer of sso-cache") })
    }

    /// The profile's document with what is known of its session.
    pub(super) fn ask(&mut self, profile: &Document) -> anyhow::Result<Document> {
        let line = format!("{}\n", serde_json::Value::from(profile.clone()));
        // One question, one answer: neither pipe can fill up while the other is waited for. A pipe that it closed
        // shows in the answer; as an error it would look like a reader of ours that went away.
        let _ = self.questions.as_mut().map(|questions| questions.write_all(line.as_bytes()));
        match self.answers.next() {
            Some(answer) => answer,
            None => anyhow::bail!("sso-cache check ended without an answer"),
        }
    }
}

impl Drop for Checker {
    fn drop(&mut self) {
        drop(self.questions.take());
        // What there was to know is known.
        let _ = self.child.wait();
    }
}

/// The one installed with us, else that of PATH.
fn program() -> PathBuf {
    let beside = env::current_exe().ok().map(|own| own.with_file_name("sso-cache"));
    beside.filter(|path| path.is_file()).unwrap_or_else(|| PathBuf::from("sso-cache"))
}
