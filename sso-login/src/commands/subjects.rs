//! Command or filter (DESIGN 2): a subcommand that is about one profile, or about each document on stdin.

use clap::Args;
use serde_json::Value;
use sso_profile::{AwsConfig, Profile, Selected, select};
use sso_tool::exit::{Exit, Fault, report, status_of};
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::stream::{self, Document, Output};

use crate::session::error::{SessionError, Why};

/// The flags of a subcommand that only asks.
#[derive(Args, Clone, Debug)]
pub(crate) struct Question {
    /// Profile to ask about
    profile: Option<String>,
    /// Print lines for people; as a filter too, with what fails on stderr
    #[arg(long)]
    pub(crate) text: bool,
    /// As a filter, end with the status of the last document's answer
    #[arg(short, long)]
    exit_status: bool,
}

impl Question {
    /// Answers it, as [`answer`] does; with `--text`, what goes wrong is a line on stderr and no document.
    pub(crate) fn answer(
        &self,
        settings: &Settings,
        answer: impl FnMut(&mut Subject<'_>, &mut Output) -> anyhow::Result<Said>,
    ) -> anyhow::Result<Exit> {
        let form = Form { is_status_wanted: self.exit_status, is_text: self.text };
        answer_in(form, settings, self.profile.as_deref(), answer)
    }
}

/// What a subcommand was asked about.
pub(crate) struct Subject<'a> {
    /// The profile.
    pub(crate) profile: Profile,
    /// The config it is in.
    pub(crate) config: &'a AwsConfig,
    /// The document to add to: that of stdin, or a new one with `profile` and `profileFrom`.
    pub(crate) document: Document,
    /// Whether it is all that was asked, so that the answer is the status.
    pub(crate) is_command: bool,
}

/// What came of an answer.
pub(crate) enum Said {
    /// What was asked for; it is written.
    Done,
    /// A reason, not written yet.
    Lacking(SessionError),
    /// Something that is written, with its own status.
    Written(Exit),
}

impl From<Option<SessionError>> for Said {
    fn from(lack: Option<SessionError>) -> Self {
        lack.map_or(Self::Done, Self::Lacking)
    }
}

