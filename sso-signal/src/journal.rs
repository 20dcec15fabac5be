//! `sso-signal log`: what the pipe of tools says, as a log for people: one line per event, with its time.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, Read as _, Write};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use crate::logout_report::logged_out;
use sso_tool::exit::{Exit, escaped};
use sso_tool::login_page;
use sso_tool::outcome::Outcome;
use sso_tool::sanitize::sanitize;
use sso_tool::stream::{self, Document};
use sso_tool::time::{self, Moment};

/// How long a line that says the same again is left out: a watcher that fails at every poll must not fill a
/// disk.
const SAME: Duration = Duration::from_secs(600);
/// How many lines are known as said.
const KNOWN: usize = 64;

/// Writes a line for every event that comes, until there is no more. What is no document (stderr of a tool, say) is
/// a line as it is, escaped; where nobody watches, without the page and the code of a login: who may read a log may
/// not log in.
pub(crate) fn write(
    mut input: impl BufRead,
    is_watched: bool,
    output: &mut impl Write,
    is_cut: impl Fn() -> bool,
) -> anyhow::Result<Exit> {
    let mut journal = Journal { is_watched, ..Journal::default() };
    let mut line = Vec::new();
    loop {
        line.clear();
        let most = stream::LARGEST as u64 + 1;
        if input.by_ref().take(most).read_until(b'\n', &mut line).context("cannot read standard input")? == 0
        {
            return Ok(Exit::Done);
        }
        if let Some(text) = journal.line(&line, time::now()?) {
            if is_cut() {
                let now = time::format(time::now()?);
                writeln!(output, "{now} the log was larger than 16 MiB and starts anew")
                    .context("cannot write the log")?;
            }
            writeln!(output, "{text}").and_then(|()| output.flush()).context("cannot write the log")?;
        }
    }
}

/// What was said already.
#[derive(Default)]
struct Journal {
    /// What a monitor last said of a profile: only changes are worth a line.
    states: BTreeMap<String, State>,
    /// The newest other lines, and when.
    said: VecDeque<(String, Moment)>,
    /// A person reads along, who needs the page and the code of a login.
    is_watched: bool,
}

/// Whether somebody has to act. The time in a reason moves with every refresh, and is no change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Unchecked,
    Required,
    Fine,
}

impl Journal {
    /// The line of the log, if there is anything new to say.
    fn line(&mut self, bytes: &[u8], now: Moment) -> Option<String> {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim();
        let said = match text.starts_with('{').then(|| stream::parse(text.as_bytes(), "line")) {
            Some(Ok(document)) => match of_event(&document) {
                Some(event) => Some(event),
                None => self.of_state(&document),
            },
            _ => self.of_text(text, now),
        }?;
        Some(format!("{} {said}", time::format(now)))
    }

    fn of_state(&mut self, document: &Document) -> Option<String> {
        let profile = text(document, "profile")?;
        let reason = text(document, "reason").unwrap_or_default();
        let (state, words) = match (text(document, "signal").as_deref(), text(document, "error")) {
            (_, Some(error)) => (State::Unchecked, format!("can't be checked: {error}")),
            (Some("raised" | "kept"), None) => (State::Required, format!("login required: {reason}")),
            (Some("cleared" | "none"), None) => (State::Fine, format!("no login required: {reason}")),
            _ => return None,
        };
        let is_news = self.states.insert(profile.clone(), state) != Some(state);
        is_news.then(|| format!("{profile}: {words}"))
    }

    fn of_text(&mut self, text: &str, now: Moment) -> Option<String> {
        let line = escaped(text);
        if !self.is_watched && login_page::has_line(&line) {
            return None;
        }
        // What isn't a complaint of a tool may well say the same twice.
        if !line.starts_with("sso-") && !line.is_empty() {
            return Some(line);
        }
        let is_recent = |at: Moment| at <= now && now < time::after(at, SAME);
        if line.is_empty() || self.said.iter().any(|(said, at)| *said == line && is_recent(*at)) {
            return None;
        }
        if self.said.len() >= KNOWN {
            self.said.pop_front();
        }
        self.said.retain(|(said, _)| *said != line);
        self.said.push_back((line.clone(), now));
        Some(line)
    }
}

