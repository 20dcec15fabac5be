//! A lock's directory, opened: what happens in it happens through its handle.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context as _;
use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use sso_tool::exit::{Exit, Fault};
use sso_tool::shell::shell_word;
use sso_tool::state_dir;

use crate::entry::{self, stat_at};

/// A lock's directory, opened.
#[derive(Debug)]
pub(crate) struct LockDir {
    pub(crate) path: PathBuf,
    pub(crate) directory: File,
}

impl LockDir {
    /// Opens what is at `path`; `None` if nothing is.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Option<Self>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::openat(CWD, path, flags, Mode::empty()) {
            Ok(directory) => Ok(Some(Self { path: path.to_owned(), directory: directory.into() })),
            Err(Errno::NOENT) => Ok(None),
            Err(Errno::NOTDIR | Errno::LOOP | Errno::MLINK) => {
                // The state directory itself may be a file.
                let above = path.parent().and_then(state_dir::in_the_way);
                let here = || {
                    Fault::new(Exit::Io, format!("{} is in the way: it isn't a directory", path.display()))
                        .hint(format!("rm {}", shell_word(&path.display().to_string())))
                };
                Err(above.unwrap_or_else(here).into())
            }
            Err(err) => Err(err).with_context(|| format!("cannot open {}", path.display())),
        }
    }

    /// Whether this directory is still at its path.
    pub(crate) fn is_in_place(&self) -> io::Result<bool> {
        let here = rustix::fs::fstat(&self.directory)?;
        Ok(stat_at(CWD, &self.path)?.is_some_and(|there| entry::is_same(&here, &there)))
    }

    /// The file system's own time: contenders on several hosts have no other clock in common.
    pub(crate) fn now(&self) -> SystemTime {
        let directory = self.path.parent().unwrap_or(Path::new("."));
        // Where nothing can be written, nothing can be taken over either, and any clock will do.
        tempfile::tempfile_in(directory)
            .and_then(|file| file.metadata()?.modified())
            .unwrap_or_else(|_| SystemTime::now())
    }
}
