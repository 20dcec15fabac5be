//! What comes from the host, line by line: over stdin, or from a command that was started there.

use std::io;
use std::process::{Command, ExitStatus};

use anyhow::Context as _;
use sso_tool::process::{Event, Line, Lines, Next, Program, Running};
use sso_tool::sanitize::sanitize;

/// What a host may print in all, in bytes: a fleet of them is asked at once.
const MOST: usize = 4 << 20;

/// Lines from the host.
pub(crate) struct Feed {
    source: Source,
    /// The last line on the command's stderr, fit to be shown.
    pub(crate) complaint: String,
}

enum Source {
    /// What somebody else's ssh pipes in.
    Stdin(Lines),
    /// A command that was started here. It ends with this value.
    Command(Running),
}

/// What a look finds.
pub(crate) enum Arrival {
    /// A line of stdout.
    Line(String),
    /// Nothing, for now.
    Quiet,
    /// The end, with the status of ssh if it was started here.
    Over(Option<ExitStatus>),
    /// More than any login or listing prints. Nothing further is read.
    TooMuch,
}

impl Feed {
    /// What somebody else's ssh pipes in.
    pub(crate) fn stdin() -> Self {
        Self { source: Source::Stdin(Lines::of(io::stdin(), MOST)), complaint: String::new() }
    }

    /// Starts a command that ends with its stdin. It stays in this process's group: ssh may ask on the terminal.
    pub(crate) fn start(command: Command) -> anyhow::Result<Self> {
        let program = Program::new(command).on_a_leash().in_our_group().printing_at_most(MOST);
        let running = program.start().context("cannot run ssh")?;
        Ok(Self { source: Source::Command(running), complaint: String::new() })
    }

    /// Looks for a line for a moment.
    pub(crate) fn look(&mut self) -> anyhow::Result<Arrival> {
        let event = match &mut self.source {
            Source::Stdin(lines) => {
                return Ok(match lines.next() {
                    Next::Line(Line::Out(line) | Line::Err(line)) => Arrival::Line(line),
                    Next::Quiet => Arrival::Quiet,
                    Next::Over => Arrival::Over(None),
                    Next::TooMuch => Arrival::TooMuch,
                });
            }
            Source::Command(running) => running.look().context("cannot wait for ssh")?,
        };
        Ok(match event {
            Event::Line(Line::Out(line)) => Arrival::Line(line),
            Event::Line(Line::Err(line)) => {
                self.complain(&line);
                Arrival::Quiet
            }
            Event::Quiet => Arrival::Quiet,
            Event::Ended(status) => Arrival::Over(Some(status)),
            Event::TooMuch => Arrival::TooMuch,
        })
    }

    /// Keeps what a person should read: neither the page nor what comes with it, which is shown here, nor a hint for the
    /// host itself.
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
