//! What the host remembers, in `state.json`, per sso-session: the authority over snoozes and the like. No
//! container can write it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::entry::{ConfigStamp, Entry, Pause};
use crate::exit::{Exit, Fault, warn};
use crate::quarantine::quarantine;
use crate::replace;
use crate::time::{self, Moment};
use crate::untrusted::{self, Found};
use crate::wire::{self, Document};

/// The format that this code writes. Newer ones are refused, not guessed at.
const VERSION: i64 = 1;
const LARGEST: usize = wire::LARGEST;

/// The entries of `state.json`: by sso-session where it is known, by profile else.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    sessions: BTreeMap<String, Entry>,
    profiles: BTreeMap<String, Entry>,
    /// The cooldown stamp that this host wrote last: another one in the file is somebody else's.
    pub stamped: Option<Moment>,
}

/// Whom an entry is about.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The profile.
    pub profile: &'a str,
    /// Its sso-session, if the document says so.
    pub session: Option<&'a str>,
    /// Every profile of that session, if the document says so.
    pub session_profiles: &'a [String],
}

impl Memory {
    /// Reads `state.json`. A missing file is an empty memory; one that is torn or isn't ours is put aside with
    /// a warning; one of a newer version is an error (65).
    pub fn load(tool: &str, state_dir: &Path, now: Moment) -> anyhow::Result<Self> {
        let path = file(state_dir);
        let problem = match untrusted::read(&path, LARGEST) {
            Ok(Found::Missing) => return Ok(Self::default()),
            Ok(Found::Bad(what)) => format!("{} {what}", path.display()),
            Ok(Found::Bytes(bytes)) => match Self::parse(&bytes, &path.display().to_string()) {
                Ok(Ok(memory)) => return Ok(memory),
                Ok(Err(version)) => return Err(newer(&path, version)),
                Err(err) => format!("{err:#}"),
            },
            Err(err) => {
                return Err(anyhow::Error::from(err).context(format!("cannot read {}", path.display())));
            }
        };
        // Another reader may be faster, and say so.
        if let Some(aside) = quarantine(state_dir, &path, now)? {
            warn(tool, &format!("{problem}; put aside as {}; snoozes are forgotten", aside.display()));
        }
        Ok(Self::default())
    }

    /// Writes `state.json`. Hold the state directory's lock from `load` to `save`.
    pub fn save(&self, state_dir: &Path) -> anyhow::Result<()> {
        replace::replace(
            &file(state_dir),
            format!("{:#}\n", self.document()).as_bytes(),
            replace::Mode::Private,
        )
    }

    /// The entry of a profile, by its session once that is known.
    pub fn entry(&self, profile: &str) -> Entry {
        self.session_of(profile)
            .and_then(|session| self.sessions.get(session))
            .or_else(|| self.profiles.get(profile))
            .cloned()
            .unwrap_or_default()
    }

    /// The sso-session that a profile is known to belong to.
    pub fn session_of(&self, profile: &str) -> Option<&str> {
        self.sessions
            .iter()
            .find(|(_, entry)| entry.profiles.contains(profile))
            .map(|(name, _)| name.as_str())
    }

    /// Takes the entry of a subject out, to be changed and [`put`](Self::put) back. What was remembered by
    /// profile joins its session's entry here.
    pub fn take(&mut self, subject: &Subject<'_>) -> Entry {
        let session = subject.session.or_else(|| self.session_of(subject.profile)).map(str::to_owned);
        let Some(session) = session else { return self.profiles.remove(subject.profile).unwrap_or_default() };
        // The config may have moved a profile to another session.
        for (name, entry) in &mut self.sessions {
            if *name != session {
                entry.profiles.remove(subject.profile);
            }
        }
        let mut entry = self.sessions.remove(&session).unwrap_or_default();
        let known: BTreeSet<&str> = subject.session_profiles.iter().map(String::as_str).collect();
        for profile in known.iter().copied().chain([subject.profile]) {
            if let Some(by_profile) = self.profiles.remove(profile) {
                // A profile that has a session is in the config after all.
                entry = entry.merged(Entry { unknown_in: None, ..by_profile });
            }
        }
        if !known.is_empty() {
            entry.profiles = known.into_iter().map(str::to_owned).collect();
        }
        entry.profiles.insert(subject.profile.to_owned());
        entry
    }

    /// Puts an entry back. One that says nothing is dropped, but for the profiles of a session.
    pub fn put(&mut self, subject: &Subject<'_>, entry: Entry) {
        let session = subject.session.map(str::to_owned);
        match session.or_else(|| self.session_of(subject.profile).map(str::to_owned)) {
            Some(session) => drop(self.sessions.insert(session, entry)),
            None if entry == Entry::default() => {}
            None => drop(self.profiles.insert(subject.profile.to_owned(), entry)),
        }
    }

    /// Changes the entry of a subject.
    pub fn change<T>(&mut self, subject: &Subject<'_>, change: impl FnOnce(Entry) -> (Entry, T)) -> T {
        let session = subject.session.or_else(|| self.session_of(subject.profile)).map(str::to_owned);
        let subject = Subject { session: session.as_deref(), ..*subject };
        let entry = self.take(&subject);
        let (entry, answer) = change(entry);
        self.put(&subject, entry);
        answer
    }

    /// Forgets which session a profile belongs to: the config doesn't have the profile any more.
    pub fn detach(&mut self, profile: &str) {
        for entry in self.sessions.values_mut() {
            entry.profiles.remove(profile);
        }
    }

