//! `write`: a profile as it is asked for, put into the config file.

mod all;
mod listing;
mod options;

use clap::builder::NonEmptyStringValueParser;
use sso_tool::exit::{Exit, Fault};
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::stream::{self, Document, Output};
use sso_tool::subject::Subject;

use crate::apply::{Applied, apply};
use crate::aws_config::AwsConfig;
use crate::listed::forget_the_end;
use crate::plan::{self, Before, Change};
use crate::request::{Request, failed};
use crate::select::{Selected, select};

use listing::AllRequest;

pub use all::write_profiles;
pub use options::WriteOptions;

/// Add or change a profile and its sso-session
///
/// Changes only the bytes that must change: comments, order and line ends stay. Values come from the flags, else from the
/// document on standard input (`startUrl`, `ssoRegion`, `accountId` …). A new profile also gets them from
/// `AWS_SSO_START_URL`, `AWS_SSO_REGION`, `AWS_SSO_ACCOUNT_ID` and `AWS_SSO_ROLE_NAME` (environment, `~/.backlog-toolkit-env`
/// or `.env`). All other keys stay as they are. An existing profile or session is changed only with
/// --replace. If the file already has an sso-session for the portal (start URL), that session is used, unless --sso-session
/// names another one. For a document without a profile, give PROFILE or set a variable (`AWS_PROFILE`); either applies to one
/// document only. A document without a profile is never written into `default`.
///
/// With --all, each document on standard input (an account and a role) becomes a profile, in one edit: all of them or none. A
/// comment below the header marks such a profile. A second run changes only the profiles whose role has changed. Keys that
/// you added to a marked profile stay, and profiles that you wrote yourself change only with --replace. --prune removes
/// marked profiles of the listed sessions if their role is no longer among the documents. A document is printed for each
/// profile, with its `change`: added, replaced, unchanged, removed, or kept (its role is gone, but another profile needs it).
///
/// The last document of `sso-login accounts` says how many documents there are (`listed`). If the listing was cut short or
/// lost documents on the way, --prune removes nothing. If you filter the listing on purpose, add --complete: the remaining
/// documents then count as the whole listing. Your own documents don't need such a last document. If any document has
/// `error`, nothing is written or removed.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  sso-profile write corp --start-url https://d-1234567890.awsapps.com/start --sso-region us-east-1 \\
    --account-id 111122223333 --role-name Developer --region eu-west-1
  sso-profile write ops --sso-session corp --account-id 111122223333 --role-name Admin \\
    --dry-run --text
  sso-profile show corp | sso-profile write ops --role-name Admin
  sso-login accounts corp | sso-profile choose | sso-profile write corp-dev
  sso-login accounts corp |
    sso-profile write --all --name-template '{account}-{role}' --dry-run --text
  sso-login accounts corp | sso-profile write --all --prune
  sso-login accounts corp | jq -c 'select(.roleName == \"ReadOnly\")' |
    sso-profile write --all --prune --complete

Exit status:
  0   done, or nothing to do
  2   bad command line
  65  bad document on standard input, one with `error`, or --prune with a listing that is incomplete
  74  a file or stream failed
  75  not now: another writer holds the config file
  78  a value is wrong, two roles would get one name, or what exists differs (see --replace)")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Args {
    /// The profile
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    profile: Option<String>,
    /// The sso-session's name [default: the one the profile has, else one for the same portal, else the
    /// profile's name]
    #[arg(long, value_name = "NAME")]
    sso_session: Option<String>,
    /// Start URL of the access portal
    #[arg(long, value_name = "URL")]
    start_url: Option<String>,
    /// Region of IAM Identity Center, which may differ from the region to work in
    #[arg(long, value_name = "REGION")]
    sso_region: Option<String>,
    /// Scopes to register with, separated by commas [default for a new session: sso:account:access]
    #[arg(long, value_name = "SCOPES")]
    scopes: Option<String>,
    /// Account of the role, 12 digits
    #[arg(long, value_name = "ID")]
    account_id: Option<String>,
    /// Role (permission set)
    #[arg(long, value_name = "NAME")]
    role_name: Option<String>,
    /// Region to work in
    #[arg(long)]
    region: Option<String>,
    /// Output format of the AWS CLI
    #[arg(long, value_name = "FORMAT")]
    output: Option<String>,
    /// Change nothing; the document shows the change as `diff`
    #[arg(long)]
    dry_run: bool,
    /// Change a profile or session that exists and differs
    #[arg(long)]
    replace: bool,
    /// Print a sentence (with --dry-run the diff) for people
    #[arg(long)]
    text: bool,
    /// Write a profile for each document on standard input, in one edit
    #[arg(long, conflicts_with_all = ["profile", "account_id", "role_name"])]
    all: bool,
    /// With --all, the names of the profiles, from {account}, {accountId}, {role}, {session} and {email}
    #[arg(
        long,
        value_name = "TEMPLATE",
        requires = "all",
        conflicts_with = "profile",
        default_value = "{account}-{role}"
    )]
    name_template: String,
    /// With --all, remove profiles that an earlier run wrote and whose role is gone
    #[arg(long, requires = "all", conflicts_with = "profile")]
    prune: bool,
    /// With --prune, treat the documents as complete, even if a filter dropped the end of the listing
    #[arg(long, requires = "prune")]
    complete: bool,
}

impl Args {
    fn options(&self) -> WriteOptions {
        WriteOptions { replace: self.replace, dry_run: self.dry_run }
    }

    /// The keys given as flags; they win over a document's.
    fn request(&self) -> Request {
        Request {
            sso_session: self.sso_session.clone(),
            start_url: self.start_url.clone(),
            sso_region: self.sso_region.clone(),
            scopes: self.scopes.clone(),
            account_id: self.account_id.clone(),
            role_name: self.role_name.clone(),
            region: self.region.clone(),
            output: self.output.clone(),
        }
    }
}

