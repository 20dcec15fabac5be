//! The state directory, `~/.aws/sso-renewer`: made private, locked while it is changed.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::exit::{Exit, Fault};
use crate::time::Moment;

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

/// The newest files that quarantine keeps.
const QUARANTINE: usize = 20;

/// Moves what can't be read aside, into `quarantine/` of the state directory, so that it is in nobody's way
/// and yet not lost. Answers where it went. The oldest files there beyond twenty are removed.
pub fn quarantine(state_dir: &Path, path: &Path, now: Moment) -> anyhow::Result<PathBuf> {
    let folder = state_dir.join("quarantine");
    make_private(&folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let stamp = now.format("%Y%m%dT%H%M%SZ");
    let free = (0..10_000)
        .map(|n| folder.join(format!("{stamp}-{n:04}-{name}")))
        .find(|candidate| fs::symlink_metadata(candidate).is_err())
        .unwrap_or_else(|| folder.join(format!("{stamp}-{name}")));
    fs::rename(path, &free).with_context(|| format!("cannot move {} to quarantine", path.display()))?;
    // Names sort by time.
    let mut kept: Vec<PathBuf> = fs::read_dir(&folder)?.flatten().map(|entry| entry.path()).collect();
    kept.sort();
    for old in kept.iter().rev().skip(QUARANTINE) {
        let _ =
            if old.is_dir() && !old.is_symlink() { fs::remove_dir_all(old) } else { fs::remove_file(old) };
    }
    Ok(free)
}
