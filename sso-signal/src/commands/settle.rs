//! `sso-signal settle`: what came of a question or a login, into state.

use std::time::Duration;

use crate::cooldown;
use crate::machine::{self, Answer, Fate, LONGEST_SNOOZE, Transition};
use crate::queue::{Naming, Queue};
use crate::reminder::ConfigStamp;
use crate::reminder_key::ReminderKey;
use crate::sighting::{Sighting, observed_at};
use crate::signal_store::{Located, Reading};
use sso_tool::atomic_write;
use sso_tool::exit::{Exit, Fault};
use sso_tool::filter::{self, Handled};
use sso_tool::mode::Mode;
use sso_tool::outcome::Outcome;
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::state_dir;
use sso_tool::stream::{self, Document, Output};
use sso_tool::subject::Subject;
use sso_tool::time;

/// Record the result of each login, and pass every document on
///
/// `outcome` is one of success, valid, failed, timeout, snoozed (with `seconds`), dismissed, suppressed, busy,
/// unknown-profile (with `configFile`, `configModified`). It applies to the whole sso-session (`ssoSession`,
/// `sessionProfiles`), even if the document names no profile. Events and documents without an outcome are passed on
/// untouched. If such a document is about a session that is kept quiet, its `loginRequired` or `loggedOut` is recorded.
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
  75  not now: another process keeps the state locked")]
pub(crate) struct Args {}

/// Settles what the documents on stdin say.
pub(crate) fn run(_: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let output = &mut Output::stdout();
    filter(settings, stream::stdin()?, output)
}

/// Settles what one document says, for a login that no pipe follows: its reminders end with it.
/// Where nobody was ever reminded, nothing is kept.
pub fn settle_one(document: &Document, settings: &Settings) -> anyhow::Result<()> {
    let mut queue = Queue::new(settings)?;
    let Reading { signals, unreadable, .. } = queue.signals.read(time::now()?)?;
    if signals.is_empty() && unreadable.is_empty() && !queue.state_dir.join("state.json").exists() {
        return Ok(());
    }
    filter(settings, std::iter::once(Ok(document.clone())), &mut Output::nowhere()).map(drop)
}

/// Ends the lock of a session that somebody asks for by hand while it is still valid: they want to use it again, and to hear of
/// its next expiry. Where nothing is locked, nothing is written.
pub fn end_lock(document: &Document, settings: &Settings) -> anyhow::Result<()> {
    let queue = Queue::new(settings)?;
    let whose = ReminderKey::of(&Subject::of(document)?, document)?;
    let Some(whose) = whose.filter(|_| queue.state_dir.join("state.json").exists()) else { return Ok(()) };
    if !queue.reminders()?.of(&whose).quiet {
        return Ok(());
    }
    queue.change_reminders(|reminders| reminders.change(&whose, |entry| (entry.asked_for(), ())))
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
        let answer = answer_of(document)?;
        let Some(whose) = ReminderKey::of(&subject, document)? else {
            return if answer.is_none() { Ok(Handled::PassedOn) } else { Err(nameless().into()) };
        };
        let outcome = answer.as_ref().map(|answer| answer.outcome);
        if let Some(seen) = machine::told(outcome, Sighting::of(document)?) {
            queue.see(&whose, Some(seen), observed_at(document)?, Naming::Nothing)?;
        }
        if let Some(answer) = answer
            && !is_counted(document, answer.outcome)
            && settle(&mut queue, &whose, document, &answer)? == Exit::Io
        {
            last = Exit::Io;
        }
        Ok(Handled::PassedOn)
    })?;
    Ok(last)
}

fn nameless() -> Fault {
    Fault::new(Exit::Data, "the document has an `outcome` but no `profile`")
        .hint("sso-signal wait | sso-login | sso-signal settle")
}

