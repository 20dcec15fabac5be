//! Command or filter (DESIGN 2): a subcommand that is about one profile, or about each document on stdin.

use sso_profile::{AwsConfig, Profile, Selected, select};
use sso_signal::exit::{Exit, Fault, status_of};
use sso_signal::settings::Settings;
use sso_signal::text::harmless;
use sso_signal::wire::{self, Document, Output};

use crate::lack::Lack;

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
    Lacking(Lack),
    /// Something that is written, with its own status.
    Written(Exit),
}

impl From<Option<Lack>> for Said {
    fn from(lack: Option<Lack>) -> Self {
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
    mut answer: impl FnMut(&mut Subject<'_>, &mut Output) -> anyhow::Result<Said>,
) -> anyhow::Result<Exit> {
    let output = &mut Output::stdout();
    if let Some(documents) = wire::subjects(argument)? {
        return filter(settings, is_status_wanted, documents, answer, output);
    }
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
    settings: &Settings,
    is_status_wanted: bool,
    documents: impl Iterator<Item = anyhow::Result<Document>>,
    mut answer: impl FnMut(&mut Subject<'_>, &mut Output) -> anyhow::Result<Said>,
    output: &mut Output,
) -> anyhow::Result<Exit> {
    let mut config = AwsConfig::load(settings)?;
    let mut last = Exit::Done;
    for document in documents {
        let mut document = document?;
        // What is on its way to a later tool, or known not to work, is passed on.
        if document.contains_key("event") || document.get("error").is_some_and(|error| !error.is_null()) {
            output.document(&document)?;
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
                unusable(&mut document, &err);
                output.document(&document)?;
                continue;
            }
            Err(err) => return Err(err),
        };
        last = match answer(&mut subject, output) {
            Ok(Said::Done) => Exit::Done,
            Ok(Said::Written(exit)) => exit,
            Ok(Said::Lacking(lack)) => {
                lack.add_to(&mut subject.document);
                output.document(&subject.document)?;
                lack.why.exit()
            }
            Err(err) if status_of(&err) == Exit::Config => {
                unusable(&mut subject.document, &err);
                output.document(&subject.document)?;
                Exit::Config
            }
            Err(err) => return Err(err),
        };
    }
    Ok(if is_status_wanted { last } else { Exit::Done })
}

fn unusable(document: &mut Document, err: &anyhow::Error) {
    document.set("error", "unknown-profile");
    document.set("reason", harmless(&format!("{err:#}")));
}

/// The fault of a subcommand that needs a session, for a profile that has none.
pub(crate) fn no_sso(profile: &Profile) -> Fault {
    let (name, kind) = (&profile.name, profile.kind.name());
    Fault::new(Exit::Config, format!("profile `{name}` is not an SSO profile (kind {kind})"))
        .hint("sso-profile list")
}