/// Writes the profile of each document on stdin, or the one of the flags.
pub(crate) fn run(command: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    if command.all {
        let Some(stdin) = stream::piped_stdin() else {
            return Err(Fault::new(
                Exit::Usage,
                "--all reads documents from standard input, and nothing is piped in",
            )
            .hint("sso-login accounts PROFILE | sso-profile write --all")
            .into());
        };
        let asked = AllRequest {
            request: command.request(),
            template: command.name_template.parse()?,
            prunes: command.prune,
            is_complete: command.complete,
        };
        return all::run(stdin, &asked, command.options(), command.text, settings);
    }
    let mut output = Output::stdout();
    let piped = stream::piped_stdin();
    let is_piped = piped.is_some();
    let mut documents = piped.into_iter().flatten().peekable();
    if documents.peek().is_none() {
        // A pipe that brings nothing may be a choice that nobody made: no setting makes up for it.
        if is_piped && command.request() == Request::default() {
            let message = "there is nothing to write: no document came in, and no flag has a value";
            return Err(Fault::new(Exit::Data, message)
                .hint("run the command before the pipe by itself, or give flags, for example --role-name")
                .into());
        }
        let selected = select(command.profile.as_deref(), None, settings)?;
        write(command, Document::new(), selected, !is_piped, settings, &mut output)?;
    }
    while let Some(document) = documents.next() {
        let document = document?;
        match Subject::of(&document)? {
            // What another host has isn't written here.
            Subject::Nobody | Subject::Remote(_) => {
                output.document(&document)?;
                continue;
            }
            Subject::Failure(_) => return Err(failed(&document, "the document").into()),
            Subject::Session { .. } | Subject::Profile { .. } | Subject::Chosen { .. } => {}
        }
        let selected = select(command.profile.as_deref(), Some(&document), settings)?;
        if selected.from == "default" {
            return Err(nameless().into());
        }
        let is_more = |next: &anyhow::Result<Document>| {
            let subject = next.as_ref().ok().and_then(|next| Subject::of(next).ok());
            subject.is_some_and(|subject| !matches!(subject, Subject::Nobody | Subject::Remote(_)))
        };
        if selected.from != "document" && documents.peek().is_some_and(is_more) {
            return Err(one_name_for_many(&selected.name).into());
        }
        write(command, document, selected, true, settings, &mut output)?;
    }
    Ok(Exit::Done)
}

/// What comes out of a pipe without a name must not become the profile that every tool falls back to.
fn nameless() -> Fault {
    Fault::new(Exit::Usage, "the document has no `profile`, and no name was given")
        .hint("sso-profile write NAME, or --all for a profile for each document")
}

/// The first of a listing isn't the one that was meant, and the second would be refused.
fn one_name_for_many(name: &str) -> Fault {
    Fault::new(Exit::Usage, format!("there are several documents and only one name, `{name}`"))
        .hint("pick one with sso-profile choose, or make a profile of each with --all")
}

fn write(
    command: &Args,
    mut document: Document,
    selected: Selected,
    by_settings: bool,
    settings: &Settings,
    output: &mut Output,
) -> anyhow::Result<()> {
    let Selected { name, from } = selected;
    let config = AwsConfig::load(settings)?;
    let request = command.request().or(Request::of(&document)?);
    let setting = |key: &str| settings.text(key).filter(|_| by_settings);
    let is_given = request.start_url.is_some();
    let request = request.for_new(&name, config.content(), setting);
    let applied = put(&name, &request, command.options(), &config, settings)?;
    if let Some(url) = request.start_url.as_deref().filter(|_| !is_given) {
        say_where_from(settings, url);
    }
    if command.text {
        return output.text(&applied.diff_in_words().unwrap_or_else(|| in_words(&name, &applied)));
    }
    forget_the_end(&mut document);
    for outcome in &applied.profiles {
        outcome.add_to(&mut document, Some(&from), &applied);
    }
    applied.add_diff(&mut document);
    output.document(&document)
}

/// Writes a profile as the command does, for a program that asks for it. The answer is the command's document.
pub fn write_profile(
    name: &str,
    request: &Request,
    options: WriteOptions,
    settings: &Settings,
) -> anyhow::Result<Document> {
    let applied = put(name, request, options, &AwsConfig::load(settings)?, settings)?;
    let mut document = Document::new();
    for outcome in &applied.profiles {
        outcome.add_to(&mut document, Some("argument"), &applied);
    }
    applied.add_diff(&mut document);
    Ok(document)
}

fn put(
    name: &str,
    request: &Request,
    options: WriteOptions,
    config: &AwsConfig,
    settings: &Settings,
) -> anyhow::Result<Applied> {
    apply(config, settings, options.dry_run, |before: &Before<'_>| {
        let content = before.config.content();
        Ok(plan::write(name, &plan::sharing(request, name, content), content, options.replace)?)
    })
}

/// A working directory may be a stranger's checkout: a portal that its `.env` names is said, not only written.
fn say_where_from(settings: &Settings, start_url: &str) {
    const NAME: &str = "AWS_SSO_START_URL";
    if settings.is_from_dotenv(NAME) {
        let url = sanitize(start_url);
        settings.warn_once(format!("the start URL {url} comes from {NAME} in .env of the working directory"));
    }
}

fn in_words(name: &str, applied: &Applied) -> String {
    let change = applied.profiles.first().map_or(Change::Unchanged, |outcome| outcome.change);
    applied.with_warnings(match change {
        Change::Unchanged => format!("profile `{name}` is already as requested; nothing changed"),
        change => format!("profile `{name}` {}", change.word()),
    })
}
