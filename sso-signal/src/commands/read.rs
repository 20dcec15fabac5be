//! `sso-signal read`: signals as documents.
#![expect(clippy::doc_markdown, reason = "doc comments here are help texts")]

use std::path::Path;

use crate::queue::Queue;
use crate::signal;
use crate::signal_store::{Reading, SignalStore};
use sso_tool::exit::{Exit, Fault};
use sso_tool::settings::Settings;
use sso_tool::stream::Output;
use sso_tool::time;

/// Print signals as documents
///
/// Prints the signal of PROFILE, else of the profile that the environment chooses (SSO_PROFILE_VARS, AWS_PROFILE). If
/// neither names a profile, it prints every signal. For a profile on another host, name the host with --host.
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = "\
Examples:
  sso-signal read corp
  sso-signal read --all | jq -r .profile
  sso-signal read softmax --host metta@metta1

Exit status:
  0   there is one
  1   there is none
  74  a file failed")]
pub(crate) struct Args {
    /// Profile whose signal to print
    pub(crate) profile: Option<String>,
    /// Print every signal
    #[arg(long, conflicts_with = "profile")]
    pub(crate) all: bool,
    /// Print the signal of PROFILE on HOST, not on this machine
    #[arg(long, conflicts_with = "all")]
    pub(crate) host: Option<String>,
}

/// Prints what PROFILE, the environment or `--all` asks for.
pub(crate) fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let output = &mut Output::stdout();
    let chosen = || settings.chosen_profile().map(|(name, _)| name);
    let wanted = if args.all { None } else { args.profile.clone().or_else(chosen) };
    if wanted.is_none() && args.host.is_some() {
        return Err(Fault::new(Exit::Usage, "--host needs the profile on that host")
            .hint("sso-signal read PROFILE --host HOST")
            .into());
    }
    let wanted = wanted.map(|profile| signal::key(&profile, args.host.as_deref()));
    print(settings, wanted.as_deref(), output)
}

/// Prints the signal of a key, or every signal. Without one the answer is no.
fn print(settings: &Settings, wanted: Option<&str>, output: &mut Output) -> anyhow::Result<Exit> {
    let mut found = Exit::No;
    let mut store = Queue::new(settings)?.signals;
    let Reading { signals, unreadable, .. } = store.read(time::now()?)?;
    settings.debug(|| format!("{} signals, {} files that can't be read", signals.len(), unreadable.len()));
    for located in signals {
        if wanted.is_none_or(|wanted| wanted == located.signal.key()) {
            // The file's own unknown keys are shown, too.
            let Some(signal) = SignalStore::reread(&located.path)? else { continue };
            output.document(&signal.full_document())?;
            found = Exit::Done;
        }
    }
    let needed = |path: &Path| wanted.is_none_or(|wanted| found == Exit::No && store.may_hold(path, wanted));
    match unreadable.into_iter().find(|(path, _)| needed(path)) {
        Some((_, err)) => Err(err),
        None => Ok(found),
    }
}
