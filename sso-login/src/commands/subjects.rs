//! Command or filter (DESIGN 2): what a subcommand works on is one profile or session that its command line names, or
//! what each document on stdin is about.

use std::iter::Peekable;

use clap::Args;
use sso_profile::request::{parse_account_id, parse_role_name};
use sso_profile::{AwsConfig, Kind, Profile};
use sso_tool::exit::{Exit, Fault, report, status_of};
use sso_tool::failure::FailureKind;
use sso_tool::filter::{self, Handled};
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::shell::shell_word;
use sso_tool::stream::{self, Document, Output, Stdin};
use sso_tool::subject::{AskedRole, Remote, Subject};

use crate::credentials::asked_role;
use crate::remote::ssh_host::SshHost;
use crate::session::error::SessionError;
use crate::session::target;

/// The flags that name a subject as well as PROFILE does.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct SubjectFlags {
    /// The same as PROFILE, with the AWS CLI's flag
    #[arg(long = "profile", id = "profile-flag", value_name = "PROFILE", conflicts_with = "profile")]
    profile: Option<String>,
    /// Name an sso-session instead of a profile
    #[arg(long, value_name = "NAME", conflicts_with_all = ["profile", "profile-flag"])]
    sso_session: Option<String>,
}

/// The flags that ask for a role of the session, instead of the profile's own.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct RoleFlags {
    /// Another account than the profile's (12 digits)
    #[arg(long, value_name = "ID", requires = "role_name", value_parser = parse_account_id)]
    account_id: Option<String>,
    /// The role in that account
    #[arg(long, value_name = "NAME", requires = "account_id", value_parser = parse_role_name)]
    role_name: Option<String>,
}

/// Where the subjects come from.
pub(crate) enum Asked {
    /// The command line: the answer is the status.
    Command(Subject),
    /// Documents on stdin: each is answered, and an answer is no error.
    Documents(Box<Peekable<Stdin>>),
}

impl SubjectFlags {
    /// What is asked about; `profile` is PROFILE.
    pub(crate) fn asked(&self, profile: Option<&str>, role: &RoleFlags) -> anyhow::Result<Asked> {
        self.asked_of(profile, role, stream::subjects)
    }

    /// The subjects of a command that leaves stdin to another one: documents are read only where PROFILE is `-`.
    pub(crate) fn asked_by_name(&self, profile: Option<&str>, role: &RoleFlags) -> anyhow::Result<Asked> {
        self.asked_of(profile, role, |named| match named {
            Some("-") => stream::subjects(named),
            _ => Ok(None),
        })
    }

    /// The session that is asked for by its name.
    pub(crate) fn session(&self) -> Option<&str> {
        self.sso_session.as_deref()
    }

    fn asked_of(
        &self,
        profile: Option<&str>,
        role: &RoleFlags,
        documents: impl FnOnce(Option<&str>) -> anyhow::Result<Option<Peekable<Stdin>>>,
    ) -> anyhow::Result<Asked> {
        let role = AskedRole { account_id: role.account_id.clone(), role_name: role.role_name.clone() };
        if let Some(name) = &self.sso_session {
            return Ok(Asked::Command(Subject::Session { name: name.clone(), role }));
        }
        let named = profile.or(self.profile.as_deref());
        if !role.is_empty() {
            return match named {
                Some("-") => {
                    let message = "--account-id and --role-name need PROFILE or --sso-session: documents name their own role";
                    Err(Fault::new(Exit::Usage, message).into())
                }
                named => Ok(Asked::Command(of_name(named, role))),
            };
        }
        Ok(match documents(named)? {
            Some(documents) => Asked::Documents(Box::new(documents)),
            None => Asked::Command(of_name(named, role)),
        })
    }
}

fn of_name(name: Option<&str>, role: AskedRole) -> Subject {
    match name.filter(|name| !name.is_empty()) {
        Some(name) => Subject::Profile { name: name.to_owned(), role },
        None => Subject::Chosen { role },
    }
}

/// The document of a command that has none, with whom it is about.
pub(crate) fn document_of(subject: &Subject) -> Document {
    match subject {
        Subject::Profile { name, .. } => {
            Document::new().with("profile", name.as_str()).with("profileFrom", "argument")
        }
        Subject::Session { name, .. } => Document::new().with("ssoSession", name.as_str()),
        _ => Document::new(),
    }
}

/// What a subcommand was asked about.
pub(crate) struct Target<'a> {
    /// The profile, or what stands for a session ([`sso_profile::Kind::Session`]).
    pub(crate) profile: Profile,
    pub(crate) config: &'a AwsConfig,
    /// Whether it is all that was asked, so that the answer is the status.
    pub(crate) is_command: bool,
}

/// What came of an answer.
pub(crate) enum Reply {
    /// The answer is written, with this status.
    Written(Exit),
    /// A failure, not written yet.
    Failed(SessionError),
}

impl From<Option<SessionError>> for Reply {
    fn from(failure: Option<SessionError>) -> Self {
        failure.map_or(Self::Written(Exit::Done), Self::Failed)
    }
}

