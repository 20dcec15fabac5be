//! What a person is asked, in words that are fit to be shown.

use std::time::Duration;

use chrono::Local;
use serde_json::Value;
use sso_profile::Profile;
use sso_signal::LONGEST_SNOOZE;
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::shell::shell_word;
use sso_tool::stream::Document;
use sso_tool::time::{self, Moment};

const TITLE: &str = "AWS SSO Login Required";
const ENDING_TITLE: &str = "AWS SSO Session Ends Soon";
pub(super) const SNOOZE_TITLE: &str = "Snooze";
pub(super) const WARNING_TITLE: &str = "Disable SSO Reminders?";

/// The snoozes that are offered, in seconds, with their labels.
const SNOOZES: [(&str, u64); 4] = [("15 min", 900), ("30 min", 1800), ("1 hour", 3600), ("4 hours", 14_400)];
/// Characters of a name, and of a stranger's sentence, that are shown.
const LONGEST_NAME: usize = 64;
const LONGEST_REASON: usize = 80;
/// The snooze that is offered first.
const USUAL: usize = 1;
/// The label of the snooze that ends with the session.
const UNTIL_IT_ENDS: &str = "until it ends";
/// Other profiles of the session that are named.
const MOST_PROFILES: usize = 4;

/// A question about one profile's session. Every text is sanitized: lines of visible characters.
#[derive(Clone, Debug, Default)]
pub(super) struct Question {
    /// What stands above it.
    pub(super) title: &'static str,
    /// The first sentence of its text, and what a login costs.
    pub(super) brief: String,
    /// What happened, and what can be done.
    pub(super) text: String,
    /// For the choice of a snooze.
    pub(super) snooze: String,
    /// The snoozes that are offered, in seconds, with their labels, the usual one, and what a person types for it.
    pub(super) snoozes: Vec<(String, u64)>,
    pub(super) usual: usize,
    /// What "Don't Remind" means.
    pub(super) warning: String,
    /// All of it, for a program of the user's own.
    pub(super) document: Document,
}

impl Question {
    /// The seconds of a snooze's label.
    pub(super) fn seconds_of(&self, label: &str) -> Option<u64> {
        self.snoozes.iter().find(|(known, _)| known == label).map(|(_, seconds)| *seconds)
    }

    /// In how many seconds the session ends, if it runs.
    pub(super) fn ends_at(&self) -> Option<u64> {
        self.seconds_of(UNTIL_IT_ENDS)
    }

    /// The labels of the snoozes.
    pub(super) fn labels(&self) -> Vec<&str> {
        self.snoozes.iter().map(|(label, _)| label.as_str()).collect()
    }

    /// The question for `document`, about a session that isn't there, or that ends at `ends_at`. Who and where comes from the config (`profile`); only when, why and says who from
    /// the document, which a stranger may have written.
    pub(super) fn new(
        settings: &Settings,
        profile: &Profile,
        document: &Document,
        ends_at: Option<Moment>,
        timeout: Duration,
    ) -> anyhow::Result<Self> {
        let name = quoted(&profile.name);
        let since = said(document, "timestamp").and_then(time::parse);
        let now = time::now()?;
        let host = said(document, "host").map(|host| format!(" on {}", quoted(host))).unwrap_or_default();
        let first = match ends_at {
            Some(end) => ends(profile, &host, end, now),
            None => format!("Profile {name}{host} needs an AWS SSO login."),
        };
        let cost = ends_at.map(|_| "Logging in ends the current session.".to_owned());
        let brief = std::iter::once(first.clone()).chain(cost.clone()).collect::<Vec<_>>().join("\n");
        let lines = [
            Some(match ends_at {
                Some(_) => format!("{first} Log in now?"),
                None => first,
            }),
            Some(String::new()),
            account(profile),
            session(profile, document),
            since.map(|since| format!("Since: {}", moment(since, now))),
            // The end that is near is the reason, and is said already.
            reason(document).filter(|_| ends_at.is_none()),
            cost,
            Some(String::new()),
            Some("Refresh now, snooze, or disable reminders?".to_owned()),
            Some(format!(
                "If you close this or don't answer within {}, you are asked again {}.",
                time::format_duration(timeout),
                match ends_at {
                    Some(_) => "when it has ended".to_owned(),
                    None => format!("in {}", time::format_duration(settings.cooldown())),
                },
            )),
        ];
        let text = lines.into_iter().flatten().collect::<Vec<_>>().join("\n");
        let snooze = format!("Profile {name}{host}: snooze for how long?");
        let warning = match (ends_at, said(document, "host")) {
            (Some(end), _) => ending_warning(profile, end, now),
            (None, Some(host)) => host_warning(profile, host),
            (None, None) => warning(profile),
        };
        let title = if ends_at.is_some() { ENDING_TITLE } else { TITLE };
        let mut document = program_document(profile, document, title, &text);
        if let Some(end) = ends_at {
            document.set("endsAt", time::format(end));
        }
        let left = ends_at.and_then(|end| u64::try_from((end - now).num_seconds()).ok());
        let (snoozes, usual) = snoozes(left);
        Ok(Self { title, brief, text, snooze, snoozes, usual, warning, document })
    }
}

