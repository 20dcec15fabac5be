//! `sso-signal status`: everything that decides about reminders, as one document.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::cooldown;
use crate::machine::{Circumstances, Due};
use crate::mode;
use crate::queue::{self, Judged, Queue};
use crate::reminder::record;
use crate::reminder_store::ReminderStore;
use crate::signal::{OF_A_HOST, Signal};
use sso_tool::exit::Exit;
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::stream::{Document, Output};
use sso_tool::time;

/// Prints the status: a document, or with `text` lines for people.
pub(crate) fn print(settings: &Settings, text: bool, output: &mut Output) -> anyhow::Result<Exit> {
    let mut queue = Queue::new(settings)?;
    let at = queue.circumstances()?;
    let signals = queue.judge(&at)?;
    if text {
        output.text(&format!("mode: {} ({})", at.mode, at.mode.meaning()))?;
        for judged in &signals {
            output.text(&sentence(judged))?;
        }
        if signals.is_empty() {
            output.text("no signals")?;
        }
        for line in held_without_signal(&queue.reminders()?, &signals, &at) {
            output.text(&line)?;
        }
        return Ok(Exit::Done);
    }
    output.document(&document_of(settings, &queue, &at, &signals)?)?;
    Ok(Exit::Done)
}

/// What is held back of profiles and sessions that have no signal: it decides about the next one.
fn held_without_signal(reminders: &ReminderStore, signals: &[Judged], at: &Circumstances) -> Vec<String> {
    let mut shown: BTreeSet<String> = BTreeSet::new();
    for Judged { located, .. } in signals {
        let key = located.signal.key();
        shown.extend(located.signal.session_key());
        shown.extend(reminders.session_of(&key).map(str::to_owned));
        shown.insert(key);
    }
    let held =
        reminders.entries().filter(|(name, ..)| !shown.contains(*name)).filter_map(|(name, _, entry)| {
            let snooze = entry.snooze.filter(|pause| pause.lasts(at.now));
            let why = match snooze {
                _ if entry.quiet && entry.forever => "reminders off for good".to_owned(),
                _ if entry.quiet => "locked by you until the next login".to_owned(),
                Some(pause) => format!("snoozed until {}", time::format(pause.until)),
                None => return None,
            };
            let whose = name
                .split_once(OF_A_HOST)
                .map_or_else(|| name.to_owned(), |(host, name)| format!("{name} on {host}"));
            Some(format!("{}: no signal [{why}]", sanitize(&whose)))
        });
    held.collect()
}

/// The status as a document.
pub(crate) fn document(
    settings: &Settings,
    queue: &mut Queue<'_>,
    at: &Circumstances,
) -> anyhow::Result<Document> {
    let judged = queue.judge(at)?;
    document_of(settings, queue, at, &judged)
}

fn document_of(
    settings: &Settings,
    queue: &Queue<'_>,
    at: &Circumstances,
    signals: &[Judged],
) -> anyhow::Result<Document> {
    let (mode, mode_from) = mode::current(settings, &queue.state_dir);
    let reminders = queue.reminders()?;
    let sessions: Vec<Value> = reminders
        .entries()
        .map(|(name, is_session, entry)| {
            let key = match is_session {
                true if name.contains("://") => "startUrl",
                true => "ssoSession",
                false => "profile",
            };
            let mut document = Document::new().with(key, name);
            document.extend((*record::write(entry)).clone());
            document.into()
        })
        .collect();
    let mut document = Document::new()
        .with("mode", mode.word())
        .with("modeFrom", mode_from)
        .with("modeMeaning", mode.meaning())
        .with("stateDir", queue.state_dir.display().to_string())
        .with("signalFile", settings.signal_file()?.display().to_string())
        .with("pollSeconds", at.poll.as_secs())
        .with("cooldownSeconds", at.cooldown.as_secs())
        .with("signals", signals.iter().map(described).collect::<Vec<_>>())
        .with("remembered", sessions);
    if let Some(stamp) = cooldown::read(&queue.state_dir) {
        document.set("lastDismissedAt", time::format(stamp));
    }
    Ok(document)
}

fn described(judged: &Judged) -> Value {
    let (state, until) = queue::described(&judged.due);
    let mut document = judged.located.signal.document().with("state", state);
    if let Some(until) = until {
        document.set("until", until);
    }
    document.set("nextAction", next_action(judged));
    document.set("file", json!(judged.located.path.display().to_string()));
    document.into()
}

fn next_action(judged: &Judged) -> String {
    match judged.due {
        Due::Now => "a running watcher handles it at its next poll".to_owned(),
        Due::At(_, because) | Due::Not(because) => {
            queue::next_action(because, &judged.located.signal.profile)
        }
    }
}

fn sentence(judged: &Judged) -> String {
    let (state, until) = queue::described(&judged.due);
    let until = until.map(|until| format!(" until {until}")).unwrap_or_default();
    let document = judged.located.signal.document();
    let reason = document.get("reason").and_then(Value::as_str).unwrap_or_default();
    let Signal { profile, host, .. } = &judged.located.signal;
    let host = host.as_ref().map(|host| format!(" on {host}")).unwrap_or_default();
    format!("{profile}{host}: {reason} [{state}{until}]; next: {}", next_action(judged))
}
