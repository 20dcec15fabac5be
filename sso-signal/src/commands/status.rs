//! `sso-signal status`: everything that decides about reminders, alone or joined with what other tools say.

use crate::dashboard;
use sso_tool::exit::Exit;
use sso_tool::settings::Settings;
use sso_tool::stream::{self, Output};

/// Print everything that decides about reminders, as one document
///
/// With `-` it reads the documents of `sso-cache check` (profiles, as checked now), `sso-lock status` and
/// `sso-signal service status` on stdin, and adds them to the result. The result says what to do next, for each profile and
/// overall. Without `-` it doesn't read stdin.
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = "\
Examples:
  sso-signal status | jq '.signals[] | {profile, state, until}'
  sso-signal status --text
  { sso-profile list | sso-cache check; sso-lock status; sso-signal service status; } |
    sso-signal status - --text

Exit status:
  0   done
  65  bad document or state of a newer version
  74  a file failed")]
pub(crate) struct Args {
    /// `-` adds the documents on stdin
    #[arg(value_parser = ["-"])]
    pub(crate) documents: Option<String>,
    /// Print lines for people
    #[arg(long)]
    pub(crate) text: bool,
}

/// Prints the status; with `-` joined with the documents on stdin.
pub(crate) fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let output = &mut Output::stdout();
    match &args.documents {
        None => dashboard::status::print(settings, args.text, output),
        Some(_) => dashboard::print(settings, stream::stdin()?, args.text, output),
    }
}
