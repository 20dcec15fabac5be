//! `sessions.json` of the state directory: what is known of each session's start, end and length. No secret is in it: refresh
//! tokens are salted hashes.
//!
//! `sso-login` writes it; `sso-cache check` only reads. A file that can't be read is as good as none: what it knew is learned again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use sso_tool::hex::hex;
use sso_tool::random;
use sso_tool::safe_read::{self, Found};
use sso_tool::secret::Secret;
use sso_tool::time::{self, Moment};
use sso_tool::{atomic_write, state_dir};

use crate::forecast::{Event, LONGEST, Measured, Observation, Record, SLACK_OF_TWO_CLOCKS, SessionState};
use crate::token::Token;

/// The largest file that is read.
const LARGEST: usize = 1 << 20;
/// The most sessions that are remembered; the one whose token expired longest ago goes first.
const MOST: usize = 500;

/// What is known of all sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionStore {
    salt: String,
    records: BTreeMap<String, Record>,
}

/// The file's place in a state directory.
pub fn path(state_dir: &Path) -> PathBuf {
    state_dir.join("sessions.json")
}

impl SessionStore {
    /// Reads the file of a state directory. Without one, or with one that says something else, nothing is known.
    pub fn read(state_dir: &Path) -> Self {
        match safe_read::read(&path(state_dir), LARGEST) {
            Ok(Found::Bytes(bytes)) => Self::parse(&bytes).unwrap_or_default(),
            _ => Self::default(),
        }
    }

    /// What is known of a session, by its name or, for a legacy profile, its start URL.
    pub fn record(&self, session: &str) -> Record {
        self.records.get(session).cloned().unwrap_or_default()
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let document: Value = serde_json::from_slice(bytes).ok()?;
        if document.get("version")?.as_u64()? != 1 {
            return None;
        }
        let salt = document.get("salt")?.as_str()?.to_owned();
        let sessions = document.get("sessions")?.as_object()?;
        Some(Self {
            salt,
            records: sessions.iter().map(|(name, value)| (name.clone(), record(value))).collect(),
        })
    }

    fn to_text(&self) -> String {
        let sessions: Map<_, _> =
            self.records.iter().map(|(name, record)| (name.clone(), value(record))).collect();
        let document = serde_json::json!({"version": 1, "salt": self.salt, "sessions": sessions});
        format!("{document:#}\n")
    }

    /// What a look at a token tells, with its refresh token hashed.
    fn look(&self, token: &Token, issued_at: Moment, measured: Measured) -> Observation {
        let hash =
            |secret: &Secret| hex(&Sha256::digest(format!("{}\n{}", self.salt, secret.expose()))[..16]);
        Observation {
            refresh_token: token.refresh_token.as_ref().map(hash),
            issued_at,
            expires_at: token.expires_at,
            measured,
        }
    }
}

/// What happened to a session, with the token as it is in the file.
#[derive(Clone, Copy, Debug)]
pub enum Happened<'a> {
    /// A person logged in, by these tools, just now.
    LoggedIn(&'a Token),
    /// A renewal by these tools, just now.
    Renewed(&'a Token),
    /// The file was read; its modification time.
    Seen(&'a Token, Moment),
    /// There is no token.
    Absent,
    /// The service refused a renewal.
    Refused,
    /// A person logged out.
    LoggedOut,
}

/// Notes what happened to a session. The file is written only if that is news.
pub fn note(state_dir: &Path, session: &str, happened: Happened<'_>) -> anyhow::Result<()> {
    let now = time::now()?;
    // A look that tells nothing new takes no lock and writes nothing: this is the warm call.
    let known = SessionStore::read(state_dir);
    if !known.salt.is_empty() && known.after(session, happened, now) == known {
        return Ok(());
    }
    // Where no tool keeps a state, one look that finds nothing begins none.
    if known.salt.is_empty() && matches!(happened, Happened::Absent) && !state_dir.is_dir() {
        return Ok(());
    }
    let _lock = state_dir::lock(state_dir)?;
    let mut store = SessionStore::read(state_dir);
    if store.salt.is_empty() {
        store.salt = random::hex(16)?;
    }
    let mut store = store.after(session, happened, now);
    while store.records.len() > MOST {
        let oldest =
            store.records.iter().min_by_key(|(_, record)| record.expires_at).map(|(name, _)| name.clone());
        store.records.remove(&oldest.unwrap_or_default());
    }
    atomic_write::replace(&path(state_dir), store.to_text().as_bytes(), atomic_write::FileMode::Private)
}

impl SessionStore {
    fn after(&self, session: &str, happened: Happened<'_>, now: Moment) -> Self {
        let event = match happened {
            Happened::LoggedIn(token) => Event::LoggedIn(self.look(token, now, Measured::ByOneClock)),
            Happened::Renewed(token) => Event::Renewed(self.look(token, now, Measured::ByOneClock)),
            Happened::Seen(token, written) => {
                let is_past = written <= now + SLACK_OF_TWO_CLOCKS;
                let measured = if is_past { Measured::ByTwoClocks } else { Measured::Not };
                Event::Seen(self.look(token, written.min(now), measured), now)
            }
            Happened::Absent => Event::Absent(now),
            Happened::Refused => Event::Refused(now),
            Happened::LoggedOut => Event::LoggedOut(now),
        };
        let record = self.record(session).after(&event);
        let mut store = self.clone();
        store.records.insert(session.to_owned(), record);
        store
    }
}

fn value(record: &Record) -> Value {
    let mut object = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            object.insert(key.to_owned(), value);
        }
    };
    let moment = |moment: Option<Moment>| moment.map(|moment| time::format(moment).into());
    let seconds = |length: Option<TimeDelta>| length.map(|length| length.num_seconds().into());
    put("state", Some(record.state.word().into()));
    let starts: Vec<_> = record.starts.iter().map(|start| time::format(*start)).collect();
    put("starts", Some(starts.into()).filter(|_| !record.starts.is_empty()));
    put("seenLate", record.is_seen_late.then(|| true.into()));
    put("doubtful", record.is_doubtful.then(|| true.into()));
    put("lookedAt", moment(record.looked_at));
    put("refreshToken", record.refresh_token.clone().map(Into::into));
    put("issuedAt", moment(record.issued_at));
    put("expiresAt", moment(record.expires_at));
    put("tokenLifeSeconds", seconds(record.token_life));
    put("rotates", record.rotates.map(Into::into));
    put("endsAt", moment(record.ends_at));
    put("lengthSeconds", seconds(record.length));
    put("otherLengthSeconds", seconds(record.other_length));
    put("suspectedSeconds", seconds(record.suspected));
    Value::Object(object)
}

