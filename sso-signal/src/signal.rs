//! One signal: "this profile needs a login". Written by anybody, a container too, so read with suspicion.

use serde_json::Value;

use crate::reminder::Standing;
use sso_tool::episode;
use sso_tool::exit::{Exit, Fault};
use sso_tool::profile_name::check_profile;
use sso_tool::sanitize::sanitize;
use sso_tool::stream::{self, Document};
use sso_tool::time::{self, Moment};

/// The largest signal file that is read, in bytes.
pub(crate) const LARGEST: usize = 64 << 10;

/// The keys that a signal is known by. Others stay in the file and reach nobody who acts on a signal:
/// a container must not slip an `outcome` or a `mode` into the host's pipe.
const KNOWN: [&str; 7] = ["profile", "reason", "timestamp", "source", "nextAttemptAfter", "episode", "host"];

/// The key of the sources besides `source`.
const FURTHER_SOURCES: &str = "furtherSources";
/// The most of them: more are a writer gone wild.
const MOST_SOURCES: usize = 16;

/// A signal that kept the rules.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Signal {
    /// Whose login is required: the key of a signal.
    pub(crate) profile: String,
    /// When it was first raised.
    pub(crate) timestamp: Moment,
    /// Who raised it first.
    pub(crate) source: String,
    /// Who raised it as well, and hasn't withdrawn it.
    pub(crate) further_sources: Vec<String>,
    /// What expired: the same until the next expiry.
    pub(crate) episode: String,
    /// The writer's wish not to be tried before.
    pub(crate) next_attempt_after: Option<Moment>,
    /// The session that its writer says it is about. Nothing is decided by it: it only joins notices.
    session: Option<String>,
    /// The host that it is about, if not this machine.
    pub(crate) host: Option<String>,
    document: Document,
}

impl Signal {
    #[cfg(test)]
    /// Parses a signal (DESIGN 3). The error says what is wrong, with status 65.
    pub(crate) fn parse(bytes: &[u8], name: &str) -> anyhow::Result<Self> {
        Self::of_file(bytes, name, None)
    }

    /// The signal of a file: one that doesn't say when it was raised was raised when it was `written`.
    pub(crate) fn of_file(bytes: &[u8], name: &str, written: Option<Moment>) -> anyhow::Result<Self> {
        if std::str::from_utf8(bytes).is_err() {
            return Err(Fault::new(Exit::Data, format!("{name}: not UTF-8")).into());
        }
        let mut document = stream::parse(bytes, name)?;
        if let Some(written) = written
            && document.get("timestamp").is_none_or(Value::is_null)
        {
            document.set("timestamp", time::format(written));
        }
        Self::from_document(document, name)
    }

    /// Checks the types and the profile's name.
    pub(crate) fn from_document(mut document: Document, name: &str) -> anyhow::Result<Self> {
        let bad = |what: &str| Fault::new(Exit::Data, format!("{name}: {what}"));
        let text = |key: &str| document.text(key).map_err(|_| bad(&format!("`{key}` is not a string")));
        let profile = text("profile")?.ok_or_else(|| bad("no `profile`"))?;
        check_profile(profile).map_err(|_| bad("`profile` isn't a profile name that a signal can have"))?;
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
        let sanitized_text =
            |key: &str| Ok::<_, anyhow::Error>(text(key)?.map(sanitize).filter(|text| !text.is_empty()));
        // A host that can't be seen is no host that anybody can list: as none it would stand for this machine's profile.
        let host = text("host")?.filter(|host| !host.is_empty()).map(sanitize);
        if host.as_ref().is_some_and(String::is_empty) {
            return Err(bad("`host` isn't a host name that a signal can have").into());
        }
        let profile = profile.to_owned();
        let source = sanitized_text("source")?.unwrap_or_default();
        // A name of the wrong type is no reason to lose a signal.
        let session = document.get("ssoSession").and_then(Value::as_str).map(sanitize);
        let episode = sanitized_text("episode")?.unwrap_or_else(|| time::format(timestamp));
        if host.is_none() {
            document.shift_remove("host");
        }
        Ok(Self {
            profile,
            timestamp,
            source,
            further_sources: texts(document.get(FURTHER_SOURCES)),
            episode,
            next_attempt_after,
            session,
            host,
            document,
        })
    }

    /// The signal for whoever looks at many: known keys only, each no longer than a line. A stranger's file may hold lists
    /// of lists that take fifty times its size in memory.
    #[must_use]
    pub(crate) fn slim(self) -> Self {
        let mut document = Document::new();
        for key in KNOWN {
            match self.document.get(key) {
                None => {}
                Some(Value::String(text)) if key != "profile" => document.set(key, sanitize(text)),
                Some(value) => document.set(key, value.clone()),
            }
        }
        Self { document, ..self }
    }

    /// What it is known by: the profile, and the host that it is about.
    pub(crate) fn key(&self) -> String {
        key(&self.profile, self.host.as_deref())
    }

    /// The key of the session that its writer names, as [`key`] of a profile.
    pub(crate) fn session_key(&self) -> Option<String> {
        self.session.as_deref().map(|session| key(session, self.host.as_deref()))
    }

    /// What is remembered of a signal that stands. An episode that its writer doesn't name is none.
    pub(crate) fn standing(&self) -> Standing {
        let is_named = self.document.get("episode").is_some_and(|episode| !episode.is_null());
        Standing {
            key: self.key(),
            source: self.source.clone(),
            episode: Some(self.episode.clone()).filter(|_| is_named),
        }
    }

