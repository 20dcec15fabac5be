//! The comment line by which profiles that `write --all` wrote are known again.
//!
//! The mark stands directly below the header, at column 0, where every SDK skips it (AWS-FORMATS 7), edits by the
//! AWS CLI leave it, and it moves and goes with its section. It says which profile it was written for, and what
//! that was to be: a section that was copied, renamed or turned to another role by hand doesn't match its mark
//! any more, and is its owner's from then on.

use std::collections::HashSet;

use crate::config::{Content, Keys, Role};
use crate::ini::Value;
use crate::ini::source_text::Source;

const BEGINNING: &str = "# written by sso-profile write --all: ";

/// The mark of a profile.
pub(crate) fn mark(name: &str, session: &str, account_id: &str, role_name: &str) -> String {
    format!("{BEGINNING}{name} is {role_name} in {account_id} by {session}")
}

/// Whether a line is a mark, of whatever profile.
pub(crate) fn is_mark(line: &str) -> bool {
    line.starts_with(BEGINNING)
}

/// The names of the profiles that are as they were written: their mark says what their keys say.
pub(crate) fn marked(source: &Source<'_>, content: &Content) -> HashSet<String> {
    let sections = source.ini.sections.iter().filter_map(|section| match Role::of(section.header) {
        Role::Profile(name) => Some((name, section)),
        _ => None,
    });
    sections
        .filter(|(name, section)| {
            let expected = content.profiles.get(name).and_then(|keys| of_keys(name, keys));
            expected.is_some_and(|mark| source.body(section).any(|index| source.line(index) == mark))
        })
        .map(|(name, _)| name)
        .collect()
}

fn of_keys(name: &str, keys: &Keys) -> Option<String> {
    let text = |key: &str| match keys.get(key) {
        Some(Value::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    Some(mark(name, text("sso_session")?, text("sso_account_id")?, text("sso_role_name")?))
}
