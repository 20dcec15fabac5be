//! flock(2) through fs2: tried, or waited for with a limit. The kernel frees a lock when its holder dies.
//!
//! fs2's methods are spelled in full: `File` has inherent ones of the same names since Rust 1.89.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use rustix::io::Errno;

/// How often a lock that is held is tried again. Holders that are waited for keep it for milliseconds.
const BEAT: Duration = Duration::from_millis(5);

/// What came of trying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Try {
    /// The lock is ours, until the file is closed or the process ends, however it ends.
    Got,
    /// Somebody holds it exclusively: a living owner, or one who is just taking over.
    Held,
    /// Somebody holds it shared: no owner, only a look that will be over in a moment.
    Watched,
    /// A file system without flocks.
    Unsupported,
}

/// Tries to become the one holder.
pub fn exclusive(file: &File) -> io::Result<Try> {
    match outcome(fs2::FileExt::try_lock_exclusive(file))? {
        Try::Held => match shared(file)? {
            // Whoever has it shared leaves it free for another look like ours.
            Try::Got => {
                fs2::FileExt::unlock(file)?;
                Ok(Try::Watched)
            }
            other => Ok(other),
        },
        other => Ok(other),
    }
}

/// Tries to look without becoming the holder: `Held` is a living owner, `Got` none.
pub fn shared(file: &File) -> io::Result<Try> {
    outcome(fs2::FileExt::try_lock_shared(file))
}

/// Waits for a lock that nobody else has: `Held` if it hasn't changed hands for `timeout`. Holders that are done quickly may be
/// many, so the limit begins anew whenever the file's time of change does.
pub fn wait(file: &File, timeout: Duration) -> io::Result<Try> {
    let mut limit = WaitLimit { since: Instant::now(), change: changed(file), timeout };
    loop {
        match outcome(fs2::FileExt::try_lock_exclusive(file))? {
            Try::Held if limit.lasts(Instant::now(), changed(file)) => thread::sleep(BEAT),
            tried => return Ok(tried),
        }
    }
}

/// When a file changed last: seconds and nanoseconds.
type Change = Option<(i64, i64)>;

struct WaitLimit {
    since: Instant,
    change: Change,
    timeout: Duration,
}

impl WaitLimit {
    fn lasts(&mut self, now: Instant, change: Change) -> bool {
        if change != self.change {
            (self.since, self.change) = (now, change);
        }
        now.duration_since(self.since) < self.timeout
    }
}

/// Lets those who wait for the lock see that it has a new holder.
pub fn mark(file: &File) {
    let _ = file.set_modified(SystemTime::now());
}

fn changed(file: &File) -> Change {
    file.metadata().ok().map(|metadata| (metadata.ctime(), metadata.ctime_nsec()))
}

fn outcome(result: io::Result<()>) -> io::Result<Try> {
    match result {
        Ok(()) => Ok(Try::Got),
        Err(err) if err.kind() == io::ErrorKind::WouldBlock => Ok(Try::Held),
        Err(err) if is_unsupported(&err) => Ok(Try::Unsupported),
        Err(err) => Err(err),
    }
}

fn is_unsupported(err: &io::Error) -> bool {
    let none = [Errno::NOTSUP, Errno::OPNOTSUPP, Errno::NOSYS, Errno::INVAL, Errno::NOLCK];
    none.iter().any(|errno| err.raw_os_error() == Some(errno.raw_os_error()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_with_the_lock_or_at_the_limit() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let open = || File::options().read(true).write(true).open(file.path()).unwrap();
        let (one, two) = (open(), open());
        assert_eq!(wait(&one, Duration::ZERO).unwrap(), Try::Got);
        assert_eq!(wait(&two, Duration::ZERO).unwrap(), Try::Held);
        let freed = thread::spawn(move || drop(one));
        assert_eq!(wait(&two, Duration::from_secs(60)).unwrap(), Try::Got);
        freed.join().unwrap();
    }

    #[test]
    fn the_limit_begins_anew_when_the_lock_has_a_new_holder() {
        let file = tempfile::tempfile().unwrap();
        let begin = Instant::now();
        let after = |seconds| begin + Duration::from_secs(seconds);
        let first = changed(&file);
        let mut limit = WaitLimit { since: begin, change: first, timeout: Duration::from_secs(10) };
        assert!(limit.lasts(after(9), first));
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        mark(&file);
        let second = Some((0, 0));
        assert!(changed(&file).is_some() && file.metadata().unwrap().mtime() > 0);
        assert!(limit.lasts(after(12), second) && limit.lasts(after(21), second));
        assert!(!limit.lasts(after(22), second));
    }

    #[test]
    fn an_owner_is_told_from_a_look() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let open = || File::options().read(true).write(true).open(file.path()).unwrap();
        let (one, two) = (open(), open());
        assert_eq!(exclusive(&one).unwrap(), Try::Got);
        assert_eq!(exclusive(&two).unwrap(), Try::Held);
        assert_eq!(shared(&two).unwrap(), Try::Held);
        drop(one);
        let one = open();
        assert_eq!(shared(&one).unwrap(), Try::Got);
        assert_eq!(exclusive(&two).unwrap(), Try::Watched);
        drop(one);
        assert_eq!(exclusive(&two).unwrap(), Try::Got);
    }
}
