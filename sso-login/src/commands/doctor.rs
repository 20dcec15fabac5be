//! `sso-login doctor`: what is wrong here, and the command that mends it. It changes nothing.

use std::cell::Cell;

use sso_profile::AwsConfig;
use sso_tool::exit::Exit;
use sso_tool::settings::Settings;
use sso_tool::stream::Output;
use sso_tool::time;

use crate::doctor::CHECKS;
use crate::doctor::report::Report;
use crate::doctor::scope::Scope;

/// Check everything that a login needs, and say how to fix it
///
/// Checks the AWS CLI, variables, config, cache, permissions, sessions, endpoints, clock, watcher, monitor, browser and
/// dialog. It changes nothing, and contacts the endpoints without a token.
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// Profile to check [default: every SSO profile]
    profile: Option<String>,
    /// Make the worst finding the exit status
    #[arg(short, long)]
    exit_status: bool,
    /// Print text for people instead of documents
    #[arg(long)]
    text: bool,
    /// Leave out the checks that need the network
    #[arg(long)]
    offline: bool,
}

const EXAMPLES: &str = "\
Examples:
  sso-login doctor --text
  sso-login doctor corp -e --offline
  sso-login doctor | jq -r 'select(.status == \"error\") | .fix'

Documents: `check`, `status` (ok, warning, error, skipped), `seen`, and `fix`, the command for it
Checks: aws-cli, variables, config, static-keys, readers, cache, permissions, state-directory,
  session, registration, endpoint, clock, watcher, monitor, browser, dialog

Exit status:
  0   all checks are done; with -e: nothing is wrong
  1   with -e: there are warnings and no errors
  2   bad command line
  65  with -e, the first error: a cache file is torn
  69  with -e, the first error: an endpoint can't be reached
  74  with -e, the first error: permissions or files are wrong; without -e: a stream failed
  78  with -e, the first error: configuration wrong";

/// `sso-login doctor`: every check, and with `--exit-status` the worst finding as status.
pub fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let scope = Scope {
        settings,
        now: time::now()?,
        config: AwsConfig::load(settings),
        profile: args.profile.as_deref(),
        is_offline: args.offline,
        interrupted: Cell::new(None),
    };
    let mut output = Output::stdout();
    let mut report = Report::default();
    for check in CHECKS {
        for finding in check(&scope) {
            if !args.text {
                output.document(&finding.document())?;
            }
            report.add(finding);
        }
        if let Some(signal) = scope.interrupted.get() {
            return Ok(Exit::of_signal(signal));
        }
    }
    if args.text {
        output.text(&report.text())?;
    }
    Ok(if args.exit_status { report.exit() } else { Exit::Done })
}
