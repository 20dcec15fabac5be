//! `sso-signal write`: documents of a monitor into signals.

use crate::signal_store::content::{NoPlace, Unreadable};
use serde_json::Value;

use crate::heartbeat::Heartbeat;
use crate::queue::{Naming, Queue};
use crate::reminder_key::ReminderKey;
use crate::sighting::{Sighting, observed_at};
use crate::signal::Signal;
use crate::signal_store::{Raised, SignalStore, Withdrawn};
use sso_tool::exit::{Exit, Fault, escaped};
use sso_tool::filter::{self, Handled};
use sso_tool::profile_name::check_profile;
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::shell::shell_word;
use sso_tool::state_dir;
use sso_tool::stream::{self, Document, Output};
use sso_tool::subject::{Remote, Subject};
use sso_tool::time::{self, Moment};

/// Raise a signal, or raise and clear signals for the documents on stdin
///
/// With PROFILE, it raises and prints that profile's signal. Without PROFILE, it reads documents. Each raises a signal,
/// unless it has `"loginRequired": false`, which clears the signal that the same source raised. The document is passed on
/// with `signal`: `raised`, `kept` (the signal existed and its snooze still applies, or another source still asks),
/// `cleared` or `none`. Documents with `event`, `outcome` or `error` and no `loginRequired` are passed on untouched. A
/// signal's profile has at most 128 letters, digits and ` ._@+:/-`, and begins with a letter or digit; for any other name
/// the document gets `none` and an `error`, and the stream continues.
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = "\
Examples:
  sso-signal write corp --reason 'Credentials expired'
  sso-profile list | sso-cache check | sso-signal write --source my-monitor

Exit status:
  0   done
  65  bad document; PROFILE isn't a name that a signal can have
  74  a file failed
  75  not now: another process keeps the state locked")]
pub(crate) struct Args {
    /// Profile that needs a login; without PROFILE, or with `-`, the documents on stdin name the profiles
    pub(crate) profile: Option<String>,
    /// Say why, for the person who is asked
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Name the source [default: the document's `source`, else `sso-signal`]. A source clears only its own signals, and
    /// `status` says when a monitor with a name was last seen
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<String>,
}

/// Raises and clears what PROFILE or the documents on stdin say.
pub(crate) fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let output = &mut Output::stdout();
    let mut raiser = Raiser::new(settings, args.reason.as_deref(), args.source.as_deref())?;
    match args.profile.as_deref().filter(|profile| *profile != "-") {
        Some(profile) => raiser.command(profile, output),
        None => raiser.filter(stream::stdin()?, output),
    }
}

/// Who raised a signal, where neither a flag nor the document says.
const SOURCE: &str = "sso-signal";

/// Raises and clears signals.
struct Raiser<'a> {
    settings: &'a Settings,
    signals: SignalStore,
    reason: Option<&'a str>,
    source: Option<&'a str>,
    heartbeat: Heartbeat,
}

impl<'a> Raiser<'a> {
    /// `reason` and `source` beat those of a document.
    fn new(settings: &'a Settings, reason: Option<&'a str>, source: Option<&'a str>) -> anyhow::Result<Self> {
        Ok(Self {
            settings,
            signals: SignalStore::new(settings)?,
            reason,
            source,
            heartbeat: Heartbeat::default(),
        })
    }

    /// Raises a signal for a profile and prints it.
    fn command(&mut self, profile: &str, output: &mut Output) -> anyhow::Result<Exit> {
        check_profile(profile)?;
        let document = Document::new().with("profile", profile);
        let (_, signal) =
            self.raise(profile, None, &ReminderKey::of_profile(profile), &document, time::now()?)?;
        self.settings.debug(|| format!("{profile}: raised by {}, episode {}", signal.source, signal.episode));
        output.document(&signal.full_document())?;
        Ok(Exit::Done)
    }

    /// Raises or clears what each document says, and passes it on with `signal`: what was done. A signal's file that
    /// can't be read is its document's `error`, and status 74 at the end.
    fn filter(
        &mut self,
        documents: impl Iterator<Item = anyhow::Result<Document>>,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        let mut last = Exit::Done;
        let mut is_empty = true;
        filter::filter(documents, false, output, |subject, document, _| {
            is_empty = false;
            if let Some(source) = self.source {
                self.heartbeat.beat(self.settings, &sanitize(source), time::now()?);
            }
            match self.act(&subject, document, time::now()?) {
                Ok(Some(done)) => document.set("signal", done),
                Ok(None) => {}
                Err(err) if err.is::<Unreadable>() || err.is::<NoPlace>() => {
                    last = Exit::Io;
                    self.fail(document, format!("{err:#}"));
                }
                Err(err) => return Err(err),
            }
            if let Some(done) = document.get("signal").and_then(Value::as_str) {
                let known =
                    |key: &str| document.get(key).and_then(Value::as_str).map(sanitize).unwrap_or_default();
                self.settings.debug(|| {
                    format!("{}: signal {} [{}]", known("profile"), sanitize(done), known("reason"))
                });
            }
            Ok(Handled::PassedOn)
        })?;
        // A reason without anything to give it to is a forgotten PROFILE: cron's stdin is empty, and nobody would notice.
        if is_empty && self.reason.is_some() {
            return Err(Fault::new(Exit::Usage, "no profile is named, and no document came")
                .hint("sso-signal write PROFILE --reason TEXT")
                .into());
        }
        Ok(last)
    }

