//! A look at one file of the cache, without following a link and without waiting.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use sso_tool::safe_read::{self, Found};
use sso_tool::stream;

use crate::entry::{self, Entry};
use crate::salvage::{FileKind, Verdict, Whole, judge};

/// What a look found.
#[derive(Debug)]
pub(super) enum Look {
    Good(Option<Whole>),
    Gone,
    /// A link, and what is wrong with what it names.
    Link(&'static str),
    Torn(Torn),
}

#[derive(Debug)]
pub(super) struct Torn {
    pub(super) why: &'static str,
    pub(super) whole: Option<Whole>,
    pub(super) found: Found,
}

impl Torn {
    /// The object that can be saved, as it stands in the file.
    pub(super) fn content(&self) -> Option<&[u8]> {
        match (&self.found, &self.whole) {
            (Found::Bytes(bytes), Some(whole)) => bytes.get(whole.range.clone()),
            _ => None,
        }
    }
}

/// Looks at a file. Errors: a lack of permission, a failing disk.
pub(super) fn look(path: &Path, place: FileKind) -> anyhow::Result<Look> {
    let cannot_read = || format!("cannot read {}", path.display());
    let found = safe_read::read(path, stream::LARGEST).with_context(cannot_read)?;
    Ok(match &found {
        Found::Missing => Look::Gone,
        Found::Bytes(bytes) => match judge(place, bytes) {
            Verdict::Good(whole) => Look::Good(whole),
            Verdict::Torn(why, whole) => Look::Torn(Torn { why, whole, found }),
        },
        Found::Bad(_) if fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink()) => {
            match entry::read(path)? {
                Entry::Corrupt(why) if place != FileKind::Foreign => Look::Link(why),
                Entry::Missing => Look::Link("is not there"),
                _ => Look::Good(None),
            }
        }
        // Not the suite's to judge.
        Found::Bad(_) if place == FileKind::Foreign => Look::Good(None),
        Found::Bad(why) => Look::Torn(Torn { why, whole: None, found }),
    })
}
