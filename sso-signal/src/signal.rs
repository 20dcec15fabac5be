//! One signal: "this profile needs a login". Written by anybody, a container too, so read with suspicion.

use serde_json::Value;

use crate::exit::{Exit, Fault};
use crate::text::harmless;
use crate::time::{self, Moment};
use crate::wire::{self, Document};

/// The largest signal file that is read, in bytes.
pub const LARGEST: usize = 64 << 10;

/// The keys that a signal is known by. Others stay in the file and reach nobody who acts on a signal:
/// a container must not slip an `outcome` or a `mode` into the host's pipe.
const KNOWN: [&str; 7] = ["profile", "reason", "timestamp", "source", "nextAttemptAfter", "episode", "host"];

/// A signal that kept the rules.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// Whose login is required: the key of a signal.
    pub profile: String,
    /// When it was first raised.
    pub timestamp: Moment,
    /// Who raised it.
    pub source: String,
    /// What expired: the same until the next expiry.
    pub episode: String,
    /// The writer's wish not to be tried before.
    pub next_attempt_after: Option<Moment>,
    /// The box that it is about, if not this one.
    pub host: Option<String>,
    document: Document,
}

impl Signal {
    /// Parses the bytes of a signal file (DESIGN 3). The error says what is wrong, with status 65.
    pub fn parse(bytes: &[u8], name: &str) -> anyhow::Result<Self> {
        if std::str::from_utf8(bytes).is_err() {
            return Err(Fault::new(Exit::Data, format!("{name}: not UTF-8")).into());
        }
        let document = wire::parse(bytes, name)?;
        Self::from_document(document, name)
    }

    /// Checks the types and the profile's name.
    pub fn from_document(document: Document, name: &str) -> anyhow::Result<Self> {
        let bad = |what: &str| Fault::new(Exit::Data, format!("{name}: {what}"));
        let text = |key: &str| document.text(key).map_err(|_| bad(&format!("`{key}` is not a string")));
        let profile = text("profile")?.ok_or_else(|| bad("no `profile`"))?;
        check_profile(profile).map_err(|_| bad("`profile` is no profile name that a signal can have"))?;
        text("reason")?;
        let moment = |key: &str| match document.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                time::from_value(value).map(Some).ok_or_else(|| bad(&format!("`{key}` is not a timestamp")))
            }
        };
        let timestamp = moment("timestamp")?.ok_or_else(|| bad("no `timestamp`"))?;
        let next_attempt_after = match document.get("nextAttemptAfter") {
            Some(Value::String(_)) => return Err(bad("`nextAttemptAfter` is not a number").into()),
            _ => moment("nextAttemptAfter")?,
        };
        // Shown as they are compared: a mark that can't be seen must not make another episode or source.
        let harmless_text =
            |key: &str| Ok::<_, anyhow::Error>(text(key)?.map(harmless).filter(|text| !text.is_empty()));
        Ok(Self {
            profile: profile.to_owned(),
            timestamp,
            source: harmless_text("source")?.unwrap_or_default(),
            episode: harmless_text("episode")?.unwrap_or_else(|| time::format(timestamp)),
            next_attempt_after,
            host: harmless_text("host")?,
            document,
        })
    }

    /// The document for whoever acts on the signal: known keys only, all text harmless.
    pub fn document(&self) -> Document {
        let mut known = Document::new();
        for key in KNOWN {
            match (key, self.document.get(key)) {
                (_, None | Some(Value::Null)) => {}
                ("timestamp", _) => known.set(key, time::format(self.timestamp)),
                ("nextAttemptAfter", _) => {
                    known.set(key, self.next_attempt_after.map(|next| next.timestamp()));
                }
                (_, Some(Value::String(text))) if key != "profile" => known.set(key, harmless(text)),
                (_, Some(value)) => known.set(key, value.clone()),
            }
        }
        known.set("episode", self.episode.clone());
        known
    }

    /// The document for whoever looks: unknown keys too, their text harmless.
    pub fn full_document(&self) -> Document {
        let mut full = self.document();
        for (key, value) in self.document.iter() {
            if !KNOWN.contains(&key.as_str()) {
                full.set(&harmless(key), harmless_value(value));
            }
        }
        full
    }

    /// The file's content with another `nextAttemptAfter`; every other field as it was.
    pub fn postponed(&self, until: Moment) -> String {
        let mut document = self.document.clone();
        document.set("nextAttemptAfter", until.timestamp());
        line(&document)
    }

    /// The signal after it was raised again by `fresh`.
    ///
    /// The same episode keeps `timestamp` and `nextAttemptAfter`, so that a monitor that writes every
    /// minute undoes no snooze; another one starts anew. Unknown fields stay either way.
    pub fn raised_again(&self, fresh: &Signal) -> anyhow::Result<Self> {
        let mut document = self.document.clone();
        for (key, value) in fresh.document.iter() {
            document.set(key, value.clone());
        }
        let is_same = !fresh.document.contains_key("episode")
            || !self.document.contains_key("episode")
            || self.episode == fresh.episode;
        let decided = if is_same { self } else { fresh };
        document.set("timestamp", decided.document.get("timestamp").cloned().unwrap_or_default());
        match decided.document.get("nextAttemptAfter") {
            Some(next) => document.set("nextAttemptAfter", next.clone()),
            None => drop(document.shift_remove("nextAttemptAfter")),
        }
        Self::from_document(document, "the signal raised again")
    }

    /// The file's content.
    pub fn line(&self) -> String {
        line(&self.document)
    }
}