    /// Every entry with its name: sessions first. The flag says whether it is a session.
    pub fn entries(&self) -> impl Iterator<Item = (&str, bool, &Entry)> {
        let sessions = self.sessions.iter().map(|(name, entry)| (name.as_str(), true, entry));
        sessions.chain(self.profiles.iter().map(|(name, entry)| (name.as_str(), false, entry)))
    }

    /// Changes every entry.
    pub fn change_all(&mut self, change: impl Fn(&Entry) -> Entry) {
        for entry in self.sessions.values_mut().chain(self.profiles.values_mut()) {
            *entry = change(entry);
        }
        self.profiles.retain(|_, entry| *entry != Entry::default());
    }

    fn parse(bytes: &[u8], name: &str) -> anyhow::Result<Result<Self, i64>> {
        let document = wire::parse(bytes, name)?;
        let version = document.whole("version")?.ok_or_else(|| broken(name))?;
        if version > VERSION {
            return Ok(Err(version));
        }
        let entries = |key: &str| match document.get(key) {
            None => Ok(BTreeMap::new()),
            Some(Value::Object(map)) => map
                .iter()
                .map(|(name, value)| Ok((name.clone(), read_entry(value)?)))
                .collect::<Result<_, Broken>>()
                .map_err(|Broken| broken(name)),
            Some(_) => Err(broken(name)),
        };
        let stamped = optional(&document, "dismissedAt", read_moment).map_err(|Broken| broken(name))?;
        Ok(Ok(Self { sessions: entries("sessions")?, profiles: entries("profiles")?, stamped }))
    }

    fn document(&self) -> Value {
        let entries = |map: &BTreeMap<String, Entry>| -> Value {
            Value::Object(map.iter().map(|(name, entry)| (name.clone(), write_entry(entry).into())).collect())
        };
        let document = Document::new()
            .with("version", VERSION)
            .with("sessions", entries(&self.sessions))
            .with("profiles", entries(&self.profiles));
        match self.stamped {
            Some(stamped) => document.with("dismissedAt", time::format(stamped)).into(),
            None => document.into(),
        }
    }
}

fn file(state_dir: &Path) -> PathBuf {
    state_dir.join("state.json")
}

fn broken(name: &str) -> Fault {
    Fault::new(Exit::Data, format!("{name}: not a state file"))
}

fn newer(path: &Path, version: i64) -> anyhow::Error {
    Fault::new(Exit::Data, format!("{} is of version {version}, this tool knows {VERSION}", path.display()))
        .hint("update the sso tools, or remove the file to forget snoozes and reminders")
        .into()
}

/// An entry as a document: only what is set.
pub fn write_entry(entry: &Entry) -> Document {
    let pause =
        |pause: &Pause| json!({"until": time::format(pause.until), "lengthSeconds": pause.length.as_secs()});
    let mut document = Document::new();
    let mut set = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            document.set(key, value);
        }
    };
    let profiles: Vec<&String> = entry.profiles.iter().collect();
    set("profiles", (!profiles.is_empty()).then(|| json!(profiles)));
    set("retry", entry.retry.as_ref().map(pause));
    set("snooze", entry.snooze.as_ref().map(pause));
    set("dismissedAt", entry.dismissed.map(|at| time::format(at).into()));
    set("suppressedEpisodes", (!entry.suppressed.is_empty()).then(|| json!(entry.suppressed)));
    set("failures", (entry.failures > 0).then(|| entry.failures.into()));
    set("gaveUpOnEpisode", entry.gave_up.clone().map(Value::from));
    set("quiet", entry.quiet.then_some(true.into()));
    set(
        "unknownProfileIn",
        entry
            .unknown_in
            .as_ref()
            .map(|stamp| json!({"configFile": stamp.file, "configModified": stamp.modified})),
    );
    set("mirroredNextAttempt", entry.mirrored.map(|at| time::format(at).into()));
    document
}

/// Something in `state.json` isn't what it must be.
struct Broken;

fn read_entry(value: &Value) -> Result<Entry, Broken> {
    let map = value.as_object().ok_or(Broken)?;
    Ok(Entry {
        profiles: optional(map, "profiles", read_texts)?.unwrap_or_default(),
        retry: optional(map, "retry", read_pause)?,
        snooze: optional(map, "snooze", read_pause)?,
        dismissed: optional(map, "dismissedAt", read_moment)?,
        suppressed: optional(map, "suppressedEpisodes", read_texts)?.unwrap_or_default(),
        failures: optional(map, "failures", |value| u32::try_from(value.as_u64()?).ok())?.unwrap_or_default(),
        gave_up: optional(map, "gaveUpOnEpisode", read_text)?,
        quiet: optional(map, "quiet", Value::as_bool)?.unwrap_or_default(),
        unknown_in: optional(map, "unknownProfileIn", read_stamp)?,
        mirrored: optional(map, "mirroredNextAttempt", read_moment)?,
    })
}

fn optional<T>(
    map: &Map<String, Value>,
    key: &str,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<Option<T>, Broken> {
    map.get(key).map(|value| read(value).ok_or(Broken)).transpose()
}

fn read_text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn read_texts<T: FromIterator<String>>(value: &Value) -> Option<T> {
    value.as_array()?.iter().map(read_text).collect()
}

fn read_moment(value: &Value) -> Option<Moment> {
    value.as_str().and_then(time::parse)
}

fn read_pause(value: &Value) -> Option<Pause> {
    let length = Duration::from_secs(value.get("lengthSeconds")?.as_u64()?);
    Some(Pause { until: read_moment(value.get("until")?)?, length })
}

fn read_stamp(value: &Value) -> Option<ConfigStamp> {
    Some(ConfigStamp {
        file: read_text(value.get("configFile")?)?,
        modified: value.get("configModified").and_then(read_text),
    })
}
