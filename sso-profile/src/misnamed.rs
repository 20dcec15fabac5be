//! Headers that are meant for a profile or an sso-session and that no reader takes for one: `[profile corp dev]`, `[corp]`.

use crate::config::Role;
use crate::ini::Ini;
use crate::ini::words::quote;

/// A section that nobody reads as what it is meant to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Misnamed {
    /// `profile` or `sso-session`.
    kind: &'static str,
    /// The name that is meant.
    name: String,
    /// The header's line, from 1.
    line: usize,
    header: String,
}

impl Misnamed {
    /// All of a file.
    pub(crate) fn of(ini: &Ini<'_>) -> Vec<Self> {
        let misnamed = |header: &str| match Role::of(header) {
            Role::Dropped => ["profile", "sso-session"].into_iter().find_map(|kind| {
                let name = header.strip_prefix(kind)?.trim().trim_matches(['\'', '"']);
                (!name.is_empty()).then(|| (kind, name.to_owned()))
            }),
            // In the credentials file a profile is called so; in the config it is a section of a plug-in.
            Role::Other => Some(("profile", header.trim().to_owned())),
            _ => None,
        };
        let of = |section: &crate::ini::Section<'_>| {
            let (kind, name) = misnamed(section.header)?;
            Some(Self { kind, name, line: section.line + 1, header: section.header.to_owned() })
        };
        ini.sections.iter().filter_map(of).collect()
    }

    /// How the section that is meant by a name must be written, if there is one.
    pub(crate) fn remedy(all: &[Self], kind: &str, name: &str) -> Option<String> {
        let found = all.iter().find(|misnamed| misnamed.kind == kind && misnamed.name == name)?;
        let Self { line, header, .. } = found;
        Some(format!("line {line} is [{header}], which no reader accepts: write [{kind} {}]", quote(name)))
    }
}
