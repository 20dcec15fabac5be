//! `key remove`: a key forgotten.

use sso_tool::exit::Exit;
use sso_tool::settings::Settings;
use sso_tool::stream::Output;

use crate::commands::key::slug_args::SlugArgs;
use crate::key;

/// Remove a key; its profile or variable stays
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  sso-profile key remove --env dev --key AWS_PROFILE

Exit status:
  0   removed
  1   there is none
  2   bad command line
  65  bad content of keys.json
  74  a file or stream failed
  75  not now: another process holds the state directory")]
pub(crate) struct Args {
    /// Which key
    #[command(flatten)]
    slug: SlugArgs,
}

pub(crate) fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let Some(document) = key::remove(&args.slug.parse()?, settings)? else { return Ok(Exit::No) };
    Output::stdout().document(&document)?;
    Ok(Exit::Done)
}
