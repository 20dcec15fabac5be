//! `remove`: a profile taken out of the config file, and what nothing else needs with it.

use std::path::Path;

use anyhow::Context as _;
use clap::builder::NonEmptyStringValueParser;
use sso_tool::exit::{Exit, Fault};
use sso_tool::filter::{Handled, filter};
use sso_tool::settings::Settings;
use sso_tool::shell::shell_word;
use sso_tool::stream::{self, Document, Output};
use sso_tool::subject::Subject;

use crate::apply::edit;
use crate::aws_config::AwsConfig;
use crate::change::Change;
use crate::config::{Content, Role};
use crate::config_file;
use crate::cut::is_commented;
use crate::diff::unified;
use crate::ini::Ini;
use crate::ini::source_text::Source;
use crate::key;
use crate::plan::SESSION_KEYS;

/// Take a profile out of the config file
///
/// Its section goes, with the comments that can only be about it; every other byte stays. Its sso-session
/// goes too if no other profile names it and it says no more than `write` would write again; one with other
/// keys or comments stays, but for --session. The profile is PROFILE, or `profile` of each document on
/// standard input; `AWS_PROFILE` doesn't count. Keys in the credentials file are never touched.
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
  75  another writer holds the config file
  78  no such profile, or another one has it as its source_profile (see --force)")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Args {
    /// The profile; standard input is then not read
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    profile: Option<String>,
    /// Change nothing; the document has the change as `diff`
    #[arg(long)]
    dry_run: bool,
    /// Remove it though another profile has it as its `source_profile`
    #[arg(long)]
    force: bool,
    /// Remove its sso-session whatever that says, unless another profile names it
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
    let Some(path) = config.file() else {
        return Err(Fault::new(Exit::Config, "AWS_CONFIG_FILE is set and empty: there is nothing to change")
            .hint("unset AWS_CONFIG_FILE")
            .into());
    };
    // Without a lock first: to learn that there is no such profile needs no right to write.
    let real = config_file::real_path(path)?;
    let text = config_file::current_text(&real)?;
    let (edited, mut gone) = without(command, name, path, &config, &text)?;
    let diff = unified(path, &text, &edited);
    let keys = key::by_profile(settings).remove(name).unwrap_or_default();
    if !command.dry_run {
        gone = config_file::change(&real, |text| {
            let (edited, gone) = without(command, name, path, &config, text)?;
            Ok((Some(edited), gone))
        })?;
    }
    gone.warnings.extend(keys.iter().map(|key| key::points_at(key, name)));
    if command.text {
        return output.text(&if command.dry_run { diff.trim_end().to_owned() } else { gone.in_words(name) });
    }
    match gone.before {
        Some(profile) => profile.add_to(&mut document, None),
        None => document.set("profile", name),
    }
    document.set("change", Change::Removed.word());
    document.set("sessionRemoved", gone.session.is_some());
    if command.dry_run {
        document.set("dryRun", true);
        document.set("diff", diff);
    }
    if !gone.warnings.is_empty() {
        document.set("warnings", gone.warnings);
    }
    output.document(&document)
}

/// What was removed, or would be.
struct Removal {
    /// As it was, if it could be used.
    before: Option<crate::Profile>,
    session: Option<String>,
    warnings: Vec<String>,
}

impl Removal {
    fn in_words(&self, name: &str) -> String {
        let session = self.session.as_ref().map(|session| format!(" and sso-session `{session}`"));
        let mut words = format!("profile `{name}`{} removed", session.unwrap_or_default());
        for warning in &self.warnings {
            words.push_str("; ");
            words.push_str(warning);
        }
        words
    }
}

fn without(
    command: &Args,
    name: &str,
    path: &Path,
    config: &AwsConfig,
    text: &str,
) -> anyhow::Result<(String, Removal)> {
    let unreadable = |refusal| config_file::unreadable(path, &refusal);
    let ini = Ini::parse(text).map_err(unreadable)?;
    let content = Content::of(&ini).map_err(unreadable)?;
    let is_there = content.profiles.contains_key(name);
    let config = config.with_content(content);
    let in_credentials = config.keys(name).credentials.is_some();
    if !is_there {
        let fault = if in_credentials {
            let message =
                format!("profile `{name}` is in the credentials file alone, which is never changed here");
            Fault::new(Exit::Config, message).hint(format!("take section [{name}] out of it in an editor"))
        } else {
            config.unknown(name)
        };
        return Err(fault.into());
    }
    refuse_if_used(command, name, &config)?;
    let source = Source::new(text, &ini);
    let session =
        lonely_session(name, &config)?.filter(|session| is_removable(session, &source, command.session));
    let roles = [Some(Role::Profile(name.to_owned())), session.clone().map(Role::Session)];
    let dropped: Vec<_> = roles.into_iter().flatten().collect();
    let edited = edit(text, &[], &dropped).with_context(|| path.display().to_string())?;
    let warning = format!("section `[{name}]` of the credentials file stays; its keys are never touched");
    let warnings = if in_credentials { vec![warning] } else { Vec::new() };
    Ok((edited, Removal { before: config.profile(name).ok().flatten(), session, warnings }))
}

fn refuse_if_used(command: &Args, name: &str, config: &AwsConfig) -> Result<(), Fault> {
    let users: Vec<_> = sourced_by(name, config).map(|user| format!("`{user}`")).collect();
    if users.is_empty() || command.force {
        return Ok(());
    }
    let verb = if users.len() == 1 { "takes its" } else { "take their" };
    Err(Fault::new(
        Exit::Config,
        format!("{} {verb} credentials from profile `{name}` (source_profile)", users.join(", ")),
    )
    .hint(format!("change that first, or sso-profile remove {} --force", shell_word(name))))
}

/// The profiles that name this one as their `source_profile`.
pub(crate) fn sourced_by<'c>(name: &'c str, config: &'c AwsConfig) -> impl Iterator<Item = &'c str> {
    config
        .names()
        .filter(move |user| *user != name && config.text(user, "source_profile").ok().flatten() == Some(name))
}

/// The session of a profile, if no other profile of either file names it.
fn lonely_session(name: &str, config: &AwsConfig) -> anyhow::Result<Option<String>> {
    let Some(session) = config.text(name, "sso_session")? else { return Ok(None) };
    let is_shared = config
        .names()
        .any(|user| user != name && config.text(user, "sso_session").ok().flatten() == Some(session));
    Ok((!is_shared).then(|| session.to_owned()))
}

/// It is there, and says no more than `write` would write again: whoever wrote it, nothing is lost with it.
fn is_removable(name: &str, source: &Source<'_>, whatever_it_says: bool) -> bool {
    let role = Role::Session(name.to_owned());
    let mut sections =
        source.ini.sections.iter().filter(|section| Role::of(section.header) == role).peekable();
    sections.peek().is_some()
        && sections.all(|section| {
            let is_usual = section.entries.iter().all(|entry| SESSION_KEYS.contains(&entry.key.as_ref()));
            whatever_it_says || (is_usual && !is_commented(source, section))
        })
}
