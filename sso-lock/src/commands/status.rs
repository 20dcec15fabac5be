//! `sso-lock status`: who holds a lock.

use sso_lock::{Lock, LockState, Name, names};
use sso_tool::exit::Exit;
use sso_tool::settings::Settings;
use sso_tool::stream::Output;

/// Say who holds a lock
///
/// Prints {"name", "held", "owner": {"pid", "host", "command", "since"}, "stale"}; without NAME, one document
/// per lock. A lock is stale if its holder has ended or its time is up. A stale lock is free: the next process that wants it
/// gets it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  sso-lock status login
  sso-lock status --text
  until ! sso-lock status deploy > /dev/null; do sleep 1; done

Exit status:
  0   held (without NAME: any is)
  1   free
  2   bad command line
  74  a file or stream failed")]
pub(crate) struct Args {
    /// The lock [default: all locks]
    name: Option<Name>,
    /// Write sentences for people
    #[arg(long)]
    text: bool,
}

pub(crate) fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let names = match &args.name {
        Some(name) => vec![name.clone()],
        None => names(&settings.state_dir()?)?,
    };
    let mut output = Output::stdout();
    let mut is_held = false;
    for name in &names {
        let state = Lock::named(settings, name)?.state()?;
        is_held |= matches!(state, LockState::Held(_));
        if args.text {
            output.text(&state.in_words(name))?;
        } else {
            output.document(&state.document(name))?;
        }
    }
    if args.text && names.is_empty() {
        output.text("no lock is held")?;
    }
    Ok(Exit::of_answer(is_held))
}
