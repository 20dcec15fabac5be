//! `sso-cache list`: every file of the cache.

use sso_cache::folder::Cache;
use sso_cache::list::list;
use sso_cache::view::{FILES, View};
use sso_tool::exit::Exit;
use sso_tool::settings::Settings;
use sso_tool::time;

use crate::commands::logged_view::logged;

/// List every file of the cache: kind, state and expiry
///
/// Prints one document per file, sorted by folder and name: `file`, `kind` (token, registration, role-credentials,
/// assume-role, other), `state` (valid, refreshable, expired, corrupt), `expiresAt`, and `startUrl`, `region` and
/// `accountId` if the file has them.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Print a table for people instead of documents
    #[arg(long)]
    text: bool,
}

const EXAMPLES: &str = "\
Examples:
  sso-cache list --text
  sso-cache list | jq -r 'select(.state == \"corrupt\") | .file'

Exit status:
  0   done
  2   bad command line
  74  a folder or file could not be read
  78  HOME is not set";

pub(crate) fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let cache = Cache::of(settings)?;
    let view = View::stdout(args.text.then_some(FILES));
    logged(view, "listed", &cache, settings, |view| list(&cache, time::now()?, view))
}
