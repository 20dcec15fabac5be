//! Which keys are asked about.

use std::collections::BTreeSet;

use sso_tool::exit::{Exit, Fault};

use super::slug::Slug;
use super::store::{Store, StoredKey};
use super::vault::VaultName;

/// All keys, or those of one env, of one vault, or of both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeySelection {
    /// Only those of this env.
    pub(crate) env: Option<String>,
    /// Only those of this vault.
    pub(crate) vault: Option<VaultName>,
}

impl KeySelection {
    /// The keys of a store that are asked about, by slug.
    pub(crate) fn of<'s>(&'s self, store: &'s Store) -> impl Iterator<Item = (&'s Slug, &'s StoredKey)> {
        store.entries().filter(|(slug, entry)| {
            self.env.as_deref().is_none_or(|env| env == slug.env())
                && self.vault.is_none_or(|vault| vault == entry.vault)
        })
    }

    /// Why there is no answer, if no key is asked about: an env of no key is a typo, and no yes.
    pub(crate) fn nothing(&self, store: &Store) -> Fault {
        let envs: BTreeSet<_> = store.entries().map(|(slug, _)| slug.env()).collect();
        if envs.is_empty() {
            return Fault::new(Exit::Config, "there are no keys yet").hint("sso-profile key set --help");
        }
        let vault = self.vault.map(|vault| format!(" of vault {}", vault.as_str())).unwrap_or_default();
        let env = self.env.as_ref().map(|env| format!(" in env `{env}`")).unwrap_or_default();
        let envs = envs.into_iter().collect::<Vec<_>>().join(", ");
        Fault::new(Exit::Config, format!("there is no key{vault}{env}"))
            .hint(format!("there are keys in {envs}: sso-profile key list --text"))
    }
}
