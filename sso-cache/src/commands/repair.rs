//! `sso-cache repair`: mend torn files.

use std::path::PathBuf;

use sso_cache::folder::Cache;
use sso_cache::repair::Repair;
use sso_cache::view::{REPAIRED, View};
use sso_tool::exit::Exit;
use sso_tool::settings::Settings;

use crate::commands::logged_view::logged;

/// Repair torn files, without a login if one whole object is left
///
/// Two AWS CLIs that write at the same time can tear a file. No client repairs it, and every command fails with an error that
/// is only a hash. If a torn file still has one whole token, registration or set of role credentials, `repair` writes that
/// back; of several tokens it chooses the one that lasts longest. It moves the torn file to `quarantine/` in the state
/// directory (and keeps the newest 20). It doesn't touch good files, links, other tools' files, or files that are being
/// written.
///
/// Prints one document per file: `file`, `action` (salvaged, quarantined, none), and, where they apply, `reason`,
/// `kind`, `expiresAt`, `quarantine` and `error`. Torn files come last.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Files of the cache, by name [default: all]
    ///
    /// Another tool's torn file is moved to the quarantine only if you name it. A name outside of the two folders is
    /// refused.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Say what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,

    /// Print a table for people instead of documents: only the files with a problem
    #[arg(long)]
    text: bool,
}

const EXAMPLES: &str = "\
Examples:
  sso-cache repair --dry-run --text
  sso-cache repair
  sso-cache repair 3ece1471f44f63177cbc35ba0b904e0c096b6783.json

Exit status:
  0   done: torn files are repaired or quarantined
  2   bad command line, or a FILE outside of the cache
  74  a file could not be read or repaired, or a FILE doesn't exist
  75  not now: another repair or change holds the state directory
  78  HOME is not set";

pub(crate) fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let cache = Cache::of(settings)?;
    let repair = Repair { cache: &cache, state_dir: settings.state_dir()?, is_dry: args.dry_run };
    let view = View::stdout(args.text.then_some(REPAIRED)).or_else("nothing to repair");
    logged(view, "repaired", &cache, settings, |view| repair.run(&args.files, view))
}
