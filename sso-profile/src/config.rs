//! The AWS config as botocore builds it from its two files: `load_config`, `build_profile_map` and
//! the per-key merge of the credentials file (AWS-FORMATS 7).

use std::borrow::{Borrow, Cow};

use indexmap::IndexMap;

use crate::ini::words;
use crate::ini::{DEFAULTS, Ini, Property, Refusal, Section, Value};

/// Keys of a section in the order of the file, lower-cased; those of `[DEFAULT]` come last.
///
/// A list: a section has a handful, and there may be ten thousands of sections, where a hash table for each would be
/// most of the memory and most of the time.
#[derive(Debug, Default, Clone)]
pub struct Keys(Vec<(Cow<'static, str>, Value)>);

/// Names that most sections have: one copy of each will do.
const KNOWN: [&str; 12] = [
    "sso_session",
    "sso_account_id",
    "sso_role_name",
    "region",
    "sso_start_url",
    "sso_region",
    "sso_registration_scopes",
    "output",
    "role_arn",
    "source_profile",
    "credential_process",
    "aws_access_key_id",
];

impl Keys {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.iter().find_map(|(known, value)| (known == key).then_some(value))
    }

    /// Whether a key is there.
    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), value))
    }

    /// The names alone.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(key, _)| key)
    }

    /// Sets a key: in place if it is there, else as the last one.
    fn insert(&mut self, key: &str, value: Value) {
        match self.0.iter_mut().find(|(known, _)| known == key) {
            Some((_, old)) => *old = value,
            None => self.push(key, value),
        }
    }

    /// Adds a key that isn't there.
    fn push(&mut self, key: &str, value: Value) {
        let name = KNOWN.into_iter().find(|known| *known == key);
        self.0.push((name.map_or_else(|| Cow::Owned(key.to_owned()), Cow::Borrowed), value));
    }
}

/// Two sections say the same if they have the same keys, in whatever order.
impl PartialEq for Keys {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.iter().all(|(key, value)| other.get(key) == Some(value))
    }
}

impl Eq for Keys {}

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
        Self::out_of(Ini::parse(text)?)
    }

    /// Sorts the sections of a parsed config file. Of two sections for one name the later one counts, whole.
    pub fn of(ini: &Ini<'_>) -> Result<Self, Refusal> {
        Self::sorted(&ini.sections, ini.sections.iter())
    }

    /// The same, where nobody needs the parsed file any more: each section makes room for what becomes of it.
    pub fn out_of(ini: Ini<'_>) -> Result<Self, Refusal> {
        let Ini { sections, lines } = ini;
        drop(lines);
        let (defaults, own): (Vec<_>, Vec<_>) = if sections.iter().any(|section| section.header == DEFAULTS) {
            sections.into_iter().partition(|section| section.header == DEFAULTS)
        } else {
            (Vec::new(), sections)
        };
        Self::sorted(&defaults, own.into_iter())
    }

    /// `all` has at least every `[DEFAULT]`.
    fn sorted<'t, S: Borrow<Section<'t>>>(
        all: &[Section<'t>],
        sections: impl Iterator<Item = S>,
    ) -> Result<Self, Refusal> {
        let mut content = Self { defaults: defaults(all), ..Self::default() };
        for section in each(all, sections) {
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
    each(&ini.sections, ini.sections.iter())
        .map(|section| section.map(|(header, keys)| (header.to_owned(), keys)))
        .collect()
}

/// Each section but `[DEFAULT]` with its own and its inherited keys.
fn each<'t, S: Borrow<Section<'t>>>(
    all: &[Section<'t>],
    sections: impl Iterator<Item = S>,
) -> impl Iterator<Item = Result<(&'t str, Keys), Refusal>> {
    // A block that can't be read is an error only for a section that uses it.
    let inherited: Vec<_> = (all.iter().filter(|section| section.header == DEFAULTS))
        .flat_map(|section| &section.entries)
        .map(|entry| (entry.key.as_ref().to_owned(), entry.value()))
        .collect();
    sections.filter(|section| section.borrow().header != DEFAULTS).map(move |section| {
        let section = section.borrow();
        let mut keys = own_keys(&section.entries)?;
        for (key, value) in &inherited {
            if !keys.contains_key(key) {
                keys.push(key, value.clone()?);
            }
        }
        Ok((section.header, keys))
    })
}

/// The keys of `[DEFAULT]` that have a value; a block that can't be read counts only for who uses it.
fn defaults(sections: &[Section<'_>]) -> Keys {
    let mut keys = Keys::default();
    for entry in
        sections.iter().filter(|section| section.header == DEFAULTS).flat_map(|section| &section.entries)
    {
        if let Ok(value) = entry.value() {
            keys.insert(entry.key.as_ref(), value);
        }
    }
    keys
}

/// No key is there twice: botocore refuses such a file, and so does [`Ini::parse`].
fn own_keys(entries: &[Property<'_>]) -> Result<Keys, Refusal> {
    let mut keys = Keys(Vec::with_capacity(entries.len()));
    for entry in entries {
        keys.push(entry.key.as_ref(), entry.value()?);
    }
    Ok(keys)
}
