//! `write`: a profile as it is asked for, put into the config file.

mod all;
mod listing;

use std::path::Path;

use anyhow::Context as _;
use clap::builder::NonEmptyStringValueParser;
use sso_tool::exit::{Exit, Fault};
use sso_tool::profile_name::check_profile;
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::stream::{self, Document, Output};
use sso_tool::subject::Subject;

use crate::apply::edit;
use crate::aws_config::AwsConfig;
use crate::change::Change;
use crate::config::Content;
use crate::config_file;
use crate::diff::unified;
use crate::ini::words::is_plain;
use crate::listed::forget_the_end;
use crate::plan::{Plan, plan, sharing};
use crate::profile::{Kind, Profile};
use crate::request::{NAMES, Request, failed};
use crate::select::{Selected, select};
use crate::start_url::StartUrl;

/// Add or change a profile and its sso-session
///
/// Every byte that isn't concerned stays: comments, order, line ends. Keys come from the flags, else from
/// the document on standard input (`startUrl`, `ssoRegion`, `accountId` …). Keys that aren't given stay as they are;
/// for a new profile `AWS_SSO_START_URL`, `AWS_SSO_REGION`, `AWS_SSO_ACCOUNT_ID` and `AWS_SSO_ROLE_NAME`
/// (environment, `~/.backlog-toolkit-env` or `.env`) are used where they are set.
/// A profile or session that exists and differs is changed only with --replace. A portal (start URL) that the file
/// has an sso-session for gets no second one, unless --sso-session names it. A document that names no profile
/// needs PROFILE or a variable (`AWS_PROFILE`), which stand for one document; it is never written into `default`.
///
/// With --all each document on standard input (an account and a role) becomes a profile, in one edit: all of
/// them or none. A comment below the header marks what was written so. Running it again changes only what
/// became different; keys that were added to a marked profile stay, profiles written by hand are never
/// overwritten without --replace, and --prune removes the marked profiles of the listed sessions that the
/// documents don't give any more. A document goes out for each profile, with its `change`: added, replaced,
/// unchanged, removed, or kept (its role is gone, but another profile needs it).
///
/// A listing of `sso-login accounts` that was cut short or lost documents on its way prunes nothing: its last
/// document says how many there are (`listed`). Where a filter of yours drops some, --complete says that what
/// is left is all you want. Documents of your own need no such end. One with `error` isn't an answer: nothing at
/// all is written then, and nothing removed.
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
  65  bad document on standard input, one with `error`, or --prune by a listing that isn't whole
  74  a file or stream failed
  75  another writer holds the config file
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
    /// Region of IAM Identity Center, which need not be the region worked in
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
    /// Change nothing; the document has the change as `diff`
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
    /// With --all, how profiles are named: {account}, {accountId}, {role}, {session}, {email}
    #[arg(
        long,
        value_name = "TEMPLATE",
        requires = "all",
        conflicts_with = "profile",
        default_value = "{account}-{role}"
    )]
    name_template: String,
    /// With --all, remove the profiles it wrote before whose role is gone
    #[arg(long, requires = "all", conflicts_with = "profile")]
    prune: bool,
    /// With --prune, take the documents for all there is, though a filter dropped the end of their listing
    #[arg(long, requires = "prune")]
    complete: bool,
}