/// What a subcommand does about a profile of another host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Elsewhere {
    /// The document is passed on unchanged.
    PassedOn,
    /// The subcommand has a product that only that host can give, and answers with the command to run there.
    Refused,
}

/// How a subcommand answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    /// The subcommand's name.
    pub(crate) command: &'static str,
    /// `-e`.
    pub(crate) is_status_wanted: bool,
    /// `--text`: what fails is a line on stderr, and no document.
    pub(crate) is_text: bool,
    /// Whether the role that is asked for matters: what has a session's tokens only does the same for each of its roles.
    pub(crate) has_role: bool,
    /// What it does about other hosts.
    pub(crate) elsewhere: Elsewhere,
}

/// Answers about what is asked. As a command the answer is the status; as a filter a failure is written into the document,
/// and the status is 0 unless it is wanted.
///
/// Whoever answers writes the documents of a success; those of a failure are written here.
pub(crate) fn answer(
    asked: Asked,
    form: Form,
    settings: &Settings,
    mut answer: impl FnMut(&Target<'_>, &mut Document, &mut Output) -> anyhow::Result<Reply>,
) -> anyhow::Result<Exit> {
    let output = &mut Output::stdout();
    match asked {
        Asked::Command(subject) => {
            let mut document = document_of(&subject);
            let config = AwsConfig::load(settings)?;
            let subject = target::choose(subject, &mut document, settings)?;
            let found = if form.has_role {
                profile_of(&config, &subject, &document)
            } else {
                target::find(&config, &subject, &document)
            };
            let profile = found.map_err(|err| meant_session(err, &subject, &config, form))?;
            let target = Target { profile, config: &config, is_command: true };
            match answer(&target, &mut document, output)? {
                Reply::Written(exit) => Ok(exit),
                Reply::Failed(failure) => Err(failure.fault(&target.profile).into()),
            }
        }
        Asked::Documents(documents) => {
            let mut loaded = None;
            filter::filter(documents, form.is_status_wanted, output, |subject, document, output| {
                handle(subject, document, output, form, settings, &mut loaded, &mut answer)
            })
        }
    }
}

/// A session's name where a profile's is wanted: the hint is the same command about the session, or, where that needs a role,
/// the roles to choose from.
fn meant_session(err: anyhow::Error, subject: &Subject, config: &AwsConfig, form: Form) -> anyhow::Error {
    let Subject::Profile { name, .. } = subject else { return err };
    if status_of(&err) != Exit::Config || config.known_session(name).is_err() {
        return err;
    }
    let (name, command) = (shell_word(name), form.command);
    let hint = if form.has_role {
        format!("sso-login accounts --sso-session {name} | sso-profile choose | sso-login {command} -")
    } else {
        format!("sso-login {command} --sso-session {name}")
    };
    Fault::reworded(&err, format!("{err:#}, which has an sso-session of that name")).hint(hint).into()
}

/// Answers about one document.
fn handle(
    subject: Subject,
    document: &mut Document,
    output: &mut Output,
    form: Form,
    settings: &Settings,
    loaded: &mut Option<AwsConfig>,
    answer: &mut impl FnMut(&Target<'_>, &mut Document, &mut Output) -> anyhow::Result<Reply>,
) -> anyhow::Result<Handled> {
    match &subject {
        // People have no later tool.
        Subject::Nobody if form.is_text => return Ok(Handled::Written(Exit::Done)),
        Subject::Failure(kind) if form.is_text => {
            report(settings.tool(), &earlier_failure(*kind, document)?.into());
            return Ok(Handled::Written(kind.exit()));
        }
        Subject::Nobody | Subject::Failure(_) => return Ok(Handled::PassedOn),
        Subject::Remote(remote) => return Ok(elsewhere(remote, document, form, settings)),
        Subject::Session { .. } | Subject::Profile { .. } | Subject::Chosen { .. } => {}
    }
    let subject = target::choose(subject, document, settings)?;
    let config = current(loaded, settings)?;
    let profile = match target::find(config, &subject, document) {
        Ok(profile) => profile,
        Err(err) => return unusable(err, document, form, settings),
    };
    let granted =
        if form.has_role { granted(config, &profile, &subject, document) } else { Ok(Ok(profile.clone())) };
    let profile = match granted {
        Ok(Ok(granted)) => granted,
        Ok(Err(failure)) => return Ok(failed(&failure, &profile, document, form, settings)),
        Err(err) => return unusable(err, document, form, settings),
    };
    let target = Target { profile, config, is_command: false };
    match answer(&target, document, output) {
        Ok(Reply::Written(exit)) => Ok(Handled::Written(exit)),
        Ok(Reply::Failed(failure)) => Ok(failed(&failure, &target.profile, document, form, settings)),
        Err(err) => unusable(err, document, form, settings),
    }
}

/// The config, read again when it has changed: a stream may last for days.
fn current<'c>(loaded: &'c mut Option<AwsConfig>, settings: &Settings) -> anyhow::Result<&'c AwsConfig> {
    if loaded.as_ref().is_some_and(|config| !config.is_current()) {
        *loaded = None;
    }
    match loaded {
        Some(config) => Ok(config),
        None => Ok(loaded.insert(AwsConfig::load(settings)?)),
    }
}

