//! Runs CMD in the sandbox: signals are passed on, its status is passed back.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::process::{Child, Command};
use std::thread;

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::exfiltrator::origin::WithOrigin;
use signal_hook::iterator::{Handle, SignalsInfo};
use signal_hook::low_level::siginfo::{Cause, Origin};
use sso_tool::exit::{self, Exit};

use super::environment::Environment;
use sso_tool::process;

/// Signals that end the sandbox, each after it ended the command.
pub(super) struct Endings(SignalsInfo<WithOrigin>);

impl Endings {
    /// Takes them over; before anything is made that must be removed again.
    pub(super) fn take() -> anyhow::Result<Self> {
        SignalsInfo::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM]).map(Self).context("cannot take over signals")
    }

    /// Waits for the first.
    pub(super) fn wait(mut self) {
        self.0.forever().next();
    }

    /// Passes each on to a process, until the handle is closed.
    fn pass_to(mut self, pid: Pid) -> Handle {
        let handle = self.0.handle();
        thread::spawn(move || {
            for origin in self.0.forever() {
                // A terminal's Ctrl-C went to the whole foreground group: the command has it already.
                if origin.cause != Cause::Kernel
                    && let Some(signal) = signal_of(&origin)
                {
                    // The command may have just ended; then there is nobody to tell.
                    let _ = kill_process(pid, signal);
                }
            }
        });
        handle
    }
}

/// Runs a command to its end. 127 if there is no such program, 126 if it can't be run.
pub(super) fn run(command: &[OsString], environment: &Environment, endings: Endings) -> anyhow::Result<Exit> {
    let Some((program, arguments)) = command.split_first() else { return Ok(Exit::Done) };
    let mut command = Command::new(program);
    command.args(arguments);
    environment.apply(&mut command);
    let mut running = match command.spawn() {
        Ok(child) => child,
        Err(err) => {
            let code = if err.kind() == ErrorKind::NotFound { 127 } else { 126 };
            let err = anyhow::Error::from(err).context(format!("cannot run {}", program.to_string_lossy()));
            exit::report("sso-login", &err);
            return Ok(Exit::Command(code));
        }
    };
    let passing = pid_of(&running).map(|pid| endings.pass_to(pid));
    let status = running.wait().context("cannot wait for the command")?;
    // The process id may soon be somebody else's.
    if let Some(passing) = passing {
        passing.close();
    }
    Ok(Exit::Command(u8::try_from(process::code(status)).unwrap_or(u8::MAX)))
}

fn pid_of(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

fn signal_of(origin: &Origin) -> Option<Signal> {
    Signal::from_named_raw(origin.signal)
}
