//! `sso-login credentials`: hand out the credentials of a profile.

use sso_profile::{AwsConfig, Kind, Selected, select};
use sso_tool::exit::{Exit, status_of};
use sso_tool::filter::{Handled, filter};
use sso_tool::settings::Settings;
use sso_tool::stream::{Document, Output};
use sso_tool::subject::Subject;

use crate::commands::subjects::{self, Asked, Elsewhere, Form, Reply, RoleFlags, SubjectFlags, Target};
use crate::credentials::export::{self, Format};
use crate::credentials::resolver::CredentialResolver;
use crate::credentials::signing_keys::Credentials;
use crate::serve::app;
use crate::session::target;

/// Hand out the credentials of a profile
///
/// Prints them in any format of `aws configure export-credentials`, or as a document. You can use it as a
/// `credential_process`.
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// Profile whose credentials to hand out
    profile: Option<String>,
    #[command(flatten)]
    subject: SubjectFlags,
    #[command(flatten)]
    role: RoleFlags,
    /// How to print them [default: process; json with documents on stdin]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// As a filter, end with the status of the first answer that isn't good
    #[arg(short, long)]
    exit_status: bool,
}

const EXAMPLES: &str = "\
Examples:
  eval \"$(sso-login credentials corp --format env)\"
  sso-login credentials corp --format json | jq -r .Expiration
  tool=$(command -v sso-login)
  printf '[profile any]\\ncredential_process = %s credentials corp\\n' \"$tool\" >> ~/.aws/config

The credentials come from the AWS CLI's cache while they last another 15 minutes, else from the SSO
portal, once for all processes that ask at the same time. A session that can be renewed is renewed.
The command never asks anything.

Always name the profile in a credential_process: without a profile, the command reads documents from
stdin, and its stdin is that of the calling program.

As a filter it passes each document on with its credentials, or with `error` and `reason`, as with
--format json. The other formats can't show a reason, so they end at the first failure.

Exit status:
  0   the credentials are printed
  2   bad command line
  65  bad document
  69  a service can't be reached
  74  a file failed
  75  not now: another login is under way
  77  a person must log in
  78  profile or configuration wrong, or no access to the role";

/// Hands out the credentials of each profile.
pub fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let asked = args.subject.asked(args.profile.as_deref(), &args.role)?;
    let form = Form {
        command: "credentials",
        is_status_wanted: args.exit_status,
        is_text: false,
        has_role: true,
        elsewhere: Elsewhere::Refused,
    };
    match (args.format, asked) {
        (None, asked @ Asked::Documents(_)) | (Some(Format::Json), asked) => {
            subjects::answer(asked, form, settings, |target, document, output| {
                answer(settings, target, document, output)
            })
        }
        (Some(format), Asked::Documents(documents)) => lines(documents, format, settings),
        (format, Asked::Command(subject)) => {
            command(subject, form, format.unwrap_or(Format::Process), settings)
        }
    }
}

fn answer(
    settings: &Settings,
    target: &Target<'_>,
    document: &mut Document,
    output: &mut Output,
) -> anyhow::Result<Reply> {
    let Target { profile, config, .. } = target;
    let credentials = match CredentialResolver::new(settings, config).credentials(profile)? {
        Ok(credentials) => credentials,
        Err(failure) => return Ok(Reply::Failed(failure)),
    };
    export::add_to(document, &credentials, profile);
    output.document(document)?;
    Ok(Reply::Written(Exit::Done))
}

/// What a shell reads has no place for a reason: there are credentials, or a status that isn't 0.
fn lines(
    documents: impl Iterator<Item = anyhow::Result<Document>>,
    format: Format,
    settings: &Settings,
) -> anyhow::Result<Exit> {
    let output = &mut Output::stdout();
    filter(documents, true, output, |subject, document, output| {
        match &subject {
            Subject::Nobody => return Ok(Handled::Written(Exit::Done)),
            Subject::Failure(kind) => return Err(subjects::earlier_failure(*kind, document)?.into()),
            Subject::Remote(remote) => {
                let (profile, failure) = subjects::there(remote, "credentials");
                return Err(failure.fault(&profile).into());
            }
            Subject::Session { .. } | Subject::Profile { .. } | Subject::Chosen { .. } => {}
        }
        let config = AwsConfig::load(settings)?;
        let subject = target::choose(subject, document, settings)?;
        let profile = subjects::profile_of(&config, &subject, document)?;
        match CredentialResolver::new(settings, &config).credentials(&profile)? {
            Ok(credentials) => output.bytes(format.text(&credentials).as_bytes())?,
            Err(failure) => return Err(failure.fault(&profile).into()),
        }
        Ok(Handled::Written(Exit::Done))
    })
}

fn command(subject: Subject, form: Form, format: Format, settings: &Settings) -> anyhow::Result<Exit> {
    let is_chosen = matches!(&subject, Subject::Chosen { role } if role.is_empty());
    let handed_out = subjects::answer(Asked::Command(subject), form, settings, |target, _, output| {
        let Target { profile, config, .. } = target;
        Ok(match CredentialResolver::new(settings, config).credentials(profile)? {
            Ok(credentials) => {
                output.bytes(format.text(&credentials).as_bytes())?;
                Reply::Written(Exit::Done)
            }
            Err(failure) => Reply::Failed(failure),
        })
    });
    match handed_out {
        Err(err) if is_chosen && status_of(&err) == Exit::Config => {
            let Some((credentials, _)) = of_any_settings(settings)? else { return Err(err) };
            Output::stdout().bytes(format.text(&credentials).as_bytes())?;
            Ok(Exit::Done)
        }
        answered => answered,
    }
}

/// The keys of the environment, else of the files of settings that somebody named, and which it was; where nobody named
/// a profile and there is no default one with credentials: a CI job without SSO.
pub(crate) fn of_environment(settings: &Settings) -> anyhow::Result<Option<(Credentials, &'static str)>> {
    let found = Credentials::of_environment().map(|credentials| (credentials, "environment"));
    let found = found.or_else(|| Some((Credentials::of_files(settings)?, "settings file")));
    if_unnamed(found, settings)
}

/// The same, and those that only `.env` has: to be told whose they are hands nothing to anybody.
pub(crate) fn of_any_settings(settings: &Settings) -> anyhow::Result<Option<(Credentials, &'static str)>> {
    match of_environment(settings)? {
        None => if_unnamed(Credentials::of_dotenv(settings).map(|keys| (keys, ".env file")), settings),
        found => Ok(found),
    }
}

fn if_unnamed(
    found: Option<(Credentials, &'static str)>,
    settings: &Settings,
) -> anyhow::Result<Option<(Credentials, &'static str)>> {
    let Some(found) = found else { return Ok(None) };
    let Selected { name, from } = select(None, None, settings)?;
    if from != "default" {
        return Ok(None);
    }
    // A region alone is what every CI job has there.
    let profile = AwsConfig::load(settings)?.profile(&name)?;
    if profile.is_some_and(|profile| profile.kind != Kind::None) {
        return Ok(None);
    }
    app::refuse_placeholders(&found.0)?;
    Ok(Some(found))
}