/// Unknown keys stay, unless the file would get larger than what is read back.
fn line(document: &Document) -> String {
    let whole = format!("{}\n", Value::from(document.clone()));
    if whole.len() <= LARGEST {
        return whole;
    }
    let known = KNOWN.iter().filter_map(|key| Some((*key, document.get(*key)?)));
    let known = known.fold(Document::new(), |known, (key, value)| match value {
        Value::String(text) => known.with(key, harmless(text)),
        value => known.with(key, value.clone()),
    });
    format!("{}\n", Value::from(known))
}

fn harmless_value(value: &Value) -> Value {
    match value {
        Value::String(text) => harmless(text).into(),
        Value::Array(list) => list.iter().map(harmless_value).collect(),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(key, value)| (harmless(key), harmless_value(value))).collect())
        }
        other => other.clone(),
    }
}

/// A profile name that a signal can have: `[A-Za-z0-9][A-Za-z0-9 ._@+:/-]{0,127}`.
pub fn check_profile(name: &str) -> anyhow::Result<()> {
    let is_good = name.len() <= 128
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || " ._@+:/-".contains(c));
    if is_good {
        return Ok(());
    }
    Err(Fault::new(Exit::Data, format!("`{}` is no profile name that a signal can have", harmless(name)))
        .hint("letters, digits and ` ._@+:/-`, a letter or digit first, 128 at most")
        .into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(value: &Value) -> anyhow::Result<Signal> {
        Signal::parse(value.to_string().as_bytes(), "signal")
    }

    fn sample() -> Value {
        json!({"profile": "bazel", "reason": "expired", "timestamp": "2025-01-15T18:00:00.123456+00:00",
               "source": "monitor", "nextAttemptAfter": 1_736_964_000.5, "note": {"a": "\u{1b}[1mb"}})
    }

    #[test]
    fn the_given_format_is_read_and_unknown_keys_reach_only_those_who_look() {
        let signal = parse(&sample()).unwrap();
        assert_eq!(signal.episode, "2025-01-15T18:00:00Z");
        assert!(!signal.document().contains_key("note"));
        assert_eq!(signal.full_document()["note"], json!({"a": "b"}));
        assert!(signal.line().contains("\\u001b"));
    }

    #[test]
    fn wrong_types_and_names_are_refused() {
        for (key, value) in [
            ("profile", json!(1)),
            ("profile", json!("-x")),
            ("profile", json!("a\nb")),
            ("profile", json!("x\" & (do shell script \"touch /tmp/x\") & \"")),
            ("profile", json!("é")),
            ("profile", json!("x".repeat(129))),
            ("profile", Value::Null),
            ("reason", json!(["x"])),
            ("source", json!(true)),
            ("timestamp", json!("soon")),
            ("timestamp", Value::Null),
            ("nextAttemptAfter", json!("1700000000")),
            ("nextAttemptAfter", json!(true)),
            ("nextAttemptAfter", json!(1e300)),
            ("episode", json!(1)),
            ("host", json!({})),
        ] {
            let mut signal = sample();
            signal[key] = value;
            assert!(parse(&signal).is_err(), "{signal}");
        }
        assert!(Signal::parse(b"{\"profile\":\"\xff\"}", "s").unwrap_err().to_string().contains("UTF-8"));
        assert!(Signal::parse(b"{\"nextAttemptAfter\":NaN}", "s").is_err());
    }

    #[test]
    fn raising_again_keeps_what_a_person_decided_until_the_next_episode() {
        let mut known = sample();
        known["episode"] = json!("one");
        let known = parse(&known).unwrap();
        let fresh = |episode: &str| {
            parse(&json!({"profile": "bazel", "reason": "new", "timestamp": "2026-01-01T00:00:00Z", "episode": episode}))
                .unwrap()
        };
        let again = known.raised_again(&fresh("one")).unwrap();
        assert_eq!(Signal::parse(again.line().as_bytes(), "s").unwrap(), again);
        assert_eq!((again.timestamp, again.next_attempt_after), (known.timestamp, known.next_attempt_after));
        assert_eq!(again.document["reason"], json!("new"));
        assert_eq!(again.document["note"], known.document["note"]);

        let next = known.raised_again(&fresh("two")).unwrap();
        assert_eq!(Signal::parse(next.line().as_bytes(), "s").unwrap(), next);
        assert_eq!((next.timestamp, next.next_attempt_after), (fresh("two").timestamp, None));
        assert_eq!(next.document["note"], known.document["note"]);
    }

    #[test]
    fn a_file_that_is_written_is_never_too_large_to_be_read() {
        let mut large = sample();
        large["note"] = json!("");
        large["note"] = json!("x".repeat(LARGEST - large.to_string().len() - 1));
        let large = parse(&large).unwrap();
        assert_eq!(large.line().len(), LARGEST);
        let postponed = large.postponed(time::parse("2099-01-01T00:00:00.5Z").unwrap());
        assert!(postponed.len() <= LARGEST);
        let mut fresh = sample();
        fresh["reason"] = json!("y".repeat(300));
        fresh["host"] = json!("h".repeat(300));
        let again = large.raised_again(&parse(&fresh).unwrap()).unwrap().line();
        assert!(Signal::parse(again.as_bytes(), "s").unwrap().host.is_some());
        assert!(again.len() <= 2000);
    }
}
