//! What is left of a cache file elsewhere: the temporary files of killed writers, what a killed repair took out of its
//! place, and what was put aside in `quarantine/`. Whole tokens stand there, and a logout that leaves them ends nothing.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use sso_tool::atomic_write;

use crate::repair::swap;

/// Where a copy stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Beside the file: a writer or a repair was killed.
    Leftover,
    /// In `quarantine/` of the state directory.
    Quarantine,
}

/// The copies of one file of the cache. A temporary file that a living writer holds is none.
pub fn of(file: &Path, state_dir: &Path) -> Vec<PathBuf> {
    let Some(name) = file.file_name() else { return Vec::new() };
    let beside = leftovers(&atomic_write::parent(file));
    let aside = quarantined(state_dir);
    beside.into_iter().chain(aside).filter(|(_, of)| OsStr::new(of) == name).map(|(path, _)| path).collect()
}

/// What killed writers and repairs left in a folder of the cache, each with the name of the file that it is of.
pub fn leftovers(folder: &Path) -> Vec<(PathBuf, String)> {
    let of =
        |name: &str| atomic_write::written_to(name).or_else(|| swap::former_name(name)).map(str::to_owned);
    let is_abandoned = |path: &Path| {
        path.extension().is_none_or(|extension| extension != "tmp") || atomic_write::is_abandoned(path)
    };
    named(folder, of).into_iter().filter(|(path, _)| is_abandoned(path)).collect()
}

/// Removes a copy. Answers whether it did: a temporary file that a living writer has taken meanwhile stays that writer's.
pub fn remove(path: &Path) -> anyhow::Result<bool> {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    if atomic_write::written_to(name).is_some() {
        return atomic_write::remove_abandoned(path);
    }
    atomic_write::remove(path)
}

/// What was put aside, each with the name of the file that it was.
pub fn quarantined(state_dir: &Path) -> Vec<(PathBuf, String)> {
    // `20261121T120000Z-0005-NAME`.
    let of = |name: &str| name.splitn(3, '-').nth(2).map(str::to_owned);
    named(&state_dir.join("quarantine"), of)
}

/// A folder that can't be read has none: whoever needs the files themselves has said so by then.
fn named(folder: &Path, of: impl Fn(&str) -> Option<String>) -> Vec<(PathBuf, String)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<_> = entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .filter_map(|entry| Some((entry.path(), of(entry.file_name().to_str()?)?)))
        .collect();
    found.sort();
    found
}
