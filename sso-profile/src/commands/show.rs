//! `show`: one profile as a document, or what is known of it added to documents.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use anyhow::Context as _;
use clap::builder::NonEmptyStringValueParser;
use sso_tool::beat::{Beat, parse_every};
use sso_tool::exit::Exit;
use sso_tool::filter::{Handled, filter};
use sso_tool::settings::Settings;
use sso_tool::stream::{self, Document, Output};
use sso_tool::subject::{AskedRole, Subject};

use crate::aws_config::AwsConfig;
use crate::profile::Profile;
use crate::select::{Selected, select};
use crate::table;

/// Print one profile as a document
///
/// The profile is the first of these that is given: PROFILE, `profile` of the document on standard input, the variables named
/// in `SSO_PROFILE_VARS` (`BACKLOG_AWS_PROFILE`), `AWS_PROFILE`, `AWS_DEFAULT_PROFILE`, `default`. With documents on standard
/// input it is a filter: it adds the profile's keys to each document, and passes on the document's other keys. For a profile
/// that is unknown or can't be used, the document gets an `error`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  sso-profile show corp
  BACKLOG_AWS_PROFILE=corp sso-profile show
  sso-signal read | sso-profile show

Exit status:
  0   done
  2   bad command line
  65  bad document on standard input
  74  a file or stream failed
  78  no such profile, or it can't be used")]
pub(crate) struct Args {
    /// The profile; if it is given, standard input is not read
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    profile: Option<String>,
    /// The profile, as for the AWS CLI
    #[arg(long = "profile", value_name = "PROFILE", conflicts_with = "profile",
          value_parser = NonEmptyStringValueParser::new())]
    flag: Option<String>,
    /// Print a table for people; its form may change
    #[arg(long)]
    text: bool,
    /// Monitor: read the config again every D, and print the profile; standard input isn't read
    ///
    /// Prints at once, then every D, until standard output closes or SIGTERM or SIGINT arrives; the status is then 0. D is a
    /// time such as 30s, 15m or 1h30m, at least one second; without D, it is `SSO_CHECK_SECONDS` (60). A profile that can no
    /// longer be used gets an `error`.
    #[arg(long, value_name = "D", num_args = 0..=1, value_parser = parse_every)]
    #[expect(clippy::option_option, reason = "absent, without D, with D: clap's own form for that")]
    every: Option<Option<Duration>>,
}

/// Prints the profile that is meant, or adds its keys to the documents on stdin.
pub(crate) fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let (argument, text) = (args.profile.as_deref().or(args.flag.as_deref()), args.text);
    // The config is loaded with the first document there: what the tool before us in the pipe wrote counts.
    if args.every.is_none()
        && let Some(documents) = stream::subjects(argument)?
    {
        return each(documents, text, settings);
    }
    let config = AwsConfig::load(settings)?;
    let Selected { name, from } = select(argument, None, settings)?;
    let profile = config.usable_profile(&name);
    if let Err(err) = &profile
        && !io::stdout().is_terminal()
    {
        // The next tool of the pipe passes it on, instead of saying that nothing came.
        let mut document = Document::new();
        refuse(&mut document, &name, &from, err);
        Output::stdout().document(&document)?;
    }
    // Who didn't name it wants to know who did.
    let profile = if from == "argument" { profile } else { profile.with_context(|| format!("by {from}")) }?;
    let shown = profile.document(Some(&from));
    match args.every {
        Some(every) => {
            let every = every.map_or_else(|| settings.check_interval(), Ok)?;
            watch(shown, every, config, text, settings)
        }
        None => table::print(std::iter::once(shown), text),
    }
}

/// Prints the profile on every tick, as the config then has it.
fn watch(
    mut shown: Document,
    every: Duration,
    mut config: AwsConfig,
    text: bool,
    settings: &Settings,
) -> anyhow::Result<Exit> {
    let mut beat = Beat::start(every)?;
    let (name, from) = (
        shown.text("profile")?.unwrap_or_default().to_owned(),
        shown.text("profileFrom")?.map(str::to_owned),
    );
    let from = from.unwrap_or_default();
    loop {
        table::print(std::iter::once(shown), text)?;
        if !beat.goes_on()? {
            return Ok(Exit::Done);
        }
        config.follow(settings);
        shown = match config.usable_profile(&name) {
            Ok(profile) => profile.document(Some(&from)),
            Err(err) => {
                let mut document = Document::new();
                refuse(&mut document, &name, &from, &err);
                document
            }
        };
    }
}

fn each(
    documents: impl Iterator<Item = anyhow::Result<Document>>,
    text: bool,
    settings: &Settings,
) -> anyhow::Result<Exit> {
    let mut config = AwsConfig::load(settings)?;
    filter(documents, false, &mut Output::held(), |subject, document, output| {
        // A stream may last for days.
        if !config.is_current() {
            config = AwsConfig::load(settings)?;
        }
        match &subject {
            Subject::Nobody | Subject::Failure(_) | Subject::Remote(_) => {}
            Subject::Session { name, role } => match config.known_session(name) {
                // A role of the session that the document names is what it is about.
                Ok(session) => {
                    let AskedRole { account_id, role_name } = role.clone();
                    Profile { account_id, role_name, ..session }.add_to(document, None);
                }
                Err(err) => document.set("error", format!("{err:#}")),
            },
            Subject::Profile { role, .. } | Subject::Chosen { role } => {
                answer(document, role, &config, settings)?;
            }
        }
        if !text {
            return Ok(Handled::Answered(Exit::Done));
        }
        output.text(&table::row(document))?;
        Ok(Handled::Written(Exit::Done))
    })
}

/// Adds what is known of the profile. A document that names another role of an SSO session stays about that role: whoever
/// comes next must not take the profile's own for it. One of account and role alone must agree with the profile.
fn answer(
    document: &mut Document,
    role: &AskedRole,
    config: &AwsConfig,
    settings: &Settings,
) -> anyhow::Result<()> {
    let Selected { name, from } = select(None, Some(document), settings)?;
    match config.usable_profile(&name) {
        Ok(profile) if !profile.kind.is_sso() || profile.is_role(role) => {
            profile.add_to(document, Some(&from));
        }
        Ok(profile) => match role.both() {
            Some(_) => {
                let AskedRole { account_id, role_name } = role.clone();
                Profile { account_id, role_name, ..profile }.add_to(document, Some(&from));
            }
            None => refuse(document, &name, &from, &profile.other_role().into()),
        },
        Err(err) => refuse(document, &name, &from, &err),
    }
    Ok(())
}

fn refuse(document: &mut Document, name: &str, from: &str, err: &anyhow::Error) {
    document.set("profile", name);
    document.set("profileFrom", from);
    document.set("error", format!("{err:#}"));
}
