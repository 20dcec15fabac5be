//! How a tool ends: one enum of exit statuses, one error that carries a status and a hint, and
//! the one place that reports.
//!
//! ```
//! use sso_tool::exit::{Exit, Fault, status_of};
//!
//! let err = anyhow::Error::from(Fault::new(Exit::Config, "profile `x` is not in the config")
//!     .hint("sso-profile list"))
//!     .context("cannot log in");
//! assert_eq!(status_of(&err), Exit::Config);
//! assert_eq!(format!("{err:#}"), "cannot log in: profile `x` is not in the config");
//! ```

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use crate::atomic_write::is_unwritable;

/// What an exit status means, for every tool of the suite. The README's table is this enum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done, or the answer is yes.
    Done,
    /// 1: the answer is no. Nothing on stderr.
    No,
    /// 2: bad command line (clap's own status for that).
    Usage,
    /// 65: bad document or file content (`EX_DATAERR` of sysexits).
    Data,
    /// 69: a service can't be reached, or still answers 5xx or throttles after retries (`EX_UNAVAILABLE`).
    Unavailable,
    /// 74: a file or stream failed; what an error means that says nothing else (`EX_IOERR`).
    Io,
    /// 75: not now: another process is at work, or a person said later (`EX_TEMPFAIL`).
    TryLater,
    /// 77: a person must log in (`EX_NOPERM`).
    LoginRequired,
    /// 78: profile or configuration wrong (`EX_CONFIG`).
    Config,
    /// 124: timed out (as timeout(1)).
    Timeout,
    /// A wrapper's command ended with this status: its own, 126 (can't run), 127 (not found) or
    /// 128 + N (killed by signal N).
    Command(u8),
}

impl Exit {
    /// The status of a question that is answered by yes or no.
    pub fn of_answer(is_yes: bool) -> Self {
        if is_yes { Self::Done } else { Self::No }
    }

    /// Every status but a command's own, in the order of the README's table.
    pub const ALL: [Self; 10] = [
        Self::Done,
        Self::No,
        Self::Usage,
        Self::Data,
        Self::Unavailable,
        Self::Io,
        Self::TryLater,
        Self::LoginRequired,
        Self::Config,
        Self::Timeout,
    ];

    /// The end by a signal, as a shell has it: 128 + N.
    pub fn of_signal(signal: i32) -> Self {
        Self::Command(u8::try_from(128 + signal).unwrap_or(u8::MAX))
    }

    /// The number the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::No => 1,
            Self::Usage => 2,
            Self::Data => 65,
            Self::Unavailable => 69,
            Self::Io => 74,
            Self::TryLater => 75,
            Self::LoginRequired => 77,
            Self::Config => 78,
            Self::Timeout => 124,
            Self::Command(code) => code,
        }
    }

    /// The meaning, as the README's table gives it.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done, or the answer is yes",
            Self::No => "the answer is no (nothing on stderr)",
            Self::Usage => "bad command line",
            Self::Data => "bad document or file content",
            Self::Unavailable => "a service can't be reached or answers 5xx / throttles after retries",
            Self::Io => "a file or stream failed (default for errors)",
            Self::TryLater => "not now: another process is at work, or a person said later",
            Self::LoginRequired => "a person must log in",
            Self::Config => "profile or configuration wrong",
            Self::Timeout => "timed out",
            Self::Command(_) => "the command's own status",
        }
    }
}

/// An error that knows its exit status and, maybe, the next command to try.
///
/// A fault stands at the root of an `anyhow` chain, or within it as context
/// (`.with_fault(…)`); the outermost one decides.
#[derive(Debug)]
pub struct Fault {
    exit: Exit,
    message: String,
    hint: Option<String>,
    is_conflict: bool,
}

