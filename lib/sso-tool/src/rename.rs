//! Renames that take nothing from anybody: two files exchanged, or a file put where nothing is, each in one step.

use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, RenameFlags};
use rustix::io::Errno;

/// What came of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exchanged {
    /// Each has the other's name.
    Done,
    /// There is nothing at the second path.
    Gone,
    /// This file system can't exchange.
    Unsupported,
}

/// Exchanges two files (`renameat2` and `renameatx_np`; both fail if either is missing).
pub fn exchange(temporary: &Path, path: &Path) -> io::Result<Exchanged> {
    match rustix::fs::renameat_with(CWD, temporary, CWD, path, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(Exchanged::Done),
        Err(Errno::NOENT) if fs::symlink_metadata(path).is_err() => Ok(Exchanged::Gone),
        Err(errno) if is_unsupported(errno) => Ok(Exchanged::Unsupported),
        Err(errno) => Err(errno.into()),
    }
}

/// What came of putting something where nothing may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It has the name.
    Done,
    /// Something else has the name, and keeps it.
    Taken,
    /// This file system can't do it in one step (NFS, some FUSE).
    Unsupported,
}

/// Renames a file or a directory to a name in `directory` that must be free.
pub fn put(from: &Path, directory: impl AsFd, to: &Path) -> io::Result<Put> {
    put_or_taken(rustix::fs::renameat_with(CWD, from, directory, to, RenameFlags::NOREPLACE))
}

/// Renames a file to a name in `directory` that must be free, on any file system; `false` if it isn't free.
pub fn put_file(from: &Path, directory: impl AsFd, to: &Path) -> io::Result<bool> {
    let directory = directory.as_fd();
    let put = match put(from, directory, to)? {
        Put::Unsupported => {
            let linked = put_or_taken(rustix::fs::linkat(CWD, from, directory, to, AtFlags::empty()))?;
            if linked == Put::Done {
                fs::remove_file(from)?;
            }
            linked
        }
        put => put,
    };
    match put {
        Put::Done => Ok(true),
        Put::Taken => Ok(false),
        Put::Unsupported => Err(Errno::NOTSUP.into()),
    }
}

/// Renames a file to a path that must be free, on any file system; `false` if it isn't free.
pub fn put_if_free(from: &Path, to: &Path) -> io::Result<bool> {
    put_file(from, CWD, to)
}

fn put_or_taken(result: rustix::io::Result<()>) -> io::Result<Put> {
    match result {
        Ok(()) => Ok(Put::Done),
        Err(Errno::EXIST | Errno::NOTEMPTY) => Ok(Put::Taken),
        Err(errno) if is_unsupported(errno) => Ok(Put::Unsupported),
        Err(errno) => Err(errno.into()),
    }
}

fn is_unsupported(errno: Errno) -> bool {
    matches!(errno, Errno::INVAL | Errno::NOSYS) || errno == Errno::NOTSUP || errno == Errno::OPNOTSUPP
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_stays_with_who_has_it() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (dir.path().join("one"), dir.path().join("other"));
        fs::write(&one, "1").unwrap();
        assert_eq!(exchange(&one, &other).unwrap(), Exchanged::Gone);
        fs::write(&other, "2").unwrap();
        assert!(!put_if_free(&one, &other).unwrap());
        assert_eq!(exchange(&one, &other).unwrap(), Exchanged::Done);
        assert_eq!(fs::read_to_string(&one).unwrap(), "2");
        fs::remove_file(&other).unwrap();
        assert!(put_if_free(&one, &other).unwrap() && !one.exists());
        assert_eq!(put_if_free(&one, &other).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
