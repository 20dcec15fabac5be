//! The sign-ins that hold, in a file: a token is good while its sign-in is there, so that one that was ended stays so after
//! a restart. There is nothing of AWS's in it but a time.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Context as _;
use serde_json::{Map, Value, json};
use sso_tool::atomic_write::{self, FileMode};
use sso_tool::quarantine;
use sso_tool::safe_read::{self, Found};
use sso_tool::state_dir;
use sso_tool::stream::{self, Document};
use sso_tool::time::{self, Moment};

use super::super::locked::locked;
use super::super::log;

const FILE: &str = "sign-ins.json";
const LARGEST: usize = 4 << 20;
/// The most that are remembered: each is a token that somebody holds.
const MOST: usize = 10_000;

/// All of them.
pub(crate) struct SignIns {
    dir: PathBuf,
    known: Mutex<Known>,
}

/// As the file had them when this process last looked.
#[derive(Default)]
struct Known {
    all: BTreeMap<String, SignIn>,
    stamp: Option<Stamp>,
    /// Sign-ins that were ended here and may still be in the file, since it couldn't be written.
    ended: BTreeSet<String>,
}

/// Which content of the file it is: each is a file of its own.
type Stamp = (u64, i64, i64, u64);

/// A sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SignIn {
    /// When the AWS credentials behind it end; `None` for the server's own keys, which don't say.
    pub(crate) until: Option<Moment>,
    /// When its last token ends: then nothing can come of it any more.
    pub(crate) last: Moment,
}

impl SignIns {
    /// The sign-ins of the file in `dir`.
    pub(crate) fn of(dir: &Path, now: Moment) -> anyhow::Result<Self> {
        let sign_ins = Self { dir: dir.to_owned(), known: Mutex::default() };
        let held = state_dir::lock(dir)?;
        let found = sign_ins.read(now)?;
        let stamp = sign_ins.stamp();
        drop(held);
        *locked(&sign_ins.known) = Known { all: found, stamp, ended: BTreeSet::new() };
        Ok(sign_ins)
    }

    /// The sign-in of a token; `None` if there is none, or none any more. Another server of the same user may have ended it: the
    /// file is read anew when it is another one.
    pub(crate) fn get(&self, id: &str) -> Option<SignIn> {
        let mut known = locked(&self.known);
        let stamp = self.stamp();
        if stamp != known.stamp {
            let found = match safe_read::read(&self.dir.join(FILE), LARGEST) {
                Ok(Found::Bytes(bytes)) => parse(&bytes),
                Ok(Found::Missing) => Some(BTreeMap::new()),
                _ => None,
            };
            // One that can't be read or isn't whole changes nothing; the next change of it says so.
            if let Some(found) = found {
                known.all = found;
                known.stamp = stamp;
            }
        }
        known.all.get(id).copied().filter(|_| !known.ended.contains(id))
    }

    fn stamp(&self) -> Option<Stamp> {
        let found = self.dir.join(FILE).symlink_metadata().ok()?;
        Some((found.ino(), found.mtime(), found.mtime_nsec(), found.len()))
    }

    /// Adds one, or prolongs it. False if there are too many.
    pub(crate) fn keep(&self, id: &str, sign_in: SignIn, now: Moment) -> anyhow::Result<bool> {
        self.change(now, |all| {
            let has_room = all.len() < MOST || all.contains_key(id);
            if has_room {
                all.insert(id.to_owned(), sign_in);
            }
            has_room
        })
    }

    /// Prolongs one that is still there. False if it was ended meanwhile.
    pub(crate) fn prolong(&self, id: &str, last: Moment, now: Moment) -> anyhow::Result<bool> {
        self.change(now, |all| match all.get_mut(id) {
            Some(sign_in) => {
                sign_in.last = sign_in.last.max(last);
                true
            }
            None => false,
        })
    }

    /// Ends one: none of its tokens is good from here on, also if the file can't be written; after a restart they would be.
    pub(crate) fn end(&self, id: &str, now: Moment) -> anyhow::Result<()> {
        locked(&self.known).ended.insert(id.to_owned());
        self.change(now, |all| {
            all.remove(id);
        })
    }

    /// Changes the file: other servers of the same user have theirs there, too.
    fn change<T>(
        &self,
        now: Moment,
        change: impl FnOnce(&mut BTreeMap<String, SignIn>) -> T,
    ) -> anyhow::Result<T> {
        let _held = state_dir::lock(&self.dir)?;
        let mut all = self.read(now)?;
        {
            let known = locked(&self.known);
            all.retain(|id, sign_in| now < sign_in.last && !known.ended.contains(id));
        }
        let answer = change(&mut all);
        let object: Map<String, Value> =
            all.iter().map(|(id, sign_in)| (id.clone(), sign_in.value())).collect();
        let text = format!("{}\n", Value::Object(object));
        atomic_write::replace(&self.dir.join(FILE), text.as_bytes(), FileMode::Private)?;
        let mut known = locked(&self.known);
        known.ended.retain(|id| all.contains_key(id));
        known.all = all;
        known.stamp = self.stamp();
        Ok(answer)
    }

    /// What the file has. One that isn't whole says of nobody that the sign-in holds: everybody signs in again.
    fn read(&self, now: Moment) -> anyhow::Result<BTreeMap<String, SignIn>> {
        let path = self.dir.join(FILE);
        let found =
            safe_read::read(&path, LARGEST).with_context(|| format!("cannot read {}", path.display()))?;
        let all = match found {
            Found::Missing => return Ok(BTreeMap::new()),
            Found::Bytes(bytes) => parse(&bytes),
            Found::Bad(_) => None,
        };
        match all {
            Some(all) => Ok(all),
            None => {
                log::line(&format!("{} is incomplete; everybody must sign in again", path.display()));
                quarantine::quarantine(self.dir.parent().unwrap_or(&self.dir), &path, now)?;
                Ok(BTreeMap::new())
            }
        }
    }
}

fn parse(bytes: &[u8]) -> Option<BTreeMap<String, SignIn>> {
    let all = stream::parse(bytes, FILE).ok()?;
    all.iter().map(|(id, value)| Some((id.clone(), SignIn::of(value)?))).collect()
}

impl SignIn {
    fn value(&self) -> Value {
        json!({"until": self.until.map(time::format), "last": time::format(self.last)})
    }

    fn of(value: &Value) -> Option<Self> {
        let Value::Object(map) = value else { return None };
        let document = Document::from(map.clone());
        let until = match document.text("until").ok()? {
            Some(text) => Some(time::parse(text)?),
            None => None,
        };
        Some(Self { until, last: time::parse(document.text("last").ok()??)? })
    }
}
