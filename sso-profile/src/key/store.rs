//! `keys.json` in the state directory: slug to vault and reference.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;
use sso_tool::atomic_write::{FileMode, remove_for_good, replace};
use sso_tool::exit::{Exit, Fault};
use sso_tool::safe_read::{self, Found};
use sso_tool::settings::Settings;
use sso_tool::state_dir;
use sso_tool::stream::{self, Document};

use super::slug::Slug;
use super::vault::VaultName;

const VERSION: i64 = 1;

/// Where one key is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredKey {
    pub(crate) vault: VaultName,
    pub(crate) reference: String,
}

/// All keys by slug, and those on trial: what a proof that may fail or be killed uses stands for no key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Store {
    keys: Entries,
    trials: Entries,
}

type Entries = BTreeMap<Slug, StoredKey>;

impl Store {
    /// The keys as they are; none if there is no file. Status 65 if it isn't ours or is newer than we are.
    pub(crate) fn load(settings: &Settings) -> anyhow::Result<Self> {
        Self::read(&path(settings)?)
    }

    /// Changes the keys under the state directory's lock, so that concurrent changes lose none.
    pub(crate) fn change<T>(
        settings: &Settings,
        change: impl FnOnce(&mut Self) -> Option<T>,
    ) -> anyhow::Result<Option<T>> {
        let path = path(settings)?;
        let _lock = state_dir::lock(&settings.state_dir()?)?;
        let mut store = Self::read(&path)?;
        let before = store.clone();
        let answer = change(&mut store);
        if store == Self::default() && before != store {
            // As it was before the first key.
            remove_for_good(&path)?;
        } else if store != before {
            let bytes = store.bytes();
            if bytes.len() > stream::LARGEST {
                // What can't be read back would cost all the others.
                return Err(bad(&path.display().to_string(), "would be over 1 MiB: too many keys"));
            }
            replace(&path, &bytes, FileMode::Private)?;
        }
        Ok(answer)
    }

    /// Makes a reference a key; a trial of it has ended. Answers what the key was before.
    pub(crate) fn insert(&mut self, slug: &Slug, entry: StoredKey) -> Option<StoredKey> {
        self.trials.remove(slug);
        self.keys.insert(slug.clone(), entry)
    }

    /// Puts a key on trial. Answers what is on trial there already.
    pub(crate) fn try_out(&mut self, slug: &Slug, entry: StoredKey) -> Option<StoredKey> {
        self.trials.insert(slug.clone(), entry)
    }

    pub(crate) fn remove(&mut self, slug: &Slug) -> Option<StoredKey> {
        self.keys.remove(slug)
    }

    pub(crate) fn remove_trial(&mut self, slug: &Slug) -> Option<StoredKey> {
        self.trials.remove(slug)
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (&Slug, &StoredKey)> {
        self.keys.iter()
    }

    fn read(path: &Path) -> anyhow::Result<Self> {
        let name = path.display().to_string();
        let found = safe_read::read(path, stream::LARGEST).with_context(|| format!("cannot read {name}"))?;
        let bytes = match found {
            Found::Missing => return Ok(Self::default()),
            Found::Bad(why) => return Err(bad(&name, why)),
            Found::Bytes(bytes) => bytes,
        };
        let document = stream::parse(&bytes, &name)?;
        if document.whole("version").with_context(|| name.clone())? != Some(VERSION) {
            return Err(bad(&name, "is of another version than 1"));
        }
        let entries = |key: &str| document.get(key).map(|value| entries(value, &name)).transpose();
        let keys = entries("keys")?.ok_or_else(|| bad(&name, "has no `keys`"))?;
        Ok(Self { keys, trials: entries("trials")?.unwrap_or_default() })
    }

    fn bytes(&self) -> Vec<u8> {
        let mut document = Document::new().with("version", VERSION).with("keys", documents(&self.keys));
        if !self.trials.is_empty() {
            document.set("trials", documents(&self.trials));
        }
        format!("{:#}\n", Value::from(document)).into_bytes()
    }
}

fn entries(value: &Value, name: &str) -> anyhow::Result<Entries> {
    let Value::Object(entries) = value else { return Err(bad(name, "has no `keys`")) };
    let read = |(slug, value): (&String, &Value)| {
        let slug: Slug = slug.parse().ok()?;
        let vault = value.get("vault")?.as_str()?.parse().ok()?;
        let reference = value.get("reference")?.as_str()?.to_owned();
        Some((slug, StoredKey { vault, reference }))
    };
    let entries: Option<_> = entries.iter().map(read).collect();
    entries.ok_or_else(|| bad(name, "has an entry that isn't a key"))
}

fn documents(entries: &Entries) -> Document {
    let mut documents = Document::new();
    for (slug, StoredKey { vault, reference }) in entries {
        let entry = Document::new().with("vault", vault.as_str()).with("reference", reference.as_str());
        documents.set(&slug.to_string(), entry);
    }
    documents
}

fn path(settings: &Settings) -> anyhow::Result<PathBuf> {
    Ok(settings.state_dir()?.join("keys.json"))
}

fn bad(name: &str, why: &str) -> anyhow::Error {
    Fault::new(Exit::Data, format!("{name} {why}")).into()
}
