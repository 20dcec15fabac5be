//! `sso-login doctor`: what is wrong here, and the command that mends it. It changes nothing.
//!
//! Each check is a function in a file of its own and one line of [`CHECKS`]; it hands back findings: what was seen, how bad
//! it is, what to do.

mod cache;
mod config;
mod endpoint;
mod finding;
mod liveness;
mod permissions;
mod programs;
mod proxy;
mod reach;
mod readers;
mod report;
mod sessions;
mod static_keys;
mod variables;

use std::cell::Cell;

use clap::Args;
use sso_profile::{AwsConfig, Profile};
use sso_tool::exit::Exit;
use sso_tool::settings::Settings;
use sso_tool::stream::Output;
use sso_tool::time::{self, Moment};

use finding::Finding;
use report::Report;

/// Check everything that a login needs, and say how to fix it
///
/// Checks the AWS CLI, variables, config, cache, permissions, sessions, endpoints, clock, watcher, monitor, browser and
/// dialog. It changes nothing, and contacts the endpoints without a token.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct DoctorArgs {
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

/// What is looked at.
struct Ward<'a> {
    settings: &'a Settings,
    now: Moment,
    config: anyhow::Result<AwsConfig>,
    /// The profile that the command line names.
    profile: Option<&'a str>,
    /// Whether what needs the network is left out.
    is_offline: bool,
    /// The signal that ended a check, if one did.
    interrupted: Cell<Option<i32>>,
}

impl Ward<'_> {
    /// Why there is no SSO profile to look at.
    fn why_none(&self) -> &'static str {
        match self.config {
            Ok(_) => "there is no SSO profile",
            Err(_) => "the config can't be read",
        }
    }

    /// The SSO profiles to look at: the named one, or one of each session.
    fn profiles(&self) -> Vec<Profile> {
        let Ok(config) = &self.config else { return Vec::new() };
        let mut seen = Vec::new();
        config
            .profiles()
            .filter(|(name, _)| self.profile.is_none_or(|wanted| wanted == *name))
            .filter_map(|(_, profile)| profile.ok())
            .filter(|profile| {
                let Some(sso) = &profile.sso else { return false };
                let session = (sso.session.clone(), sso.start_url.clone());
                let is_new = !seen.contains(&session);
                seen.push(session);
                is_new
            })
            .collect()
    }
}

/// Looks at one thing, or at a few that belong together.
type Check = fn(&Ward<'_>) -> Vec<Finding>;

/// All checks, in the order of their findings.
const CHECKS: [Check; 12] = [
    programs::aws,
    variables::check,
    config::check,
    static_keys::check,
    readers::check,
    cache::check,
    permissions::check,
    sessions::check,
    endpoint::check,
    liveness::check,
    programs::browser,
    programs::dialog,
];

/// `sso-login doctor`: every check, and with `--exit-status` the worst finding as status.
pub fn run(args: &DoctorArgs, settings: &Settings) -> anyhow::Result<Exit> {
    let ward = Ward {
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
        for finding in check(&ward) {
            if !args.text {
                output.document(&finding.document())?;
            }
            report.add(finding);
        }
        if let Some(signal) = ward.interrupted.get() {
            return Ok(Exit::of_signal(signal));
        }
    }
    if args.text {
        output.text(&report.text())?;
    }
    Ok(if args.exit_status { report.exit() } else { Exit::Done })
}
