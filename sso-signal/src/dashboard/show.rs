//! The dashboard as lines for people.

use std::env;
use std::io::{IsTerminal as _, stdout};

use serde_json::Value;

use sso_tool::sanitize::sanitize;
use sso_tool::stream::Document;
use sso_tool::time::{self, Moment};
use sso_tool::token_state::TokenState;

use super::text;

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
            line(&format!("Lock {}", text(lock, "name")), Tone::Waits, sanitize(&who));
        }
    }
    line("Next", Tone::Head, text(&joined, "nextAction").to_owned());
    let mut known = Vec::new();
    for profile in joined["profiles"].as_array().into_iter().flatten() {
        known.push(text(profile, "profile"));
        lines.extend(of_profile(profile, now, paint));
    }
    for signal in joined["signals"].as_array().into_iter().flatten() {
        if !known.contains(&text(signal, "profile")) {
            lines.push(String::new());
            lines.push(paint.paint(Tone::Head, text(signal, "profile")));
            lines.push(format!("  {:12}{} ({})", "Signal", text(signal, "state"), text(signal, "reason")));
        }
    }
    lines
}

fn installed(service: &Value) -> (Tone, String) {
    if let Some(foreign) = service["foreign"].as_str() {
        return (Tone::Bad, format!("another program's: {}", sanitize(foreign)));
    }
    match (service["installed"].as_bool(), text(service, "service")) {
        (Some(true), kind) => (Tone::Good, format!("yes ({kind}, {})", text(service, "file"))),
        (_, "none") => {
            (Tone::Waits, "no: nobody runs services here; run it by hand: just sso-watch".to_owned())
        }
        (Some(false), _) => (Tone::Bad, "no: just sso-install".to_owned()),
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
        (Tone::Waits, "never seen: just sso-monitor".to_owned())
    } else {
        (Tone::Good, seen.join("; "))
    }
}

fn of_profile(profile: &Value, now: Moment, paint: Paint) -> Vec<String> {
    let mut lines = vec![String::new(), paint.paint(Tone::Head, &sanitize(text(profile, "profile")))];
    let mut line = |label: &str, tone: Tone, text: &str| {
        lines.push(format!("  {label:12}{}", paint.paint(tone, text)));
    };
    for (label, key) in [("Token", "token"), ("Credentials", "credentials")] {
        if let Some(state) = profile[key]["state"].as_str() {
            let expiry = profile[key]["expiresAt"].as_str().and_then(time::parse);
            let (tone, said) = match (TokenState::of_word(state), expiry) {
                (Some(TokenState::Valid), Some(at)) => (Tone::Good, format!("valid, for {}", span(now, at))),
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
    let flags = [
        (profile["snoozedUntil"].as_str(), "snoozed until"),
        (profile["cooldownUntil"].as_str(), "cooling down until"),
        (profile["suppressed"].as_bool().filter(|is| *is).map(|_| "the next expiry"), "reminders off until"),
        (profile["lockedByUser"].as_bool().filter(|is| *is).map(|_| "the next login"), "locked by you until"),
    ];
    let held: Vec<String> =
        flags.iter().filter_map(|(value, words)| value.map(|value| format!("{words} {value}"))).collect();
    if text(profile, "signal") != "none" || !held.is_empty() {
        let signal = format!("signal {}", text(profile, "signal"));
        let all: Vec<String> = std::iter::once(signal).chain(held).collect();
        line("Reminder", Tone::Waits, &all.join(", "));
    }
    if profile["loginRequired"] != false {
        line("Because", Tone::Waits, &sanitize(text(profile, "reason")));
    }
    line("Next", Tone::Head, text(profile, "nextAction"));
    lines
}

fn tone_of(key: &str) -> Tone {
    if key == "token" { Tone::Bad } else { Tone::Waits }
}

fn span(from: Moment, to: Moment) -> String {
    time::format_duration((to - from).to_std().unwrap_or_default())
}
