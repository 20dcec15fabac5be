//! `sso-signal write`: documents of a monitor into signals.

use crate::content::{NoPlace, Unreadable};
use serde_json::Value;

use crate::folder::{Folder, Raised, Withdrawn};
use crate::heartbeat::Heartbeat;
use crate::host::{Host, Naming};
use crate::settle::Concerned;
use crate::sighting::Sighting;
use crate::signal::Signal;
use sso_tool::exit::{Exit, Fault, escaped};
use sso_tool::profile_name::check_profile;
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::shell::shell_word;
use sso_tool::state_dir;
use sso_tool::stream::{Document, Output};
use sso_tool::subject::{Remote, Subject as Whom};
use sso_tool::time::{self, Moment};

/// Who raised a signal, where neither a flag nor the document says.
pub const SOURCE: &str = "sso-signal";

/// Raises and clears signals.
pub struct Raiser<'a> {
    settings: &'a Settings,
    folder: Folder,
    reason: Option<&'a str>,
    source: Option<&'a str>,
    heartbeat: Heartbeat,
}

impl<'a> Raiser<'a> {
    /// `reason` and `source` beat those of a document.
    pub fn new(
        settings: &'a Settings,
        reason: Option<&'a str>,
        source: Option<&'a str>,
    ) -> anyhow::Result<Self> {
        Ok(Self { settings, folder: Folder::new(settings)?, reason, source, heartbeat: Heartbeat::default() })
    }

    /// Raises a signal for a profile and prints it.
    pub fn command(&mut self, profile: &str, output: &mut Output) -> anyhow::Result<Exit> {
        let (_, signal) = self.raise(&Document::new().with("profile", profile), time::now()?)?;
        self.settings.debug(|| format!("{profile}: raised by {}, episode {}", signal.source, signal.episode));
        output.document(&signal.full_document())?;
        Ok(Exit::Done)
    }

    /// Raises or clears what each document says, and passes it on with `signal`: what was done. A signal's file that
    /// can't be read is its document's `error`, and status 74 at the end.
    pub fn filter(
        &mut self,
        documents: impl Iterator<Item = anyhow::Result<Document>>,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        let mut last = Exit::Done;
        let mut is_empty = true;
        for document in documents {
            let mut document = document?;
            is_empty = false;
            if let Some(source) = self.source {
                self.heartbeat.beat(self.settings, &sanitize(source), time::now()?);
            }
            if let Some(why) = unfit(&document)? {
                self.refuse(&mut document, &why)?;
            } else {
                match self.act(&document, time::now()?) {
                    Ok(Some(done)) => document.set("signal", done),
                    Ok(None) => {}
                    Err(err) if err.is::<Unreadable>() || err.is::<NoPlace>() => {
                        last = Exit::Io;
                        self.fail(&mut document, format!("{err:#}"));
                    }
                    Err(err) => return Err(err),
                }
            }
            if let Some(done) = document.get("signal").and_then(Value::as_str) {
                let known =
                    |key: &str| document.get(key).and_then(Value::as_str).map(sanitize).unwrap_or_default();
                self.settings.debug(|| {
                    format!("{}: signal {} [{}]", known("profile"), sanitize(done), known("reason"))
                });
            }
            output.document(&document)?;
        }
        // A reason without anything to give it to is a forgotten PROFILE: cron's stdin is empty, and nobody would notice.
        if is_empty && self.reason.is_some() {
            return Err(Fault::new(Exit::Usage, "no profile is named, and no document came")
                .hint("sso-signal write PROFILE --reason TEXT")
                .into());
        }
        Ok(last)
    }

