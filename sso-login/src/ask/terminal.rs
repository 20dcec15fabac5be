//! The question on the terminal, where there is no desktop but a person in front of the process.

use std::io;
use std::time::Duration;

use sso_signal::time;

use super::question::{TITLE, WARNING_TITLE};
use super::{Button, Dialog, Question, Reply, SNOOZES, USUAL};
use crate::interrupt::Interrupt;
use crate::tty::{Tty, Typed};
use crate::wish::after;

pub(super) struct Terminal {
    tty: Tty,
    patience: Duration,
}

impl Dialog for Terminal {
    fn choose(&self, question: &Question) -> Reply<Button> {
        let limit = time::format_duration(self.patience);
        let prompt =
            format!("[r]efresh, [s]nooze, [d]on't remind; Enter or {limit} without an answer: later > ");
        self.ask(TITLE, &question.text, &prompt, |answer| match answer {
            "r" | "refresh" => Some(Button::Refresh),
            "s" | "snooze" => Some(Button::Snooze),
            "d" | "don't remind" => Some(Button::DontRemind),
            _ => None,
        })
    }

    fn snooze(&self, question: &Question) -> Reply<u64> {
        let prompt = "15m, 30m, 1h or 4h; Enter is 30m > ";
        self.ask("", &question.snooze, prompt, |answer| {
            if answer.is_empty() {
                return Some(SNOOZES[USUAL].1);
            }
            let seconds = time::parse_duration(answer).ok()?.as_secs();
            SNOOZES.iter().map(|(_, offered)| *offered).find(|offered| *offered == seconds)
        })
    }

    fn confirm(&self, question: &Question) -> Reply<()> {
        let prompt = "Type yes to disable reminders; Enter is no > ";
        self.ask(WARNING_TITLE, &question.warning, prompt, |answer| (answer == "yes").then_some(()))
    }
}

impl Terminal {
    /// The terminal, if this process is in its foreground.
    pub(super) fn open(patience: Duration) -> Option<Self> {
        Some(Self { tty: Tty::open()?, patience })
    }

    /// A question whose answer is yes, or anything else.
    pub(super) fn yes(&self, text: &str, prompt: &str) -> Reply<()> {
        self.ask("", text, prompt, |answer| matches!(answer, "y" | "yes").then_some(()))
    }

    fn ask<T>(
        &self,
        title: &str,
        text: &str,
        prompt: &str,
        understand: impl FnOnce(&str) -> Option<T>,
    ) -> Reply<T> {
        let shown = match title {
            "" => format!("{text}\n{prompt}"),
            title => format!("\n{title}\n\n{text}\n\n{prompt}"),
        };
        match self.read_line(&shown) {
            Ok(Typed::Line(line)) => {
                understand(line.trim().to_lowercase().as_str()).map_or(Reply::Nothing, Reply::Given)
            }
            Ok(Typed::Nothing) => Reply::Nothing,
            Ok(Typed::Interrupted(signal)) => Reply::Interrupted(signal),
            Err(err) => Reply::Broken(err.to_string()),
        }
    }

    /// Shows a text and reads a line. Afterwards the text is erased: it is about what is over.
    fn read_line(&self, shown: &str) -> io::Result<Typed> {
        let interrupt = Interrupt::hold().map_err(io::Error::other)?;
        let deadline = after(self.patience);
        self.tty.forget()?;
        let typed = self.tty.read_line(shown, &interrupt, deadline)?;
        if self.tty.is_ours() {
            self.tty.erase(shown, deadline)?;
        }
        Ok(typed)
    }
}