/// An event of the watcher in words; `None` if the document is none.
fn of_event(document: &Document) -> Option<String> {
    let profile = text(document, "profile").unwrap_or_else(|| "?".to_owned());
    if let Some(event) = text(document, "event") {
        return Some(match event.as_str() {
            "start" => of_start(document),
            // Without the URL and the code: whoever may read the log may not log in.
            "authorize" => format!("{profile}: login under way, waiting for the browser"),
            "request" => format!("{profile}: login requested"),
            other => format!("{profile}: {other}"),
        });
    }
    if let Some(said) = logged_out(document).ok().flatten() {
        let note = text(document, "note").map(|note| format!("; {note}")).unwrap_or_default();
        return Some(format!("{profile}: {said}{note}"));
    }
    // Who logged in by hand isn't asked again; what `wait` handed over has a mode.
    let by_watcher = |then: &'static str| if document.contains_key("mode") { then } else { "" };
    let after_failure = match text(document, "hint") {
        Some(hint) if !document.contains_key("mode") => format!("; {hint}"),
        _ => by_watcher(", signal kept, tried again in 30s or more").to_owned(),
    };
    let word = text(document, "outcome")?;
    let Some(outcome) = Outcome::of_word(&word) else { return Some(format!("{profile}: {word}")) };
    // A monitor's refresh, which is nobody's login: whether one is needed is what it tells.
    if document.contains_key("signal") && !document.contains_key("mode") {
        return None;
    }
    let said = match outcome {
        Outcome::Success => "login successful, signal cleared".to_owned(),
        Outcome::Valid => "session valid already, signal cleared".to_owned(),
        Outcome::Failed => because("login failed", document, &after_failure),
        Outcome::Timeout => because("login timed out", document, &after_failure),
        Outcome::Snoozed => match document.get("seconds").and_then(Value::as_u64) {
            Some(seconds) => {
                format!("snoozed, next attempt in {}", time::format_duration(Duration::from_secs(seconds)))
            }
            None => word,
        },
        Outcome::Dismissed => because(&word, document, ", asked again after the cooldown"),
        Outcome::Suppressed => "reminders suppressed, signal cleared".to_owned(),
        Outcome::Busy => {
            format!("another login is under way{}", by_watcher(", tried again at the next poll"))
        }
        Outcome::UnknownProfile => {
            because("unknown profile", document, ", signal kept until the AWS config changes")
        }
    };
    Some(format!("{profile}: {said}"))
}

fn of_start(document: &Document) -> String {
    let known = |key: &str| text(document, key).unwrap_or_default();
    let seconds = |key: &str| document.get(key).and_then(Value::as_u64).unwrap_or_default();
    format!(
        "watching {} ({}), mode={}, cooldown={}s, poll={}s",
        known("signalFile"),
        // A person who named none is told what is watched, not which name would stand in.
        match known("profile").as_str() {
            "default" => "all profiles".to_owned(),
            profile => format!("profile={profile}"),
        },
        known("mode"),
        seconds("cooldownSeconds"),
        seconds("pollSeconds")
    )
}

fn because(what: &str, document: &Document, then: &str) -> String {
    // A signal's own `reason` to log in says nothing about how it went.
    let has_reason = ["error", "hint", "configFile"].iter().any(|key| document.contains_key(*key));
    match text(document, "reason").filter(|_| has_reason || what != Outcome::Dismissed.word()) {
        Some(reason) => format!("{what} ({reason}){then}"),
        None => format!("{what}{then}"),
    }
}

