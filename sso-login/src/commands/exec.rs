//! `sso-login exec`: run a command with the credentials of a profile, and with nothing that shadows them.
//!
//! The process becomes the command (POSIX exec), so status and signals are the command's own; only `--warn` stays beside it.

mod alarm;
mod offer;
mod region;
mod source;
mod teller;

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::iter::Peekable;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use sso_profile::{AwsConfig, Profile};
use sso_tool::aws_cli::BEFORE_THE_PROFILE;
use sso_tool::exit::{Exit, Fault, report, status_of, warn};
use sso_tool::filter::{Handled, filter};
use sso_tool::foreground::{Foreground, cannot_run};
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::stream::{Document, Output, Stdin};
use sso_tool::subject::Subject;
use sso_tool::time::{self, format_left, parse_duration};

use crate::commands::subjects::{self, Asked, RoleFlags, SubjectFlags, document_of};
use crate::credentials::export::variables;
use crate::credentials::resolver::CredentialResolver;
use crate::credentials::signing_keys::Credentials;
use crate::interrupt::Interrupt;
use crate::session::target;
use alarm::Alarm;
use region::Region;
use source::{Choice, Source};
use teller::Teller;

/// What else an SDK would look at before or beside what we set.
const OTHER_SOURCES: [&str; 5] = [
    "AWS_ROLE_SESSION_NAME",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
];

/// Run a command with the credentials of a profile
#[derive(clap::Args, Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[command(after_long_help = EXAMPLES, args_override_self = true)]
pub struct Args {
    /// Profile whose credentials CMD gets
    profile: Option<String>,
    #[command(flatten)]
    subject: SubjectFlags,
    #[command(flatten)]
    role: RoleFlags,
    /// Give CMD the profile's name instead of keys, so that its SDK renews them without a restart
    #[arg(long)]
    renewing: bool,
    /// Say on stderr what was found and loaded, for people
    #[arg(long)]
    text: bool,
    /// If a person must log in, ask `(y/N)` on the terminal, and log in on yes; never without a terminal
    #[arg(long)]
    ask: bool,
    /// Run CMD only with a session that lasts at least this long
    ///
    /// Works like `sso-login PROFILE --min-left D`: the session is renewed if that is enough, otherwise a person logs in again,
    /// after a question on the terminal or in a dialog, or without one with --yes. CMD doesn't run if nobody can log in (77), or
    /// if no session lasts that long (75). If the keys expire earlier, a message says so; with --renewing CMD gets new ones.
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    min_left: Option<Duration>,
    /// With --min-left, end the current session and log in again without asking
    #[arg(long, requires = "min_left")]
    yes: bool,
    /// Keep running, and warn on stderr this long before the credentials (with --renewing, the session) end, and at the end
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    warn: Option<Duration>,
    /// Also take settings from a file of NAME=value lines (it is parsed, not run); the last file wins
    #[arg(long, value_name = "PATH")]
    env_file: Vec<PathBuf>,
    /// Also give CMD the variables in the files (--env-file, and `SSO_ENV_FILE` or ~/.backlog-toolkit-env)
    #[arg(long)]
    pass_env: bool,
    /// The command
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
}

const EXAMPLES: &str = "\
Examples:
  sso-login exec corp -- terraform plan
  sso-login exec corp --renewing -- ./service          for a command that outlives the credentials
  sso-login exec corp --min-left 2h -- terraform apply
  sso-login exec corp --text --ask --warn 15m -- ./start-services.sh
  BACKLOG_AWS_PROFILE=corp sso-login exec -- ./start
  sso-login corp && sso-login exec corp --warn 10m -- bash

CMD gets AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_CREDENTIAL_EXPIRATION.
It gets AWS_REGION and AWS_DEFAULT_REGION from the profile, else from the environment, else from the
files (--env-file, SSO_ENV_FILE). AWS_PROFILE and the like are removed, and the variables of
SSO_PROFILE_VARS name the chosen profile. With --renewing CMD gets only AWS_PROFILE: its SDK reads
the same token cache and renews the credentials. An SDK without SSO support needs a profile with
`credential_process = /home/me/.local/bin/sso-login credentials PROFILE`.

Keys in the environment or in --env-file are used only if you name no profile and `default` has no
credentials, as in a CI job.

Exit status:
  N    CMD's own; 128+N if signal N killed it
  126  CMD can't be run
  127  CMD isn't found
  2    before CMD runs: bad command line
  69   a service can't be reached
  74   a file failed
  75   not now: another login is under way, or no session lasts as long as --min-left
  77   a person must log in
  78   profile or configuration wrong, or no access to the role";

