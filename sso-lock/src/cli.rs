//! The command line.
#![expect(clippy::doc_markdown, reason = "help texts are no Markdown")]

use std::ffi::OsString;
use std::time::Duration;

use clap::{Parser, Subcommand};
use sso_lock::Name;
use sso_tool::time::parse_duration;

/// Hold a named lock while a command runs
///
/// A lock is a directory NAME.lock in the state directory (SSO_STATE_DIR, else ~/.aws/sso-renewer). It
/// ends with its holder, even by SIGKILL. This tool never decides what is worth locking.
#[derive(Debug, Parser)]
#[command(
    version,
    after_long_help = "\
Examples:
  sso-lock run backup -- ./backup.sh           one at a time, or status 75
  sso-lock run --wait 5m backup -- ./backup.sh
  sso-lock status

Exit status:
  0   done, or the answer is yes
  1   the answer is no
  2   bad command line
  65  bad document
  74  a file or stream failed
  75  held: try later
  N   run: the command's own status; 126 can't run, 127 not found, 128+N killed by signal N"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a command while holding a lock
    ///
    /// The command gets stdin, stdout and stderr, and its status is passed on. SIGTERM, SIGINT, SIGHUP,
    /// SIGQUIT, SIGUSR1 and SIGUSR2 sent to this process are passed to the command, which is waited for.
    /// (SIGKILL can't be passed on: it frees the lock, though the command may go on.)
    #[command(after_long_help = "\
Examples:
  sso-lock run backup -- ./backup.sh
  sso-lock run --wait 5m deploy -- sh -c 'git pull && make deploy'

Exit status:
  N    the command's own status; 128+N if signal N killed it
  75   held by somebody else, after --wait; the command did not run
  126  the command can't be run
  127  the command isn't found
  2    bad command line
  74   a file failed")]
    Run {
        /// Wait at most this long for the lock (30s, 5m)
        #[arg(long, value_name = "D", value_parser = parse_duration, default_value = "0s")]
        wait: Duration,
        /// The lock
        name: Name,
        /// The command and its arguments
        #[arg(last = true, required = true, value_name = "CMD")]
        command: Vec<OsString>,
    },
    /// Take a lock that outlives this process, and print its token
    ///
    /// Prints {"name", "token", "expiresAt"}. The token is never shown again; only its SHA-256 is kept. The
    /// lock lasts until it is released with that token, at most --ttl.
    #[command(after_long_help = "\
Examples:
  sso-lock acquire deploy --ttl 10m > lock.json
  sso-lock release < lock.json

Exit status:
  0   the lock is held
  2   bad command line
  74  a file or stream failed; nothing is held
  75  held by somebody else, after --wait")]
    Acquire {
        /// The lock
        name: Name,
        /// Wait at most this long for the lock (30s, 5m)
        #[arg(long, value_name = "D", value_parser = parse_duration, default_value = "0s")]
        wait: Duration,
        /// How long the lock lasts if nobody releases it: a second at least
        #[arg(long, value_name = "D", value_parser = parse_ttl, default_value = "1h")]
        ttl: Duration,
    },
    /// Release a lock that `acquire` took
    ///
    /// Without --token, reads the documents of `acquire` from stdin; NAME, if given, must be theirs. That way
    /// the token is on no command line.
    #[command(after_long_help = "\
Examples:
  sso-lock release < lock.json
  sso-lock release deploy --token \"$token\"

Exit status:
  0   released
  1   that token doesn't hold the lock
  2   bad command line
  65  bad document
  74  a file failed
  75  the acquiring process is still at it")]
    Release {
        /// The lock
        name: Option<Name>,
        /// The token that `acquire` printed
        #[arg(long, value_name = "T", requires = "name")]
        token: Option<String>,
    },
    /// Say who holds a lock
    ///
    /// Prints {"name", "held", "owner": {"pid", "host", "command", "since"}, "stale"}; without NAME, one document
    /// per lock. A stale lock is a dead holder's, or its time is up: it is free, and the next contender gets it.
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
    Status {
        /// The lock; all if left out
        name: Option<Name>,
        /// Write sentences for people
        #[arg(long)]
        text: bool,
    },
    /// Remove a dead or expired holder's lock
    ///
    /// Seldom needed: whoever wants such a lock gets it anyway. A live holder's lock stays.
    #[command(after_long_help = "\
Examples:
  sso-lock break login

Exit status:
  0   removed
  1   there is no such lock
  2   bad command line
  74  a file failed
  75  its holder is alive")]
    Break {
        /// The lock
        name: Name,
    },
}

/// A lock that that ends at once is none.
fn parse_ttl(text: &str) -> Result<Duration, String> {
    let ttl = parse_duration(text)?;
    if ttl < Duration::from_secs(1) {
        return Err("it must be one second or more".to_owned());
    }
    Ok(ttl)
}
