//! `sso-lock break`: a dead holder's lock, removed.

use sso_lock::{Broken, Lock, Name};
use sso_tool::exit::Exit;
use sso_tool::settings::Settings;

/// Remove a dead or expired holder's lock
///
/// You seldom need this: the next process that wants such a lock gets it anyway. A live holder's lock stays.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  sso-lock break login

Exit status:
  0   removed
  1   there is no such lock
  2   bad command line
  74  a file failed
  75  not now: its holder is alive")]
pub(crate) struct Args {
    /// The lock
    name: Name,
}

pub(crate) fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let lock = Lock::named(settings, &args.name)?;
    match lock.break_stale()? {
        Broken::Removed => Ok(Exit::Done),
        Broken::Free => Ok(Exit::No),
        Broken::Alive(owner) => Err(lock.busy(owner.as_ref())),
    }
}