pub(crate) fn settle(
    queue: &mut Queue<'_>,
    whose: &ReminderKey,
    document: &Document,
    answer: &Answer,
) -> anyhow::Result<Exit> {
    let mut at = queue.circumstances()?;
    if let Some(mode) = document.text("mode")?.and_then(Mode::of_word) {
        at.mode = mode;
    }

    let _lock = state_dir::lock(&queue.state_dir)?;
    let mut reminders = queue.reminders()?;
    let known = reminders.clone();
    // A file that can't be read is a reason to complain, once the answer is kept.
    let (signals, unreadable) = match queue.signals.read(at.now) {
        Ok(Reading { signals, unreadable, .. }) => (signals, unreadable),
        Err(err) => (Vec::new(), vec![(queue.state_dir.clone(), err)]),
    };
    let is_its_own = |key: &str| whose.profile.as_deref() == Some(key);
    let episode = match document.text("episode")? {
        Some(episode) => episode.to_owned(),
        None => signals
            .iter()
            .find(|located| is_its_own(&located.signal.key()))
            .map(|located| located.signal.episode.clone())
            .unwrap_or_default(),
    };
    if let (Outcome::UnknownProfile, Some(profile)) = (answer.outcome, &whose.profile) {
        // It concerns this profile alone, not the session that it once belonged to.
        reminders.detach(profile);
    }
    let (transition, concerned) = reminders.change(whose, |entry| {
        let concerned: Vec<&Located> = signals
            .iter()
            .filter(|Located { signal, .. }| {
                let key = signal.key();
                is_its_own(&key) || entry.profiles.contains(&key)
            })
            .collect();
        let standing: Vec<_> = concerned.iter().map(|located| located.signal.episode.as_str()).collect();
        let transition = machine::settle(&entry, answer, &episode, &standing, &at);
        (transition.entry.clone(), (transition, concerned))
    });

    // The stamp before the reminders, the reminders before the signals: if this process dies in between, a signal too
    // many waits or is asked about once more (and found valid); a forgotten answer would be a popup too many.
    if transition.stamps_cooldown {
        reminders.stamped = Some(at.now);
        cooldown::write(&queue.state_dir, at.now)?;
    }
    if reminders != known {
        reminders.save(&queue.state_dir)?;
    }
    queue.settings.debug(|| {
        let fate = match transition.fate {
            Fate::Cleared => "cleared".to_owned(),
            Fate::Postponed(until) => format!("kept until {}", time::format(until)),
        };
        let noted = if reminders == known { "nothing new" } else { "noted in state.json" };
        let (name, outcome) = (sanitize(whose.name()), answer.outcome);
        format!("{name}: {outcome}: {} signals {fate}, {noted}", concerned.len())
    });
    apply(queue, &transition, &concerned)?;
    let mut status = Exit::Done;
    let its_own = document.text("profile")?.unwrap_or_default();
    for (path, err) in &unreadable {
        if *path == queue.state_dir || queue.signals.may_hold(path, its_own) {
            queue.settings.warn_once(format!("{err:#}; the answer is kept"));
            status = Exit::Io;
        }
    }
    Ok(status)
}

fn apply(queue: &Queue<'_>, transition: &Transition, concerned: &[&Located]) -> anyhow::Result<()> {
    for located in concerned {
        match transition.fate {
            Fate::Cleared => drop(atomic_write::remove(&located.path)?),
            Fate::Postponed(until) => drop(queue.mirror(located, until)),
        }
    }
    Ok(())
}

/// The answer of a document; `None` if it has none (it passes).
fn answer_of(document: &Document) -> anyhow::Result<Option<Answer>> {
    let Some(word) = document.text("outcome")? else { return Ok(None) };
    let Some(outcome) = Outcome::of_word(word) else {
        let known = Outcome::ALL.map(Outcome::word).join(", ");
        return Err(Fault::new(Exit::Data, format!("`{word}` isn't an outcome"))
            .hint(format!("one of {known}"))
            .into());
    };
    Ok(Some(match outcome {
        Outcome::Snoozed => Answer { snooze: snooze(document.whole("seconds")?)?, ..outcome.into() },
        Outcome::UnknownProfile => Answer { config: stamp(document)?, ..outcome.into() },
        _ => outcome.into(),
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
fn is_counted(document: &Document, outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Failed | Outcome::Timeout) && document.contains_key("answeredFor")
}
