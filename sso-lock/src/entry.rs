//! Directory entries that appear, move and vanish in one step.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Stat};
use rustix::io::Errno;

use sso_tool::flock::{self, Try};
use sso_tool::rename::{self, Put};

/// The owner's file in a lock's directory.
pub(crate) const OWNER: &str = "owner.json";

/// Whether two stats are of one file.
pub(crate) fn is_same(one: &Stat, other: &Stat) -> bool {
    one.st_dev == other.st_dev && one.st_ino == other.st_ino
}

/// Renames a directory to a name that must be free, in one step; `false` if it isn't free.
pub(crate) fn put_directory(from: &Path, to: &Path) -> io::Result<bool> {
    match rename::put(from, CWD, to)? {
        Put::Done => Ok(true),
        Put::Taken => Ok(false),
        Put::Unsupported => put_directory_in_two_steps(from, to),
    }
}

/// For file systems without `RENAME_NOREPLACE` (NFS, some FUSE): mkdir decides, then the prepared
/// directory replaces that empty one (POSIX rename). Killed between the two, an empty directory
/// remains and counts as a foreign one; plain rename alone would also replace a foreigner's fresh one.
fn put_directory_in_two_steps(from: &Path, to: &Path) -> io::Result<bool> {
    match fs::DirBuilder::new().mode(0o700).create(to) {
        Ok(()) => {}
        Err(err) if err.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        Err(err) => return Err(err),
    }
    let put = match rustix::fs::rename(from, to) {
        Ok(()) => Ok(true),
        Err(Errno::EXIST | Errno::NOTEMPTY) => Ok(false),
        Err(err) => Err(err.into()),
    };
    if put.is_err() {
        // Empty as it is, this removes nothing but our own claim.
        let _ = fs::remove_dir(to);
    }
    put
}

/// Removes a directory that is out of everybody's way. `owner.json` goes last: as long as anything else
/// is there, its flock says whether somebody is still at it.
pub(crate) fn clear(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name() == OWNER && !entry.file_type()?.is_dir() {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    match fs::remove_file(directory.join(OWNER)) {
        Err(err) if err.kind() != io::ErrorKind::NotFound => return Err(err),
        _ => {}
    }
    fs::remove_dir(directory)
}

/// Removes what killed processes left in `directory` under names that begin with `prefix`: what
/// nobody holds a flock in. Never a reason to fail.
///
/// A living contender may stand between making its directory and its flock. If it finds itself
/// swept, or its flock taken by this look, it starts anew; so nothing is removed that can still
/// become a lock.
pub(crate) fn sweep(directory: &Path, prefix: &str) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let random = name.to_str().and_then(|name| name.strip_prefix(prefix));
        if random.is_some_and(is_random) {
            sweep_one(&entry.path());
        }
    }
}

fn sweep_one(litter: &Path) {
    // Only ours are made here, so a plain open is safe; it can't be a FIFO, as `clear` puts it last.
    let is_dead = fs::symlink_metadata(litter.join(OWNER)).is_ok_and(|metadata| metadata.is_file())
        && File::open(litter.join(OWNER)).is_ok_and(|file| {
            // The flock is kept while clearing.
            flock::shared(&file).is_ok_and(|tried| tried == Try::Got) && clear(litter).is_ok()
        });
    if !is_dead {
        // Without an owner.json it goes only if it is empty: it may be in the making.
        let _ = fs::remove_dir(litter);
    }
}

/// The length of the random part of a temporary name, in characters.
pub(crate) const RANDOM: usize = 12;

fn is_random(text: &str) -> bool {
    text.len() == RANDOM && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The stat of an entry, not following a link; `None` if there is nothing.
pub(crate) fn stat_at(directory: impl AsFd, path: impl rustix::path::Arg) -> io::Result<Option<Stat>> {
    match rustix::fs::statat(directory, path, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT) => Ok(None),
        Err(err) => Err(err.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_put_only_where_nothing_is() {
        for put in [put_directory, put_directory_in_two_steps] {
            let dir = tempfile::tempdir().unwrap();
            let (from, to) = (dir.path().join("from"), dir.path().join("to"));
            fs::create_dir(&from).unwrap();
            fs::write(from.join("x"), "").unwrap();
            fs::create_dir(&to).unwrap();
            assert!(!put(&from, &to).unwrap());
            fs::remove_dir(&to).unwrap();
            assert!(put(&from, &to).unwrap());
            assert!(to.join("x").exists() && !from.exists());
        }
    }

    #[test]
    fn what_cannot_be_put_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let to = dir.path().join("to");
        assert!(put_directory_in_two_steps(&dir.path().join("none"), &to).is_err());
        assert!(!to.exists());
    }

    #[test]
    fn only_dead_litter_of_that_name_is_swept() {
        let dir = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            fs::create_dir(dir.path().join(name)).unwrap();
            File::create(dir.path().join(name).join(OWNER)).unwrap()
        };
        let live = make(".a.lock.0123456789ab");
        assert_eq!(flock::exclusive(&live).unwrap(), Try::Got);
        make(".a.lock.0123456789ac");
        make(".a.lock.b.lock.0123456789ac");
        make(".a.lock.other");
        fs::create_dir(dir.path().join(".a.lock.0123456789ad")).unwrap();
        sweep(dir.path(), ".a.lock.");
        let mut left: Vec<_> =
            fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [".a.lock.0123456789ab", ".a.lock.b.lock.0123456789ac", ".a.lock.other"]);
    }
}