/// A document about another host: nothing of this one is read for it.
fn elsewhere(remote: &Remote, document: &mut Document, form: Form, settings: &Settings) -> Handled {
    if form.elsewhere == Elsewhere::PassedOn && !form.is_text {
        return Handled::PassedOn;
    }
    let (profile, failure) = there(remote, form.command);
    failed(&failure, &profile, document, form, settings)
}

/// A profile of another host, and that it is one, with the command that does it there.
pub(crate) fn there(remote: &Remote, command: &str) -> (Profile, SessionError) {
    let host = sanitize(&remote.host);
    let profile = match (&remote.profile, &remote.session) {
        (Some(profile), _) => Profile::elsewhere(profile, Kind::SsoToken),
        (None, Some(session)) => Profile::elsewhere(session, Kind::Session),
        (None, None) => Profile::elsewhere("default", Kind::SsoToken),
    };
    let line = format!("sso-login {command} {}", profile.arguments());
    // The shell of the host takes the line apart once more.
    let line = if line.contains('\'') { shell_word(&line) } else { line };
    let reason = format!("it belongs to {host}, not to this machine");
    // What ssh would take for an option, or no host can be called, is no command to paste.
    let reason = match SshHost::new(&remote.host, None, &[]) {
        Ok(_) => format!("{reason}; run: ssh {} {line}", shell_word(&remote.host)),
        Err(_) => reason,
    };
    (profile, SessionError::remote(reason))
}

/// The profile with the role that is asked for beside it, or why it can't be.
fn granted(
    config: &AwsConfig,
    profile: &Profile,
    subject: &Subject,
    document: &Document,
) -> anyhow::Result<Result<Profile, SessionError>> {
    match subject {
        Subject::Profile { role, .. } | Subject::Session { role, .. } | Subject::Chosen { role }
            if !role.is_empty() =>
        {
            asked_role::grant(config, profile, role, document)
        }
        _ => Ok(Ok(profile.clone())),
    }
}

/// The profile that is meant, with the role that is asked for; a failure is an error.
pub(crate) fn profile_of(
    config: &AwsConfig,
    subject: &Subject,
    document: &Document,
) -> anyhow::Result<Profile> {
    let profile = target::find(config, subject, document)?;
    granted(config, &profile, subject, document)?.map_err(|failure| failure.fault(&profile).into())
}

/// What an earlier tool failed at: there is nothing to go on with.
pub(crate) fn earlier_failure(kind: FailureKind, document: &Document) -> anyhow::Result<Fault> {
    let why = match document.text("reason")? {
        Some(reason) => reason.to_owned(),
        None => document
            .get("error")
            .map(|error| error.as_str().map_or_else(|| error.to_string(), str::to_owned))
            .unwrap_or_default(),
    };
    let said = match document.text("profile")? {
        Some(profile) => format!("profile \"{profile}\": {why}"),
        None => format!("an earlier tool failed: {why}"),
    };
    Ok(Fault::new(kind.exit(), said))
}

/// Writes a failure into the document, or for people.
fn failed(
    failure: &SessionError,
    profile: &Profile,
    document: &mut Document,
    form: Form,
    settings: &Settings,
) -> Handled {
    let exit = failure.kind.exit();
    if form.is_text {
        report(settings.tool(), &failure.fault(profile).into());
        return Handled::Written(exit);
    }
    failure.add_to(document);
    Handled::Answered(exit)
}

/// The answer about a profile that isn't there or can't be used; any other error ends the stream.
fn unusable(
    err: anyhow::Error,
    document: &mut Document,
    form: Form,
    settings: &Settings,
) -> anyhow::Result<Handled> {
    if status_of(&err) != Exit::Config {
        return Err(err);
    }
    if form.is_text {
        report(settings.tool(), &err);
        return Ok(Handled::Written(Exit::Config));
    }
    document.set("error", FailureKind::UnknownProfile.word());
    document.set("reason", sanitize(&format!("{err:#}")));
    Ok(Handled::Answered(Exit::Config))
}

/// The flags of a subcommand that only asks.
#[derive(Args, Clone, Debug)]
pub(crate) struct Question {
    /// Profile to ask about
    profile: Option<String>,
    #[command(flatten)]
    subject: SubjectFlags,
    /// Print lines for people, also as a filter; failures go to stderr
    #[arg(long)]
    pub(crate) text: bool,
    /// As a filter, end with the status of the first answer that isn't good
    #[arg(short, long)]
    exit_status: bool,
}

impl Question {
    /// What is asked about.
    pub(crate) fn asked(&self, role: &RoleFlags) -> anyhow::Result<Asked> {
        self.subject.asked(self.profile.as_deref(), role)
    }

    /// How it is answered.
    pub(crate) fn form(&self, command: &'static str, has_role: bool, elsewhere: Elsewhere) -> Form {
        Form { command, is_status_wanted: self.exit_status, is_text: self.text, has_role, elsewhere }
    }
}
