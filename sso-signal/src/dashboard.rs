//! `sso-signal status -`: what the tools say, joined into one document that answers "is all well, and if not,
//! what do I do". Whether a session is valid is only ever said by a check that was done for it.

mod member;
mod show;
pub(crate) mod status;

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use member::text;

use crate::cooldown;
use crate::heartbeat;
use crate::machine::{Circumstances, Stamp};
use crate::mode::Mode;
use crate::queue::Queue;
use crate::reminder::{Pause, Reminder};
use sso_tool::exit::Exit;
use sso_tool::recipe::Recipe;
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::shell::shell_word;
use sso_tool::stream::{Document, Output};
use sso_tool::subject::{Subject, is_event};
use sso_tool::time::{self, Moment};

/// How long after its last stamp a monitor counts as at work.
const MONITOR_IS_FRESH: TimeDelta = TimeDelta::seconds(300);

/// Joins the documents of `sso-cache check`, `sso-lock status` and `sso-signal service status`, and prints the result:
/// one document, or with `text` a dashboard for people.
pub(crate) fn print(
    settings: &Settings,
    documents: impl Iterator<Item = anyhow::Result<Document>>,
    text: bool,
    output: &mut Output,
) -> anyhow::Result<Exit> {
    let mut queue = Queue::new(settings)?;
    let at = queue.circumstances()?;
    let mut joined = status::document(settings, &mut queue, &at)?;
    let mut parts = Parts::default();
    for document in documents {
        parts.take(document?, at.now);
    }
    let reminders = queue.reminders()?;
    let monitors = heartbeat::seen(settings)?;
    let watcher = parts.watcher();
    let is_watched = watcher.get("running").and_then(Value::as_bool);
    let is_asking = parts.held("ask").is_some();
    let has_manager =
        parts.service.as_ref().is_none_or(|service| service.get("service") != Some(&"none".into()));
    let is_monitored = monitors.iter().any(|seen| (at.now - seen.at).abs() < MONITOR_IS_FRESH);
    let stamp = Stamp::new(cooldown::read(&queue.state_dir), reminders.stamped);
    let signals: Vec<Value> = joined.get("signals").and_then(Value::as_array).cloned().unwrap_or_default();
    let profiles: Vec<Value> = parts
        .profiles
        .into_iter()
        .map(|checked| {
            let name = checked.get("profile").and_then(Value::as_str).unwrap_or_default().to_owned();
            let entry = reminders.entry(&name);
            let dismissed = stamp.dismissal(&entry);
            let signal = signals.iter().find(|signal| is_of(signal, &name));
            let view = View {
                at: &at,
                entry: &entry,
                dismissed,
                signal,
                is_watched,
                is_asking,
                is_monitored,
                has_manager,
            };
            view.of(checked, &name)
        })
        .collect();
    let service = parts.service.unwrap_or_else(|| Document::new().with("service", "unknown"));
    joined.set("checkedAt", time::format(at.now));
    joined.set("service", Value::from(service));
    joined.set("watcher", watcher);
    joined.set(
        "monitors",
        monitors
            .iter()
            .map(|seen| {
                json!({"source": seen.source, "lastSeen": time::format(seen.at),
                       "secondsAgo": (at.now - seen.at).num_seconds()})
            })
            .collect::<Vec<_>>(),
    );
    joined.set("locks", parts.locks.into_iter().map(Value::from).collect::<Vec<_>>());
    let next = next_overall(&joined, &profiles, at.mode);
    joined.set("profiles", profiles);
    joined.set("nextAction", next);
    if text {
        for line in show::lines(&joined, at.now, show::Paint::of_terminal()) {
            output.text(&line)?;
        }
    } else {
        output.document(&joined)?;
    }
    Ok(Exit::Done)
}

/// The documents, sorted by what they are about.
#[derive(Default)]
struct Parts {
    profiles: Vec<Document>,
    locks: Vec<Document>,
    service: Option<Document>,
}

