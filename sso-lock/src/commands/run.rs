//! `sso-lock run`: a lock while a command runs.

use std::ffi::OsString;
use std::path::Path;
use std::process;
use std::time::Duration;

use sso_lock::{Acquired, Lock, Name};
use sso_tool::exit::{Exit, Fault, report};
use sso_tool::foreground::Foreground;
use sso_tool::settings::Settings;
use sso_tool::time::parse_duration;

/// Run a command while holding a lock
///
/// The command gets stdin, stdout and stderr, and its status becomes that of sso-lock. SIGTERM, SIGINT, SIGHUP,
/// SIGQUIT, SIGUSR1 and SIGUSR2 are passed on to the command, and sso-lock waits until the command ends.
/// (SIGKILL can't be passed on: it frees the lock, but the command may keep running.)
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  sso-lock run backup -- ./backup.sh
  sso-lock run --wait 5m deploy -- sh -c 'git pull && make deploy'

Exit status:
  N    the command's own status; 128+N if signal N killed it
  75   not now: somebody else holds it, after --wait; the command did not run
  126  the command can't be run
  127  the command isn't found
  2    bad command line
  74   a file failed")]
pub(crate) struct Args {
    /// Wait at most this long for the lock (30s, 5m)
    #[arg(long, value_name = "D", value_parser = parse_duration, default_value = "0s")]
    wait: Duration,
    /// The lock
    name: Name,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
}

pub(crate) fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let Args { wait, name, command } = args;
    let lock = Lock::named(settings, name)?;
    let Some((program, arguments)) = command.split_first() else {
        return Err(Fault::new(Exit::Usage, "there is no command to run").into());
    };
    let mut command = process::Command::new(program);
    command.args(arguments);
    let program = program_name(program);
    match lock.acquire(&program, *wait)? {
        Acquired::Busy(owner) => Err(lock.busy(owner.as_ref())),
        Acquired::Held(guard) => {
            settings.debug(|| format!("took {} for {program}", lock.path().display()));
            let exit = Foreground::prepare()?.run(command)?;
            settings.debug(|| {
                format!("{program} ended with {}; {} is released", exit.code(), lock.path().display())
            });
            // The command's status is the answer. What couldn't be released ends with this process.
            if let Err(err) = guard.release() {
                report(settings.tool(), &err);
            }
            Ok(exit)
        }
    }
}

/// A program without its directory. Its arguments aren't told: they may be secrets.
fn program_name(program: &OsString) -> String {
    Path::new(program).file_name().unwrap_or_default().to_string_lossy().into_owned()
}
