//! The question on the terminal, where there is no desktop but a person in front of the process.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use rustix::process::getpgrp;
use rustix::termios::{QueueSelector, tcflush, tcgetpgrp, tcgetwinsize};
use sso_signal::settings::from_environment;
use sso_signal::time;

use super::question::{TITLE, WARNING_TITLE};
use super::{Button, Dialog, Question, Reply, SNOOZES, USUAL};
use crate::interrupt::Interrupt;
use crate::wish::after;

const TICK: Duration = Duration::from_millis(50);
/// The longest answer that is looked at, in bytes.
const LONGEST: usize = 256;

pub(super) struct Terminal {
    tty: File,
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
    /// The controlling terminal, if this process is in its foreground: a job in the background would be stopped by
    /// reading, and asks nobody.
    pub(super) fn open(patience: Duration) -> Option<Self> {
        let flags = OFlags::NOCTTY | OFlags::NONBLOCK;
        let flags = flags.bits().try_into().ok()?;
        let tty = OpenOptions::new().read(true).write(true).custom_flags(flags).open("/dev/tty").ok()?;
        let terminal = Self { tty, patience };
        terminal.is_ours().then_some(terminal)
    }

    /// A question whose answer is yes, or anything else.
    pub(super) fn yes(&self, text: &str, prompt: &str) -> Reply<()> {
        self.ask("", text, prompt, |answer| matches!(answer, "y" | "yes").then_some(()))
    }

    fn is_ours(&self) -> bool {
        tcgetpgrp(&self.tty).is_ok_and(|group| group == getpgrp())
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
        let line = match self.read_line(&shown) {
            Ok(line) => line,
            Err(err) => return Reply::Broken(err.to_string()),
        };
        line.then(|line| understand(line.trim().to_lowercase().as_str()).map_or(Reply::Nothing, Reply::Given))
    }

    /// Shows a text and reads a line. Afterwards the text is erased: it is about what is over.
    fn read_line(&self, shown: &str) -> io::Result<Reply<String>> {
        let interrupt = Interrupt::hold().map_err(io::Error::other)?;
        // What was typed before the question is no answer to it.
        tcflush(&self.tty, QueueSelector::IFlush)?;
        self.write(shown)?;
        let deadline = after(self.patience);
        let mut line = Vec::new();
        let reply = loop {
            if let Some(signal) = interrupt.received() {
                break Reply::Interrupted(signal);
            }
            if Instant::now() >= deadline {
                break Reply::Nothing;
            }
            // Put into the background meanwhile, it waits until it is back or its time is over.
            match if self.is_ours() { self.read(&mut line)? } else { None } {
                Some(true) => break Reply::Given(String::from_utf8_lossy(&line).into_owned()),
                Some(false) => break Reply::Nothing,
                None => thread::sleep(TICK),
            }
        };
        if self.is_ours() {
            if !matches!(reply, Reply::Given(_)) {
                tcflush(&self.tty, QueueSelector::IFlush)?;
                self.write("\n")?;
            }
            self.erase(shown)?;
        }
        Ok(reply)
    }

    /// Reads what is there. `Some(true)` once a line is whole, `Some(false)` at the end of input.
    fn read(&self, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
        let mut bytes = [0; LONGEST];
        match (&self.tty).read(&mut bytes) {
            Ok(0) => Ok(Some(false)),
            Ok(length) => {
                line.extend(bytes.iter().take(length));
                Ok((line.contains(&b'\n') || line.len() >= LONGEST).then_some(true))
            }
            Err(err) if matches!(err.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(None),
            Err(err) => Err(err),
        }
    }

    fn write(&self, text: &str) -> io::Result<()> {
        let deadline = after(self.patience);
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            match (&self.tty).write(rest) {
                Ok(length) => rest = rest.get(length..).unwrap_or_default(),
                // A terminal that doesn't take it (Ctrl-S) is waited for, as long as the question would be.
                Err(err) if err.kind() == ErrorKind::WouldBlock && Instant::now() < deadline => {
                    thread::sleep(TICK);
                }
                Err(err) if err.kind() == ErrorKind::Interrupted => {}
                Err(err) => return Err(err),
            }
        }
        Ok(())
    }

    /// Erases what was shown and the line that was typed, if the terminal can and all of it is still in sight.
    fn erase(&self, shown: &str) -> io::Result<()> {
        let is_dumb = from_environment("TERM").is_none_or(|term| term == "dumb");
        let Ok(size) = tcgetwinsize(&self.tty) else { return Ok(()) };
        let (columns, rows) = (usize::from(size.ws_col), usize::from(size.ws_row));
        if is_dumb || columns == 0 {
            return Ok(());
        }
        let lines: usize = shown.split('\n').map(|line| line.chars().count().max(1).div_ceil(columns)).sum();
        if lines >= rows {
            return Ok(());
        }
        self.write(&format!("\x1b[{lines}A\r\x1b[J"))
    }
}
