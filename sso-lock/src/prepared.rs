//! An owner's file, whole and flocked, in a directory of its own, before it becomes a lock's.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rustix::fs::CWD;

use crate::entry::{self, OWNER, RANDOM};
use crate::name::Name;
use crate::owner_file::Owner;
use sso_tool::flock::{self, Try};
use sso_tool::random;
use sso_tool::rename;

/// `.NAME.lock.RANDOM/owner.json`. Dropped unused, it is removed.
pub(crate) struct Prepared {
    directory: PathBuf,
    file: File,
}

impl Prepared {
    /// Writes the owner's file and takes its flock.
    pub(crate) fn new(state_dir: &Path, name: &Name, owner: &Owner) -> anyhow::Result<Self> {
        let content = owner.to_json()?;
        loop {
            let directory = temporary(state_dir, name)?;
            let made = Self::make(&directory, &content);
            let made = made.with_context(|| format!("cannot write {}", directory.join(OWNER).display()))?;
            if let Some(prepared) = made {
                return Ok(prepared);
            }
        }
    }

    /// `None` if a sweeper came between two of these steps.
    fn make(directory: &Path, content: &str) -> io::Result<Option<Self>> {
        match make_directory(directory) {
            Ok(()) => {}
            Err(err) if err.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
            Err(err) => return Err(err),
        }
        // Close-on-exec, as std opens everything: a child that inherited it would keep the flock.
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(directory.join(OWNER));
        let file = match opened {
            Ok(file) => file,
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(err) => {
                let _ = fs::remove_dir(directory);
                return Err(err);
            }
        };
        let mut prepared = Self { directory: directory.to_owned(), file };
        if matches!(flock::exclusive(&prepared.file)?, Try::Held | Try::Watched)
            || prepared.file.metadata()?.nlink() == 0
        {
            return Ok(None);
        }
        prepared.file.write_all(content.as_bytes())?;
        Ok(Some(prepared))
    }

    /// Makes the whole directory the lock's, in one step; gives itself back if the name isn't free.
    pub(crate) fn put_at(self, lock: &Path) -> io::Result<Result<File, Self>> {
        if !entry::put_directory(&self.directory, lock)? {
            return Ok(Err(self));
        }
        self.file.try_clone().map(Ok)
    }

    /// Moves the file alone into a lock's directory, under a name that must be free; `false` if it
    /// isn't.
    pub(crate) fn put_file(&self, directory: &File, to: &str) -> io::Result<bool> {
        rename::put_file(&self.directory.join(OWNER), directory, Path::new(to))
    }

    /// Moves the file alone into a lock's directory as the new owner's, whoever's was there.
    pub(crate) fn replace_owner(&self, directory: &File) -> io::Result<()> {
        Ok(rustix::fs::renameat(CWD, self.directory.join(OWNER), directory, OWNER)?)
    }

    /// The flocked file, once it was moved.
    pub(crate) fn file(&self) -> io::Result<File> {
        self.file.try_clone()
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        // What was moved isn't here any more; what wasn't must not stay.
        let _ = fs::remove_file(self.directory.join(OWNER));
        let _ = fs::remove_dir(&self.directory);
    }
}

/// A new temporary name of this lock, which nothing has.
pub(crate) fn temporary(state_dir: &Path, name: &Name) -> anyhow::Result<PathBuf> {
    Ok(state_dir.join(format!("{}{}", name.litter(), random::hex(RANDOM / 2)?)))
}

/// Makes a directory, 0700; and the state directory above it, if it is missing.
fn make_directory(directory: &Path) -> io::Result<()> {
    let mut private = fs::DirBuilder::new();
    private.mode(0o700);
    match private.create(directory) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => {
            if let Some(parent) = directory.parent() {
                private.recursive(true).create(parent).map_err(|err| no_directory(parent, err))?;
            }
            private.recursive(false).create(directory)
        }
        result => result,
    }
}

/// A dangling link in the state directory's place "exists": not to be taken for a name that a contender has.
fn no_directory(path: &Path, err: io::Error) -> io::Error {
    match err.kind() {
        io::ErrorKind::AlreadyExists => {
            io::Error::new(io::ErrorKind::NotADirectory, format!("{} isn't a directory", path.display()))
        }
        _ => err,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::owner_file::nobody;

    #[test]
    fn unused_it_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let state_dir = dir.path().join("a/b");
        let name = "x".parse().unwrap();
        let prepared = Prepared::new(&state_dir, &name, &nobody()).unwrap();
        assert_eq!(fs::metadata(&state_dir).unwrap().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(prepared.directory.join(OWNER)).unwrap().mode() & 0o777, 0o600);
        drop(prepared);
        assert_eq!(fs::read_dir(&state_dir).unwrap().count(), 0);
    }

    #[test]
    fn a_dangling_link_in_the_state_directorys_place_is_an_error_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let state_dir = dir.path().join("state");
        std::os::unix::fs::symlink(dir.path().join("nowhere"), &state_dir).unwrap();
        for state_dir in [state_dir.clone(), state_dir.join("below")] {
            let made = Prepared::new(&state_dir, &"x".parse().unwrap(), &nobody());
            assert!(format!("{:#}", made.err().unwrap()).contains("cannot write"));
        }
    }
}
