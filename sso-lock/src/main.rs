//! Hold a named lock while a command runs.

mod commands;

use std::process::ExitCode;

use clap::Parser;
use sso_tool::settings::Settings;

use commands::Command;

const TOOL: &str = "sso-lock";

fn main() -> ExitCode {
    sso_tool::main(TOOL, |cli: Cli| cli.command.run(&Settings::new(TOOL)))
}

/// Hold a named lock while a command runs
///
/// A lock is a directory NAME.lock in the state directory (SSO_STATE_DIR, else ~/.aws/sso-renewer). It
/// ends when its holder ends, even by SIGKILL. This tool never decides what is worth locking.
#[expect(clippy::doc_markdown, reason = "help texts aren't Markdown")]
#[derive(Debug, Parser)]
#[command(
    version,
    after_long_help = "\
Examples:
  sso-lock run backup -- ./backup.sh           one at a time, or status 75
  sso-lock run --wait 5m backup -- ./backup.sh
  sso-lock status

Exit status:
  0   done, or the answer is yes
  1   the answer is no
  2   bad command line
  65  bad document
  74  a file or stream failed
  75  not now: somebody else holds it
  N   run: the command's own status; 126 can't run, 127 not found, 128+N killed by signal N"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }
}
