//! `key set`: where a key is found.

use sso_tool::exit::Exit;
use sso_tool::settings::Settings;
use sso_tool::stream::Output;

use crate::commands::key::slug_args::SlugArgs;
use crate::key::{self, Standing, VaultName};

/// Store what a key points at
///
/// For `aws.iam.sso`, the profile must exist and have an sso-session, an account and a role; for `aws.static`, it must exist
/// and have static keys. Nobody is logged in. For `env`, the reference is a variable or `/path/to/file#VARIABLE`, and only
/// its name is checked: you may set the variable later, and until then the key is absent.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  sso-profile key set --env dev --key AWS_PROFILE --vault aws.iam.sso corp

Exit status:
  0   stored
  2   bad command line
  65  bad content of keys.json
  74  a file or stream failed
  75  not now: another process holds the state directory
  78  there is no such profile or it is of another kind, or REFERENCE isn't the name of a variable")]
pub(crate) struct Args {
    /// Which key
    #[command(flatten)]
    slug: SlugArgs,
    /// aws.iam.sso, aws.static or env
    #[arg(long)]
    vault: VaultName,
    /// The reference: a profile, a variable, or a file and a variable
    reference: String,
    /// Put the key on trial: only `get --trial` sees it, until you set it without this flag
    #[arg(long)]
    trial: bool,
}

pub(crate) fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let document =
        key::set(&args.slug.parse()?, args.vault, &args.reference, Standing::of_trial(args.trial), settings)?;
    Output::stdout().document(&document)?;
    Ok(Exit::Done)
}
