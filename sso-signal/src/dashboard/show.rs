//! The dashboard as lines for people.

use std::collections::{BTreeSet, HashMap};
use std::env;
use std::io::{IsTerminal as _, stdout};

use serde_json::Value;

use sso_tool::recipe::Recipe;
use sso_tool::sanitize::sanitize;
use sso_tool::shell::shell_word;
use sso_tool::stream::Document;
use sso_tool::time::{self, Moment};
use sso_tool::token_state::TokenState;

use super::member::text;

/// So many groups of profiles are shown with all that is known of them; more have a line each.
const FEW: usize = 6;
/// So many of a group's profiles are named.
const FEW_NAMES: usize = 3;
/// So many problems have a line, so that all fits a terminal of 24 lines.
const MOST_PROBLEMS: usize = 10;
/// So many signals of profiles that weren't checked are shown.
const FEW_SIGNALS: usize = 2;

/// Whether there is colour.
#[derive(Clone, Copy)]
pub(super) struct Paint(bool);

/// What a colour says.
#[derive(Clone, Copy)]
enum Tone {
    Good,
    Bad,
    Waits,
    Head,
}

impl Paint {
    /// Colour on a terminal that has it and a person who wants it (<https://no-color.org>).
    pub(super) fn of_terminal() -> Self {
        let is_unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let is_dumb = env::var_os("TERM").is_none_or(|term| term == "dumb");
        Self(stdout().is_terminal() && !is_unwanted && !is_dumb)
    }

