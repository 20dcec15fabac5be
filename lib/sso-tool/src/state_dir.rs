//! The state directory, `~/.aws/sso-renewer`: made private, locked while it is changed.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use tempfile::TempDir;

use crate::exit::{Exit, Fault};
use crate::flock::{self, Try};
use crate::shell::shell_word;

/// How long a change waits for another one. Changes take milliseconds; more means that somebody who can
/// write to the directory keeps it locked.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Holds the state directory against other changes, as long as it lives. A killed holder frees it.
#[derive(Debug)]
pub struct StateLock(#[expect(dead_code, reason = "held, not used: the kernel frees the lock with it")] File);

/// Makes a directory, 0700, with its parents. One that is there stays as it is.
pub fn make_private(dir: &Path) -> anyhow::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir).or_else(|err| {
        let made = Err(err).with_context(|| format!("cannot make {}", dir.display()));
        in_the_way(dir).map_or(made, |fault| Err(fault.into()))
    })
}

/// The error about what stands where `dir` or a folder above it should be, and isn't one: the cause of whatever fails below.
pub fn in_the_way(dir: &Path) -> Option<Fault> {
    let found = dir.ancestors().find_map(|path| Some((path, fs::symlink_metadata(path).ok()?)));
    let (path, metadata) = found.filter(|(path, _)| !path.is_dir())?;
    let shown = path.display().to_string();
    let message = if path == dir {
        format!("{shown} is in the way: a folder belongs there")
    } else {
        format!("cannot make {}: {shown} is in the way, where a folder belongs", dir.display())
    };
    let hint = if metadata.is_file() {
        format!("mv {} {}", shell_word(&shown), shell_word(&format!("{shown}.old")))
    } else {
        "sso-login doctor --text".to_owned()
    };
    Some(Fault::new(Exit::Io, message).hint(hint))
}

/// Makes a folder of this process's own in the state directory, 0700, and the state directory if need be. It is removed when
/// dropped.
pub fn private_folder(dir: &Path, prefix: &str) -> anyhow::Result<TempDir> {
    make_private(dir)?;
    tempfile::Builder::new()
        .prefix(prefix)
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(dir)
        .with_context(|| format!("cannot make a folder in {}", dir.display()))
}

/// Writes a file that nobody else may read, 0600, for what isn't there yet or is this process's own.
pub fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Makes the state directory if need be, and waits until nobody else changes it. Status 75 if one of
/// them does so for ten seconds.
pub fn lock(dir: &Path) -> anyhow::Result<StateLock> {
    make_private(dir)?;
    // The directory itself is locked: no lock file to leave behind, to delete or to race for.
    let file = File::open(dir).with_context(|| format!("cannot open {}", dir.display()))?;
    match flock::wait(&file, TIMEOUT).with_context(|| format!("cannot lock {}", dir.display()))? {
        Try::Got => Ok(StateLock(file)),
        // Two changes at once would lose one of them.
        Try::Unsupported => {
            let message = format!("cannot lock {}: its file system has no flock", dir.display());
            Err(Fault::new(Exit::Io, message).hint("export SSO_STATE_DIR=/a/folder/on/a/local/disk").into())
        }
        Try::Held | Try::Watched => {
            Err(Fault::new(Exit::TryLater, format!("{} is locked by another process", dir.display()))
                .hint(format!("fuser -v {}", shell_word(&dir.display().to_string())))
                .into())
        }
    }
}
