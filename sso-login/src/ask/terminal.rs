//! The question on the terminal, where there is no desktop but a person in front of the process.

use std::io;
use std::time::{Duration, Instant};

use sso_tool::time;

use super::dialog::{Button, Dialog, Reply};
use super::limits::{Interruption, Limits};
use super::question::Question;
use super::question::WARNING_TITLE;
use crate::interrupt::Interrupt;
use crate::session::login_options::after;
use crate::terminal::{Tty, Typed};

pub(super) struct Terminal<'a> {
    tty: Tty,
    limits: Limits<'a>,
}

/// What a typed answer means; `None` is one that has no meaning here.
type Meaning<T> = Option<Reply<T>>;

impl Dialog for Terminal<'_> {
    fn choose(&self, question: &Question) -> Reply<Button> {
        let limit = time::format_duration(self.limits.timeout);
        let prompt =
            format!("[r]efresh, [s]nooze, [d]on't remind; Enter or {limit} without an answer: later > ");
        self.ask(question.title, &question.text, &prompt, |answer| match answer {
            "r" | "refresh" => Some(Reply::Given(Button::Refresh)),
            "s" | "snooze" => Some(Reply::Given(Button::Snooze)),
            "d" | "don't remind" => Some(Reply::Given(Button::DontRemind)),
            "" | "l" | "later" => Some(Reply::Nothing),
            _ => None,
        })
    }

    fn snooze(&self, question: &Question) -> Reply<u64> {
        let words = |(label, seconds): &(String, u64)| match question.ends_at() {
            Some(left) if left == *seconds => label.clone(),
            _ => time::format_duration(Duration::from_secs(*seconds)),
        };
        let offered: Vec<_> = question.snoozes.iter().map(words).collect();
        let usual = offered.get(question.usual).cloned().unwrap_or_default();
        let prompt = match offered.split_last() {
            Some((last, rest)) if !rest.is_empty() => {
                format!("{} or {last}; Enter is {usual} > ", rest.join(", "))
            }
            _ => format!("Enter is {usual} > "),
        };
        self.ask("", &question.snooze, &prompt, |answer| {
            let of_text = |text: &str| offered.iter().position(|offered| offered == text);
            let of_length = |text: &str| {
                let seconds = time::parse_duration(text).ok()?.as_secs();
                question.snoozes.iter().position(|(_, offered)| *offered == seconds)
            };
            let at = if answer.is_empty() {
                Some(question.usual)
            } else {
                of_text(answer).or_else(|| of_length(answer))
            };
            question.snoozes.get(at?).map(|(_, seconds)| Reply::Given(*seconds))
        })
    }

    fn confirm(&self, question: &Question) -> Reply<()> {
        let prompt = "Type yes to disable reminders; Enter is no > ";
        self.ask(WARNING_TITLE, &question.warning, prompt, |answer| Some(given(answer == "yes")))
    }
}

fn given(is_given: bool) -> Reply<()> {
    if is_given { Reply::Given(()) } else { Reply::Nothing }
}

impl<'a> Terminal<'a> {
    /// The terminal, if this process is in its foreground.
    pub(super) fn open(limits: Limits<'a>) -> Option<Self> {
        Some(Self { tty: Tty::open()?, limits })
    }

    /// A question whose answer is yes, or anything else.
    pub(super) fn yes(&self, text: &str, prompt: &str) -> Reply<()> {
        self.ask("", text, prompt, |answer| Some(given(matches!(answer, "y" | "yes"))))
    }

    /// Asks until the answer has a meaning or the question ends: a slip of a finger isn't "later".
    fn ask<T>(
        &self,
        title: &str,
        text: &str,
        prompt: &str,
        understand: impl Fn(&str) -> Meaning<T>,
    ) -> Reply<T> {
        let deadline = after(self.limits.timeout);
        let mut shown = match title {
            "" => format!("{text}\n{prompt}"),
            title => format!("\n{title}\n\n{text}\n\n{prompt}"),
        };
        loop {
            let line = match self.read_line(&shown, deadline) {
                Ok(Typed::Line(line)) => line,
                Ok(Typed::Nothing) => return Reply::Nothing,
                Ok(Typed::Ended(interruption)) => return interruption.into(),
                Err(err) => return Reply::Broken(err.to_string()),
            };
            if let Some(reply) = understand(line.trim().to_lowercase().as_str()) {
                return reply;
            }
            shown = format!("Please type one of these:\n{prompt}");
        }
    }

    /// Shows a text and reads a line. Afterwards the text is erased: its matter is settled.
    fn read_line(&self, shown: &str, deadline: Instant) -> io::Result<Typed<Interruption>> {
        let interrupt = Interrupt::hold().map_err(io::Error::other)?;
        self.tty.forget()?;
        let typed = self.tty.read_line(shown, &|| self.limits.interruption(&interrupt), deadline)?;
        if self.tty.is_ours() {
            self.tty.erase(shown, deadline)?;
        }
        Ok(typed)
    }
}
