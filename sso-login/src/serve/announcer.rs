//! What the server says on standard output: a document when a session is missed, and one when it is back. With
//! `| sso-signal write` a container's request becomes a reminder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value};
use sso_tool::atomic_write::{self, Mode};
use sso_tool::safe_read::{self, Found};
use sso_tool::stream::{self, Document, Output};
use sso_tool::token_state::TokenState;

const FILE: &str = "missed.json";
const LARGEST: usize = 1 << 20;

/// Says each change once.
pub(crate) struct Announcer {
    file: PathBuf,
    inside: Mutex<Inside>,
}

struct Inside {
    /// Profiles whose session is missed, and which expiry it is. In a file: a session that comes back while no server
    /// runs must end its reminder, too.
    missed: BTreeMap<String, String>,
    failure: Option<anyhow::Error>,
}

impl Announcer {
    /// On standard output; what was missed before is in `dir`.
    pub(crate) fn stdout(dir: &Path) -> Self {
        let file = dir.join(FILE);
        let missed = match safe_read::read(&file, LARGEST) {
            Ok(Found::Bytes(bytes)) => stream::parse(&bytes, FILE).ok().map(|document| texts(&document)),
            _ => None,
        };
        let inside = Inside { missed: missed.unwrap_or_default(), failure: None };
        Self { file, inside: Mutex::new(inside) }
    }

    /// Writes a document that is about no session.
    pub(crate) fn say(&self, document: &Document) -> anyhow::Result<()> {
        let _order = self.inside();
        Output::stdout().document(document)
    }

    /// A session was looked at: its document goes out if it says something new.
    pub(crate) fn saw(&self, profile: &str, document: &Document) {
        let is_missed = document.get("loginRequired") == Some(&Value::Bool(true));
        let episode = document.get("episode").and_then(Value::as_str).unwrap_or(TokenState::Missing.word());
        let inside = &mut *self.inside();
        let known = inside.missed.get(profile).map(String::as_str);
        match (is_missed, known) {
            (true, Some(known)) if known == episode => return,
            (false, None) => return,
            (true, _) => drop(inside.missed.insert(profile.to_owned(), episode.to_owned())),
            (false, Some(_)) => drop(inside.missed.remove(profile)),
        }
        let all: Map<String, Value> =
            inside.missed.iter().map(|(name, episode)| (name.clone(), episode.as_str().into())).collect();
        let kept =
            atomic_write::replace(&self.file, format!("{}\n", Value::Object(all)).as_bytes(), Mode::Private);
        if let Err(err) = kept {
            sso_tool::exit::report(super::TOOL, &err);
        }
        if let Err(err) = Output::stdout().document(document) {
            inside.failure.get_or_insert(err);
        }
    }

    /// Profiles whose session is missed, and which expiry it is.
    pub(crate) fn missed(&self) -> BTreeMap<String, String> {
        self.inside().missed.clone()
    }

    /// Why nobody hears anything any more, if so.
    pub(crate) fn failure(&self) -> Option<anyhow::Error> {
        self.inside().failure.take()
    }

    fn inside(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn texts(document: &Document) -> BTreeMap<String, String> {
    document.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}
