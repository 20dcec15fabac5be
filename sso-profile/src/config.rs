//! The AWS config as botocore builds it from its two files: `load_config`, `build_profile_map` and
//! the per-key merge of the credentials file (AWS-FORMATS 7).

use indexmap::IndexMap;

use crate::ini::words;
use crate::ini::{DEFAULTS, Entry, Ini, Refusal, Section, Value};

/// Keys of a section in the order of the file, lower-cased; those of `[DEFAULT]` come last.
pub type Keys = IndexMap<String, Value>;

/// Sections by name, in the order of the file.
pub type Named = IndexMap<String, Keys>;

/// What a config file says, by kind of section.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Content {
    /// `[profile NAME]` and `[default]`.
    pub profiles: Named,
    /// `[sso-session NAME]`.
    pub sessions: Named,
    /// `[services NAME]`.
    pub services: Named,
    /// Sections of any other name, such as `[plugins]`.
    pub others: Named,
    /// `[DEFAULT]`, which all of the above have inherited already.
    pub defaults: Keys,
}

/// What a section's header makes of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Role {
    /// A profile of this name.
    Profile(String),
    /// An SSO session of this name.
    Session(String),
    /// Endpoints and the like, of this name.
    Services(String),
    /// `[DEFAULT]`: inherited by all.
    Defaults,
    /// Begins like one of the above and is not two words: dropped without a sound.
    Dropped,
    /// Something else.
    Other,
}

impl Role {
    /// botocore tests the beginning of the header only, so `[profiles x]` is a profile too.
    pub fn of(header: &str) -> Self {
        let named = |role: fn(String) -> Self| words::section_name(header).map_or(Self::Dropped, role);
        if header.starts_with("profile") {
            named(Self::Profile)
        } else if header.starts_with("sso-session") {
            named(Self::Session)
        } else if header.starts_with("services") {
            named(Self::Services)
        } else if header == "default" {
            Self::Profile(header.to_owned())
        } else if header == DEFAULTS {
            Self::Defaults
        } else {
            Self::Other
        }
    }
}

impl Content {
    /// Reads the text of a config file.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        Self::of(&Ini::parse(text)?)
    }

    /// Sorts the sections of a parsed config file. Of two sections for one name the later one counts, whole.
    pub fn of(ini: &Ini<'_>) -> Result<Self, Refusal> {
        let mut content = Self { defaults: defaults(ini), ..Self::default() };
        for section in sections(ini) {
            let (header, keys) = section?;
            match Role::of(header) {
                Role::Profile(name) => content.profiles.insert(name, keys),
                Role::Session(name) => content.sessions.insert(name, keys),
                Role::Services(name) => content.services.insert(name, keys),
                Role::Other => content.others.insert(header.to_owned(), keys),
                Role::Defaults | Role::Dropped => None,
            };
        }
        Ok(content)
    }
}

/// Reads the text of a credentials file: every section is a profile of that very name.
pub fn parse_credentials(text: &str) -> Result<Named, Refusal> {
    let ini = Ini::parse(text)?;
    sections(&ini).map(|section| section.map(|(header, keys)| (header.to_owned(), keys))).collect()
}

/// Each section but `[DEFAULT]` with its own and its inherited keys.
fn sections<'i>(ini: &'i Ini<'i>) -> impl Iterator<Item = Result<(&'i str, Keys), Refusal>> {
    let (defaults, own): (Vec<&Section<'_>>, Vec<_>) =
        ini.sections.iter().partition(|section| section.header == DEFAULTS);
    // A block that can't be read is an error only for a section that uses it.
    let inherited: Vec<_> = (defaults.into_iter().flat_map(|section| &section.entries))
        .map(|entry| (entry.key.as_ref(), entry.value()))
        .collect();
    own.into_iter().map(move |section| {
        let mut keys = own_keys(&section.entries)?;
        for (key, value) in &inherited {
            if !keys.contains_key(*key) {
                keys.insert((*key).to_owned(), value.clone()?);
            }
        }
        Ok((section.header, keys))
    })
}

/// The keys of `[DEFAULT]` that have a value; a block that can't be read counts only for who uses it.
fn defaults(ini: &Ini<'_>) -> Keys {
    let entries =
        ini.sections.iter().filter(|section| section.header == DEFAULTS).flat_map(|section| &section.entries);
    entries.filter_map(|entry| Some((entry.key.as_ref().to_owned(), entry.value().ok()?))).collect()
}

fn own_keys(entries: &[Entry<'_>]) -> Result<Keys, Refusal> {
    entries.iter().map(|entry| Ok((entry.key.as_ref().to_owned(), entry.value()?))).collect()
}