    /// `loginRequired` decides: true raises, false clears. Without it, a document that only names a profile raises;
    /// an event, an outcome or an error says nothing about a login.
    fn act(&mut self, document: &Document, now: Moment) -> anyhow::Result<Option<&'static str>> {
        match wish_of(document)? {
            None => Ok(None),
            Some(Wish::Clear) => self.clear(document, now).map(Some),
            Some(Wish::Raise) => match self.raise(document, now)?.0 {
                Raised::New => Ok(Some("raised")),
                Raised::Again => Ok(Some("kept")),
            },
        }
    }

    /// Answers a document whose profile no signal can be about. It ends no stream: one odd name in the config must not
    /// keep the others' signals back.
    fn refuse(&self, document: &mut Document, why: &anyhow::Error) -> anyhow::Result<()> {
        document.set("signal", "none");
        let subject = Whom::of(document)?;
        if matches!(subject, Whom::Session { .. } | Whom::Remote(Remote { profile: None, .. })) {
            self.fail(document, format!("{why}"));
            return Ok(());
        }
        if matches!(&subject, Whom::Remote(Remote { host, .. }) if sanitize(host) != *host) {
            self.fail(document, format!("{why}"));
            return Ok(());
        }
        // Its session may have profiles of better names.
        let whom = Concerned::of(document, document.text("profile")?.unwrap_or_default())?;
        if whom.subject().session.is_some() {
            Host::new(self.settings)?.see(&whom.subject(), Sighting::of(document)?, Naming::Nothing)?;
        }
        if wish_of(document)? == Some(Wish::Raise) {
            let name = shell_word(&sanitize(document.text("profile")?.unwrap_or_default()));
            let what_to_do =
                format!("nobody is reminded of it: rename the profile, or log in by hand: sso-login {name}");
            self.fail(document, format!("{why}; {what_to_do}"));
        }
        Ok(())
    }

    /// Says in the document, and once to people, why there is no signal of it. The stream goes on.
    fn fail(&self, document: &mut Document, error: String) {
        document.set("signal", "none");
        document.set("error", escaped(&error));
        self.settings.warn_once(error);
    }

    fn raise(&mut self, document: &Document, now: Moment) -> anyhow::Result<(Raised, Signal)> {
        let profile = profile_of(document)?;
        let reason = match self.reason {
            Some(reason) => reason,
            None => document.text("reason")?.unwrap_or("login required"),
        };
        let mut signal = Document::new()
            .with("profile", profile)
            .with("reason", sanitize(reason))
            .with("timestamp", time::format(now))
            .with("source", self.source_of(document)?);
        if let Some(episode) = document.text("episode")? {
            signal.set("episode", sanitize(episode));
        }
        if let Whom::Remote(Remote { host, .. }) = Whom::of(document)? {
            signal.set("host", host);
        }
        let signal = Signal::from_document(signal, "the document")?;
        let whom = Concerned::of(document, profile)?;
        // What a person decides about one profile holds for its whole session, so whoever knows the session says it.
        let seen = Sighting::of(document)?;
        // A memory that can't be read is a reason for `wait` and `status` to complain, not to raise nothing.
        if let Err(err) = Host::new(self.settings)?.see(&whom.subject(), seen, Naming::Session) {
            self.settings.debug(|| format!("{err:#}"));
        }
        let _lock = self.lock()?;
        self.folder.raise(&signal, now)
    }

    /// Removes the signal that the same source raised. A session seen valid also ends "Don't remind me": the next
    /// expiry is a new one.
    fn clear(&mut self, document: &Document, now: Moment) -> anyhow::Result<&'static str> {
        let whom = Concerned::of(document, profile_of(document)?)?;
        let source = self.source_of(document)?;
        let lock = self.lock()?;
        let withdrawn = self.folder.withdraw(whom.subject().profile, &source, now)?;
        drop(lock);
        // While another source still asks for a login, what a person decided about that stands.
        if withdrawn != Withdrawn::Left {
            Host::new(self.settings)?.see(&whom.subject(), Sighting::of(document)?, Naming::Nothing)?;
        }
        Ok(match withdrawn {
            Withdrawn::Removed => "cleared",
            Withdrawn::Left => "kept",
            Withdrawn::None => "none",
        })
    }

    /// As it is read back: who raises a signal must be able to clear it.
    fn source_of(&self, document: &Document) -> anyhow::Result<String> {
        Ok(sanitize(match self.source {
            Some(source) => source,
            None => document.text("source")?.unwrap_or(SOURCE),
        }))
    }

    /// Serialises writers that share the state directory; those in containers don't, and need no lock: each step on
    /// its own is atomic.
    fn lock(&self) -> anyhow::Result<Option<state_dir::StateLock>> {
        let dir = self.settings.state_dir()?;
        let is_ours = self.settings.signal_file()?.starts_with(&dir) || dir.exists();
        is_ours.then(|| state_dir::lock(&dir)).transpose()
    }
}

/// What a document asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Raise,
    Clear,
}

/// What a document asks for; `None` if it says nothing about a login.
fn wish_of(document: &Document) -> anyhow::Result<Option<Wish>> {
    if Whom::of(document)?.is_passed_on() {
        return Ok(None);
    }
    Ok(match document.flag("loginRequired")? {
        Some(false) => Some(Wish::Clear),
        None if document.contains_key("outcome") => None,
        Some(true) | None => Some(Wish::Raise),
    })
}

/// Why no signal can be about the document's profile, if none can.
fn unfit(document: &Document) -> anyhow::Result<Option<anyhow::Error>> {
    if wish_of(document)?.is_none() {
        return Ok(None);
    }
    match Whom::of(document)? {
        Whom::Session { name, .. } => {
            let what = format!("a signal has a profile, and session `{}` has none here", sanitize(&name));
            return Ok(Some(Fault::new(Exit::Data, what).into()));
        }
        Whom::Remote(Remote { host, .. }) if sanitize(&host) != host => {
            return Ok(Some(Fault::new(Exit::Data, "`host` is no host name that a signal can have").into()));
        }
        _ => {}
    }
    let name = document.text("profile")?;
    Ok(name.and_then(|name| check_profile(name).err()))
}

fn profile_of(document: &Document) -> anyhow::Result<&str> {
    let profile = document.text("profile")?.ok_or_else(|| {
        Fault::new(Exit::Data, "the document has no `profile`")
            .hint("sso-profile list | sso-cache check | sso-signal write")
    })?;
    check_profile(profile)?;
    Ok(profile)
}
