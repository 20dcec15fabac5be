//! `remove`: a profile taken out of the config file, and what nothing else needs with it.

use clap::builder::NonEmptyStringValueParser;
use sso_tool::exit::{Exit, Fault};
use sso_tool::filter::{Handled, filter};
use sso_tool::settings::Settings;
use sso_tool::stream::{self, Document, Output};
use sso_tool::subject::Subject;

use crate::apply::{Applied, apply};
use crate::aws_config::AwsConfig;
use crate::plan;
use crate::plan::Before;

/// Remove a profile from the config file
///
/// Removes the profile's section with the comments that can only be about it; every other byte stays. Also removes the
/// sso-session if no other profile uses it, unless it has keys or comments that `write` couldn't write again; --session
/// removes even such an sso-session. The profile is PROFILE, or `profile` of each document on standard input; `AWS_PROFILE`
/// is ignored. Keys in the credentials file are never touched.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  sso-profile remove corp --dry-run --text
  sso-profile remove corp
  sso-profile list | jq -c 'select(.ssoSession == \"old\")' | sso-profile remove

Exit status:
  0   done
  2   bad command line
  65  bad document on standard input
  74  a file or stream failed
  75  not now: another writer holds the config file
  78  no such profile, or another one has it as its source_profile (see --force)")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Args {
    /// The profile; if it is given, standard input is not read
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    profile: Option<String>,
    /// Change nothing; the document shows the change as `diff`
    #[arg(long)]
    dry_run: bool,
    /// Remove the profile even if another one has it as its `source_profile`
    #[arg(long)]
    force: bool,
    /// Remove the profile's sso-session with all its content, unless another profile uses it
    #[arg(long)]
    session: bool,
    /// Print a sentence (with --dry-run the diff) for people
    #[arg(long)]
    text: bool,
}

/// Removes the profile that is named, or the one of each document on stdin. What nobody named is never
/// removed: `AWS_PROFILE` and `default` don't count here.
pub(crate) fn run(command: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let mut output = Output::stdout();
    if let Some(name) = &command.profile {
        remove(command, name, Document::new(), settings, &mut output)?;
        return Ok(Exit::Done);
    }
    let Some(documents) = stream::piped_stdin() else {
        return Err(Fault::new(Exit::Usage, "no profile is named")
            .hint("sso-profile remove PROFILE, or pipe in documents that have `profile`")
            .into());
    };
    filter(documents, false, &mut output, |subject, document, output| match subject {
        // A profile of another host isn't the one of the same name here.
        Subject::Nobody | Subject::Failure(_) | Subject::Remote(_) => Ok(Handled::PassedOn),
        Subject::Profile { name, .. } => {
            remove(command, &name, document.clone(), settings, output)?;
            Ok(Handled::Written(Exit::Done))
        }
        Subject::Session { .. } | Subject::Chosen { .. } => {
            Err(Fault::new(Exit::Data, "the document has no `profile`")
                .hint("sso-profile show corp | sso-profile remove")
                .into())
        }
    })
}

fn remove(
    command: &Args,
    name: &str,
    mut document: Document,
    settings: &Settings,
    output: &mut Output,
) -> anyhow::Result<()> {
    let config = AwsConfig::load(settings)?;
    let plan = |before: &Before<'_>| plan::remove(name, before, command.force, command.session);
    let applied = apply(&config, settings, command.dry_run, plan)?;
    if command.text {
        return output.text(&applied.diff_in_words().unwrap_or_else(|| in_words(name, &applied)));
    }
    for outcome in &applied.profiles {
        outcome.add_to(&mut document, None, &applied);
    }
    document.set("sessionRemoved", applied.removed_session.is_some());
    applied.add_diff(&mut document);
    output.document(&document)
}

/// Removes a profile as the command does, for a program that wrote it.
pub fn remove_profile(name: &str, settings: &Settings) -> anyhow::Result<()> {
    let config = AwsConfig::load(settings)?;
    apply(&config, settings, false, |before| plan::remove(name, before, false, false)).map(drop)
}

fn in_words(name: &str, applied: &Applied) -> String {
    let session = applied.removed_session.as_ref().map(|session| format!(" and sso-session `{session}`"));
    let words = format!("profile `{name}`{} removed", session.unwrap_or_default());
    applied.with_warnings(words)
}
