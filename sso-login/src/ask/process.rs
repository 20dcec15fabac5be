//! A dialog program run to its end.

use std::cell::Cell;
use std::process::Command;
use std::time::Duration;

use signal_hook::consts::SIGTERM;
use sso_tool::process::{End, Output, Program, code};

use super::dialog::Reply;
use super::limits::{Interruption, Limits};
use crate::interrupt::Interrupt;
use crate::session::login_options::after;

/// What a dialog program prints is a label, and warnings of its toolkit.
const MOST: usize = 1 << 20;

/// A dialog program that ended by itself.
#[derive(Debug, Default)]
pub(super) struct Ended {
    /// The program's status, as a shell gives it.
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

impl Ended {
    /// The program's stdout without the line's end.
    pub(super) fn label(&self) -> &str {
        self.out.trim_end_matches('\n')
    }
}

/// Runs a dialog with text on stdin. After `limit`, or when nobody needs an answer any more, it is killed, with all that it started.
pub(super) fn run(command: Command, input: &str, limit: Duration, limits: Limits<'_>) -> Reply<Ended> {
    let interrupt = match Interrupt::hold() {
        Ok(interrupt) => interrupt,
        Err(err) => return Reply::Broken(format!("it can't be run: {err:#}")),
    };
    let is_moot = Cell::new(false);
    let interrupted = || match limits.interruption(&interrupt)? {
        Interruption::Signal(signal) => Some(signal),
        Interruption::Moot => {
            is_moot.set(true);
            Some(SIGTERM)
        }
    };
    let program = Program::new(command).reading(input).printing_at_most(MOST).until(after(limit));
    match program.unless(&interrupted).output() {
        Ok(Output { end: End::Status(status), stdout: out, stderr: err }) => {
            Reply::Given(Ended { code: code(status), out, err })
        }
        Ok(Output { end: End::TimedOut, .. }) => Reply::Nothing,
        Ok(Output { end: End::TooMuch, .. }) => Reply::Broken("it prints too much".to_owned()),
        Ok(Output { end: End::Interrupted(_), .. }) if is_moot.get() => Reply::Moot,
        Ok(Output { end: End::Interrupted(signal), .. }) => Reply::Interrupted(signal),
        Err(err) => Reply::Broken(format!("it can't be run: {err}")),
    }
}

/// When a dialog that gives up by itself after `timeout` is killed, should it hang: 135 s for the usual 120 s.
pub(super) fn limit(timeout: Duration) -> Duration {
    const MOST: Duration = Duration::from_secs(15);
    timeout.saturating_add((timeout / 8).min(MOST))
}

/// A timeout in whole seconds, at least one, for programs that take no less.
pub(super) fn seconds(timeout: Duration) -> String {
    timeout.as_millis().div_ceil(1000).max(1).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialog_is_killed_a_little_after_it_should_have_given_up() {
        let of = |seconds: u64| limit(Duration::from_secs(seconds)).as_secs();
        assert_eq!((of(8), of(120), of(3600)), (9, 135, 3615));
        assert_eq!(limit(Duration::MAX), Duration::MAX);
        assert_eq!((seconds(Duration::ZERO), seconds(Duration::from_millis(1001))), ("1".into(), "2".into()));
    }
}
