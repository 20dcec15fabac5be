//! The command line.

use clap::Parser;
use sso_tool::exit::Exit;
use sso_tool::settings::Settings;

use crate::commands::Command;

/// Read and write profiles in the AWS config file, byte for byte
///
/// Reads `~/.aws/config` and `~/.aws/credentials` exactly as the AWS CLI does, and changes only those bytes of the
/// config that must change. Documents are JSON objects, one per line. It never logs in.
#[derive(Debug, Parser)]
#[command(name = "sso-profile", version, arg_required_else_help = true, after_long_help = EXAMPLES)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  sso-profile list --text
  sso-profile show corp | sso-cache check
  sso-profile write corp --start-url https://d-1234567890.awsapps.com/start --sso-region us-east-1 \\
    --account-id 111122223333 --role-name Developer --region eu-west-1
  sso-login accounts corp | sso-profile choose | sso-profile write corp-dev

Exit status:
  0   done
  1   the answer is no: nothing was chosen
  2   bad command line
  65  bad document on standard input, or --prune with a listing that is incomplete
  74  a file or stream failed
  75  not now: another writer holds the config file
  78  profile or configuration wrong";

impl Cli {
    /// Does what the command line says.
    pub fn run(&self, settings: &Settings) -> anyhow::Result<Exit> {
        self.command.run(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
