//! Keys: a slug `<env>.<KEY>` points at a vault and a reference in it, never at a secret. Looking never logs in.

mod slug;
mod store;
mod vault;

use sso_signal::exit::{Exit, Fault};
use sso_signal::settings::Settings;
use sso_signal::wire::{Document, Output};

pub use slug::Slug;
use store::{Entry, Store};
use vault::State;
pub use vault::VaultName;

/// Stores where a key is found, or changes it. Status 78 if the vault has no such reference.
///
/// The document has what was there before as `previous`, for whoever wants to put it back.
pub fn set(slug: &Slug, vault: VaultName, reference: &str, settings: &Settings) -> anyhow::Result<Exit> {
    vault.adapter().check(reference, settings)?;
    let entry = Entry { vault, reference: reference.to_owned() };
    let mut document = described(slug, &entry);
    if let Some(previous) = Store::change(settings, |store| store.insert(slug, entry))? {
        let previous =
            Document::new().with("vault", previous.vault.as_str()).with("reference", previous.reference);
        document.set("previous", previous);
    }
    Output::stdout().document(&document)?;
    Ok(Exit::Done)
}

/// Prints a key with its value: for a profile its name, for a variable its content. Status 1 if it is absent, 77 if
/// it is locked, 78 if what it points at is gone.
pub fn show(slug: &Slug, settings: &Settings) -> anyhow::Result<Exit> {
    let mut output = Output::stdout();
    let Some(entry) = Store::load(settings)?.remove(slug) else {
        output.document(&Document::new().with("slug", slug.to_string()).with("state", "absent"))?;
        return Ok(Exit::No);
    };
    let state = entry.vault.adapter().look(&entry.reference, settings)?;
    let mut document = described(slug, &entry);
    add(&mut document, &state);
    if let State::Granted(value) = &state {
        document.set("value", value.expose());
    }
    output.document(&document)?;
    match state {
        State::Granted(_) => Ok(Exit::Done),
        State::Absent(_) => Ok(Exit::No),
        State::Locked { why, fix } => {
            let message = format!("key `{slug}` is locked: {why}");
            Err(Fault::new(Exit::LoginRequired, message).hint(fix).into())
        }
        State::Blocked(why) => {
            Err(Fault::new(Exit::Config, format!("key `{slug}` can't be used: {why}")).into())
        }
    }
}

/// Prints the keys, or those of one env, without any value of a variable.
pub fn list(env: Option<&str>, settings: &Settings) -> anyhow::Result<Exit> {
    let mut output = Output::stdout();
    for (slug, entry) in Store::load(settings)?.entries() {
        if env.is_some_and(|env| env != slug.env()) {
            continue;
        }
        let mut document = described(slug, entry);
        add(&mut document, &entry.vault.adapter().look(&entry.reference, settings)?);
        output.document(&document)?;
    }
    Ok(Exit::Done)
}

/// Forgets a key; what it points at stays. Status 1 if there is none.
pub fn remove(slug: &Slug, settings: &Settings) -> anyhow::Result<Exit> {
    let Some(entry) = Store::change(settings, |store| store.remove(slug))? else { return Ok(Exit::No) };
    Output::stdout().document(&described(slug, &entry).with("removed", true))?;
    Ok(Exit::Done)
}

fn described(slug: &Slug, entry: &Entry) -> Document {
    let mut document = Document::new();
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

fn add(document: &mut Document, state: &State) {
    document.set("state", state.name());
    match state {
        State::Granted(_) => {}
        State::Absent(why) | State::Blocked(why) => document.set("reason", why.as_str()),
        State::Locked { why, fix } => {
            document.set("reason", why.as_str());
            document.set("fix", fix.as_str());
        }
    }
}
