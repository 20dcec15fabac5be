//! An owner's or breaker's file, as it was found: opened, flocked, read, and how long untouched.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::time::{Duration, SystemTime};

use rustix::fs::{Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::entry::{self, stat_at};
use crate::guard;
use crate::intent::Intent;
use crate::kernel;
use crate::liveness::{self, Flock};
use crate::lock_dir::LockDir;
use crate::owner_file::Owner;
use sso_tool::flock::{self, Try};

/// The largest `owner.json` that is read, in bytes.
const LARGEST: usize = 64 * 1024;

/// A timestamp this far ahead of the clock is a clock that jumped back.
const AHEAD: Duration = Duration::from_secs(5);

/// An owner's or breaker's file, as it was found.
#[derive(Debug)]
pub(crate) struct ProbedFile {
    entry: &'static str,
    /// The open file; `None` if there is nothing fit to be opened.
    pub(crate) file: Option<File>,
    pub(crate) owner: Option<Owner>,
    pub(crate) is_watched: bool,
    flock: Flock,
    stat: Option<Stat>,
}

impl ProbedFile {
    /// Opens, flocks and reads the file. A stranger may have made it: no link is followed, nothing
    /// blocks, only so much is read.
    pub(crate) fn at(dir: &LockDir, entry: &'static str, intent: Intent) -> io::Result<Self> {
        let Some(file) = open(&dir.directory, entry)? else {
            let stat = stat_at(&dir.directory, entry)?;
            return Ok(Self {
                entry,
                file: None,
                owner: None,
                is_watched: false,
                flock: Flock::Unknown,
                stat,
            });
        };
        let tried = match intent {
            Intent::Take => flock::exclusive(&file)?,
            Intent::Know => flock::shared(&file)?,
        };
        let flock = match tried {
            Try::Held | Try::Watched => Flock::Held,
            Try::Got => Flock::Free,
            Try::Unsupported => Flock::Unknown,
        };
        let stat = Some(rustix::fs::fstat(&file)?);
        let owner = read(&file)?.and_then(|bytes| Owner::from_json(&bytes).ok());
        Ok(Self { entry, file: Some(file), owner, is_watched: tried == Try::Watched, flock, stat })
    }

    /// What the kernel says about its flock.
    pub(crate) fn flock(&self) -> Flock {
        self.flock
    }

    /// Whether this very file is still in its place.
    pub(crate) fn is_in_place(&self, dir: &LockDir) -> io::Result<bool> {
        Ok(match (&self.stat, &stat_at(&dir.directory, self.entry)?) {
            (None, None) => true,
            (Some(was), Some(is)) => entry::is_same(was, is),
            _ => false,
        })
    }

    /// Whether it is in its place and its owner, on another kernel, gave no sign of life since.
    pub(crate) fn is_untouched(&self, dir: &LockDir) -> io::Result<bool> {
        if !self.is_in_place(dir)? {
            return Ok(false);
        }
        let (Some(was), Some(is)) = (&self.stat, stat_at(&dir.directory, self.entry)?) else {
            return Ok(true);
        };
        Ok(was.st_mtime == is.st_mtime && was.st_mtime_nsec == is.st_mtime_nsec)
    }

    pub(crate) fn is_alive(&self, dir: &LockDir, intent: Intent) -> io::Result<bool> {
        // Asked only where it is needed.
        let boot_id = self.owner.as_ref().and_then(|_| kernel::boot_id());
        liveness::is_alive(self.flock, self.owner.as_ref(), boot_id.as_deref(), || self.age(dir, intent))
    }

    /// How long nobody touched it, or, where no owner can be read, the directory either.
    fn age(&self, dir: &LockDir, intent: Intent) -> io::Result<Duration> {
        let at = dir.path.join(self.entry);
        let mut touched = match &self.file {
            Some(file) => file.metadata()?.modified()?,
            None => fs::symlink_metadata(&at)
                .and_then(|metadata| metadata.modified())
                .unwrap_or(SystemTime::UNIX_EPOCH),
        };
        if self.owner.is_none() {
            touched = touched.max(dir.directory.metadata()?.modified()?);
        }
        let age = dir.now().duration_since(touched);
        if let Err(ahead) = &age
            && ahead.duration() > AHEAD
            && intent == Intent::Take
        {
            // A clock that jumped must not hold the lock for ever: its time counts from now.
            let _ = guard::touch(self.file.as_ref().unwrap_or(&dir.directory));
        }
        Ok(age.unwrap_or_default())
    }
}

fn open(directory: &File, entry: &str) -> io::Result<Option<File>> {
    // For writing as well: NFS gives an exclusive flock on nothing less.
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    match rustix::fs::openat(directory, entry, flags, Mode::empty()) {
        Ok(fd) => {
            let file = File::from(fd);
            Ok(file.metadata()?.is_file().then_some(file))
        }
        // Nothing; a link; a directory; a socket; a device; somebody else's.
        Err(
            Errno::NOENT
            | Errno::LOOP
            | Errno::MLINK
            | Errno::ISDIR
            | Errno::NXIO
            | Errno::NODEV
            | Errno::ACCESS,
        ) => Ok(None),
        Err(err) => Err(err.into()),
    }
}

/// The whole content; `None` if it is too large.
fn read(file: &File) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = vec![0; LARGEST + 1];
    let mut length = 0;
    while length < bytes.len() {
        match file.read_at(&mut bytes[length..], length as u64)? {
            0 => break,
            count => length += count,
        }
    }
    bytes.truncate(length);
    Ok((length <= LARGEST).then_some(bytes))
}
