//! A held lock: let go when dropped, and by the kernel however the process ends.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Context as _;
use rustix::fs::{Timespec, Timestamps, UTIME_NOW, futimens};

use crate::entry::{self, OWNER};
use crate::liveness::HEARTBEAT;
use crate::name::Name;
use crate::prepared::temporary;

/// A held lock. Dropping it releases the lock; so does the end of the process, even by SIGKILL:
/// then the directory stays, and the next contender takes it over at once.
///
/// While it lives, a thread touches `owner.json` every ten seconds, for contenders on other kernels.
#[must_use = "a lock is released as soon as its guard is dropped"]
#[derive(Debug)]
pub struct Guard {
    lock: PathBuf,
    name: Name,
    file: Arc<File>,
    is_released: bool,
    heartbeat: Option<Heartbeat>,
}

impl Guard {
    pub(crate) fn new(lock: PathBuf, name: Name, file: File) -> anyhow::Result<Self> {
        let file = Arc::new(file);
        // First the guard, so that the lock is released if there can be no thread.
        let mut guard = Self { lock, name, file, is_released: false, heartbeat: None };
        guard.heartbeat =
            Some(Heartbeat::start(&guard.file, HEARTBEAT).context("cannot start the heartbeat")?);
        Ok(guard)
    }

    /// Releases the lock, and says if that failed. (If it did, the lock still ends with the process.)
    pub fn release(mut self) -> anyhow::Result<()> {
        self.let_go()
    }

    /// The lock's directory, while it is ours. It is not if a contender on another kernel broke it, because this
    /// process stood still for longer than the lease.
    pub(crate) fn directory(&self) -> io::Result<Option<File>> {
        let found = match rustix::fs::lstat(self.lock.join(OWNER)) {
            Ok(found) => found,
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => return Ok(None),
            Err(err) => return Err(err.into()),
        };
        let ours = rustix::fs::fstat(&*self.file)?;
        if !entry::is_same(&found, &ours) {
            return Ok(None);
        }
        File::open(&self.lock).map(Some)
    }

    /// Leaves the lock in place for a new owner's file that was put there meanwhile.
    pub(crate) fn keep_lock(mut self) {
        self.is_released = true;
    }

    fn let_go(&mut self) -> anyhow::Result<()> {
        if self.is_released {
            return Ok(());
        }
        self.is_released = true;
        let act = || format!("cannot release {}", self.lock.display());
        if self.directory().with_context(act)?.is_some() {
            remove(&self.lock, &self.name).with_context(act)?;
        }
        Ok(())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Nobody is left to tell; the kernel frees the flock in any case.
        let _ = self.let_go();
        self.heartbeat = None;
    }
}

/// Makes a lock vanish in one step, then clears up. Whoever calls this holds the flock of its
/// `owner.json` and keeps it until the end, so that nobody takes the lock for dead meanwhile.
pub(crate) fn remove(lock: &Path, name: &Name) -> anyhow::Result<()> {
    let aside = temporary(&entry_parent(lock), name)?;
    fs::rename(lock, &aside)?;
    // The lock is released; what can't be cleared now is swept by the next owner.
    let _ = entry::clear(&aside);
    Ok(())
}

fn entry_parent(lock: &Path) -> PathBuf {
    lock.parent().map_or_else(PathBuf::new, Path::to_owned)
}

/// Sets a file's modification time to now, by its file system's clock.
pub(crate) fn touch(file: &File) -> io::Result<()> {
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    Ok(futimens(file, &Timestamps { last_access: now, last_modification: now })?)
}

/// The thread that shows other kernels that we are alive.
#[derive(Debug)]
struct Heartbeat {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Heartbeat {
    fn start(file: &Arc<File>, every: Duration) -> io::Result<Self> {
        let (stop, stopped) = mpsc::channel::<()>();
        let file = Arc::clone(file);
        let thread = thread::Builder::new().name("heartbeat".to_owned()).spawn(move || {
            while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                // A failed touch is followed by another; six in a row end the lease.
                let _ = touch(&file);
            }
        })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // It shares the flocked file, so it must be gone before the lock counts as let go.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    #[test]
    fn the_heart_beats_as_long_as_it_lives() {
        let file = Arc::new(tempfile::tempfile().unwrap());
        let heartbeat = Heartbeat::start(&file, Duration::from_millis(1)).unwrap();
        for _ in 0..2 {
            file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
            while file.metadata().unwrap().modified().unwrap() == SystemTime::UNIX_EPOCH {
                thread::yield_now();
            }
        }
        drop(heartbeat);
        assert_eq!(Arc::strong_count(&file), 1, "the thread is gone");
    }
}
