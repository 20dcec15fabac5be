//! `last-login-at.txt`: when a person last dismissed a question, for everybody to see. Removing the file ends
//! every cooldown.

use std::path::{Path, PathBuf};

use sso_tool::atomic_write;
use sso_tool::safe_read::{self, Found};
use sso_tool::time::{self, Moment};

/// The stamp. What is no finite number of epoch seconds counts as absent.
pub(crate) fn read(state_dir: &Path) -> Option<Moment> {
    let Ok(Found::Bytes(bytes)) = safe_read::read(&file(state_dir), 64) else { return None };
    std::str::from_utf8(&bytes).ok()?.trim().parse().ok().and_then(time::from_epoch)
}

/// Writes the stamp: epoch seconds and a newline.
pub(crate) fn write(state_dir: &Path, now: Moment) -> anyhow::Result<()> {
    atomic_write::replace(
        &file(state_dir),
        format!("{}\n", now.timestamp()).as_bytes(),
        atomic_write::FileMode::Private,
    )
}

/// Where the stamp is.
pub(crate) fn file(state_dir: &Path) -> PathBuf {
    state_dir.join("last-login-at.txt")
}
