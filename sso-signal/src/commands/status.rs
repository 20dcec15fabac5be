//! `sso-signal status`: everything that decides about reminders, alone or joined with what other tools say.

use crate::dashboard;
use sso_tool::exit::Exit;
use sso_tool::settings::Settings;
use sso_tool::stream::{self, Output};

/// Print everything that decides about reminders, as one document
///
/// Standard input is only read with `-`: whatever a script has there stays. With `-` it joins what other tools say:
/// documents on stdin of `sso-cache check` (profiles, as checked now), `sso-lock status` and
/// `sso-signal service status`. The result says for each profile, and over all, what to do next.
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
    /// `-`: join the documents on stdin
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
