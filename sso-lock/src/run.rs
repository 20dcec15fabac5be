//! A command that runs while the lock is held: signals reach it, and its status is passed on.

use std::ffi::OsString;
use std::fs;
use std::io::{self, IsTerminal as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::siginfo::{Cause, Origin};
use sso_tool::exit::{Exit, Fault, WithFault as _};

/// Signals that are passed on to the command.
const FORWARDED: [i32; 6] = [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2];

/// The program's name in a command, without its directory and without arguments.
pub fn program_name(command: &[OsString]) -> String {
    let program = command.first().map(Path::new).and_then(Path::file_name).unwrap_or_default();
    program.to_string_lossy().into_owned()
}

/// Runs the command to its end with our stdin, stdout and stderr. Its status is the answer: its own,
/// or 128 + N if signal N killed it; 127 if it isn't found, 126 if it can't be run.
///
/// What a process sends us (`kill`) is passed on to the command, and the command is waited for. What
/// the terminal sends (Ctrl-C) has already reached it, as it is of the same process group. Stopping
/// (Ctrl-Z) is left to the system.
pub fn to_its_end(command: &[OsString]) -> anyhow::Result<Exit> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(Fault::new(Exit::Usage, "there is no command to run").into());
    };
    let mut command = Command::new(program);
    command.args(arguments);
    command_to_its_end(command)
}

/// The same for a command that has been given more than its arguments.
pub fn command_to_its_end(mut command: Command) -> anyhow::Result<Exit> {
    // Before the command starts, so that no signal falls between.
    let mut signals =
        SignalsInfo::with_exfiltrator(handled(), WithOrigin::default()).context("cannot handle signals")?;
    let started = command.spawn();
    let mut child = started.map_err(|err| (status_of_failure(&err), err)).or_else(|(exit, err)| {
        Err(err).with_fault(|| Fault::new(exit, format!("cannot run {}", command.get_program().display())))
    })?;
    loop {
        // SIGCHLD was handled before there was a child: its end wakes the wait below for certain.
        if let Some(status) = child.try_wait().context("cannot wait for the command")? {
            return Ok(Exit::Command(code_of(status)));
        }
        for origin in signals.wait() {
            forward(&child, &origin);
        }
    }
}

fn status_of_failure(err: &io::Error) -> Exit {
    Exit::Command(if err.kind() == io::ErrorKind::NotFound { 127 } else { 126 })
}

fn code_of(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

fn forward(child: &Child, origin: &Origin) {
    if !is_for_us_alone(origin) {
        return;
    }
    if let Some(signal) = Signal::from_named_raw(origin.signal) {
        // Its pid is its own until `try_wait` has seen its end; that it just ended is no failure.
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

/// What we handle: not what we were started to ignore (`nohup`, a shell's `&`), as a handled signal
/// would no longer be ignored by the command (POSIX exec).
fn handled() -> Vec<i32> {
    let ignored = ignored_signals(&fs::read_to_string("/proc/self/status").unwrap_or_default());
    let mut signals: Vec<i32> =
        FORWARDED.into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0).collect();
    signals.push(SIGCHLD);
    signals
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
    fn only_the_programs_name_is_told() {
        let command = ["/usr/bin/aws", "--token", "canary"].map(OsString::from);
        assert_eq!(program_name(&command), "aws");
    }

    #[test]
    fn the_mask_of_ignored_signals_is_found() {
        assert_eq!(ignored_signals("Name:\tx\nSigIgn:\t0000000000001001\nSigCgt:\t0\n"), 0x1001);
        assert_eq!(ignored_signals(""), 0);
    }
}
