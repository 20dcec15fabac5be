//! `key`: keys that point at profiles and variables.

use sso_tool::exit::Exit;
use sso_tool::settings::Settings;

pub(crate) mod slug_args;

// In the order of the help.
sso_tool::subcommands! {
    pub(crate) enum Command {
        Set in set,
        Get in get,
        List in list,
        Sessions in sessions,
        Remove in remove,
    }
}

/// Keep names (keys) for profiles and variables
///
/// A key `ENV.KEY` stores a vault and a reference in it, never a secret. Reading a key never logs in.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  sso-profile key set --env dev --key AWS_PROFILE --vault aws.iam.sso corp
  sso-profile key get --env dev --key AWS_PROFILE || echo locked
  sso-profile key list --text

Exit status:
  0   done, or granted
  1   absent
  2   bad command line
  65  bad content of keys.json
  74  a file or stream failed
  75  not now: another process holds the state directory
  77  locked: a person must log in
  78  its profile or variable is gone")]
pub(crate) struct Args {
    /// What to do
    #[command(subcommand)]
    command: Command,
}

pub(crate) fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    args.command.run(settings)
}
