//! The command line.

use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use sso_signal::time::parse_duration;

/// Say how good the cached tokens and credentials are
///
/// Reads the cache files that the AWS CLI and the SDKs share (~/.aws/sso/cache and ~/.aws/cli/cache). Nothing
/// is written, no network is used, and no secret is printed.
#[derive(Debug, Parser)]
#[command(name = "sso-cache", version, after_long_help = TOP)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Check(Check),
    List(List),
}

/// Add the state of token and credentials to profile documents
///
/// A filter: reads documents of `sso-profile list` or `sso-profile show` on standard input and adds `token`,
/// `credentials`, `loginRequired`, `reason` and, if somebody must log in, `episode`. Token states are valid,
/// refreshable (over, but renewed without a person), expired, missing and corrupt; the last three
/// need a login. A profile that could not be resolved (it has `error`) gets no `loginRequired`:
/// nobody is woken for a mistake in the config.
#[derive(Debug, Args)]
#[command(after_long_help = CHECK)]
pub(crate) struct Check {
    /// Make the last document's answer the exit status
    #[arg(short, long, conflicts_with = "every")]
    pub(crate) exit_status: bool,

    /// Monitor: read all documents, then check them again every D
    ///
    /// One document per profile and tick, the first at once, until standard output closes or SIGTERM or SIGINT comes;
    /// then the status is 0. D is written like 30s, 15m or 1h30m and is one second at least; without D it is
    /// `SSO_CHECK_SECONDS` (60). A file that can't be read gives a document with `error`.
    #[arg(long, value_name = "D", num_args = 0..=1, value_parser = parse_beat)]
    #[expect(clippy::option_option, reason = "absent, without D, with D: clap's own form for that")]
    pub(crate) every: Option<Option<Duration>>,

    /// Print a table for people instead of documents
    #[arg(long)]
    pub(crate) text: bool,
}

/// List every file of the cache: kind, state and expiry
///
/// One document per file, by folder and name: `file`, `kind` (token, registration, role-credentials, assume-role, other),
/// `state` (valid, refreshable, expired, corrupt), `expiresAt`, and where the file says so `startUrl`, `region`, `accountId`.
#[derive(Debug, Args)]
#[command(after_long_help = LIST)]
pub(crate) struct List {
    /// Print a table for people instead of documents
    #[arg(long)]
    pub(crate) text: bool,
}

fn parse_beat(text: &str) -> Result<Duration, String> {
    let every = parse_duration(text)?;
    if every < Duration::from_secs(1) {
        return Err("it must be one second or more".to_owned());
    }
    Ok(every)
}

const TOP: &str = "\
Examples:
  sso-profile show corp | sso-cache check -e || sso-login corp
  sso-profile list | sso-cache check --text
  sso-cache list --text

Exit status:
   0  done, or the answer is yes
   2  bad command line
  65  bad document
  74  a file or stream failed
  77  a person must log in (check -e)
  78  profile or configuration wrong";

const CHECK: &str = "\
Examples:
  sso-profile show corp | sso-cache check -e || sso-login corp
  sso-profile list | sso-cache check | jq -r 'select(.loginRequired) | .profile'
  sso-profile list | sso-cache check --every 60s | sso-login refresh | sso-signal write

Exit status:
   0  every document was checked; with -e: the last one needs no login
   2  bad command line, or standard input is a terminal
  65  a document is bad or has no profile data; with -e or --every: there is none
  74  a file or stream failed
  77  with -e: the last one needs a person to log in
  78  HOME or SSO_CHECK_SECONDS is wrong; with -e: the last one has `error`";

const LIST: &str = "\
Examples:
  sso-cache list --text
  sso-cache list | jq -r 'select(.state == \"corrupt\") | .file'

Exit status:
   0  done
   2  bad command line
  74  a folder or file could not be read
  78  HOME is not set";

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
