//! `key get`: a key and what it gives.

use sso_tool::exit::Exit;
use sso_tool::settings::Settings;
use sso_tool::stream::Output;

use crate::commands::key::slug_args::SlugArgs;
use crate::key::{self, Standing};

/// Print a key and its value
///
/// `value` is the profile's name, or the variable's content. The command never opens a browser.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  sso-profile key get --env dev --key AWS_PROFILE

Exit status:
  0   granted
  1   absent
  2   bad command line
  65  bad content of keys.json
  74  a file or stream failed
  77  locked: a person must log in
  78  its profile or variable is gone")]
pub(crate) struct Args {
    /// Which key
    #[command(flatten)]
    slug: SlugArgs,
    /// Print the key that is on trial
    #[arg(long)]
    trial: bool,
}

pub(crate) fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let look = key::look(&args.slug.parse()?, Standing::of_trial(args.trial), settings)?;
    Output::stdout().document(&look.document)?;
    Ok(look.end?)
}
