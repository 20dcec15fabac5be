//! `keys.json` in the state directory: slug to vault and reference.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;
use sso_signal::exit::{Exit, Fault};
use sso_signal::replace::{Mode, replace};
use sso_signal::settings::Settings;
use sso_signal::state;
use sso_signal::untrusted::{self, Found};
use sso_signal::wire::{self, Document};

use super::slug::Slug;
use super::vault::VaultName;

const VERSION: i64 = 1;

/// Where one key is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) vault: VaultName,
    pub(super) reference: String,
}

/// All keys, by slug.
#[derive(Debug, Default)]
pub(super) struct Store(BTreeMap<Slug, Entry>);

impl Store {
    /// The keys as they are; none if there is no file. Status 65 if it isn't ours or is newer than we are.
    pub(super) fn load(settings: &Settings) -> anyhow::Result<Self> {
        Self::read(&path(settings)?)
    }

    /// Changes the keys under the state directory's lock, so that concurrent changes lose none.
    pub(super) fn change<T>(
        settings: &Settings,
        change: impl FnOnce(&mut Self) -> Option<T>,
    ) -> anyhow::Result<Option<T>> {
        let path = path(settings)?;
        let _lock = state::lock(&settings.state_dir()?)?;
        let mut store = Self::read(&path)?;
        let before = store.0.clone();
        let answer = change(&mut store);
        if store.0.is_empty() && !before.is_empty() {
            // As it was before the first key.
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        } else if store.0 != before {
            replace(&path, &store.bytes(), Mode::Private)?;
        }
        Ok(answer)
    }

    pub(super) fn insert(&mut self, slug: &Slug, entry: Entry) -> Option<Entry> {
        self.0.insert(slug.clone(), entry)
    }

    pub(super) fn remove(&mut self, slug: &Slug) -> Option<Entry> {
        self.0.remove(slug)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&Slug, &Entry)> {
        self.0.iter()
    }

    fn read(path: &Path) -> anyhow::Result<Self> {
        let name = path.display().to_string();
        let found = untrusted::read(path, wire::LARGEST).with_context(|| format!("cannot read {name}"))?;
        let bytes = match found {
            Found::Missing => return Ok(Self::default()),
            Found::Bad(why) => return Err(bad(&name, why)),
            Found::Bytes(bytes) => bytes,
        };
        let document = wire::parse(&bytes, &name)?;
        if document.whole("version")? != Some(VERSION) {
            return Err(bad(&name, "is of another version than 1"));
        }
        let Some(Value::Object(keys)) = document.get("keys") else {
            return Err(bad(&name, "has no `keys`"));
        };
        let read = |(slug, value): (&String, &Value)| {
            let slug: Slug = slug.parse().ok()?;
            let vault = value.get("vault")?.as_str()?.parse().ok()?;
            let reference = value.get("reference")?.as_str()?.to_owned();
            Some((slug, Entry { vault, reference }))
        };
        let keys: Option<_> = keys.iter().map(read).collect();
        keys.map(Self).ok_or_else(|| bad(&name, "has an entry that is no key"))
    }

    fn bytes(&self) -> Vec<u8> {
        let mut keys = Document::new();
        for (slug, Entry { vault, reference }) in &self.0 {
            let entry = Document::new().with("vault", vault.as_str()).with("reference", reference.as_str());
            keys.set(&slug.to_string(), entry);
        }
        let document = Value::from(Document::new().with("version", VERSION).with("keys", keys));
        format!("{document:#}\n").into_bytes()
    }
}

fn path(settings: &Settings) -> anyhow::Result<PathBuf> {
    Ok(settings.state_dir()?.join("keys.json"))
}

fn bad(name: &str, why: &str) -> anyhow::Error {
    Fault::new(Exit::Data, format!("{name} {why}")).into()
}
