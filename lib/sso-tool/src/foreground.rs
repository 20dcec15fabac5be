//! A command of somebody's own in this process's place: it has stdin, stdout and stderr, signals reach it, and its status is
//! the answer.

use std::fs;
use std::io::{self, IsTerminal as _};
use std::process::{Child, Command};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::siginfo::{Cause, Origin};

use crate::exit::{Exit, Fault, WithFault as _};
use crate::process::code;

/// Signals that are passed on to the command.
const FORWARDED: [i32; 6] = [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2];

/// The signals of this process, taken over for a command: before anything is made that must be removed again.
pub struct Foreground(SignalsInfo<WithOrigin>);

impl Foreground {
    /// Takes the signals over. What comes before the command starts reaches it then.
    pub fn prepare() -> anyhow::Result<Self> {
        SignalsInfo::with_exfiltrator(handled(), WithOrigin::default())
            .map(Self)
            .context("cannot handle signals")
    }

    /// Runs a command to its end. Its status is the answer: its own, or 128 + N if signal N killed it; 127 if it isn't found,
    /// 126 if it can't be run.
    ///
    /// What a process sends us (`kill`) is passed on to the command, and the command is waited for. What the terminal sends
    /// (Ctrl-C) has already reached it, as it is of the same process group. Stopping (Ctrl-Z) is left to the system.
    pub fn run(mut self, mut command: Command) -> anyhow::Result<Exit> {
        let mut child = command.spawn().or_else(|err| cannot_run(&command, err))?;
        loop {
            // SIGCHLD was handled before there was a child: its end wakes the wait below for certain.
            if let Some(status) = child.try_wait().context("cannot wait for the command")? {
                return Ok(Exit::Command(u8::try_from(code(status)).unwrap_or(u8::MAX)));
            }
            for origin in self.0.wait() {
                forward(&child, &origin);
            }
        }
    }

    /// Waits for one of the signals, where there is no command.
    pub fn wait(mut self) {
        while self.0.wait().all(|origin| origin.signal == SIGCHLD) {}
    }
}

/// The fault of a command that didn't start: status 127 if it isn't found, else 126.
pub fn cannot_run<T>(command: &Command, err: io::Error) -> anyhow::Result<T> {
    let exit = Exit::Command(if err.kind() == io::ErrorKind::NotFound { 127 } else { 126 });
    Err(err).with_fault(|| Fault::new(exit, format!("cannot run {}", command.get_program().display())))
}

fn forward(child: &Child, origin: &Origin) {
    if !is_for_us_alone(origin) {
        return;
    }
    if let Some(signal) = Signal::from_named_raw(origin.signal) {
        // The child's pid is its own until `try_wait` has seen its end; that it just ended is no failure.
        let _ = kill_process(Pid::from_child(child), signal);
    }
}

fn is_for_us_alone(origin: &Origin) -> bool {
    match origin.signal {
        SIGCHLD => false,
        // No terminal sends these.
        SIGTERM | SIGUSR1 | SIGUSR2 => true,
        _ => match origin.cause {
            Cause::Sent(_) => true,
            // Darwin doesn't say: without a terminal it can't be one.
            Cause::Unknown => !io::stdin().is_terminal(),
            _ => false,
        },
    }
}

fn handled() -> Vec<i32> {
    let mut signals = not_ignored(&FORWARDED);
    signals.push(SIGCHLD);
    signals
}

/// The signals among these that this process wasn't started to ignore (`nohup`, a shell's `&`): one that is handled would no longer
/// be ignored by the commands that it starts (POSIX exec).
pub fn not_ignored(signals: &[i32]) -> Vec<i32> {
    let ignored = ignored_signals(&fs::read_to_string("/proc/self/status").unwrap_or_default());
    signals.iter().copied().filter(|signal| ignored & (1 << (signal - 1)) == 0).collect()
}

/// The mask of ignored signals, of `proc_pid_status(5)`; none off Linux.
fn ignored_signals(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_of_ignored_signals_is_found() {
        assert_eq!(ignored_signals("Name:\tx\nSigIgn:\t0000000000001001\nSigCgt:\t0\n"), 0x1001);
        assert_eq!(ignored_signals(""), 0);
    }
}