/// What is offered: until it ends, where an end is near, and what is shorter.
fn snoozes(left: Option<u64>) -> (Vec<(String, u64)>, usize) {
    let usual = SNOOZES.iter().map(|(label, seconds)| ((*label).to_owned(), *seconds));
    match left.map(|left| left.clamp(1, LONGEST_SNOOZE.as_secs())) {
        None => (usual.collect(), USUAL),
        Some(left) => {
            let until = std::iter::once((UNTIL_IT_ENDS.to_owned(), left));
            (until.chain(usual.filter(|(_, seconds)| *seconds < left)).collect(), 0)
        }
    }
}

/// `corp ends at 16:00, in 25 minutes.`, with ` on "metta1"` after the name for another host.
fn ends(profile: &Profile, host: &str, end: Moment, now: Moment) -> String {
    let session = profile.sso.as_ref().and_then(|sso| sso.session.as_deref());
    let name = cut(session.unwrap_or(&profile.name), LONGEST_NAME);
    let clock = clock(end, now);
    format!("{name}{host} ends at {clock}, in {}.", span(time::whole_minutes(time::seconds_left(end, now))))
}

/// Minutes in words.
fn span(minutes: i64) -> String {
    let counted = |count: i64, noun: &str| match count {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    };
    match (minutes.max(0) / 60, minutes.max(0) % 60) {
        (0, 0) => "less than a minute".to_owned(),
        (0, minutes) => counted(minutes, "minute"),
        (hours, 0) => counted(hours, "hour"),
        (hours, minutes) => format!("{} {}", counted(hours, "hour"), counted(minutes, "minute")),
    }
}

/// The time of day of the person's clock, with the date if that is another one.
fn clock(at: Moment, now: Moment) -> String {
    let (local, today) = (at.with_timezone(&Local), now.with_timezone(&Local));
    let is_today = local.date_naive() == today.date_naive();
    local.format(if is_today { "%H:%M" } else { "%Y-%m-%d %H:%M" }).to_string()
}

fn said<'d>(document: &'d Document, key: &str) -> Option<&'d str> {
    document.get(key).and_then(Value::as_str)
}

fn account(profile: &Profile) -> Option<String> {
    let account = profile.account_id.as_deref().map(|id| format!("Account: {}", cut(id, LONGEST_NAME)));
    let role = profile.role_name.as_deref().map(|role| format!("role {}", cut(role, LONGEST_NAME)));
    let both: Vec<_> = account.into_iter().chain(role).collect();
    (!both.is_empty()).then(|| both.join(", "))
}