fn text(document: &Document, key: &str) -> Option<String> {
    document.get(key).and_then(Value::as_str).map(sanitize).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(lines: &[&str]) -> Vec<String> {
        let mut journal = Journal::default();
        let now = time::parse("2026-11-21T12:00:00Z").unwrap();
        lines.iter().filter_map(|line| journal.line(line.as_bytes(), now)).collect()
    }

    #[test]
    fn every_outcome_is_one_line_with_its_time() {
        for (document, expected) in [
            (r#"{"profile":"corp","outcome":"success"}"#, "corp: login successful, signal cleared"),
            (r#"{"profile":"corp","outcome":"valid"}"#, "corp: session valid already, signal cleared"),
            (
                r#"{"profile":"corp","mode":"auto","outcome":"failed","error":"denied","reason":"no\u001b[31m"}"#,
                "corp: login failed (no), signal kept, tried again in 30s or more",
            ),
            (
                r#"{"profile":"corp","outcome":"snoozed","seconds":900,"reason":"expired"}"#,
                "corp: snoozed, next attempt in 15m",
            ),
            (
                r#"{"profile":"corp","outcome":"dismissed","reason":"expired"}"#,
                "corp: dismissed, asked again after the cooldown",
            ),
            (r#"{"profile":"corp","outcome":"suppressed"}"#, "corp: reminders suppressed, signal cleared"),
            (
                r#"{"profile":"corp","outcome":"failed","error":"no-aws-cli","reason":"none","hint":"install it"}"#,
                "corp: login failed (none); install it",
            ),
            (
                r#"{"profile":"corp","mode":"notify","outcome":"busy","reason":"pid 7"}"#,
                "corp: another login is under way, tried again at the next poll",
            ),
            (
                r#"{"profile":"corp","ssoSession":"s","loggedOut":true,"sessionProfiles":["corp","ops"],"note":"x"}"#,
                "corp: logged out of session `s`: `corp`, `ops`; x",
            ),
            (
                r#"{"event":"authorize","profile":"corp","url":"https://x/?user_code=ABCD","userCode":"ABCD"}"#,
                "corp: login under way, waiting for the browser",
            ),
        ] {
            assert_eq!(log(&[document]), [format!("2026-11-21T12:00:00Z {expected}")], "{document}");
        }
    }

    #[test]
    fn a_monitor_has_a_line_for_changes_only() {
        let raised = r#"{"profile":"corp","loginRequired":true,"reason":"expired","signal":"raised"}"#;
        let kept = raised.replace("raised", "kept");
        let valid = r#"{"profile":"corp","loginRequired":false,"reason":"valid until 1","signal":"cleared"}"#;
        let still = r#"{"profile":"corp","loginRequired":false,"reason":"valid until 2","signal":"none"}"#;
        // What a refresh adds is no login.
        let raised = raised.replace("\"signal\"", "\"outcome\":\"failed\",\"signal\"");
        let valid = valid.replace("\"signal\"", "\"outcome\":\"success\",\"signal\"");
        let lines = log(&[&raised, &kept, &valid, still, &raised]);
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines[0].ends_with("corp: login required: expired"));
    }

    #[test]
    fn other_lines_are_escaped_and_not_repeated() {
        let lines = log(&[
            "sso-login: cannot\u{1b}[2J read",
            "sso-login: cannot\u{1b}[2J read",
            "",
            "{broken",
            "other",
        ]);
        assert_eq!(
            lines,
            ["sso-login: cannot\\u{1b}[2J read", "{broken", "other"]
                .map(|line| format!("2026-11-21T12:00:00Z {line}"))
        );
    }

    #[test]
    fn a_log_that_nobody_watches_has_neither_page_nor_code() {
        let lines = [
            "To log in as profile corp, open this page:",
            "",
            "    https://x/?user_code=ABCD-EFGH",
            "",
            "    ABCD-EFGH",
        ];
        assert_eq!(log(&lines).len(), 1);
        let mut watched = Journal { is_watched: true, ..Journal::default() };
        let now = time::parse("2026-11-21T12:00:00Z").unwrap();
        assert_eq!(lines.iter().filter_map(|line| watched.line(line.as_bytes(), now)).count(), 3);
    }
}
