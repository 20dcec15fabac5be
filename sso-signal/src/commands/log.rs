//! `sso-signal log`: what the tools say, as a log for people.

use std::io::{self, IsTerminal as _};

use rustix::fs::{FileType, OFlags};

use crate::journal;
use sso_tool::exit::Exit;
use sso_tool::settings::Settings;

/// The largest log, in bytes: weeks of an honest watcher.
const LARGEST: i64 = 16 << 20;

/// Turn the tools' output into a log for people
///
/// Reads documents and other lines on stdin, and writes one line with its time for each event. A monitor's documents cause a
/// line only when something has changed. Other repeated lines are left out for ten minutes. A log file of more than 16 MiB
/// starts anew.
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = "\
Examples:
  sso-signal wait | sso-login - | sso-signal settle | sso-signal log
  sso-profile list --every 60s | sso-cache check | sso-signal write | sso-signal log

Exit status:
  0   done
  74  a stream failed")]
pub(crate) struct Args {}

/// Writes the log of what comes on stdin.
pub(crate) fn run(_: &Args, _: &Settings) -> anyhow::Result<Exit> {
    let is_watched = io::stdout().is_terminal();
    journal::write(io::stdin().lock(), is_watched, &mut io::stdout().lock(), is_cut)
}

/// Cuts a log file that got too large, and answers whether it did: a service's log is rotated by nobody. One that isn't
/// written at its end keeps its size.
fn is_cut() -> bool {
    let stdout = io::stdout();
    let Ok(file) = rustix::fs::fstat(&stdout) else { return false };
    let is_appended = rustix::fs::fcntl_getfl(&stdout).is_ok_and(|flags| flags.contains(OFlags::APPEND));
    FileType::from_raw_mode(file.st_mode) == FileType::RegularFile
        && is_appended
        && file.st_size > LARGEST
        && rustix::fs::ftruncate(&stdout, 0).is_ok()
}