fn session(profile: &Profile, document: &Document) -> Option<String> {
    let sso = profile.sso.as_ref()?;
    let name = sso.session.as_deref().map(|name| format!("{} at ", quoted(name))).unwrap_or_default();
    let line = format!("Session: {name}{}", cut(&sso.start_url, LONGEST_NAME));
    let listed = document.get("sessionProfiles").and_then(Value::as_array);
    let others: Vec<_> = listed
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter(|other| *other != profile.name)
        .collect();
    if others.is_empty() {
        return Some(line);
    }
    let named: Vec<_> = others.iter().take(MOST_PROFILES).map(|other| quoted(other)).collect();
    let more = match others.len() - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!("{line}\nAlso for: {}{more}", named.join(", ")))
}

fn reason(document: &Document) -> Option<String> {
    let reason = cut(said(document, "reason")?, LONGEST_REASON);
    let source = said(document, "source").map(|source| cut(source, LONGEST_NAME)).unwrap_or_default();
    Some(match source.as_str() {
        "" => format!("Reason: {reason}"),
        source => format!("Reason: {reason}\nRaised by: {source}"),
    })
}

/// The time of day, and how long ago. A clock of another machine may be ahead.
fn moment(since: Moment, now: Moment) -> String {
    let clock = clock(since, now);
    let minutes = (now - since).num_minutes();
    let length = Duration::from_secs(u64::try_from(minutes).unwrap_or_default() * 60);
    match minutes {
        ..0 => clock,
        0 => format!("{clock} (just now)"),
        1.. => format!("{clock} ({} ago)", time::format_duration(length)),
    }
}

fn warning(profile: &Profile) -> String {
    let session = profile.sso.as_ref().and_then(|sso| sso.session.as_deref());
    let about = match session {
        Some(session) => format!("session {}", quoted(session)),
        None => format!("profile {}", quoted(&profile.name)),
    };
    let name = shell_word(&sanitize(&profile.name));
    format!(
        "Reminders for {about} stop until its next login expires.\n\n\
         To log in later, run one of:\n\
         sso-login {name} | sso-signal settle\n\
         aws sso login --profile {name}"
    )
}

/// The words for an end that is near: the end itself is asked about all the same.
fn ending_warning(profile: &Profile, end: Moment, now: Moment) -> String {
    let name = quoted(profile.sso.as_ref().and_then(|sso| sso.session.as_deref()).unwrap_or(&profile.name));
    let clock = clock(end, now);
    format!("You aren't asked again until session {name} ends at {clock}.")
}

/// The words for a host, which this machine logs in through a tunnel.
fn host_warning(profile: &Profile, host: &str) -> String {
    format!(
        "Reminders for profile {} on {} stop until its next login expires.\n\n\
         To log in later, run:\n\
         sso-login tunnel {} {} | sso-signal settle",
        quoted(&profile.name),
        quoted(host),
        shell_word(&sanitize(host)),
        shell_word(&sanitize(&profile.name)),
    )
}

/// The document with what the text was made of: a program of the user's own needs no AWS config.
fn program_document(profile: &Profile, document: &Document, title: &str, text: &str) -> Document {
    let mut question = document.clone();
    for key in ["reason", "source"] {
        if let Some(said) = said(document, key) {
            question.set(key, sanitize(said));
        }
    }
    for (key, value) in [("accountId", &profile.account_id), ("roleName", &profile.role_name)] {
        match value {
            Some(value) => question.set(key, value.as_str()),
            None => drop(question.shift_remove(key)),
        }
    }
    question.with("title", title).with("question", text)
}

/// A name, set apart from the words around it. A letter that could pass for a Latin one is shown by its number.
fn quoted(name: &str) -> String {
    let name = sanitize(name);
    let is_mixed = name.contains(|c: char| c.is_ascii_alphanumeric());
    let mut shown = String::new();
    for c in name.chars().take(LONGEST_NAME) {
        match c {
            '"' => shown.push('\''),
            c if c > LAST_LATIN && is_mixed => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    if name.chars().nth(LONGEST_NAME).is_some() {
        shown.push('…');
    }
    format!("\"{shown}\"")
}

/// The end of Unicode's Latin Extended-B.
const LAST_LATIN: char = '\u{24f}';

fn cut(text: &str, longest: usize) -> String {
    let text = sanitize(text);
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default().trim_end()),
        None => text,
    }
}

#[cfg(test)]
mod tests;
