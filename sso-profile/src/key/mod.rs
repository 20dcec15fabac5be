//! Keys: a slug `<env>.<KEY>` points at a vault and a reference in it, never at a secret. Looking never logs in.

pub(crate) mod facts;
pub(crate) mod selection;
mod slug;
pub(crate) mod store;
pub(crate) mod vault;

use std::collections::BTreeMap;

use sso_tool::exit::{Exit, Fault};
use sso_tool::settings::Settings;
use sso_tool::stream::Document;

use facts::Facts;
pub use slug::Slug;
use store::{Store, StoredKey};
pub use vault::VaultName;
use vault::{KeyState, VaultAnswer};

/// Which of two places a key is kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A key.
    Kept,
    /// A key on trial, which a proof uses that may fail: nobody else sees it.
    OnTrial,
}

impl Standing {
    pub(crate) fn of_trial(is_on_trial: bool) -> Self {
        if is_on_trial { Self::OnTrial } else { Self::Kept }
    }
}

/// Stores where a key is found, or changes it, and answers its document. Status 78 if the vault can't have such a reference.
///
/// The document has what was there before as `previous`.
pub fn set(
    slug: &Slug,
    vault: VaultName,
    reference: &str,
    standing: Standing,
    settings: &Settings,
) -> anyhow::Result<Document> {
    vault.adapter().check(reference, &mut Facts::new(settings))?;
    let entry = StoredKey { vault, reference: reference.to_owned() };
    let mut document = described(slug, &entry);
    let previous = Store::change(settings, |store| match standing {
        Standing::Kept => store.insert(slug, entry),
        Standing::OnTrial => store.try_out(slug, entry),
    })?;
    if let Some(previous) = previous {
        let previous =
            Document::new().with("vault", previous.vault.as_str()).with("reference", previous.reference);
        document.set("previous", previous);
    }
    Ok(document)
}

/// Whether there is such a key, on trial or not.
pub fn is_kept(slug: &Slug, settings: &Settings) -> anyhow::Result<bool> {
    Ok(Store::load(settings)?.remove(slug).is_some())
}

/// Ends the trial of a key; what it was before it still is.
pub fn end_trial(slug: &Slug, settings: &Settings) -> anyhow::Result<()> {
    Store::change(settings, |store| store.remove_trial(slug)).map(drop)
}

/// What a look at a key finds.
#[derive(Debug)]
pub struct KeyReading {
    /// The key's document, with its value: for a profile its name, for a variable its content.
    pub document: Document,
    /// Status 1 if the key is absent, 77 if it is locked, 78 if what it points at is gone.
    pub end: Result<Exit, Fault>,
}

/// Looks at a key. Never logs in.
pub fn look(slug: &Slug, standing: Standing, settings: &Settings) -> anyhow::Result<KeyReading> {
    let mut store = Store::load(settings)?;
    let entry = match standing {
        Standing::Kept => store.remove(slug),
        Standing::OnTrial => store.remove_trial(slug),
    };
    let Some(entry) = entry else {
        let document = Document::new().with("slug", slug.to_string()).with("state", "absent");
        return Ok(KeyReading { document, end: Ok(Exit::No) });
    };
    let seen = entry.vault.adapter().look(&entry.reference, &mut Facts::new(settings))?;
    let mut document = seen_as(slug, &entry, &seen);
    if let KeyState::Granted { value, .. } = &seen.state {
        document.set("value", value.expose());
    }
    let end = match seen.state {
        KeyState::Granted { .. } => Ok(Exit::Done),
        KeyState::Absent(_) => Ok(Exit::No),
        KeyState::Locked { why, fix } => {
            Err(Fault::new(Exit::LoginRequired, format!("key `{slug}` is locked: {why}")).hint(fix))
        }
        KeyState::Blocked(why) => Err(Fault::new(Exit::Config, format!("key `{slug}` can't be used: {why}"))
            .hint(fix_of_blocked(slug, entry.vault))),
    };
    Ok(KeyReading { document, end })
}

/// Forgets a key, and answers its document; what it points at stays. `None` if there is none.
pub fn remove(slug: &Slug, settings: &Settings) -> anyhow::Result<Option<Document>> {
    let removed = Store::change(settings, |store| store.remove(slug))?;
    Ok(removed.map(|entry| described(slug, &entry).with("removed", true)))
}

/// The keys that point at profiles, by profile. None if `keys.json` can't be read: whoever asks has another errand.
pub(crate) fn by_profile(settings: &Settings) -> BTreeMap<String, Vec<String>> {
    let mut keys: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let Ok(store) = Store::load(settings) else { return keys };
    for (slug, entry) in store.entries().filter(|(_, entry)| entry.vault != VaultName::Env) {
        keys.entry(entry.reference.clone()).or_default().push(slug.to_string());
    }
    keys
}

/// The warning about such a key when its profile goes.
pub(crate) fn points_at(key: &str, profile: &str) -> String {
    format!("key `{key}` points at profile `{profile}`: sso-profile key list --text")
}

fn described(slug: &Slug, entry: &StoredKey) -> Document {
    describe(Document::new(), slug, entry)
}

fn describe(mut document: Document, slug: &Slug, entry: &StoredKey) -> Document {
    if entry.vault != VaultName::Env {
        document.set("profile", entry.reference.as_str());
    }
    document
        .with("slug", slug.to_string())
        .with("env", slug.env())
        .with("key", slug.key())
        .with("vault", entry.vault.as_str())
        .with("reference", entry.reference.as_str())
}

/// A key's document without any value: what its profile says, what it is, how it stands and what helps.
pub(crate) fn seen_as(slug: &Slug, entry: &StoredKey, seen: &VaultAnswer) -> Document {
    let mut document = describe(seen.about.clone(), slug, entry).with("state", seen.state.name());
    match &seen.state {
        KeyState::Granted { until, .. } => {
            if let Some(until) = until {
                document.set("expiresAt", until.as_str());
            }
        }
        KeyState::Absent(why) => document.set("reason", why.as_str()),
        KeyState::Blocked(why) => {
            document.set("reason", why.as_str());
            document.set("fix", fix_of_blocked(slug, entry.vault));
        }
        KeyState::Locked { why, fix } => {
            document.set("reason", why.as_str());
            document.set("fix", fix.as_str());
        }
    }
    document
}

fn fix_of_blocked(slug: &Slug, vault: VaultName) -> String {
    let (env, key, vault) = (slug.env(), slug.key(), vault.as_str());
    format!("sso-profile key set --env {env} --key {key} --vault {vault} REFERENCE (or key remove)")
}