impl Args {
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
        return all::run(command, settings);
    }
    let mut output = Output::stdout();
    let piped = stream::piped_stdin();
    let is_piped = piped.is_some();
    let mut documents = piped.into_iter().flatten().peekable();
    if documents.peek().is_none() {
        // A pipe that brings nothing may be a choice that nobody made: no setting makes up for it.
        if is_piped && command.request() == Request::default() {
            let message = "there is nothing to write: no document came in, and no flag says what";
            return Err(Fault::new(Exit::Data, message)
                .hint("run what is piped in here by itself; or give flags, for example --role-name")
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
    Fault::new(Exit::Usage, "the document has no `profile`, and nobody else says what to call it")
        .hint("sso-profile write NAME, or --all for a profile for each document")
}

/// The first of a listing isn't the one that was meant, and the second would be refused.
fn one_name_for_many(name: &str) -> Fault {
    Fault::new(Exit::Usage, format!("there are several documents, and one name for them, `{name}`"))
        .hint("let sso-profile choose pick one, or --all make a profile of each")
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
    let Some(path) = config.file() else {
        return Err(Fault::new(Exit::Config, "AWS_CONFIG_FILE is set and empty: there is no file to write")
            .hint("unset AWS_CONFIG_FILE")
            .into());
    };
    let change = if command.dry_run {
        show_change(path, &name, &request, command.replace, &config)?
    } else {
        make_change(path, &name, &request, command.replace, &config)?
    };
    if let Some(url) = request.start_url.as_deref().filter(|_| !is_given) {
        say_where_from(settings, url);
    }
    if command.text {
        return output.text(&in_words(&change, command.dry_run));
    }
    forget_the_end(&mut document);
    change.profile.add_to(&mut document, Some(&from));
    document.set("change", change.kind.word());
    if command.dry_run {
        document.set("dryRun", true);
        document.set("diff", change.diff);
    }
    if !change.warnings.is_empty() {
        document.set("warnings", change.warnings);
    }
    output.document(&document)
}

/// A working directory may be a stranger's checkout: a portal that its `.env` names is said, not only written.
fn say_where_from(settings: &Settings, start_url: &str) {
    const NAME: &str = "AWS_SSO_START_URL";
    if settings.is_from_dotenv(NAME) {
        let url = sanitize(start_url);
        settings.warn_once(format!("the start URL {url} comes from {NAME} in .env of the working directory"));
    }
}

/// What was done, or would be.
struct Done {
    profile: Profile,
    kind: Change,
    diff: String,
    warnings: Vec<String>,
}

fn make_change(
    path: &Path,
    name: &str,
    request: &Request,
    replace: bool,
    config: &AwsConfig,
) -> anyhow::Result<Done> {
    let real = config_file::real_path(path)?;
    // The reading first, without a lock: nothing to do needs no right to write.
    let text = config_file::current_text(&real)?;
    let (edited, done) = edited(path, name, request, replace, config, &text)?;
    if edited.is_none() {
        return Ok(done);
    }
    config_file::change(&real, |text| self::edited(path, name, request, replace, config, text))
}

fn show_change(
    path: &Path,
    name: &str,
    request: &Request,
    replace: bool,
    config: &AwsConfig,
) -> anyhow::Result<Done> {
    let text = config_file::current_text(&config_file::real_path(path)?)?;
    let (edited, mut done) = edited(path, name, request, replace, config, &text)?;
    done.diff = edited.map(|edited| unified(path, &text, &edited)).unwrap_or_default();
    Ok(done)
}

/// The text after the change, if there is any, and what it comes to.
fn edited(
    path: &Path,
    name: &str,
    request: &Request,
    replace: bool,
    config: &AwsConfig,
    text: &str,
) -> anyhow::Result<(Option<String>, Done)> {
    let content = Content::parse(text).map_err(|refusal| config_file::unreadable(path, &refusal))?;
    let request = &sharing(request, name, &content);
    let Plan { changes, is_new } = plan(name, request, &content, replace)?;
    let edited = edit(text, &changes, &[]).with_context(|| path.display().to_string())?;
    let content = Content::parse(&edited).map_err(|refusal| config_file::unreadable(path, &refusal))?;
    let after = config.with_content(content);
    let profile = after.known_profile(name)?;
    as_asked(&profile, request)?;
    let kind = match (changes.is_empty(), is_new) {
        (true, _) => Change::Unchanged,
        (false, true) => Change::Added,
        (false, false) => Change::Replaced,
    };
    let mut warnings = warnings(&profile, &after);
    if kind != Change::Unchanged && lacks_region(&profile) {
        warnings.extend(no_region(&[name]));
    }
    let done = Done { warnings, profile, kind, diff: String::new() };
    Ok(((!changes.is_empty()).then_some(edited), done))
}

/// The credentials file has the last word on each key: say so instead of writing what has no effect.
pub(crate) fn as_asked(profile: &Profile, request: &Request) -> anyhow::Result<()> {
    let sso = profile.sso.as_ref();
    let differs = |asked: &Option<String>, got: Option<&str>| asked.is_some() && asked.as_deref() != got;
    let is_other = !matches!(profile.kind, Kind::SsoSession | Kind::SsoToken | Kind::SsoLegacy)
        || differs(&request.sso_session, sso.and_then(|sso| sso.session.as_deref()))
        || request.start_url.as_deref().map(StartUrl::of)
            != sso.filter(|_| request.start_url.is_some()).map(|sso| StartUrl::of(&sso.start_url))
        || differs(&request.sso_region, sso.map(|sso| sso.region.as_str()))
        || differs(&request.account_id, profile.account_id.as_deref())
        || differs(&request.role_name, profile.role_name.as_deref())
        || differs(&request.region, profile.region.as_deref());
    if is_other {
        let message = format!(
            "section `[{}]` of the credentials file or `[DEFAULT]` overrides what is to be written",
            profile.name
        );
        return Err(Fault::new(Exit::Config, message)
            .hint("choose another name, or take its keys out there")
            .into());
    }
    Ok(())
}

/// What others make of a profile that is right for the AWS CLI.
pub(crate) fn warnings(profile: &Profile, config: &AwsConfig) -> Vec<String> {
    let session = profile.sso.as_ref().and_then(|sso| sso.session.as_deref());
    let mut warnings: Vec<_> = [("profile", Some(profile.name.as_str())), ("sso-session", session)]
        .into_iter()
        .filter_map(|(what, name)| Some((what, name.filter(|name| !is_plain(name))?)))
        .map(|(what, name)| {
            format!("only the AWS CLI and Python read the {what} name `{name}`; other SDKs skip it")
        })
        .collect();
    warnings.extend(profile.partition_warning());
    let name = &profile.name;
    if check_profile(name).is_err() {
        warnings
            .push(format!("no signal can have the profile name `{name}`: nobody is reminded of it; {NAMES}"));
    }
    if config.has_keys_in_credentials(name) {
        let section = format!("section `[{name}]` of the credentials file has access keys");
        warnings.push(format!("{section}, which some SDKs take before SSO"));
    }
    warnings
}

/// Whether it gives credentials, and nowhere to work with them.
pub(crate) fn lacks_region(profile: &Profile) -> bool {
    profile.role_name.is_some() && profile.region.is_none()
}

/// One warning for all profiles of an edit that lack a region; the SSO region isn't one to work in.
pub(crate) fn no_region(names: &[&str]) -> Option<String> {
    let (first, more) = names.split_first()?;
    let whose = match more.len() {
        0 => format!("profile `{first}` has"),
        more => format!("profile `{first}` and {more} more have"),
    };
    Some(format!("{whose} no region to work in: give --region"))
}

fn in_words(change: &Done, dry_run: bool) -> String {
    let name = &change.profile.name;
    let mut words = match (change.kind, dry_run) {
        (Change::Unchanged, _) => format!("profile `{name}` is as asked; nothing changed"),
        (_, true) => return change.diff.trim_end().to_owned(),
        (kind, false) => format!("profile `{name}` {}", kind.word()),
    };
    for warning in &change.warnings {
        words.push_str("; ");
        words.push_str(warning);
    }
    words
}