/// Becomes the command, with the credentials.
pub fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let mut settings = Settings::new(settings.tool());
    for path in &args.env_file {
        settings.add_file(path)?;
    }
    let settings = &settings;
    let has_file = || settings.env_files().iter().any(|file| file.is_file());
    if args.pass_env && args.env_file.is_empty() && !has_file() {
        let message = "--pass-env needs --env-file, the file of SSO_ENV_FILE, or ~/.backlog-toolkit-env";
        return Err(Fault::new(Exit::Usage, message).into());
    }
    let (subject, mut document, reads_documents) =
        match args.subject.asked_by_name(args.profile.as_deref(), &args.role)? {
            Asked::Command(subject) => {
                let document = document_of(&subject);
                (subject, document, false)
            }
            Asked::Documents(documents) => match first(*documents, settings)? {
                First::Subject(subject, document) => (subject, document, true),
                First::Ended(exit) => return Ok(exit),
            },
        };
    let (mut command, alarm) = prepare(args, subject, &mut document, settings)?;
    if reads_documents {
        command.stdin(stdin_of_terminal());
    }
    if let Some(alarm) = alarm {
        // A login or a helper program before it, or a renewal meanwhile, would put back what a signal does by default, which
        // ends this process and leaves the command alone.
        let _held = Interrupt::hold()?;
        alarm.set();
        return Foreground::prepare()?.run(command);
    }
    // Only a failure comes back.
    let err = command.exec();
    cannot_run(&command, err)
}

/// What the documents on stdin came to.
enum First {
    /// The first one that is about somebody here.
    Subject(Subject, Document),
    /// There is none, or a failure that came before it: no command runs.
    Ended(Exit),
}

/// Reads documents up to the first one that is about somebody. Progress on the way to it would stand in the command's
/// output, so that it goes on only if no command runs.
fn first(documents: Peekable<Stdin>, settings: &Settings) -> anyhow::Result<First> {
    let mut found = None;
    let mut passed = Vec::new();
    let exit = filter(documents, true, &mut Output::stdout(), |subject, document, output| {
        let fault = match &subject {
            Subject::Nobody => {
                passed.push(document.clone());
                return Ok(Handled::Written(Exit::Done));
            }
            Subject::Failure(kind) => subjects::earlier_failure(*kind, document)?,
            Subject::Remote(remote) => {
                let (profile, failure) = subjects::there(remote, "exec");
                failure.add_to(document);
                failure.fault(&profile)
            }
            Subject::Session { .. } | Subject::Profile { .. } | Subject::Chosen { .. } => {
                found = Some(First::Subject(subject, document.clone()));
                return Ok(Handled::Ended(Exit::Done));
            }
        };
        let fault = fault.into();
        report(settings.tool(), &fault);
        passed.drain(..).try_for_each(|passed| output.document(&passed))?;
        output.document(document)?;
        Ok(Handled::Ended(status_of(&fault)))
    })?;
    if found.is_none() {
        passed.iter().try_for_each(|passed| Output::stdout().document(passed))?;
    }
    Ok(found.unwrap_or(First::Ended(exit)))
}

/// The terminal, if there is one: stdin is the documents'.
fn stdin_of_terminal() -> Stdio {
    OpenOptions::new().read(true).write(true).open("/dev/tty").map_or_else(|_| Stdio::null(), Stdio::from)
}