    /// The document for whoever acts on the signal: known keys only, all text sanitized.
    pub(crate) fn document(&self) -> Document {
        let mut known = Document::new();
        for key in KNOWN {
            match (key, self.document.get(key)) {
                (_, None | Some(Value::Null)) => {}
                ("timestamp", _) => known.set(key, time::format(self.timestamp)),
                ("nextAttemptAfter", _) => {
                    known.set(key, self.next_attempt_after.map(|next| next.timestamp()));
                }
                (_, Some(Value::String(text))) if key != "profile" => known.set(key, sanitize(text)),
                (_, Some(value)) => known.set(key, value.clone()),
            }
        }
        known.set("episode", self.episode.clone());
        known
    }

    /// The document for whoever looks: unknown keys too, their text sanitized.
    pub(crate) fn full_document(&self) -> Document {
        let mut full = self.document();
        for (key, value) in self.document.iter() {
            if !KNOWN.contains(&key.as_str()) {
                full.set(&sanitize(key), sanitized_value(value));
            }
        }
        full
    }

    /// The file's content with another `nextAttemptAfter`; every other field as it was.
    pub(crate) fn postponed(&self, until: Moment) -> String {
        let mut document = self.document.clone();
        document.set("nextAttemptAfter", until.timestamp());
        line(&document)
    }

    /// The signal after it was raised again by `fresh`.
    ///
    /// One episode keeps `timestamp` and `nextAttemptAfter`, so that a monitor that writes every
    /// minute undoes no snooze; another one starts anew. Unknown fields stay either way.
    pub(crate) fn raised_again(&self, fresh: &Signal) -> anyhow::Result<Self> {
        let mut document = self.document.clone();
        for (key, value) in fresh.document.iter() {
            document.set(key, value.clone());
        }
        let is_same = !fresh.document.contains_key("episode")
            || !self.document.contains_key("episode")
            || episode::is_same(&self.episode, &fresh.episode);
        let is_own = self.source.is_empty() || self.source == fresh.source;
        if !is_own {
            document.set("source", self.source.clone());
            if is_same {
                // Two monitors with different words must not rewrite the file by turns.
                document.set("reason", self.document.get("reason").cloned().unwrap_or_default());
            }
            let mut further = self.further_sources.clone();
            if !further.contains(&fresh.source) && further.len() < MOST_SOURCES {
                further.push(fresh.source.clone());
                document.set(FURTHER_SOURCES, further);
            }
        }
        let decided = if is_same { self } else { fresh };
        document.set("timestamp", decided.document.get("timestamp").cloned().unwrap_or_default());
        match decided.document.get("nextAttemptAfter") {
            Some(next) => document.set("nextAttemptAfter", next.clone()),
            None => drop(document.shift_remove("nextAttemptAfter")),
        }
        Self::from_document(document, "the signal raised again")
    }

    /// The signal after `source` withdrew it; `None` if nobody else raised it.
    pub(crate) fn withdrawn_by(&self, source: &str) -> anyhow::Result<Option<Self>> {
        let sources = || std::iter::once(&self.source).chain(&self.further_sources).map(String::as_str);
        if sources().all(|other| other != source) {
            return Ok(Some(self.clone()));
        }
        let left: Vec<&str> = sources().filter(|other| *other != source).collect();
        let Some((first, further)) = left.split_first() else { return Ok(None) };
        let mut document = self.document.clone();
        document.set("source", *first);
        if further.is_empty() {
            document.shift_remove(FURTHER_SOURCES);
        } else {
            document.set(FURTHER_SOURCES, further);
        }
        Self::from_document(document, "the signal withdrawn").map(Some)
    }

    /// The file's content.
    pub(crate) fn line(&self) -> String {
        line(&self.document)
    }
}

/// What a signal is known by here: a profile of another host is another one than that of the same name on this machine. No
/// profile that a signal can have contains the sign between them.
pub(crate) fn key(profile: &str, host: Option<&str>) -> String {
    match host {
        Some(host) => format!("{host}{OF_A_HOST}{profile}"),
        None => profile.to_owned(),
    }
}

/// Stands between a host and a profile in a key.
pub(crate) const OF_A_HOST: char = '|';

/// Unknown keys stay, unless the file would get larger than what is read back.
fn line(document: &Document) -> String {
    let whole = format!("{}\n", Value::from(document.clone()));
    if whole.len() <= LARGEST {
        return whole;
    }
    let known = KNOWN.iter().filter_map(|key| Some((*key, document.get(*key)?)));
    let known = known.fold(Document::new(), |known, (key, value)| match value {
        Value::String(text) => known.with(key, sanitize(text)),
        value => known.with(key, value.clone()),
    });
    format!("{}\n", Value::from(known))
}

/// The texts of a list; what isn't one is nobody's source.
fn texts(value: Option<&Value>) -> Vec<String> {
    let list = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let texts = list.iter().filter_map(Value::as_str).map(sanitize).filter(|text| !text.is_empty());
    texts.take(MOST_SOURCES).collect()
}

fn sanitized_value(value: &Value) -> Value {
    match value {
        Value::String(text) => sanitize(text).into(),
        Value::Array(list) => list.iter().map(sanitized_value).collect(),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(key, value)| (sanitize(key), sanitized_value(value))).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests;