impl Fault {
    /// A fault with its status and what went wrong: lower case, no full stop.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), hint: None, is_conflict: false }
    }

    /// The same fault as a conflict: what is there differs from what is asked for, and stays unless somebody has it replaced.
    #[must_use]
    pub fn conflict(self) -> Self {
        Self { is_conflict: true, ..self }
    }

    /// Adds the line `tool: hint: …`, which names the next command.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the command that helps, if there is one.
    #[must_use]
    pub fn hint_if(self, hint: Option<impl Into<String>>) -> Self {
        match hint {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }

    /// What an error comes to, in other words: its status and its hint stay.
    #[must_use]
    pub fn reworded(err: &anyhow::Error, message: impl Into<String>) -> Self {
        Self::new(status_of(err), message).hint_if(hint_of(err))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

/// Gives an error of another kind a status, while its cause stays in the chain.
pub trait WithFault<T> {
    /// Puts a [`Fault`] around the error.
    fn with_fault(self, fault: impl FnOnce() -> Fault) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> WithFault<T> for Result<T, E> {
    fn with_fault(self, fault: impl FnOnce() -> Fault) -> anyhow::Result<T> {
        self.map_err(|err| err.into().context(fault()))
    }
}

/// The exit status of an error: that of the outermost [`Fault`], else [`Exit::Io`].
pub fn status_of(err: &anyhow::Error) -> Exit {
    err.downcast_ref::<Fault>().map_or(Exit::Io, |fault| fault.exit)
}

/// Whether an error's outermost [`Fault`] is a conflict, which ends by replacing what is there.
pub fn is_conflict(err: &anyhow::Error) -> bool {
    err.downcast_ref::<Fault>().is_some_and(|fault| fault.is_conflict)
}

/// The hint of an error, if its outermost [`Fault`] has one.
pub fn hint_of(err: &anyhow::Error) -> Option<&str> {
    err.downcast_ref::<Fault>().and_then(|fault| fault.hint.as_deref())
}

/// Ends `main`: the only place that writes errors to stderr.
///
/// A reader that went away (`tool | head`) is no failure: the tool ends quietly with 0.
pub fn finish(tool: &str, result: anyhow::Result<Exit>) -> ExitCode {
    match result {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(err) if is_closed_pipe(&err) => ExitCode::SUCCESS,
        Err(err) => {
            report(tool, &err);
            ExitCode::from(status_of(&err).code())
        }
    }
}

/// Writes one line for the error and at most one for its hint.
///
/// For errors that don't end the tool (one bad document of a stream); [`finish`] does the rest.
pub fn report(tool: &str, err: &anyhow::Error) {
    warn(tool, &format!("{err:#}"));
    // Whose folder it is, and how it becomes writable, is the doctor's to say: any tool may meet it, in any act.
    let unwritable = || is_unwritable(err).then_some("sso-login doctor --text");
    if let Some(hint) = hint_of(err).or_else(unwritable) {
        warn(tool, &format!("hint: {hint}"));
    }
}

/// Writes one line `tool: message` to stderr. Line breaks and control characters in the message
/// (a hostile file name, say) come out escaped, so that one message stays one line.
pub fn warn(tool: &str, message: &str) {
    let line = format!("{tool}: {}\n", escaped(message));
    // Nobody is left to tell when stderr itself fails.
    let _ = io::stderr().lock().write_all(line.as_bytes());
}

/// The message as one line: what could break or deceive a terminal is escaped.
pub fn escaped(message: &str) -> String {
    let mut line = String::new();
    for c in message.chars() {
        if c.is_control() || crate::sanitize::is_deceptive(c) {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

fn is_closed_pipe(err: &anyhow::Error) -> bool {
    err.chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    #[test]
    fn an_error_without_status_is_an_io_failure() {
        assert_eq!(status_of(&anyhow::anyhow!("x")), Exit::Io);
    }

    #[test]
    fn the_outermost_fault_decides_through_any_context() {
        let inner: Result<(), _> = Err(Fault::new(Exit::Data, "inner"));
        let err =
            inner.with_fault(|| Fault::new(Exit::Config, "outer").hint("h")).context("top").unwrap_err();
        assert_eq!(status_of(&err), Exit::Config);
        assert_eq!(hint_of(&err), Some("h"));
        assert_eq!(format!("{err:#}"), "top: outer: inner");
    }

    #[test]
    fn a_closed_pipe_is_seen_through_context() {
        let err = anyhow::Error::from(io::Error::from(io::ErrorKind::BrokenPipe)).context("cannot write");
        assert!(is_closed_pipe(&err));
    }
}
