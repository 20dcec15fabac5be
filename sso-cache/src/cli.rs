//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use sso_tool::time::parse_duration;

/// Say how good the cached tokens and credentials are
///
/// Reads the cache files that the AWS CLI and the SDKs share (~/.aws/sso/cache and ~/.aws/cli/cache), mends torn ones and
/// removes those that nobody needs. No network is used, and no secret is printed.
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
    Repair(Repair),
    Prune(Prune),
}

/// Add the state of token and credentials to profile documents
///
/// A filter: reads documents of `sso-profile list` or `sso-profile show` on standard input and adds `token`,
/// `credentials`, `loginRequired`, `reason` and, if somebody must log in, `episode`. Token states are valid,
/// refreshable (over, but renewed without a person), expired, missing and corrupt; the last three
/// need a login. A profile that could not be resolved (it has `error`) gets no `loginRequired`:
/// nobody is woken for a mistake in the config. Neither does one whose file can't be read, which gets an `error`.
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
    /// `SSO_CHECK_SECONDS` (60).
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

/// Mend torn files, without a login where one whole object is left
///
/// Two AWS CLIs that write at once tear a file, and no client mends it: every command fails with a bare hash. Where a torn
/// file still holds one whole token, registration or set of role credentials, that is written back; of several tokens the
/// one that lasts longest. The torn file goes to `quarantine/` of the state directory (the newest 20 are kept). Good files,
/// links and other tools' files are left alone, and so is what is being written at the moment.
///
/// One document per file: `file`, `action` (salvaged, quarantined, none), and where there is something to say `reason`,
/// `kind`, `expiresAt`, `quarantine`, `error`. Those of torn files come last.
#[derive(Debug, Args)]
#[command(after_long_help = REPAIR)]
pub(crate) struct Repair {
    /// Files of the cache, by name; all without any
    ///
    /// Another tool's torn file, too, is put aside if it is named. A name that leaves the two folders is refused.
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// Say what would be done, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Print a table for people instead of documents: only what is not as it should be
    #[arg(long)]
    pub(crate) text: bool,
}

/// Remove cache files that nobody needs: expired, orphaned, corrupt, old
///
/// At least one choice is needed. A file goes if one of --expired, --orphaned and --corrupt says so, and, with --older-than,
/// if it was not written to for that long; --older-than alone means tokens and role credentials of any state. Kept in any
/// case: tokens that a refresh renews (but not orphans), registrations that are not over, torn files that `sso-cache repair`
/// can mend, and other tools' files unless they are torn.
///
/// One document per file, as of `sso-cache list`, with `action` (removed, kept), `because`, and `error`.
#[derive(Debug, Args)]
#[command(after_long_help = PRUNE)]
#[expect(clippy::struct_excessive_bools, reason = "five switches of a command line")]
pub(crate) struct Prune {
    /// What is over and can't be renewed
    #[arg(long)]
    pub(crate) expired: bool,

    /// What no profile of the documents on standard input points at
    ///
    /// A profile that can't be resolved ends it before anything is removed. Credentials of assumed roles are never
    /// orphans: nothing in a profile's document says what they are called.
    #[arg(long)]
    pub(crate) orphaned: bool,

    /// What is torn and beyond repair
    #[arg(long)]
    pub(crate) corrupt: bool,

    /// What was not written to for D, like 12h or 30d
    #[arg(long, value_name = "D", value_parser = parse_duration)]
    pub(crate) older_than: Option<Duration>,

    /// Say what would be done, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Print a table for people instead of documents: only what goes
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
  0   done, or the answer is yes
  2   bad command line
  65  bad document
  74  a file or stream failed
  77  a person must log in (check -e)
  78  profile or configuration wrong";

const CHECK: &str = "\
Examples:
  sso-profile show corp | sso-cache check -e || sso-login corp
  sso-profile list | sso-cache check | jq -r 'select(.loginRequired) | .profile'
  sso-profile list | sso-cache check --every 60s | sso-login refresh |
    sso-signal write --source monitor

Exit status:
  0   every document was checked; with -e: the last one needs no login
  2   bad command line, or standard input is a terminal
  65  a document is bad or has no profile data; with -e or --every: there is none
  74  a file could not be read (the others were checked), or a stream failed
  77  with -e: the last one needs a person to log in
  78  HOME or SSO_CHECK_SECONDS is wrong; with -e: the last one has `error`";

const LIST: &str = "\
Examples:
  sso-cache list --text
  sso-cache list | jq -r 'select(.state == \"corrupt\") | .file'

Exit status:
  0   done
  2   bad command line
  74  a folder or file could not be read
  78  HOME is not set";

const REPAIR: &str = "\
Examples:
  sso-cache repair --dry-run --text
  sso-cache repair
  sso-cache repair 3ece1471f44f63177cbc35ba0b904e0c096b6783.json

Exit status:
  0   done: what was torn is mended or put aside
  2   bad command line, or a FILE outside of the cache
  74  a file could not be read or mended, or a FILE is not there
  75  another repair or change holds the state directory
  78  HOME is not set";

const PRUNE: &str = "\
Examples:
  sso-cache prune --expired --dry-run --text
  sso-profile list | sso-cache prune --orphaned --expired
  sso-cache prune --expired --older-than 30d
  sso-cache repair && sso-cache prune --corrupt

Exit status:
  0   done
  2   bad command line, or nothing was chosen, or --orphaned and standard input is a terminal
  65  --orphaned, and a document is bad, has no profile data, or there is none
  74  a file could not be read or removed
  75  another repair or change holds the state directory
  78  HOME is not set; or --orphaned, and a profile can't be resolved";

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
