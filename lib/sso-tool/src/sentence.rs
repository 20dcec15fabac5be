//! Documents as sentences for people: one renderer for each kind of document, told apart by its keys.
//!
//! Text is for reading, never for parsing: times are relative, and what a person can't act on is left out.

use serde_json::Value;

use crate::document::Document;
use crate::format::has_color;
use crate::outcome::Outcome;
use crate::sanitize::sanitize;
use crate::shell::shell_word;
use crate::time::{self, Moment};

/// The sentence of a document; `None` where a person has read it already, on standard error.
pub fn of(document: &Document, now: Moment) -> Option<String> {
    Sentence { document, now, color: has_color() }.text()
}

struct Sentence<'a> {
    document: &'a Document,
    now: Moment,
    color: bool,
}

impl Sentence<'_> {
    fn text(&self) -> Option<String> {
        if let Some(event) = self.get("event") {
            return self.event(&event);
        }
        if let Some(outcome) = self.get("outcome") {
            return Some(self.outcome(&outcome));
        }
        if self.document.contains_key("service") && self.document.contains_key("installed") {
            return Some(self.services());
        }
        let who = self.subject();
        if let Some(error) = self.get("error") {
            return Some(format!("{who}: {}", self.get("reason").unwrap_or(error)));
        }
        if let Some(cleared) = self.document.get("cleared").and_then(Value::as_u64) {
            return Some(self.cleared(cleared));
        }
        if let Some(quiet) = self.flag("quiet") {
            let words = match (quiet, self.flag("forever")) {
                (true, Some(true)) => "no reminders, also after logins",
                (true, _) => "no reminders until the next login",
                (false, _) => "reminders are on",
            };
            return Some(format!("{who}: {words}"));
        }
        if let Some(out) = self.flag("loggedOut") {
            return Some(self.logged_out(&who, out));
        }
        if let Some(until) = self.moment("snoozedUntil") {
            return Some(format!("{who}: no reminders for {}", self.left(until)));
        }
        if let Some(signal) = self.get("signal") {
            let because = self.get("reason").map(|reason| format!(": {reason}")).unwrap_or_default();
            return Some(format!("{who}: {}{because}", signal_words(&signal)));
        }
        if let Some(change) = self.get("change") {
            return Some(self.changed(&who, &change));
        }
        if let Some(required) = self.flag("loginRequired") {
            let state = if required {
                self.paint("login required", RED)
            } else {
                self.paint("no login required", GREEN)
            };
            let because = self.get("reason").map(|reason| format!(": {reason}")).unwrap_or_default();
            return Some(format!("{who}: {state}{because}"));
        }
        if let Some(reason) = self.get("reason") {
            let since =
                self.moment("timestamp").map(|when| format!(" ({} ago)", self.ago(when))).unwrap_or_default();
            return Some(format!("{who}: {reason}{since}"));
        }
        Some(self.plain())
    }

    fn event(&self, event: &str) -> Option<String> {
        match event {
            "listening" => Some(format!("Listening on {}", self.get("url").unwrap_or_default())),
            "listed" => Some("There are no accounts and roles.".to_owned()),
            "inspected" => Some(format!("{}: inspected", self.subject())),
            "step" => Some(format!(
                "{}: {}",
                self.get("step").unwrap_or_default(),
                self.get("what").unwrap_or_default()
            )),
            // The page and the code are on standard error, where a person sees them while the login waits.
            _ => None,
        }
    }

    fn outcome(&self, outcome: &str) -> String {
        let who = self.subject();
        let left =
            self.moment("expiresAt").map(|end| format!(", {} left", self.left(end))).unwrap_or_default();
        let because = self.get("reason").map(|reason| format!(": {reason}")).unwrap_or_default();
        let failed = || format!("{who}: {}{because}", self.paint(outcome, RED));
        let Some(outcome) = Outcome::of_word(outcome) else { return failed() };
        match outcome {
            Outcome::Success => format!("{who}: {}{left}", self.paint("logged in", GREEN)),
            Outcome::Valid => format!("{who}: {}{left}", self.paint("valid", GREEN)),
            Outcome::Snoozed => {
                let seconds = self.document.get("seconds").and_then(Value::as_u64).unwrap_or_default();
                format!("{who}: no reminders for {}", time_words(i64::try_from(seconds).unwrap_or(i64::MAX)))
            }
            Outcome::Dismissed => format!("{who}: not now{because}"),
            Outcome::Suppressed => format!("{who}: no reminders until the next expiry"),
            Outcome::Busy => format!("{who}: {}{because}", self.paint("another login is under way", YELLOW)),
            Outcome::Timeout => format!("{who}: {}{because}", self.paint("nobody logged in in time", RED)),
            Outcome::UnknownProfile => {
                format!("{who}: {}{because}", self.paint("the profile can't be used", RED))
            }
            Outcome::Failed => failed(),
        }
    }

    /// What `sso-signal clear` removed and ended, and the lock that it leaves.
    fn cleared(&self, signals: u64) -> String {
        let removed = match signals {
            0 => None,
            1 => Some("1 signal removed".to_owned()),
            _ => Some(format!("{signals} signals removed")),
        };
        let ended = self.document.get("ended").and_then(Value::as_array).into_iter().flatten();
        let ended = ended.filter_map(Value::as_str).filter_map(|word| match word {
            "snoozed" => Some("snooze ended"),
            "cooling-down" => Some("cooldown ended"),
            "suppressed" => Some("reminders are on again"),
            "waiting-for-user" => Some("automatic logins resumed"),
            _ => None,
        });
        let did: Vec<String> = removed.into_iter().chain(ended.map(str::to_owned)).collect();
        let did = if did.is_empty() { "nothing to clear".to_owned() } else { did.join(", ") };
        let who = if self.document.contains_key("profile") {
            format!("{}: ", self.subject())
        } else {
            String::new()
        };
        match (self.flag("quiet"), self.get("profile")) {
            (Some(true), Some(profile)) => {
                let unlock = format!("sso-signal quiet {} --off", shell_word(&profile));
                format!("{who}{did}; locked by you until the next login ({unlock})")
            }
            _ => format!("{who}{did}"),
        }
    }

    fn logged_out(&self, who: &str, out: bool) -> String {
        if !out {
            return format!("{who}: {}", self.paint("still logged in", RED));
        }
        let others = self.document.get("sessionProfiles").and_then(Value::as_array);
        let names: Vec<_> = others.into_iter().flatten().filter_map(Value::as_str).map(sanitize).collect();
        let for_all =
            if names.len() > 1 { format!(" (the session of {})", names.join(", ")) } else { String::new() };
        match self.flag("wasLoggedIn") {
            Some(false) => format!("{who}: nobody was logged in{for_all}"),
            _ => format!("{who}: logged out{for_all}"),
        }
    }

    fn changed(&self, who: &str, change: &str) -> String {
        let would = if self.flag("dryRun") == Some(true) { "would be " } else { "" };
        let file = self.get("configFile").map(|file| format!(" ({file})")).unwrap_or_default();
        let mut text = format!("{who}: {would}{change}{file}");
        let warnings = self.document.get("warnings").and_then(Value::as_array);
        for warning in warnings.into_iter().flatten().filter_map(Value::as_str) {
            text.push_str("\n  ");
            text.push_str(&self.paint("warning", YELLOW));
            text.push_str(": ");
            text.push_str(&sanitize(warning));
        }
        text
    }

    /// The watcher's service and the monitor's: a line each.
    fn services(&self) -> String {
        let monitor = self.document.get("monitor").and_then(Value::as_object);
        let of = |name: &str, service: &serde_json::Map<String, Value>| {
            let text = |key: &str| service.get(key).and_then(Value::as_str).map(sanitize).unwrap_or_default();
            let is = |key: &str| service.get(key).and_then(Value::as_bool) == Some(true);
            let state = match (is("installed"), is("running"), text("service").as_str()) {
                _ if service.contains_key("foreign") => format!("another program's: {}", text("foreign")),
                (_, _, "none") => "not installed: no service manager runs here".to_owned(),
                (false, ..) => "not installed".to_owned(),
                (true, true, kind) => format!("running ({kind}, {})", text("file")),
                (true, false, kind) => format!("installed, not running ({kind}, {})", text("file")),
            };
            format!("{name}: {state} (log: {})", text("log"))
        };
        let watcher = of("watcher", self.document);
        monitor.map_or(watcher.clone(), |monitor| format!("{watcher}\n{}", of("monitor", monitor)))
    }

    /// What a document is about: its profile, session, key or lock, and the host.
    fn subject(&self) -> String {
        let name =
            ["profile", "slug", "ssoSession", "name", "startUrl"].into_iter().find_map(|key| self.get(key));
        let name = name.unwrap_or_else(|| "this machine".to_owned());
        match self.get("host") {
            Some(host) => format!("{name} on {host}"),
            None => name,
        }
    }

    /// A document of another kind: its keys and values, one a line.
    fn plain(&self) -> String {
        let shown = |value: &Value| match value {
            Value::String(text) => sanitize(text),
            other => sanitize(&other.to_string()),
        };
        let width = self.document.keys().map(|key| key.chars().count()).max().unwrap_or_default();
        let lines =
            self.document.iter().map(|(key, value)| format!("{:width$}  {}", sanitize(key), shown(value)));
        lines.collect::<Vec<_>>().join("\n")
    }

    fn get(&self, key: &str) -> Option<String> {
        self.document.get(key).and_then(Value::as_str).map(sanitize)
    }

    fn flag(&self, key: &str) -> Option<bool> {
        self.document.get(key).and_then(Value::as_bool)
    }

    fn moment(&self, key: &str) -> Option<Moment> {
        self.document.get(key).and_then(time::from_value)
    }

    fn left(&self, until: Moment) -> String {
        time_words(time::seconds_left(until, self.now))
    }

    fn ago(&self, when: Moment) -> String {
        time_words((self.now - when).num_seconds())
    }

    fn paint(&self, text: &str, color: &str) -> String {
        if self.color { format!("\u{1b}[{color}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";

fn signal_words(signal: &str) -> &str {
    match signal {
        "raised" => "signal raised",
        "kept" => "signal kept",
        "cleared" => "signal cleared",
        _ => "no signal",
    }
}

/// A length of time, to the nearest minute, in its two largest units: `42m`, `3h10m`, `2d4h`, `under a minute`.
pub fn time_words(seconds: i64) -> String {
    let minutes = time::whole_minutes(seconds);
    match minutes {
        ..1 => "under a minute".to_owned(),
        1..60 => format!("{minutes}m"),
        60..1440 => format!("{}h{}m", minutes / 60, minutes % 60),
        _ => format!("{}d{}h", minutes / 1440, minutes % 1440 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::parse;

    #[track_caller]
    fn check(document: &str, expected: Option<&str>) {
        let document = parse(document.as_bytes(), "input").unwrap();
        let now = time::parse("2026-11-21T12:00:00Z").unwrap();
        let text = Sentence { document: &document, now, color: false }.text();
        assert_eq!(text.as_deref(), expected, "{document:?}");
    }

    #[test]
    fn each_kind_of_document_is_a_sentence() {
        for (document, sentence) in [
            (
                r#"{"profile":"corp","outcome":"valid","expiresAt":"2026-11-21T12:42:30Z"}"#,
                "corp: valid, 42m left",
            ),
            (
                r#"{"profile":"corp","outcome":"success","expiresAt":"2026-11-21T15:10:00Z"}"#,
                "corp: logged in, 3h10m left",
            ),
            (r#"{"profile":"corp","outcome":"failed","reason":"denied"}"#, "corp: failed: denied"),
            (
                r#"{"profile":"corp","host":"box1","outcome":"busy"}"#,
                "corp on box1: another login is under way",
            ),
            (r#"{"profile":"corp","error":"expired","reason":"no token"}"#, "corp: no token"),
            (
                r#"{"profile":"corp","loggedOut":true,"wasLoggedIn":true,"sessionProfiles":["corp","dev"]}"#,
                "corp: logged out (the session of corp, dev)",
            ),
            (r#"{"profile":"corp","snoozedUntil":"2026-11-21T13:00:00Z"}"#, "corp: no reminders for 1h0m"),
            (r#"{"profile":"corp","cleared":1}"#, "corp: 1 signal removed"),
            (r#"{"cleared":2}"#, "2 signals removed"),
            (r#"{"profile":"corp","cleared":0}"#, "corp: nothing to clear"),
            (r#"{"profile":"corp","cleared":0,"ended":["snoozed"]}"#, "corp: snooze ended"),
            (
                r#"{"profile":"corp","cleared":1,"ended":["snoozed","suppressed"]}"#,
                "corp: 1 signal removed, snooze ended, reminders are on again",
            ),
            (
                r#"{"profile":"corp","cleared":0,"quiet":true}"#,
                "corp: nothing to clear; locked by you until the next login (sso-signal quiet corp --off)",
            ),
            (
                r#"{"profile":"corp","reason":"expired","timestamp":"2026-11-21T11:00:00Z"}"#,
                "corp: expired (1h0m ago)",
            ),
            (
                r#"{"profile":"corp","change":"added","warnings":["no region"]}"#,
                "corp: added\n  warning: no region",
            ),
            (r#"{"ssoSession":"corp","loginRequired":false}"#, "corp: no login required"),
            (r#"{"a":1,"bc":"x\u001b[31my"}"#, "a   1\nbc  xy"),
        ] {
            check(document, Some(sentence));
        }
        check(r#"{"event":"authorize","url":"https://x"}"#, None);
    }
}
