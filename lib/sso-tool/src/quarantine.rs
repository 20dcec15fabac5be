//! `quarantine/` of the state directory: bad files, put aside so that they are in nobody's way and yet not lost.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::atomic_write;
use crate::state_dir::make_private;
use crate::time::Moment;

/// How many files are kept.
const KEPT: usize = 20;
/// The longest part of a file's own name in its name here: together with a time it must be no longer than file
/// systems allow.
const LONGEST: usize = 100;

/// Moves a file aside. Answers where it went; `None` if it was gone. The oldest files there beyond twenty are
/// removed.
pub fn quarantine(state_dir: &Path, path: &Path, now: Moment) -> anyhow::Result<Option<PathBuf>> {
    quarantine_as(state_dir, path, &path.file_name().unwrap_or_default().to_string_lossy(), now)
}

/// As [`quarantine`], for a file that was called `name` before it was taken out of its place.
pub fn quarantine_as(
    state_dir: &Path,
    path: &Path,
    name: &str,
    now: Moment,
) -> anyhow::Result<Option<PathBuf>> {
    atomic_write::refuse_device(path)
        .with_context(|| format!("cannot move {} to quarantine", path.display()))?;
    let folder = state_dir.join("quarantine");
    make_private(&folder)?;
    let stamp = now.format("%Y%m%dT%H%M%SZ").to_string();
    let mut there = names(&folder)?;
    let aside = folder.join(format!("{stamp}-{:04}-{}", next_number(&there, &stamp), shortened(name)));
    let aside = match fs::rename(path, &aside) {
        Err(err) if err.kind() == io::ErrorKind::CrossesDevices => beside(path)?,
        Err(err) if err.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(path).is_err() => {
            return Ok(None);
        }
        moved => {
            moved.with_context(|| format!("cannot move {} to quarantine", path.display()))?;
            aside
        }
    };
    // Names sort by time.
    there.sort();
    // Not counting the new one, which stays even if the clock was set back.
    let surplus = (there.len() + 1).saturating_sub(KEPT);
    for old in there.iter().take(surplus) {
        let old = folder.join(old);
        let _ =
            if old.is_dir() && !old.is_symlink() { fs::remove_dir_all(&old) } else { fs::remove_file(&old) };
    }
    Ok(Some(aside))
}

fn names(folder: &Path) -> anyhow::Result<Vec<String>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    Ok(entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect())
}

/// One more than the highest number of that second.
fn next_number(names: &[String], stamp: &str) -> u32 {
    let number = |name: &String| name.strip_prefix(stamp)?.strip_prefix('-')?.get(..4)?.parse::<u32>().ok();
    names.iter().filter_map(number).max().map_or(0, |highest| highest + 1)
}

fn shortened(name: &str) -> String {
    let surplus = name.chars().count().saturating_sub(LONGEST);
    name.chars().skip(surplus).collect()
}

/// A container may see nothing of the host but the folder of signals, on another file system: there the file
/// becomes a hidden one in its own folder, which replaces the one before.
fn beside(path: &Path) -> anyhow::Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let aside = atomic_write::parent(path).join(format!(".{}.bad", shortened(&name)));
    fs::rename(path, &aside).with_context(|| format!("cannot move {} to quarantine", path.display()))?;
    Ok(aside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time;

    fn names_in(dir: &Path) -> Vec<String> {
        let mut names = names(dir).unwrap();
        names.sort();
        names
    }

    #[test]
    fn the_newest_twenty_are_kept_within_a_second_and_after_the_clock_was_set_back() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, now: &str| {
            let path = dir.path().join(name);
            fs::write(&path, name).unwrap();
            quarantine(dir.path(), &path, time::parse(now).unwrap()).unwrap().unwrap()
        };
        for n in 0..25 {
            assert!(put(&format!("f{n}"), "2026-11-21T12:00:00Z").exists());
        }
        let kept = names_in(&dir.path().join("quarantine"));
        assert_eq!(kept.len(), 20);
        assert_eq!((&*kept[0], &*kept[19]), ("20261121T120000Z-0005-f5", "20261121T120000Z-0024-f24"));
        assert!(put("early", "2020-01-01T00:00:00Z").exists());
        assert_eq!(names_in(&dir.path().join("quarantine")).len(), 20);
    }

    #[test]
    fn a_long_name_is_shortened_and_what_is_gone_is_no_failure() {
        let dir = tempfile::tempdir().unwrap();
        let now = time::parse("2026-11-21T12:00:00Z").unwrap();
        let path = dir.path().join(format!("{}.json", "x".repeat(250)));
        fs::create_dir(&path).unwrap();
        assert!(quarantine(dir.path(), &path, now).unwrap().unwrap().to_string_lossy().ends_with("x.json"));
        assert_eq!(quarantine(dir.path(), &path, now).unwrap(), None);
    }
}
