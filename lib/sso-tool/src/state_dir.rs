//! The state directory, `~/.aws/sso-renewer`: made private, locked while it is changed.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::exit::{Exit, Fault};

/// How long a change waits for another one. Changes take milliseconds; more means that somebody who can
/// write to the directory keeps it locked.
const PATIENCE: Duration = Duration::from_secs(10);

/// Holds the state directory against other changes, as long as it lives. A killed holder frees it.
#[derive(Debug)]
pub struct StateLock(#[expect(dead_code, reason = "held, not used: the kernel frees the lock with it")] File);

/// Makes a directory, 0700, with its parents. One that is there stays as it is.
pub fn make_private(dir: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .with_context(|| format!("cannot make {}", dir.display()))
}

/// Makes the state directory if need be, and waits until nobody else changes it. Status 75 if somebody
/// does so for ten seconds.
pub fn lock(dir: &Path) -> anyhow::Result<StateLock> {
    make_private(dir)?;
    // The directory itself is locked: no lock file to leave behind, to delete or to race for.
    let file = File::open(dir).with_context(|| format!("cannot open {}", dir.display()))?;
    let begin = Instant::now();
    loop {
        match fs2::FileExt::try_lock_exclusive(&file) {
            Ok(()) => return Ok(StateLock(file)),
            Err(err) if err.kind() != io::ErrorKind::WouldBlock => {
                return Err(err).with_context(|| format!("cannot lock {}", dir.display()));
            }
            Err(_) if begin.elapsed() < PATIENCE => thread::sleep(Duration::from_millis(5)),
            Err(_) => {
                return Err(Fault::new(
                    Exit::TryLater,
                    format!("{} is locked by another process", dir.display()),
                )
                .hint(format!("fuser -v {}", dir.display()))
                .into());
            }
        }
    }
}
