//! `sso-lock acquire`: a lock that outlives this process.

use std::time::Duration;

use sso_lock::{Acquired, Lock, Name};
use sso_tool::exit::Exit;
use sso_tool::settings::Settings;
use sso_tool::stream::Output;
use sso_tool::time::{self, parse_duration};

/// Take a lock that outlives this process, and print its token
///
/// Prints {"name", "token", "expiresAt"}. The token is never shown again, because only its SHA-256 is stored. The
/// lock lasts until somebody releases it with the token, but no longer than --ttl.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  sso-lock acquire deploy --ttl 10m > lock.json
  sso-lock release < lock.json

Exit status:
  0   the lock is held
  2   bad command line
  74  a file or stream failed; nothing is held
  75  not now: somebody else holds it, after --wait")]
pub(crate) struct Args {
    /// The lock
    name: Name,
    /// Wait at most this long for the lock (30s, 5m)
    #[arg(long, value_name = "D", value_parser = parse_duration, default_value = "0s")]
    wait: Duration,
    /// How long the lock lasts if nobody releases it (at least one second)
    #[arg(long, value_name = "D", value_parser = parse_ttl, default_value = "1h")]
    ttl: Duration,
}

/// A lock that that ends at once is none.
fn parse_ttl(text: &str) -> Result<Duration, String> {
    let ttl = parse_duration(text)?;
    if ttl < Duration::from_secs(1) {
        return Err("it must be one second or more".to_owned());
    }
    Ok(ttl)
}

pub(crate) fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let Args { name, wait, ttl } = args;
    let lock = Lock::named(settings, name)?;
    match lock.acquire_token(*ttl, *wait)? {
        Acquired::Busy(owner) => Err(lock.busy(owner.as_ref())),
        Acquired::Held(held) => {
            // First shown, then left alone: a token that nobody saw must hold nothing.
            Output::stdout().document(&held.document())?;
            held.detach()?;
            let length = time::format_duration(*ttl);
            settings.debug(|| {
                format!("took {} for {length}, or until its token releases it", lock.path().display())
            });
            Ok(Exit::Done)
        }
    }
}
