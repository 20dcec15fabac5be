//! Taking a file out of its place, in one step, so that what came out can be looked at before it is given up: between
//! a look and a rename another program may have written something good.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use sso_tool::rename::{self, Exchanged};

const SUFFIX: &str = ".taken";

/// Where a file goes while it is looked at: beside its place, so that it is one rename away.
pub(crate) fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}{SUFFIX}"))
}

/// The name that a file had before it was taken out, if it was: a repair that was killed leaves such files.
pub(crate) fn former_name(name: &str) -> Option<&str> {
    name.strip_prefix('.')?.strip_suffix(SUFFIX)
}

/// Takes the file out of its place. Answers whether there was one.
pub(crate) fn take(path: &Path, taken: &Path) -> io::Result<bool> {
    match fs::rename(path, taken) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(false),
        moved => moved.map(|()| true),
    }
}

/// Puts the file back, unless there is another one by now.
pub(crate) fn put_back(taken: &Path, path: &Path) -> io::Result<()> {
    match rename::put_if_free(taken, path) {
        // The other one is newer.
        Ok(false) => fs::remove_file(taken),
        Err(err) if err.kind() != io::ErrorKind::NotFound => Err(err),
        _ => Ok(()),
    }
}

/// Puts `content` into the file's place and takes out what is there, at once: no reader finds nothing. Answers whether
/// there was a file; without one nothing is put there.
pub(crate) fn swap(path: &Path, taken: &Path, content: &[u8]) -> io::Result<bool> {
    // Only this process uses the name: repairs take turns.
    let _ = fs::remove_file(taken);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(taken)?;
    file.write_all(content)?;
    file.sync_all()?;
    let is_done = exchange(path, taken)?;
    if !is_done {
        fs::remove_file(taken)?;
    }
    Ok(is_done)
}

/// Exchanges two files. Answers whether both were there.
pub(crate) fn exchange(path: &Path, taken: &Path) -> io::Result<bool> {
    match rename::exchange(taken, path) {
        Ok(Exchanged::Done) => Ok(true),
        Ok(Exchanged::Gone) => Ok(false),
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(err) => Err(err),
        // The old file stays the same file under another name; who writes a new one between these steps loses it.
        Ok(Exchanged::Unsupported) => {
            let third = taken.with_extension("old");
            let _ = fs::remove_file(&third);
            match fs::hard_link(path, &third) {
                Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(false),
                linked => linked?,
            }
            fs::rename(taken, path)?;
            fs::rename(&third, taken)?;
            Ok(true)
        }
    }
}