fn record(value: &Value) -> Record {
    let moment = |key: &str| value.get(key).and_then(Value::as_str).and_then(time::parse);
    // What no session and no token can have is somebody else's word.
    let seconds = |key: &str| {
        let length = value.get(key).and_then(Value::as_i64).and_then(TimeDelta::try_seconds);
        length.filter(|length| (TimeDelta::zero()..=LONGEST).contains(length))
    };
    let flag = |key: &str| value.get(key).and_then(Value::as_bool).unwrap_or_default();
    let starts = value.get("starts").and_then(Value::as_array).into_iter().flatten();
    Record {
        state: value.get("state").and_then(Value::as_str).and_then(SessionState::of_word).unwrap_or_default(),
        starts: starts.filter_map(Value::as_str).filter_map(time::parse).collect(),
        is_seen_late: flag("seenLate"),
        is_doubtful: flag("doubtful"),
        looked_at: moment("lookedAt"),
        refresh_token: value.get("refreshToken").and_then(Value::as_str).map(str::to_owned),
        issued_at: moment("issuedAt"),
        expires_at: moment("expiresAt"),
        token_life: seconds("tokenLifeSeconds"),
        rotates: value.get("rotates").and_then(Value::as_bool),
        ends_at: moment("endsAt"),
        length: seconds("lengthSeconds"),
        other_length: seconds("otherLengthSeconds"),
        suspected: seconds("suspectedSeconds"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let moment = |text| time::parse(text);
        let record = Record {
            state: SessionState::Running,
            starts: ["2026-11-21T08:00:00Z", "2026-11-21T08:30:00Z"].into_iter().filter_map(moment).collect(),
            is_seen_late: true,
            is_doubtful: true,
            looked_at: moment("2026-11-21T08:45:00Z"),
            refresh_token: Some("0f".to_owned()),
            issued_at: moment("2026-11-21T08:00:00Z"),
            expires_at: moment("2026-11-21T09:00:00Z"),
            token_life: Some(TimeDelta::hours(1)),
            rotates: Some(true),
            ends_at: moment("2026-11-21T16:00:00Z"),
            length: Some(TimeDelta::hours(8)),
            other_length: Some(TimeDelta::hours(12)),
            suspected: None,
        };
        let store = SessionStore { salt: "5a".to_owned(), records: [("corp".to_owned(), record)].into() };
        assert_eq!(SessionStore::parse(store.to_text().as_bytes()).unwrap(), store);
    }

    #[test]
    fn a_file_that_says_something_else_knows_nothing() {
        for text in ["", "[]", "{}", r#"{"version":2,"salt":"x","sessions":{}}"#, r#"{"version":1,"salt":5}"#]
        {
            assert!(SessionStore::parse(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn no_refresh_token_is_in_the_file() {
        let mut token = Token::new(
            Secret::from("access-canary".to_owned()),
            time::parse("2026-11-21T09:00:00Z").unwrap(),
        );
        token.refresh_token = Some(Secret::from("refresh-canary".to_owned()));
        let store = SessionStore { salt: "5a".to_owned(), ..SessionStore::default() };
        let text = store
            .after("corp", Happened::LoggedIn(&token), time::parse("2026-11-21T08:00:00Z").unwrap())
            .to_text();
        assert!(!text.contains("canary"), "{text}");
    }
}
