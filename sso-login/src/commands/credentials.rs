//! `sso-login credentials`: hand out the credentials of a profile.

use clap::Args;
use sso_profile::{AwsConfig, Kind, Selected, select};
use sso_tool::exit::{Exit, status_of};
use sso_tool::settings::Settings;
use sso_tool::stream::{self, Document, Output};

use crate::commands::subjects::{self, Said, Subject};
use crate::credentials::export::{self, Format};
use crate::credentials::resolver::{CredentialResolver, Credentials};

/// Flags of `sso-login credentials`.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct CredentialsArgs {
    /// Profile whose credentials to hand out
    profile: Option<String>,
    /// How to write them [default: process; json with documents on stdin]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// As a filter, end with the status of the last document's answer
    #[arg(short, long)]
    exit_status: bool,
}

const EXAMPLES: &str = "\
Examples:
  eval \"$(sso-login credentials corp --format env)\"
  sso-login credentials corp --format json | jq -r .Expiration
  printf '[profile corp-any-sdk]\\ncredential_process = sso-login credentials corp\\n' \\
    >> ~/.aws/config

They come from the AWS CLI's cache while a quarter of an hour is left, else from the SSO portal,
once for all who ask at the same time; a session that can be renewed is renewed. Nobody is ever
asked for anything.

Name the profile in a credential_process: without one, documents are read from stdin, which is that
of the program that asks.

With documents on stdin each is passed on with its credentials, or with `error` and `reason`, as
--format json does. Another format has no place for a reason: the first failure ends it.

Exit status:
  0   here they are
  2   bad command line
  65  bad document
  69  a service can't be reached
  74  a file failed
  75  another login is under way
  77  a person must log in
  78  profile or configuration wrong, or no access to the role";

/// Runs it.
pub fn run(args: &CredentialsArgs, settings: &Settings) -> anyhow::Result<Exit> {
    let argument = args.profile.as_deref();
    match (args.format, stream::subjects(argument)?) {
        (None | Some(Format::Json), Some(documents)) => {
            subjects::answer_each(settings, documents, args.exit_status, |subject, output| {
                answer(settings, subject, output)
            })
        }
        (Some(Format::Json), None) => {
            subjects::answer_one(settings, argument, |subject, output| answer(settings, subject, output))
        }
        (Some(format), Some(documents)) => lines(documents, format, settings),
        (format, None) => command(argument, format.unwrap_or(Format::Process), settings),
    }
}

fn answer(settings: &Settings, subject: &mut Subject<'_>, output: &mut Output) -> anyhow::Result<Said> {
    let Subject { profile, config, document, .. } = subject;
    let credentials = match CredentialResolver::new(settings, config).credentials(profile)? {
        Ok(credentials) => credentials,
        Err(lack) => return Ok(Said::Lacking(lack)),
    };
    export::add_to(document, &credentials, profile);
    output.document(document)?;
    Ok(Said::Done)
}

/// What a shell reads has no place for a reason: there are credentials, or a status that isn't 0.
fn lines(
    documents: impl Iterator<Item = anyhow::Result<Document>>,
    format: Format,
    settings: &Settings,
) -> anyhow::Result<Exit> {
    let output = &mut Output::stdout();
    for document in documents {
        let document = document?;
        if document.is_about_no_profile() {
            continue;
        }
        if let Some(fault) = subjects::known_fault(&document) {
            return Err(fault);
        }
        hand_out(&select(None, Some(&document), settings)?, format, settings, output)?;
    }
    Ok(Exit::Done)
}

fn command(argument: Option<&str>, format: Format, settings: &Settings) -> anyhow::Result<Exit> {
    let output = &mut Output::stdout();
    match hand_out(&select(argument, None, settings)?, format, settings, output) {
        Err(err) if argument.is_none() && status_of(&err) == Exit::Config => {
            let Some((credentials, _)) = of_environment(settings)? else { return Err(err) };
            output.bytes(format.text(&credentials).as_bytes())?;
        }
        answered => answered?,
    }
    Ok(Exit::Done)
}

fn hand_out(
    selected: &Selected,
    format: Format,
    settings: &Settings,
    output: &mut Output,
) -> anyhow::Result<()> {
    let config = AwsConfig::load(settings)?;
    let profile = config.known_profile(&selected.name)?;
    match CredentialResolver::new(settings, &config).credentials(&profile)? {
        Ok(credentials) => output.bytes(format.text(&credentials).as_bytes()),
        Err(lack) => Err(lack.fault(&selected.name).into()),
    }
}

/// The keys of the environment, else of the files of settings that somebody named, and which it was; where nobody named
/// a profile and there is no default one with credentials: a CI job without SSO.
pub(crate) fn of_environment(settings: &Settings) -> anyhow::Result<Option<(Credentials, &'static str)>> {
    let found = Credentials::of_environment().map(|credentials| (credentials, "environment"));
    let found = found.or_else(|| Some((Credentials::of_files(settings)?, "settings file")));
    let Some(found) = found else { return Ok(None) };
    let Selected { name, from } = select(None, None, settings)?;
    if from != "default" {
        return Ok(None);
    }
    // A region alone is what every CI job has there.
    let profile = AwsConfig::load(settings)?.profile(&name)?;
    Ok(profile.is_none_or(|profile| profile.kind == Kind::None).then_some(found))
}