    fn paint(self, tone: Tone, text: &str) -> String {
        if !self.0 {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Waits => "33",
            Tone::Head => "1",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// The dashboard.
pub(super) fn lines(joined: &Document, now: Moment, paint: Paint) -> Vec<String> {
    let joined = Value::from(joined.clone());
    let mut lines = vec![paint.paint(Tone::Head, "SSO watcher")];
    let mut line = |label: &str, tone: Tone, text: String| {
        lines.push(format!("  {label:12}{}", paint.paint(tone, &text)));
    };
    let (tone, installed) = installed(&joined["service"]);
    line("Installed", tone, installed);
    let (tone, running) = running(&joined["watcher"], now);
    line("Running", tone, running);
    line("Mode", Tone::Head, format!("{}: {}", text(&joined, "mode"), text(&joined, "modeMeaning")));
    let (tone, monitors) = monitors(&joined["monitors"]);
    line("Monitor", tone, monitors);
    for lock in joined["locks"].as_array().into_iter().flatten().filter(|lock| lock["name"] != "watcher") {
        if lock["held"] == true {
            let owner = &lock["owner"];
            let who = format!(
                "held by pid {} ({}) since {}",
                owner["pid"],
                text(owner, "command"),
                text(owner, "since")
            );
            // Until it is answered, nothing else happens.
            let (label, who) = match text(lock, "name") {
                "ask" => ("Question".to_owned(), format!("open, waiting for an answer; {who}")),
                name => (format!("Lock {name}"), who),
            };
            line(&label, Tone::Waits, sanitize(&who));
        }
    }
    line("Next", Tone::Head, text(&joined, "nextAction").to_owned());
    let profiles = joined["profiles"].as_array().map(Vec::as_slice).unwrap_or_default();
    let groups = Group::all(profiles);
    if groups.len() <= FEW {
        for group in &groups {
            lines.extend(group.block(now, paint));
        }
    } else {
        lines.extend(overview(&groups, now, paint));
    }
    let known: BTreeSet<&str> = profiles.iter().map(|profile| text(profile, "profile")).collect();
    let unknown: Vec<&Value> = joined["signals"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|signal| !known.contains(text(signal, "profile")))
        .collect();
    for signal in unknown.iter().take(FEW_SIGNALS) {
        lines.push(String::new());
        lines.push(paint.paint(Tone::Head, text(signal, "profile")));
        lines.push(format!("  {:12}{} ({})", "Signal", text(signal, "state"), text(signal, "reason")));
    }
    if unknown.len() > FEW_SIGNALS {
        lines.push(String::new());
        lines.push(format!("{} further signals: sso-signal status --text", unknown.len() - FEW_SIGNALS));
    }
    lines
}

/// Profiles of one session that are in the same state: what helps one of them helps all.
struct Group<'a> {
    /// The session; of a profile without one, or that is alone, the profile.
    name: String,
    profiles: Vec<&'a Value>,
}

impl<'a> Group<'a> {
    /// The lines of all profiles, in the order in which they were checked but for the problems, which come first.
    fn all(profiles: &'a [Value]) -> Vec<Self> {
        let mut places = HashMap::new();
        let mut groups: Vec<Self> = Vec::new();
        for profile in profiles {
            let session = profile["ssoSession"].as_str();
            let name = sanitize(session.unwrap_or_else(|| text(profile, "profile")));
            let state = (
                name.clone(),
                session.is_some(),
                profile["loginRequired"].as_bool(),
                text(&profile["token"], "state"),
                text(profile, "error"),
                (text(profile, "signal"), profile["lockedByUser"] == true, profile["suppressed"] == true),
            );
            let place = *places.entry(state).or_insert(groups.len());
            match groups.get_mut(place) {
                Some(group) => group.profiles.push(profile),
                None => groups.push(Self { name, profiles: vec![profile] }),
            }
        }
        for group in &mut groups {
            if let [profile] = group.profiles.as_slice() {
                group.name = sanitize(text(profile, "profile"));
            }
        }
        groups.sort_by_key(|group| !group.is_problem());
        groups
    }

    fn is_problem(&self) -> bool {
        self.profiles.iter().any(|profile| profile["loginRequired"] != false)
    }

    fn title(&self) -> String {
        let names: Vec<String> =
            self.profiles.iter().take(FEW_NAMES).map(|profile| sanitize(text(profile, "profile"))).collect();
        match self.profiles.len() {
            1 => self.name.clone(),
            many if many > FEW_NAMES => {
                let rest = many - FEW_NAMES;
                format!("{}: {many} profiles ({} and {rest} more)", self.name, names.join(", "))
            }
            many => format!("{}: {many} profiles ({})", self.name, names.join(", ")),
        }
    }

    /// All that is known of it, by its first profile.
    fn block(&self, now: Moment, paint: Paint) -> Vec<String> {
        let mut lines = vec![String::new(), paint.paint(Tone::Head, &self.title())];
        if let Some(first) = self.profiles.first() {
            lines.extend(of_profile(first, now, paint, self.profiles.len() == 1));
        }
        lines
    }

    /// One line about it.
    fn line(&self, paint: Paint) -> String {
        let first = self.profiles.first().copied().unwrap_or(&Value::Null);
        let next = paint.paint(Tone::Bad, text(first, "nextAction"));
        match self.profiles.len() {
            1 => format!("  {}: {next}", self.name),
            many => format!("  {} ({many} profiles): {next}", self.name),
        }
    }
}

/// A line for each problem as far as a screen goes, and counts for the rest.
fn overview(groups: &[Group<'_>], now: Moment, paint: Paint) -> Vec<String> {
    let (problems, fine): (Vec<_>, Vec<_>) = groups.iter().partition(|group| group.is_problem());
    let count = |groups: &[&Group<'_>]| groups.iter().map(|group| group.profiles.len()).sum::<usize>();
    let mut lines = vec![String::new()];
    if !problems.is_empty() {
        lines.push(paint.paint(Tone::Head, &format!("{} profiles need attention", count(&problems))));
        lines.extend(problems.iter().take(MOST_PROBLEMS).map(|group| group.line(paint)));
        if let Some(rest) = problems.get(MOST_PROBLEMS..).filter(|rest| !rest.is_empty()) {
            lines.push(format!("  and {} more profiles: {} names them all", count(rest), Recipe::Expired));
        }
    }
    if !fine.is_empty() {
        let first = fine
            .iter()
            .flat_map(|group| &group.profiles)
            .filter_map(|profile| end_of(profile))
            .filter(|end| *end > now)
            .min();
        let until =
            first.map(|end| format!(", the first of them expires in {}", time::format_left(end, now)));
        let what = format!("{} profiles need no attention{}", count(&fine), until.unwrap_or_default());
        lines.push(paint.paint(Tone::Good, &what));
    }
    lines
}

fn installed(service: &Value) -> (Tone, String) {
    if let Some(foreign) = service["foreign"].as_str() {
        return (Tone::Bad, format!("another program's: {}", sanitize(foreign)));
    }
    match (service["installed"].as_bool(), text(service, "service")) {
        (Some(true), kind) => (Tone::Good, format!("yes ({kind}, {})", text(service, "file"))),
        (_, "none") => (
            Tone::Waits,
            format!("no: no service manager runs here; run the watcher yourself: {}", Recipe::Watch),
        ),
        (Some(false), _) => (Tone::Bad, format!("no: {}", Recipe::Install)),
        (None, _) => (Tone::Waits, "not asked".to_owned()),
    }
}

fn running(watcher: &Value, now: Moment) -> (Tone, String) {
    match watcher["running"].as_bool() {
        None => return (Tone::Waits, "not asked".to_owned()),
        Some(false) => return (Tone::Bad, "no".to_owned()),
        Some(true) => {}
    }
    let since =
        watcher["since"].as_str().and_then(time::parse).map(|since| format!(", for {}", span(since, now)));
    (Tone::Good, format!("pid {}{}", watcher["pid"], since.unwrap_or_default()))
}

fn monitors(monitors: &Value) -> (Tone, String) {
    let seen: Vec<String> = monitors
        .as_array()
        .into_iter()
        .flatten()
        .map(|seen| {
            let seconds = seen["secondsAgo"].as_i64().unwrap_or_default().unsigned_abs();
            let ago = time::format_duration(std::time::Duration::from_secs(seconds));
            format!("{}, last seen {ago} ago", text(seen, "source"))
        })
        .collect();
    if seen.is_empty() {
        (Tone::Waits, format!("never seen: {}", Recipe::Monitor))
    } else {
        (Tone::Good, seen.join("; "))
    }
}

/// What is known of a profile; its role's credentials only if it is `alone`, since others have others.
fn of_profile(profile: &Value, now: Moment, paint: Paint, alone: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = |label: &str, tone: Tone, text: &str| {
        lines.push(format!("  {label:12}{}", paint.paint(tone, text)));
    };
    let parts = [("Token", "token"), ("Credentials", "credentials")];
    for (label, key) in parts.into_iter().take(if alone { 2 } else { 1 }) {
        if let Some(state) = profile[key]["state"].as_str() {
            let expiry = profile[key]["expiresAt"].as_str().and_then(time::parse);
            let (tone, said) = match (TokenState::of_word(state), expiry) {
                (Some(TokenState::Valid), Some(at)) => {
                    (Tone::Good, format!("valid, for {}", time::format_left(at, now)))
                }
                (Some(TokenState::Ending), Some(at)) => {
                    (Tone::Waits, format!("valid, for {}, and the session ends", time::format_left(at, now)))
                }
                (Some(TokenState::Expired), Some(at)) => {
                    (tone_of(key), format!("expired {} ago", span(at, now)))
                }
                (Some(TokenState::Refreshable), _) => {
                    (Tone::Good, "expired, renewed without a login".to_owned())
                }
                _ => (tone_of(key), state.to_owned()),
            };
            line(label, tone, &said);
        }
    }
    if let Some((tone, said)) = end_of_session(profile, now) {
        line("Session", tone, &said);
    }
    let until_unlocked = if profile["forever"] == true {
        format!("you run sso-signal quiet {} --off", shell_word(text(profile, "profile")))
    } else {
        "the next login".to_owned()
    };
    let flags = [
        (profile["snoozedUntil"].as_str(), "snoozed until"),
        (profile["cooldownUntil"].as_str(), "cooling down until"),
        (profile["suppressed"].as_bool().filter(|is| *is).map(|_| "the next expiry"), "reminders off until"),
        (
            profile["lockedByUser"].as_bool().filter(|is| *is).map(|_| until_unlocked.as_str()),
            "locked by you until",
        ),
    ];
    let held: Vec<String> =
        flags.iter().filter_map(|(value, words)| value.map(|value| format!("{words} {value}"))).collect();
    if text(profile, "signal") != "none" || !held.is_empty() {
        let signal = format!("signal {}", text(profile, "signal"));
        // `snoozed until …` says it already.
        let is_told = !held.is_empty() && ["snoozed", "cooling-down"].contains(&text(profile, "signal"));
        let all: Vec<String> = (!is_told).then_some(signal).into_iter().chain(held).collect();
        line("Reminder", Tone::Waits, &all.join(", "));
    }
    if profile["loginRequired"] != false {
        line("Because", Tone::Waits, &sanitize(text(profile, "reason")));
    }
    line("Next", Tone::Head, text(profile, "nextAction"));
    lines
}

/// When the session behind the token ends, which no renewal puts off, and how that is known.
fn end_of_session(profile: &Value, now: Moment) -> Option<(Tone, String)> {
    let session = &profile["session"];
    let end = session["endsAt"].as_str().and_then(time::parse).filter(|end| *end > now)?;
    let known = match session["from"].as_str() {
        Some("setting") => "as set by SSO_SESSION_LENGTH",
        _ => "as observed",
    };
    let is_near = profile["token"]["state"] == TokenState::Ending.word();
    let tone = if is_near { Tone::Waits } else { Tone::Good };
    Some((tone, format!("ends in {}, {known}", time::format_left(end, now))))
}

/// The end that counts for a profile: the session's where it is known, else the token's.
fn end_of(profile: &Value) -> Option<Moment> {
    let session = profile["session"]["endsAt"].as_str().and_then(time::parse);
    session.or_else(|| profile["token"]["expiresAt"].as_str().and_then(time::parse))
}

fn tone_of(key: &str) -> Tone {
    if key == "token" { Tone::Bad } else { Tone::Waits }
}

/// How long ago something was.
fn span(from: Moment, to: Moment) -> String {
    time::format_duration((to - from).to_std().unwrap_or_default())
}