    /// `loginRequired` decides: true raises, false clears. Without it, a document that only names a profile raises;
    /// an event, an outcome or an error says nothing about a login. Answers what was done, if the document asks for
    /// anything and isn't answered yet.
    fn act(
        &mut self,
        subject: &Subject,
        document: &mut Document,
        now: Moment,
    ) -> anyhow::Result<Option<&'static str>> {
        if subject.is_passed_on() {
            return Ok(None);
        }
        let Some(request) = request_of(document)? else { return Ok(None) };
        let (profile, host) = match subject {
            Subject::Session { name, .. } => {
                let why = format!(
                    "a signal needs a profile, and no profile here uses session `{}`",
                    sanitize(name)
                );
                self.fail(document, why);
                return Ok(None);
            }
            Subject::Remote(Remote { host, .. }) if sanitize(host) != *host => {
                self.fail(document, "`host` isn't a host name that a signal can have".to_owned());
                return Ok(None);
            }
            Subject::Remote(Remote { host, profile: Some(profile), .. }) => {
                (profile.as_str(), Some(host.as_str()))
            }
            Subject::Profile { name, .. } => (name.as_str(), None),
            // An empty name is one that no signal can have.
            Subject::Chosen { .. } if document.text("profile")?.is_some() => ("", None),
            Subject::Remote(Remote { profile: None, session: Some(session), .. }) => {
                let why = format!(
                    "a signal needs a profile, and no profile there uses session `{}`",
                    sanitize(session)
                );
                self.fail(document, why);
                return Ok(None);
            }
            Subject::Nobody | Subject::Failure(_) | Subject::Remote(_) | Subject::Chosen { .. } => {
                return Err(Fault::new(Exit::Data, "the document has no `profile`")
                    .hint("sso-profile list | sso-cache check | sso-signal write")
                    .into());
            }
        };
        let whose = ReminderKey::of(subject, document)?.unwrap_or_default();
        if let Err(why) = check_profile(profile) {
            self.refuse(profile, &whose, request, document, &why)?;
            return Ok(None);
        }
        if self.is_outdated(&whose, document)? {
            return Ok(Some("none"));
        }
        match request {
            Request::Clear => self.clear(&whose, document, now).map(Some),
            Request::Raise => match self.raise(profile, host, &whose, document, now)?.0 {
                Raised::New => Ok(Some("raised")),
                Raised::Again => Ok(Some("kept")),
            },
        }
    }

    /// Whether somebody decided about the session after the document's observation was made: it counts for nothing.
    fn is_outdated(&self, whose: &ReminderKey, document: &Document) -> anyhow::Result<bool> {
        let is_outdated = Queue::new(self.settings)?.is_outdated(whose, observed_at(document)?);
        // A reminder store that can't be read is a reason for `wait` and `status` to complain, not to raise nothing.
        Ok(is_outdated.inspect_err(|err| self.settings.debug(|| format!("{err:#}"))).unwrap_or(false))
    }

    /// Answers a document whose profile no signal can be about. It ends no stream: one odd name in the config must not
    /// keep the others' signals back.
    fn refuse(
        &self,
        profile: &str,
        whose: &ReminderKey,
        request: Request,
        document: &mut Document,
        why: &anyhow::Error,
    ) -> anyhow::Result<()> {
        document.set("signal", "none");
        // Its session may have profiles of better names.
        if whose.session.is_some() {
            let seen = Sighting::of(document)?;
            Queue::new(self.settings)?.see(whose, seen, observed_at(document)?, Naming::Nothing)?;
        }
        if request == Request::Raise {
            let name = shell_word(&sanitize(profile));
            let what_to_do =
                format!("nobody is reminded of it: rename the profile, or log in yourself: sso-login {name}");
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

    fn raise(
        &mut self,
        profile: &str,
        host: Option<&str>,
        whose: &ReminderKey,
        document: &Document,
        now: Moment,
    ) -> anyhow::Result<(Raised, Signal)> {
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
        if let Some(session) = document.text("ssoSession")? {
            signal.set("ssoSession", sanitize(session));
        }
        if let Some(host) = host {
            signal.set("host", host);
        }
        let signal = Signal::from_document(signal, "the document")?;
        // What a person decides about one profile holds for its whole session, so whoever knows the session says it.
        let seen = Sighting::of(document)?;
        // A reminder store that can't be read is a reason for `wait` and `status` to complain, not to raise nothing.
        if let Err(err) = Queue::new(self.settings)?.see(whose, seen, observed_at(document)?, Naming::Session)
        {
            self.settings.debug(|| format!("{err:#}"));
        }
        let _lock = self.lock()?;
        self.signals.raise(&signal, now)
    }

    /// Removes the signal that the same source raised. A session seen valid also ends "Don't remind me": the next
    /// expiry is a new one.
    fn clear(
        &mut self,
        whose: &ReminderKey,
        document: &Document,
        now: Moment,
    ) -> anyhow::Result<&'static str> {
        let source = self.source_of(document)?;
        let lock = self.lock()?;
        let withdrawn = self.signals.withdraw(whose.name(), &source, now)?;
        drop(lock);
        // While another source still asks for a login, what a person decided about that stands.
        if withdrawn != Withdrawn::Left {
            let seen = Sighting::of(document)?;
            Queue::new(self.settings)?.see(whose, seen, observed_at(document)?, Naming::Nothing)?;
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
enum Request {
    Raise,
    Clear,
}

/// What a document asks for; `None` if it says nothing about a login.
fn request_of(document: &Document) -> anyhow::Result<Option<Request>> {
    Ok(match document.flag("loginRequired")? {
        Some(false) => Some(Request::Clear),
        None if document.contains_key("outcome") => None,
        Some(true) | None => Some(Request::Raise),
    })
}
