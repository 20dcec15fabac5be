//! `sso-signal log`: what the tools say, as a log for people.

use std::io::{self, IsTerminal as _};

use crate::journal;
use sso_tool::exit::Exit;
use sso_tool::settings::Settings;

/// Write what the tools say as a log for people
///
/// Reads documents, and any other line, on stdin; each event is one line with its time. A monitor's documents give a
/// line only when something changed; other lines that repeat are left out for ten minutes.
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = "\
Examples:
  sso-signal wait | sso-login - | sso-signal settle | sso-signal log
  sso-profile list | sso-cache check --every 60s | sso-signal write | sso-signal log

Exit status:
  0   done
  74  a stream failed")]
pub(crate) struct Args {}

/// Writes the log of what comes on stdin.
pub(crate) fn run(_: &Args, _: &Settings) -> anyhow::Result<Exit> {
    let is_watched = io::stdout().is_terminal();
    journal::write(io::stdin().lock(), is_watched, &mut io::stdout().lock())
}
