//! What the set-up needs to know: a flag says it, else a person on the terminal.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Context as _;
use sso_tool::exit::{Exit, Fault};
use sso_tool::sanitize::sanitize;
use sso_tool::stream::Document;

use super::stop::cancelled;
use crate::interrupt::{Interrupt, interrupted};
use crate::session::login_options::after;
use crate::terminal::{Tty, Typed};

pub(crate) struct Prompter<'a> {
    tty: Option<Tty>,
    interrupt: &'a Interrupt,
}

impl<'a> Prompter<'a> {
    /// A person, if there is a terminal and this process is in its foreground.
    pub(crate) fn new(interrupt: &'a Interrupt) -> Self {
        Self { tty: Tty::open(), interrupt }
    }

    /// Whether somebody can be asked.
    pub(crate) fn is_somebody_there(&self) -> bool {
        self.tty.is_some()
    }

    /// Refuses to go on without a terminal while answers are missing; `example` has them. Status 2.
    pub(crate) fn need(&self, missing: &[&str], what: &str, example: &str) -> anyhow::Result<()> {
        if self.is_somebody_there() || missing.is_empty() {
            return Ok(());
        }
        let message = format!("there is no terminal to ask on: {what} needs {}", missing.join(", "));
        Err(Fault::new(Exit::Usage, message).hint(example).into())
    }

    /// What a flag says, checked; else what a person types, asked again until it passes the check. An empty line is
    /// the default.
    pub(crate) fn text(
        &self,
        given: Option<&str>,
        question: &str,
        default: Option<&str>,
        check: impl Fn(&str) -> Result<(), Fault>,
    ) -> anyhow::Result<String> {
        if let Some(given) = given {
            check(given)?;
            return Ok(given.to_owned());
        }
        let prompt = match default {
            Some(default) => format!("{question} [{}]: ", sanitize(default)),
            None => format!("{question}: "),
        };
        loop {
            let line = self.line(&prompt)?;
            let answer = match (line.trim(), default) {
                ("", Some(default)) => default,
                ("", None) => continue,
                (line, _) => line,
            };
            match check(answer) {
                Ok(()) => return Ok(answer.to_owned()),
                Err(fault) => self.say(&format!("  {}\n", sanitize(&fault.to_string())))?,
            }
        }
    }

    /// One of several, by its number in a list; the number is from 0. An empty line is the first.
    pub(crate) fn one_of(&self, question: &str, rows: &[String]) -> anyhow::Result<usize> {
        let mut list = format!("{question}\n");
        for (number, row) in (1..).zip(rows) {
            let _ = writeln!(list, "  {number:>2}  {}", sanitize(row));
        }
        self.say(&list)?;
        loop {
            let line = self.line("Number [1]: ")?;
            let number = if line.trim().is_empty() { Ok(1) } else { line.trim().parse() };
            match number {
                Ok(number @ 1..) if number <= rows.len() => return Ok(number - 1),
                _ => self.say(&format!("  a number from 1 to {}\n", rows.len()))?,
            }
        }
    }

    /// Whether a person agrees; an empty line is no, and what was typed ahead is no answer.
    pub(crate) fn agrees(&self, question: &str) -> anyhow::Result<bool> {
        if let Some(tty) = &self.tty {
            tty.forget().context("cannot read from the terminal")?;
        }
        let line = self.line(&format!("{question} [y/N]: "))?;
        Ok(matches!(line.trim().to_lowercase().as_str(), "y" | "yes"))
    }

    /// Whether a person agrees that a profile is replaced, by the `diff` of the document that its replacement would give.
    pub(crate) fn agrees_to_replace(&self, name: &str, replaced: &Document) -> anyhow::Result<bool> {
        let diff = replaced.text("diff")?.unwrap_or_default().lines();
        let diff: String = diff.flat_map(|line| [sanitize(line), "\n".to_owned()]).collect();
        self.say(&format!("\nThe profile `{}` exists and differs:\n\n{diff}", sanitize(name)))?;
        self.agrees("\nReplace it?")
    }

    /// Shows a text on the terminal.
    pub(crate) fn say(&self, text: &str) -> anyhow::Result<()> {
        let Some(tty) = &self.tty else { return Ok(()) };
        tty.write(text, after(Duration::MAX)).context("cannot write to the terminal")
    }

    fn line(&self, prompt: &str) -> anyhow::Result<String> {
        let tty = self.tty.as_ref().context("there is no terminal to ask on")?;
        let typed = tty.read_line(prompt, &|| self.interrupt.received(), after(Duration::MAX));
        match typed.context("cannot read from the terminal")? {
            Typed::Line(line) => Ok(line),
            Typed::Nothing => Err(cancelled()),
            Typed::Ended(signal) => Err(interrupted(signal)),
        }
    }
}
