//! The terminal of this process, to ask a person a line: wherever standard input and output go.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::process::getpgrp;
use rustix::termios::{QueueSelector, tcflush, tcgetpgrp, tcgetwinsize};
use sso_tool::settings::from_environment;

const TICK: Duration = Duration::from_millis(50);
/// The longest line that is looked at, in bytes: what a terminal in its usual mode takes at most (POSIX `MAX_CANON` and
/// what Linux makes of it).
const LONGEST: usize = 4096;

/// The controlling terminal.
pub(crate) struct Tty(File);

/// What came of a question.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Typed<E> {
    /// A line, without its end.
    Line(String),
    /// The end of input, or nothing in time.
    Nothing,
    /// What came before a whole line.
    Ended(E),
}

impl Tty {
    /// The controlling terminal, if this process is in its foreground: a job in the background would be stopped by
    /// reading, and asks nobody.
    pub(crate) fn open() -> Option<Self> {
        let flags = OFlags::NOCTTY | OFlags::NONBLOCK;
        let flags = flags.bits().try_into().ok()?;
        let tty = OpenOptions::new().read(true).write(true).custom_flags(flags).open("/dev/tty").ok()?;
        let tty = Self(tty);
        tty.is_ours().then_some(tty)
    }

    /// Whether this process is in its foreground now.
    pub(crate) fn is_ours(&self) -> bool {
        self.has_us() == Some(true)
    }

    /// The same; `None` if it hung up. Who leads the session is told so by a signal, its children aren't.
    fn has_us(&self) -> Option<bool> {
        match tcgetpgrp(&self.0) {
            Ok(group) => Some(group == getpgrp()),
            Err(Errno::IO | Errno::NOTTY | Errno::NXIO) => None,
            Err(_) => Some(false),
        }
    }

    /// Forgets what was typed so far: it is no answer to a question that comes now.
    pub(crate) fn forget(&self) -> io::Result<()> {
        Ok(tcflush(&self.0, QueueSelector::IFlush)?)
    }

    /// Shows a text and reads a line, until `deadline` or until `ended` says what came before.
    pub(crate) fn read_line<E>(
        &self,
        shown: &str,
        ended: &dyn Fn() -> Option<E>,
        deadline: Instant,
    ) -> io::Result<Typed<E>> {
        self.write(shown, deadline)?;
        let mut line = Vec::new();
        let typed = loop {
            if let Some(end) = ended() {
                break Typed::Ended(end);
            }
            if Instant::now() >= deadline {
                break Typed::Nothing;
            }
            // Put into the background meanwhile, it waits until it is back or its time is over.
            let read = match self.has_us() {
                Some(true) => self.read(&mut line)?,
                Some(false) => None,
                None => Some(false),
            };
            match read {
                Some(true) => {
                    break Typed::Line(
                        String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned(),
                    );
                }
                Some(false) => break Typed::Nothing,
                None => thread::sleep(TICK),
            }
        };
        if !matches!(typed, Typed::Line(_)) && self.is_ours() {
            self.forget()?;
            self.write("\n", deadline)?;
        }
        Ok(typed)
    }

    /// Reads what is there. `Some(true)` once a line is whole, `Some(false)` at the end of input.
    fn read(&self, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
        let mut bytes = [0; LONGEST];
        match (&self.0).read(&mut bytes) {
            Ok(0) => Ok(Some(false)),
            Ok(length) => {
                line.extend(bytes.iter().take(length));
                Ok((line.contains(&b'\n') || line.len() >= LONGEST).then_some(true))
            }
            Err(err) if matches!(err.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(None),
            Err(err) => Err(err),
        }
    }

    /// Writes a text; a terminal that doesn't take it (Ctrl-S) is waited for until `deadline`.
    pub(crate) fn write(&self, text: &str, deadline: Instant) -> io::Result<()> {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            match (&self.0).write(rest) {
                Ok(length) => rest = rest.get(length..).unwrap_or_default(),
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
    pub(crate) fn erase(&self, shown: &str, deadline: Instant) -> io::Result<()> {
        let is_dumb = from_environment("TERM").is_none_or(|term| term == "dumb");
        let Ok(size) = tcgetwinsize(&self.0) else { return Ok(()) };
        let (columns, rows) = (usize::from(size.ws_col), usize::from(size.ws_row));
        if is_dumb || columns == 0 {
            return Ok(());
        }
        let lines: usize = shown.split('\n').map(|line| line.chars().count().max(1).div_ceil(columns)).sum();
        if lines >= rows {
            return Ok(());
        }
        self.write(&format!("\x1b[{lines}A\r\x1b[J"), deadline)
    }
}