/// Answers about the profile that is meant, or about each document. As a command the answer is the status; as a
/// filter a lack is written into the document, and the status is 0 unless `is_status_wanted`.
///
/// Whoever answers writes the documents of a success; those of a lack are written here.
pub(crate) fn answer(
    settings: &Settings,
    argument: Option<&str>,
    is_status_wanted: bool,
    answer: impl FnMut(&mut Subject<'_>, &mut Output) -> anyhow::Result<Said>,
) -> anyhow::Result<Exit> {
    answer_in(Form { is_status_wanted, is_text: false }, settings, argument, answer)
}

/// The same for documents that are there: a filter.
pub(crate) fn answer_each(
    settings: &Settings,
    documents: impl Iterator<Item = anyhow::Result<Document>>,
    is_status_wanted: bool,
    answer: impl FnMut(&mut Subject<'_>, &mut Output) -> anyhow::Result<Said>,
) -> anyhow::Result<Exit> {
    let form = Form { is_status_wanted, is_text: false };
    filter(form, settings, documents, answer, &mut Output::stdout())
}

/// What an earlier tool failed at, if the document says that one did: there is nothing to go on with.
pub(crate) fn known_fault(document: &Document) -> Option<anyhow::Error> {
    let error = document.get("error").filter(|error| !error.is_null())?;
    let text = |key: &str| document.get(key).and_then(Value::as_str);
    let word = error.as_str().unwrap_or_default();
    let why = text("reason").unwrap_or(word);
    let exit = Why::of_word(word).map_or(Exit::Config, Why::exit);
    let said = match text("profile") {
        Some(profile) => format!("profile \"{profile}\": {why}"),
        None => format!("an earlier tool failed: {why}"),
    };
    Some(Fault::new(exit, said).into())
}

/// How a filter answers.
#[derive(Clone, Copy)]
struct Form {
    is_status_wanted: bool,
    is_text: bool,
}

fn answer_in(
    form: Form,
    settings: &Settings,
    argument: Option<&str>,
    answer: impl FnMut(&mut Subject<'_>, &mut Output) -> anyhow::Result<Said>,
) -> anyhow::Result<Exit> {
    match stream::subjects(argument)? {
        Some(documents) => filter(form, settings, documents, answer, &mut Output::stdout()),
        None => answer_one(settings, argument, answer),
    }
}

/// Answers about the profile that is meant, as a command that has no documents.
pub(crate) fn answer_one(
    settings: &Settings,
    argument: Option<&str>,
    mut answer: impl FnMut(&mut Subject<'_>, &mut Output) -> anyhow::Result<Said>,
) -> anyhow::Result<Exit> {
    let output = &mut Output::stdout();
    let config = AwsConfig::load(settings)?;
    let Selected { name, from } = select(argument, None, settings)?;
    let profile = config.known_profile(&name)?;
    let document = Document::new().with("profile", name.as_str()).with("profileFrom", from);
    match answer(&mut Subject { profile, config: &config, document, is_command: true }, output)? {
        Said::Done => Ok(Exit::Done),
        Said::Written(exit) => Ok(exit),
        Said::Lacking(lack) => Err(lack.fault(&name).into()),
    }
}

fn filter(
    form: Form,
    settings: &Settings,
    documents: impl Iterator<Item = anyhow::Result<Document>>,
    mut answer: impl FnMut(&mut Subject<'_>, &mut Output) -> anyhow::Result<Said>,
    output: &mut Output,
) -> anyhow::Result<Exit> {
    let mut config = AwsConfig::load(settings)?;
    let mut last = Exit::Done;
    for document in documents {
        let mut document = document?;
        // What is on its way to a later tool, or known not to work, is passed on; people have no later tool.
        let fault = known_fault(&document);
        if document.is_about_no_profile() || fault.is_some() {
            last = fault.as_ref().map_or(last, status_of);
            match fault {
                Some(fault) if form.is_text => report(settings.tool(), &fault),
                None if form.is_text => {}
                _ => output.document(&document)?,
            }
            continue;
        }
        // A stream may last for days.
        if !config.is_current() {
            config = AwsConfig::load(settings)?;
        }
        let Selected { name, from } = select(None, Some(&document), settings)?;
        if !document.contains_key("profile") {
            document.set("profile", name.as_str());
            document.set("profileFrom", from);
        }
        let mut subject = match config.known_profile(&name) {
            Ok(profile) => Subject { profile, config: &config, document, is_command: false },
            Err(err) if status_of(&err) == Exit::Config => {
                last = Exit::Config;
                unusable(form, settings, &mut document, &err, output)?;
                continue;
            }
            Err(err) => return Err(err),
        };
        last = match answer(&mut subject, output) {
            Ok(Said::Done) => Exit::Done,
            Ok(Said::Written(exit)) => exit,
            Ok(Said::Lacking(lack)) if form.is_text => {
                report(settings.tool(), &lack.fault(&name).into());
                lack.why.exit()
            }
            Ok(Said::Lacking(lack)) => {
                lack.add_to(&mut subject.document);
                output.document(&subject.document)?;
                lack.why.exit()
            }
            Err(err) if status_of(&err) == Exit::Config => {
                unusable(form, settings, &mut subject.document, &err, output)?;
                Exit::Config
            }
            Err(err) => return Err(err),
        };
    }
    Ok(if form.is_status_wanted { last } else { Exit::Done })
}

fn unusable(
    form: Form,
    settings: &Settings,
    document: &mut Document,
    err: &anyhow::Error,
    output: &mut Output,
) -> anyhow::Result<()> {
    if form.is_text {
        report(settings.tool(), err);
        return Ok(());
    }
    document.set("error", "unknown-profile");
    document.set("reason", sanitize(&format!("{err:#}")));
    output.document(document)
}

/// The fault of a subcommand that needs a session, for a profile that has none.
pub(crate) fn no_sso(profile: &Profile) -> Fault {
    let (name, kind) = (&profile.name, profile.kind.name());
    Fault::new(Exit::Config, format!("profile `{name}` is not an SSO profile (kind {kind})"))
        .hint("sso-profile list")
}
