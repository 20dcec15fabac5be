//! A login in a process of its own, as a person could type it: the AWS CLI or a browser is its affair, and so is a terminal
//! that hangs up on it.

use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use sso_tool::exit::{Exit, Fault};
use sso_tool::process::{End, Line, Program, code, of_suite};
use sso_tool::settings::Settings;
use sso_tool::stream::{self, Document};
use sso_tool::subject::is_event;
use sso_tool::time::format_duration;

use crate::interrupt::{Interrupt, interrupted};
use crate::session::login_options::Via;

const TOOL: &str = "sso-login";
/// How long it may take to clean up after a signal: it ends an AWS CLI first.
const GRACE: Duration = Duration::from_secs(10);

/// A login that asks nobody for consent. What it says to people is seen at once: a page to open.
#[derive(Clone, Copy)]
pub(crate) struct LoginProcess {
    pub(crate) via: Via,
    /// Whether a session that is valid doesn't count.
    pub(crate) is_forced: bool,
    pub(crate) no_browser: bool,
    pub(crate) timeout: Option<Duration>,
}

/// How it ended.
#[derive(Debug)]
pub(crate) struct LoginEnd {
    pub(crate) exit: Exit,
    /// The document it was about, with the outcome.
    pub(crate) document: Document,
}

impl LoginProcess {
    /// Logs in to what the document is about, by the config of the settings; `each_event` gets what it says while it runs.
    pub(crate) fn run(
        self,
        about: Document,
        settings: &Settings,
        interrupt: &Interrupt,
        mut each_event: impl FnMut(&Document),
    ) -> anyhow::Result<LoginEnd> {
        let mut command = Command::new(of_suite(TOOL));
        command.args(["--via", self.via.word(), "--ask", "never", "--exit-status"]);
        let flags = [("--force", self.is_forced), ("--no-browser", self.no_browser)];
        command.args(flags.iter().filter(|(_, is_set)| *is_set).map(|(flag, _)| flag));
        if let Some(timeout) = self.timeout {
            command.args(["--timeout", &format_duration(timeout)]);
        }
        // What a shell says about its own terminal isn't about a pipe.
        command.arg("-").env("SSO_FORMAT", "json");
        if let Some(config) = settings.config_file() {
            command.env("AWS_CONFIG_FILE", config);
        }
        let received = || interrupt.received();
        let program = Program::new(command)
            .reading(format!("{}\n", Value::from(about)))
            .in_our_group()
            .showing_stderr()
            .ending_within(GRACE)
            .unless(&received);
        let mut answer = Ok(Document::new());
        let end = program.run(|line| {
            let Line::Out(line) = line else { return };
            match stream::parse(line.as_bytes(), "the answer of a tool") {
                Ok(event) if is_event(&event) => each_event(&event),
                document => answer = document,
            }
        });
        let exit = match end.with_context(|| format!("cannot run {TOOL}"))? {
            End::Status(status) => exit_of(u8::try_from(code(status)).unwrap_or(u8::MAX)),
            End::Interrupted(signal) => return Err(interrupted(signal)),
            End::TimedOut | End::TooMuch => Exit::Io,
        };
        Ok(LoginEnd { exit, document: answer? })
    }
}

impl LoginEnd {
    /// The login's document, if there is a session; else the login's own words as an error, with its status.
    pub(crate) fn good(self) -> anyhow::Result<Document> {
        if self.exit == Exit::Done {
            return Ok(self.document);
        }
        let text = |key| self.document.get(key).and_then(Value::as_str);
        let of_status = || format!("{TOOL} ended with status {}, for the reason above", self.exit.code());
        let reason = text("reason").map_or_else(of_status, str::to_owned);
        Err(Fault::new(self.exit, reason).hint_if(text("hint")).into())
    }
}

fn exit_of(code: u8) -> Exit {
    Exit::ALL.into_iter().find(|exit| exit.code() == code).unwrap_or(Exit::Command(code))
}
