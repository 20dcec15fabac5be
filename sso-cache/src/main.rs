//! Check, list, repair and prune cached tokens and credentials.

mod commands;

use std::process::ExitCode;

use clap::Parser;
use sso_cache::TOOL;
use sso_tool::settings::Settings;

use crate::commands::Command;

fn main() -> ExitCode {
    sso_tool::main(TOOL, |cli: Cli| cli.command.run(&Settings::new(TOOL)))
}

/// Check, list, repair and prune cached tokens and credentials
///
/// Reads the cache files that the AWS CLI and the SDKs share (~/.aws/sso/cache and ~/.aws/cli/cache), repairs torn ones and
/// removes those that nobody needs. It uses no network and prints no secret.
#[derive(Debug, Parser)]
#[command(name = "sso-cache", version, after_long_help = TOP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