/// The command with its environment, and what to watch while it runs.
fn prepare(
    args: &Args,
    subject: Subject,
    document: &mut Document,
    settings: &Settings,
) -> anyhow::Result<(Command, Option<Alarm>)> {
    let Some((program, arguments)) = args.command.split_first() else {
        return Err(Fault::new(Exit::Usage, "there is no command to run").into());
    };
    let teller = Teller { is_on: args.text };
    let is_chosen = matches!(&subject, Subject::Chosen { role } if role.is_empty());
    let subject = target::choose(subject, document, settings)?;
    let choice = match document.text("profileFrom")? {
        _ if !is_chosen => Choice::Named,
        Some("default") => Choice::Default,
        _ => Choice::Variable,
    };
    let source = Source::find(&subject, document, choice, settings).inspect_err(|err| {
        if status_of(err) == Exit::Config {
            teller.nothing(document, choice);
        }
    })?;
    // The name of a profile stands for the profile's own role only.
    let named = match &source {
        Source::Profile(config, profile) => config.profile(&profile.name)?.filter(|own| own == &**profile),
        Source::Keys { .. } => None,
    };
    if args.renewing && named.is_none() && source.profile().is_some() {
        let message = "--renewing gives CMD the name of a profile, but no profile has that role";
        return Err(Fault::new(Exit::Config, message).hint("sso-profile write --help").into());
    }
    teller.found(&source);
    let credentials = match &source {
        Source::Keys { credentials, .. } => credentials.clone(),
        Source::Profile(config, profile) => granted(args, settings, config, profile, &teller)?,
    };
    let region = Region::find(&source, settings);
    teller.loaded(&source, &credentials, region.as_ref(), args.renewing, settings)?;

    let mut command = Command::new(program);
    command.args(arguments);
    if args.pass_env {
        command.envs(settings.from_files().filter(|(name, _)| !region::VARIABLES.contains(name)));
    }
    for name in BEFORE_THE_PROFILE.iter().chain(&OTHER_SOURCES) {
        command.env_remove(name);
    }
    let profile = source.profile();
    for name in settings.profile_variables().into_iter().filter(|name| is_name(name)) {
        // What else looks for a profile there must find the one whose credentials these are.
        match &named {
            Some(profile) => command.env(name, &profile.name),
            None => command.env_remove(name),
        };
    }
    command.env_remove("AWS_PROFILE");
    if let Some(region) = region.filter(|region| !region.is_inherited) {
        command.envs(region::VARIABLES.map(|name| (name, &region.name)));
    }
    let is_renewing = profile.is_some() && args.renewing;
    match profile {
        // Old SDKs read the config file only when told to.
        Some(profile) if is_renewing => {
            command.env("AWS_PROFILE", &profile.name).env("AWS_SDK_LOAD_CONFIG", "1")
        }
        _ => command.envs(variables(&credentials)),
    };
    let alarm = args.warn.and_then(|before| match profile {
        Some(profile) if is_renewing => {
            let alarm = Alarm::of_session(settings.tool(), before, profile);
            if alarm.is_none() {
                let name = sanitize(&profile.name);
                warn(
                    settings.tool(),
                    &format!("profile `{name}` has no SSO session, so there will be no warning"),
                );
            }
            alarm
        }
        _ => Alarm::of_credentials(settings.tool(), before, profile, &credentials),
    });
    Ok((command, alarm))
}

/// Whether an environment can have a variable of that name.
fn is_name(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The credentials of a profile; after a login, if a person is there and wants one.
fn granted(
    args: &Args,
    settings: &Settings,
    config: &AwsConfig,
    profile: &Profile,
    teller: &Teller,
) -> anyhow::Result<Credentials> {
    if let Some(min_left) = args.min_left
        && let Some(answer) = offer::lasting(settings, profile, min_left, args.yes)?
        && !answer.is_good()
    {
        let fault = answer.fault(profile.noun(), &profile.name);
        return Err(fault.unwrap_or_else(|| Fault::new(answer.exit(), "no session")).into());
    }
    let error = match CredentialResolver::new(settings, config).credentials(profile)? {
        Ok(credentials) => return lasting(args, settings, config, profile, credentials),
        Err(error) => error,
    };
    teller.no_credentials(profile, &error);
    if args.ask
        && let Some(answer) = offer::offer(settings, profile, &error)?
    {
        if let Some(fault) = answer.fault(profile.noun(), &profile.name).filter(|_| !answer.is_good()) {
            return Err(fault.into());
        }
        // Once: who just logged in isn't asked again.
        return match CredentialResolver::new(settings, config).credentials(profile)? {
            Ok(credentials) => Ok(credentials),
            Err(error) => {
                teller.no_credentials(profile, &error);
                Err(error.fault(profile).into())
            }
        };
    }
    Err(error.fault(profile).into())
}

/// New ones where the cached ones would be warned about at once: the command gets the longest that the role has.
fn lasting(
    args: &Args,
    settings: &Settings,
    config: &AwsConfig,
    profile: &Profile,
    credentials: Credentials,
) -> anyhow::Result<Credentials> {
    let needed = args.warn.max(args.min_left);
    let (Some(needed), Some(end)) = (needed, credentials.expires_at) else { return Ok(credentials) };
    let now = time::now()?;
    if args.renewing || time::after(now, needed) < end {
        return Ok(credentials);
    }
    let mut longest = credentials;
    if profile.kind.is_sso() {
        let fresh = CredentialResolver::new(settings, config).fresh(profile)?;
        longest = fresh.ok().filter(|fresh| fresh.expires_at > longest.expires_at).unwrap_or(longest);
    }
    if let (Some(min_left), Some(end)) = (args.min_left, longest.expires_at)
        && end <= time::after(now, min_left)
    {
        let left = format_left(end, now);
        let name = sanitize(&profile.name);
        warn(
            settings.tool(),
            &format!(
                "the command's keys for profile `{name}` expire in {left}: with --renewing its SDK gets new \
                 ones"
            ),
        );
    }
    Ok(longest)
}
