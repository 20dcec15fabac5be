//! `sso-signal settle`: what came of a question or a login, into state.

use std::time::Duration;

use crate::cooldown;
use crate::machine::{self, Fate, LONGEST_SNOOZE, Outcome, Transition};
use crate::mode::Mode;
use crate::queue::{Naming, Queue};
use crate::reminder::{ConfigStamp, Reminder};
use crate::reminder_store::ReminderKey;
use crate::sighting::{Sighting, observed_at};
use crate::signal;
use crate::signal_store::{self, Located, Reading};
use sso_tool::exit::{Exit, Fault};
use sso_tool::filter::{self, Handled};
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::state_dir;
use sso_tool::stream::{self, Document, Output};
use sso_tool::time;

/// Turn outcomes on stdin into state, and pass every document on
///
/// `outcome` is one of success, valid, failed, timeout, snoozed (with `seconds`), dismissed, suppressed, busy,
/// unknown-profile (with `configFile`, `configModified`). It holds for the whole sso-session (`ssoSession`,
/// `sessionProfiles`). Documents without an outcome, and events, are passed on untouched; what they say of a session
/// that is kept quiet (`loginRequired`, `loggedOut`) is noted.
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = "\
Examples:
  sso-login corp | sso-signal settle
  echo '{\"profile\":\"corp\",\"outcome\":\"snoozed\",\"seconds\":900}' | sso-signal settle
  sso-signal read corp | jq -c '. + {outcome: \"suppressed\"}' | sso-signal settle   don't remind me

Exit status:
  0   done
  65  bad document
  74  a file failed
  75  state locked")]
pub struct SettleArgs {}

/// Settles what the documents on stdin say.
pub fn run(_: &SettleArgs, settings: &Settings, output: &mut Output) -> anyhow::Result<Exit> {
    filter(settings, stream::stdin()?, output)
}

/// Settles what one document says, for a login that no pipe follows: its reminders end with it.
/// Where nobody was ever reminded, nothing is kept.
pub fn settle_one(document: &Document, settings: &Settings) -> anyhow::Result<()> {
    let mut queue = Queue::new(settings)?;
    let Reading { signals, unreadable } = queue.signals.read(time::now()?)?;
    if signals.is_empty() && unreadable.is_empty() && !queue.state_dir.join("state.json").exists() {
        return Ok(());
    }
    filter(settings, std::iter::once(Ok(document.clone())), &mut Output::nowhere()).map(drop)
}

/// Settles every outcome of a stream and passes every document on.
fn filter(
    settings: &Settings,
    documents: impl Iterator<Item = anyhow::Result<Document>>,
    output: &mut Output,
) -> anyhow::Result<Exit> {
    let mut queue = Queue::new(settings)?;
    let mut last = Exit::Done;
    filter::filter(documents, false, output, |subject, document, _| {
        if subject.is_passed_on() {
            return Ok(Handled::PassedOn);
        }
        let outcome = outcome_of(document)?;
        see(&queue, document, outcome.as_ref())?;
        if let Some(outcome) = outcome
            && !is_counted(document, &outcome)
            && settle(&mut queue, document, &outcome)? == Exit::Io
        {
            last = Exit::Io;
        }
        Ok(Handled::PassedOn)
    })?;
    Ok(last)
}

/// Takes in what the document says of its session besides the outcome, which came after it.
fn see(queue: &Queue<'_>, document: &Document, outcome: Option<&Outcome>) -> anyhow::Result<()> {
    let seen = match (outcome, Sighting::of(document)?) {
        (Some(Outcome::Success | Outcome::Valid), _) | (Some(_), Some(Sighting::Valid)) | (_, None) => {
            return Ok(());
        }
        (_, seen) => seen,
    };
    let others = document.texts("sessionProfiles")?;
    let Some(profile) = document.text("profile")?.or(others.first().map(String::as_str)) else {
        return Ok(());
    };
    queue.see(&Concerned::of(document, profile)?.subject(), seen, observed_at(document)?, Naming::Nothing)
}

