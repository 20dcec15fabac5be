//! The command line of `sso-signal`.

use clap::Parser;
use sso_tool::exit::Exit;
use sso_tool::settings::Settings;

use crate::commands::Command;

/// Keep the "login required" signals and what the user decided about them
///
/// A monitor raises a signal when an AWS SSO session has expired. A watcher waits until a signal is due, asks somebody
/// to log in, and records the outcome. This tool never looks at tokens and opens nothing.
#[derive(Debug, Parser)]
#[command(
    name = "sso-signal",
    version,
    after_long_help = "\
Examples:
  sso-profile list --every 60s | sso-cache check | sso-signal write --source me    the monitor
  while sso-signal wait | sso-login - | sso-signal settle; do :; done              the watcher
  sso-signal status --text

Files: ~/.aws/sso-renewer/ (SSO_STATE_DIR): login-required.json (SSO_SIGNAL_FILE), signals/, mode,
  state.json, notified.json, last-login-at.txt, quarantine/
Settings (environment, ~/.backlog-toolkit-env or SSO_ENV_FILE, .env): SSO_LOGIN_MODE,
  SSO_COOLDOWN_SECONDS, SSO_POLL_SECONDS, SSO_PROFILE_VARS, AWS_PROFILE, SSO_AUTO_PROFILES

Exit status:
  0    done
  1    the answer is no
  2    bad command line
  65   bad document
  74   a file failed
  75   not now: another process keeps the state locked
  78   bad setting
  124  timed out"
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

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
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
