//! `sso-cache repair`: mend torn files.

use std::path::PathBuf;

use sso_cache::repair::Repair;
use sso_cache::view::{REPAIRED, View};
use sso_tool::exit::Exit;
use sso_tool::settings::Settings;

use crate::commands::{cache, logged};

/// Repair torn files, without a login where one whole object is left
///
/// Two AWS CLIs that write at once tear a file, and no client repairs it: every command fails with a bare hash. Where a torn
/// file still holds one whole token, registration or set of role credentials, that is written back; of several tokens the
/// one that lasts longest. The torn file goes to `quarantine/` of the state directory (the newest 20 are kept). Good files,
/// links and other tools' files are left alone, and so is what is being written at the moment.
///
/// One document per file: `file`, `action` (salvaged, quarantined, none), and where there is something to say `reason`,
/// `kind`, `expiresAt`, `quarantine`, `error`. Those of torn files come last.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Files of the cache, by name; all without any
    ///
    /// Another tool's torn file, too, is put aside if it is named. A name that leaves the two folders is refused.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Say what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,

    /// Print a table for people instead of documents: only what is not as it should be
    #[arg(long)]
    text: bool,
}

const EXAMPLES: &str = "\
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

pub(crate) fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let cache = cache(settings)?;
    let repair = Repair { cache: &cache, state_dir: settings.state_dir()?, is_dry: args.dry_run };
    let view = View::stdout(args.text.then_some(REPAIRED)).or_else("nothing to repair");
    logged(view, "repaired", &cache, settings, |view| repair.run(&args.files, view))
}