pub(crate) fn settle(queue: &mut Queue<'_>, document: &Document, outcome: &Outcome) -> anyhow::Result<Exit> {
    let profile = document.text("profile")?.ok_or_else(|| {
        Fault::new(Exit::Data, "the document has an `outcome` but no `profile`")
            .hint("sso-signal wait | sso-login | sso-signal settle")
    })?;
    let whom = Concerned::of(document, profile)?;
    let (subject, profile) = (whom.subject(), whom.profile.as_str());
    let mut at = queue.circumstances()?;
    if let Some(mode) = document.text("mode")?.and_then(Mode::from_word) {
        at.mode = mode;
    }

    let _lock = state_dir::lock(&queue.state_dir)?;
    let mut memory = queue.memory()?;
    let known = memory.clone();
    // A file that can't be read is a reason to complain, once the answer is kept.
    let (signals, unreadable) = match queue.signals.read(at.now) {
        Ok(Reading { signals, unreadable }) => (signals, unreadable),
        Err(err) => (Vec::new(), vec![(queue.state_dir.clone(), err)]),
    };
    let its_own = document.text("profile")?.unwrap_or_default();
    let episode = match document.text("episode")? {
        Some(episode) => episode.to_owned(),
        None => signals
            .iter()
            .find(|located| located.signal.key() == profile)
            .map(|located| located.signal.episode.clone())
            .unwrap_or_default(),
    };
    if let Outcome::UnknownProfile(_) = outcome {
        // It concerns this profile alone, not the session that it once belonged to.
        memory.detach(profile);
    }
    let (transition, concerned) = memory.change(&subject, |entry| {
        let mut transition = machine::settle(&entry, outcome, &episode, &at);
        let concerned: Vec<&Located> = signals
            .iter()
            .filter(|Located { signal, .. }| {
                let key = signal.key();
                key == profile || entry.profiles.contains(&key)
            })
            .collect();
        if matches!(outcome, Outcome::UnknownProfile(_)) && concerned.is_empty() {
            // Nothing waits for the config to change: a mistyped name leaves no trace.
            transition.entry = Reminder { unknown_in: None, retry: None, mirrored: None, ..transition.entry };
        } else if *outcome == Outcome::Suppressed {
            // The session's other signals were part of the question, whatever their monitors call the episode.
            for located in &concerned {
                transition.entry.suppress(&located.signal.episode);
            }
        }
        (transition.entry.clone(), (transition, concerned))
    });

    // The stamp before the memory, the memory before the signals: if this process dies in between, a signal too
    // many waits or is asked about once more (and found valid); a forgotten answer would be a popup too many.
    if transition.stamps_cooldown {
        memory.stamped = Some(at.now);
        cooldown::write(&queue.state_dir, at.now)?;
    }
    if memory != known {
        memory.save(&queue.state_dir)?;
    }
    queue.settings.debug(|| {
        let fate = match transition.fate {
            Fate::Cleared => "cleared".to_owned(),
            Fate::Postponed(until) => format!("kept until {}", time::format(until)),
        };
        let noted = if memory == known { "nothing new" } else { "noted in state.json" };
        format!("{}: {outcome:?}: {} signals {fate}, {noted}", sanitize(profile), concerned.len())
    });
    apply(queue, &transition, &concerned)?;
    let mut status = Exit::Done;
    for (path, err) in &unreadable {
        if *path == queue.state_dir || queue.signals.may_hold(path, its_own) {
            queue.settings.warn_once(format!("{err:#}; the answer is kept"));
            status = Exit::Io;
        }
    }
    Ok(status)
}

/// Whom a document is about.
pub(crate) struct Concerned {
    profile: String,
    session: Option<String>,
    session_profiles: Vec<String>,
}

impl Concerned {
    /// `profile` with the session and its other profiles, as far as the document names them.
    pub(crate) fn of(document: &Document, profile: &str) -> anyhow::Result<Self> {
        // A box's profiles and sessions are others than those of the same names here: what is decided there concerns
        // nothing here.
        let host = document.text("host")?.filter(|host| !host.is_empty()).map(sanitize);
        let here = |name: &str| signal::key(name, host.as_deref());
        Ok(Self {
            profile: here(profile),
            session: session_of(document)?.map(here),
            session_profiles: document.texts("sessionProfiles")?.iter().map(|name| here(name)).collect(),
        })
    }

    pub(crate) fn subject(&self) -> ReminderKey<'_> {
        ReminderKey {
            profile: &self.profile,
            session: self.session.as_deref(),
            session_profiles: &self.session_profiles,
        }
    }
}

fn apply(queue: &Queue<'_>, transition: &Transition, concerned: &[&Located]) -> anyhow::Result<()> {
    for located in concerned {
        match transition.fate {
            Fate::Cleared => drop(signal_store::remove(&located.path)?),
            Fate::Postponed(until) => drop(queue.mirror(located, until)),
        }
    }
    Ok(())
}

/// The outcome of a document; `None` if it has none (it passes).
fn outcome_of(document: &Document) -> anyhow::Result<Option<Outcome>> {
    let Some(word) = document.text("outcome")? else { return Ok(None) };
    Ok(Some(match word {
        "success" => Outcome::Success,
        "valid" => Outcome::Valid,
        "failed" => Outcome::Failed,
        "timeout" => Outcome::Timeout,
        "snoozed" => Outcome::Snoozed(snooze(document.whole("seconds")?)?),
        "dismissed" => Outcome::Dismissed,
        "suppressed" => Outcome::Suppressed,
        "busy" => Outcome::Busy,
        "unknown-profile" => Outcome::UnknownProfile(stamp(document)?),
        other => {
            let known =
                "success, valid, failed, timeout, snoozed, dismissed, suppressed, busy, unknown-profile";
            return Err(Fault::new(Exit::Data, format!("`{other}` is no outcome"))
                .hint(format!("one of {known}"))
                .into());
        }
    }))
}

fn snooze(seconds: Option<i64>) -> anyhow::Result<Duration> {
    let length = seconds.and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs);
    length
        .filter(|length| !length.is_zero() && *length <= LONGEST_SNOOZE)
        .ok_or_else(|| Fault::new(Exit::Data, "`snoozed` needs `seconds`, from 1 to 86400").into())
}

fn stamp(document: &Document) -> anyhow::Result<Option<ConfigStamp>> {
    let Some(file) = document.text("configFile")? else { return Ok(None) };
    Ok(Some(ConfigStamp {
        file: file.to_owned(),
        modified: document.text("configModified")?.map(str::to_owned),
    }))
}

/// Whether a failure is another profile's of the same session (`answeredFor`), which was counted there.
fn is_counted(document: &Document, outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed | Outcome::Timeout) && document.contains_key("answeredFor")
}

/// The session that an outcome is about. Legacy profiles of one start URL share a token, and so a session without a
/// name; no name of a session is a URL.
fn session_of(document: &Document) -> anyhow::Result<Option<&str>> {
    match document.text("ssoSession")? {
        Some(name) => Ok(Some(name)),
        None => document.text("startUrl"),
    }
}