impl Parts {
    fn take(&mut self, document: Document, now: Moment) {
        if document.contains_key("service") {
            self.service = Some(document);
        } else if document.contains_key("held") && document.contains_key("name") {
            self.locks.push(document);
        } else if document.contains_key("profile") && !is_event(&document) && !document.contains_key("check")
        {
            self.profiles.push(document.with("checkedAt", time::format(now)));
        }
    }

    /// The lock of that name, if somebody holds it.
    fn held(&self, name: &str) -> Option<&Document> {
        self.locks.iter().find(|lock| {
            lock.get("name") == Some(&name.into()) && lock.get("held") == Some(&Value::Bool(true))
        })
    }

    /// The watcher, whoever runs it: the holder of its lock, else the service's process. Without `running` if the
    /// documents say nothing about either.
    fn watcher(&self) -> Value {
        let service = self.service.as_ref();
        let is_service = service.is_some_and(|service| service.get("running") == Some(&Value::Bool(true)));
        let mut watcher = Map::new();
        let lock = self.held("watcher");
        if service.is_some() || !self.locks.is_empty() {
            watcher.insert("running".to_owned(), (lock.is_some() || is_service).into());
        }
        if let Some(owner) = lock.and_then(|lock| lock.get("owner")).and_then(Value::as_object) {
            for key in ["pid", "host", "since"] {
                if let Some(value) = owner.get(key) {
                    watcher.insert(key.to_owned(), value.clone());
                }
            }
        } else if let Some(pid) = service.filter(|_| is_service).and_then(|service| service.get("pid")) {
            watcher.insert("pid".to_owned(), pid.clone());
        }
        watcher.into()
    }
}

/// What is known of one profile besides the check.
struct View<'a> {
    at: &'a Circumstances,
    entry: &'a Reminder,
    dismissed: Option<Moment>,
    signal: Option<&'a Value>,
    /// `None` if nobody asked.
    is_watched: Option<bool>,
    /// Whether a question waits for an answer: until then nothing else happens.
    is_asking: bool,
    is_monitored: bool,
    /// Whether somebody runs services here, as far as anybody asked.
    has_manager: bool,
}

