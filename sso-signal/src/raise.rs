//! `sso-signal write`: documents of a monitor into signals.

use crate::exit::{Exit, Fault};
use crate::folder::{Folder, Raised, Withdrawn};
use crate::heartbeat::Heartbeat;
use crate::host::Host;
use crate::memory::Subject;
use crate::settings::Settings;
use crate::signal::{self, Signal, check_profile};
use crate::state;
use crate::text::harmless;
use crate::time::{self, Moment};
use crate::wire::{Document, Output};

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
        output.document(&signal.full_document())?;
        Ok(Exit::Done)
    }

    /// Raises or clears what each document says, and passes it on with `signal`: what was done.
    pub fn filter(
        &mut self,
        documents: impl Iterator<Item = anyhow::Result<Document>>,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        for document in documents {
            let mut document = document?;
            if let Some(source) = self.source {
                self.heartbeat.beat(self.settings, &harmless(source), time::now()?);
            }
            if let Some(done) = self.act(&document, time::now()?)? {
                document.set("signal", done);
            }
            output.document(&document)?;
        }
        Ok(Exit::Done)
    }

    /// `loginRequired` decides: true raises, false clears. Without it, a document that only names a profile raises;
    /// an event, an outcome or an error says nothing about a login.
    fn act(&mut self, document: &Document, now: Moment) -> anyhow::Result<Option<&'static str>> {
        let is_about_else = document.is_about_no_profile()
            || ["outcome", "error"].iter().any(|key| document.contains_key(*key));
        match document.flag("loginRequired")? {
            Some(false) => self.clear(document, now).map(Some),
            None if is_about_else => Ok(None),
            Some(true) | None => match self.raise(document, now)?.0 {
                Raised::New => Ok(Some("raised")),
                Raised::Again => Ok(Some("kept")),
            },
        }
    }

    fn raise(&mut self, document: &Document, now: Moment) -> anyhow::Result<(Raised, Signal)> {
        let profile = profile_of(document)?;
        let reason = match self.reason {
            Some(reason) => reason,
            None => document.text("reason")?.unwrap_or("login required"),
        };
        let mut signal = Document::new()
            .with("profile", profile)
            .with("reason", harmless(reason))
            .with("timestamp", time::format(now))
            .with("source", self.source_of(document)?);
        for key in ["episode", "host"] {
            if let Some(text) = document.text(key)? {
                signal.set(key, harmless(text));
            }
        }
        let signal = Signal::from_document(signal, "the document")?;
        if let Some(session) = document.text("ssoSession")? {
            self.remember_session(profile, session)?;
        }
        let _lock = self.lock()?;
        self.folder.raise(&signal, now)
    }

    /// What a person decides about one profile holds for its whole session, so whoever knows the session says it.
    fn remember_session(&self, profile: &str, session: &str) -> anyhow::Result<()> {
        if !self.has_memory()? {
            return Ok(());
        }
        let host = Host::new(self.settings)?;
        if host.memory()?.session_of(profile) == Some(session) {
            return Ok(());
        }
        let subject = Subject { profile, session: Some(session), session_profiles: &[] };
        host.change_memory(|memory| memory.change(&subject, |entry| (entry, ())))
    }

    /// Removes the signal that the same source raised. A session seen valid also ends "Don't remind me": the next
    /// expiry is a new one.
    fn clear(&mut self, document: &Document, now: Moment) -> anyhow::Result<&'static str> {
        let profile = profile_of(document)?;
        let source = self.source_of(document)?;
        let host = document.text("host")?.map(harmless);
        let here = |name: &str| signal::key(name, host.as_deref());
        let (profile, session) = (here(profile), document.text("ssoSession")?.map(here));
        let lock = self.lock()?;
        let withdrawn = self.folder.withdraw(&profile, &source, now)?;
        drop(lock);
        // While another source still asks for a login, what a person decided about that stands.
        if withdrawn != Withdrawn::Left {
            self.remember_valid(&profile, session.as_deref())?;
        }
        Ok(match withdrawn {
            Withdrawn::Removed => "cleared",
            Withdrawn::Left => "kept",
            Withdrawn::None => "none",
        })
    }

    fn remember_valid(&self, profile: &str, session: Option<&str>) -> anyhow::Result<()> {
        if !self.has_memory()? {
            return Ok(());
        }
        let host = Host::new(self.settings)?;
        let entry = host.memory()?.entry(profile);
        if entry.seen_valid() == entry {
            return Ok(());
        }
        let subject = Subject { profile, session, session_profiles: &[] };
        host.change_memory(|memory| memory.change(&subject, |entry| (entry.seen_valid(), ())))
    }

    /// A container has no state of the host's to change.
    fn has_memory(&self) -> anyhow::Result<bool> {
        Ok(self.settings.state_dir()?.join("state.json").exists())
    }

    /// As it is read back: who raises a signal must be able to clear it.
    fn source_of(&self, document: &Document) -> anyhow::Result<String> {
        Ok(harmless(match self.source {
            Some(source) => source,
            None => document.text("source")?.unwrap_or(SOURCE),
        }))
    }

    /// Serialises writers that share the state directory; those in containers don't, and need no lock: each step on
    /// its own is atomic.
    fn lock(&self) -> anyhow::Result<Option<state::StateLock>> {
        let dir = self.settings.state_dir()?;
        let is_ours = self.settings.signal_file()?.starts_with(&dir) || dir.exists();
        is_ours.then(|| state::lock(&dir)).transpose()
    }
}

fn profile_of(document: &Document) -> anyhow::Result<&str> {
    let profile = document.text("profile")?.ok_or_else(|| {
        Fault::new(Exit::Data, "the document has no `profile`")
            .hint("sso-profile list | sso-cache check | sso-signal write")
    })?;
    check_profile(profile)?;
    Ok(profile)
}
