//! `sso-cache prune`: remove files that nobody needs.

use std::time::Duration;

use sso_cache::folder::Cache;
use sso_cache::prune::{Choice, Points, Prune};
use sso_cache::view::{PRUNED, View};
use sso_tool::exit::{Exit, Fault};
use sso_tool::settings::Settings;
use sso_tool::time::parse_duration;
use sso_tool::{stream, time};

use crate::commands::logged_view::logged;

/// Remove cache files that nobody needs: expired, orphaned, corrupt, old
///
/// Give at least one of --expired, --orphaned, --corrupt and --older-than. A file that matches one of the first three is
/// removed; with --older-than, only if nobody wrote to it for that long. --older-than alone matches tokens and role
/// credentials of any state. Some files are always kept: tokens that can be renewed (unless they are orphans), registrations
/// that have not expired, torn files that `sso-cache repair` can repair, and other tools' files unless they are torn. The
/// same options apply to copies that a killed writer left beside a file, and to files in `quarantine/`; --corrupt removes
/// both, too.
///
/// Prints one document per file, like `sso-cache list`, with `action` (removed, kept), `because`, and `error`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "five switches of a command line")]
pub(crate) struct Args {
    /// Remove expired files that can't be renewed
    #[arg(long)]
    expired: bool,

    /// Remove files that no profile of the documents on standard input points at
    ///
    /// If a profile can't be resolved, nothing is removed. Credentials of assumed roles are never orphans, because a
    /// profile's document doesn't tell their file name.
    #[arg(long)]
    orphaned: bool,

    /// Remove torn files that can't be repaired
    #[arg(long)]
    corrupt: bool,

    /// Remove only files that nobody wrote to for D, such as 12h or 30d
    #[arg(long, value_name = "D", value_parser = parse_duration)]
    older_than: Option<Duration>,

    /// Say what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,

    /// Print a table for people instead of documents: only the files to remove
    #[arg(long)]
    text: bool,
}

const EXAMPLES: &str = "\
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
  75  not now: another repair or change holds the state directory
  78  HOME is not set; or --orphaned, and a profile can't be resolved";

pub(crate) fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let cache = Cache::of(settings)?;
    let orphaned = if args.orphaned { Some(Points::of(stream::stdin()?, &cache)?) } else { None };
    let wanted =
        Choice { is_expired: args.expired, orphaned, is_corrupt: args.corrupt, older_than: args.older_than };
    if wanted.is_empty() {
        return Err(Fault::new(Exit::Usage, "no files were chosen to prune")
            .hint("sso-cache prune --expired --dry-run")
            .into());
    }
    let prune = Prune { cache: &cache, state_dir: settings.state_dir()?, wanted, is_dry: args.dry_run };
    let view = View::stdout(args.text.then_some(PRUNED)).or_else("nothing to prune");
    logged(view, "pruned", &cache, settings, |view| prune.run(time::now()?, view))
}