impl View<'_> {
    /// The profile's document with what the host remembers of it and the next action.
    fn of(&self, checked: Document, name: &str) -> Value {
        let now = self.at.now;
        let until = |pause: Option<Pause>| pause.filter(|pause| pause.lasts(now)).map(|pause| pause.until);
        let snoozed = until(self.entry.snooze);
        let cooling = until(self.dismissed.map(|from| Pause::starting(from, self.at.cooldown)));
        let is_suppressed = self.is_suppressed(&checked);
        let state = State {
            snoozed,
            cooling,
            is_suppressed,
            needs_login: checked.get("loginRequired").and_then(Value::as_bool),
            error: ["error", "reason"]
                .iter()
                .find_map(|key| checked.get(*key))
                .and_then(Value::as_str)
                .map(sanitize),
        };
        let next = self.next(name, &state);
        let mut document = checked.with("signal", self.signal.map_or("none", |signal| text(signal, "state")));
        if let Some(until) = snoozed {
            document.set("snoozedUntil", time::format(until));
        }
        if let Some(until) = cooling {
            document.set("cooldownUntil", time::format(until));
        }
        document.set("suppressed", is_suppressed);
        document.set("lockedByUser", self.entry.quiet);
        if self.entry.forever {
            document.set("forever", true);
        }
        document.set("nextAction", next);
        document.into()
    }

    fn is_suppressed(&self, checked: &Document) -> bool {
        let episodes = [checked.get("episode"), self.signal.and_then(|signal| signal.get("episode"))];
        episodes
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .any(|episode| self.entry.is_suppressed(episode))
    }

    fn next(&self, name: &str, state: &State) -> String {
        let login = format!("sso-login {} | sso-signal settle", shell_word(name));
        let Some(needs_login) = state.needs_login else {
            let why = state.error.as_deref().unwrap_or("it could not be checked");
            return format!("fix the profile: {why}");
        };
        if !needs_login {
            return "nothing to do".to_owned();
        }
        if self.entry.quiet && self.entry.forever {
            return format!(
                "nothing: reminders are off for good; to turn them on: sso-signal quiet {} --off",
                shell_word(name)
            );
        }
        if self.entry.quiet {
            return format!("nothing: locked by you; to unlock: sso-signal quiet {} --off", shell_word(name));
        }
        if self.at.mode == Mode::Standalone {
            return format!("mode standalone: log in yourself: {login}");
        }
        if state.is_suppressed {
            return format!("reminders are off until the next expiry; to log in now: {login}");
        }
        if self.entry.unknown_in.is_some() && self.signal.is_some() {
            return format!(
                "the watcher did not find the profile in the AWS config; to try again: {login}; or drop its signal: sso-signal clear {}",
                shell_word(name)
            );
        }
        if self.is_watched == Some(false) {
            let start = if self.has_manager {
                format!("{} (or {})", Recipe::Install, Recipe::Watch)
            } else {
                Recipe::Watch.to_string()
            };
            return format!("the watcher isn't running: {start}; or log in: {login}");
        }
        let later = [state.snoozed, state.cooling].into_iter().flatten().max();
        if let Some(until) = later {
            return format!("you are asked again at {}; to log in now: {login}", time::format(until));
        }
        if self.is_watched.is_none() {
            return format!("log in: {login}");
        }
        let poll = self.at.poll.as_secs();
        match self.signal.map(|signal| text(signal, "state")) {
            None if self.is_monitored => {
                format!("the monitor raises a signal within a minute; or log in: {login}")
            }
            None => format!("no monitor was seen recently: {}; or log in: {login}", Recipe::Monitor),
            Some("waiting-for-user") => format!("five logins failed: log in yourself: {login}"),
            Some("due") if self.at.mode == Mode::Auto => format!("a browser opens within {poll}s"),
            Some(_) if self.is_asking => "answer the open question first".to_owned(),
            Some("due") => format!("a question comes within {poll}s"),
            Some(_) => match self.signal.and_then(|signal| signal.get("until")).and_then(Value::as_str) {
                Some(until) => format!("the next attempt is at {until}; to log in now: {login}"),
                None => format!("log in: {login}"),
            },
        }
    }
}

struct State {
    snoozed: Option<Moment>,
    cooling: Option<Moment>,
    is_suppressed: bool,
    needs_login: Option<bool>,
    error: Option<String>,
}

/// The most urgent thing of all.
fn next_overall(joined: &Document, profiles: &[Value], mode: Mode) -> String {
    let service = joined.get("service");
    if let Some(foreign) = service.and_then(|service| service.get("foreign")).and_then(Value::as_str) {
        return format!("another program's watcher is installed ({foreign}): remove one of the two");
    }
    let is_running =
        joined.get("watcher").and_then(|watcher| watcher.get("running")).and_then(Value::as_bool);
    let is_installed = service.and_then(|service| service.get("installed")) == Some(&Value::Bool(true));
    if is_running == Some(false) && mode != Mode::Standalone {
        return match (is_installed, service.map(|service| text(service, "service"))) {
            (true, _) => format!(
                "the watcher is installed but not running: {}, then {}",
                Recipe::Restart,
                Recipe::Logs
            ),
            (false, Some("none")) => format!("the watcher isn't running: {}", Recipe::Watch),
            (false, _) => format!("the watcher isn't running: {}", Recipe::Install),
        };
    }
    let needy = profiles.iter().find(|profile| profile.get("loginRequired") == Some(&Value::Bool(true)));
    match needy {
        Some(profile) => format!("{}: {}", text(profile, "profile"), text(profile, "nextAction")),
        None if profiles.is_empty() => "no profile was checked: sso-profile list".to_owned(),
        None => "nothing to do".to_owned(),
    }
}

/// Whether a signal is of a profile of this machine: one of another host is of another profile, whatever its name.
fn is_of(signal: &Value, profile: &str) -> bool {
    let subject = signal.as_object().and_then(|signal| Subject::of(&signal.clone().into()).ok());
    matches!(subject, Some(Subject::Profile { name, .. }) if name == profile)
}
