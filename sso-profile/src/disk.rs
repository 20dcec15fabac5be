//! Change a config file where others may write too.
//!
//! Ours take turns by a lock file next to the real file. The AWS CLI and editors know nothing of it: the CLI
//! writes in place, editors rename. So the file is looked at again just before it is replaced, and what it was is
//! looked at again just after: through the open handle, a write in place shows even though the name is ours by
//! then. Either way the edit is made again on the newer content.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use sso_tool::atomic_write::{Mode, parent, replace};
use sso_tool::exit::{Exit, Fault};

use crate::files::{text, unrest};

/// How long another writer is waited for. An edit takes milliseconds; one that hangs must be said.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a write in place may pause before it counts as finished.
const SETTLED: Duration = Duration::from_millis(20);

/// The file to change: links resolved, so that a linked config stays a link.
///
/// Status 74 for a link to nothing, 78 for what is no file.
pub(crate) fn real_path(path: &Path) -> anyhow::Result<PathBuf> {
    let cannot_resolve = || format!("cannot resolve {}", path.display());
    let Ok(metadata) = fs::symlink_metadata(path) else { return Ok(path.to_owned()) };
    let is_link = metadata.is_symlink();
    let metadata = match fs::metadata(path) {
        Err(err) if is_link && err.kind() == io::ErrorKind::NotFound => {
            let target = fs::read_link(path).with_context(cannot_resolve)?;
            let message =
                format!("{} is a link to {}, which does not exist", path.display(), target.display());
            return Err(Fault::new(Exit::Io, message)
                .hint("make its folder and an empty file there, or remove the link")
                .into());
        }
        metadata => metadata.with_context(cannot_resolve)?,
    };
    if !metadata.is_file() {
        return Err(Fault::new(Exit::Config, format!("{} is no regular file", path.display()))
            .hint("see AWS_CONFIG_FILE")
            .into());
    }
    if is_link { fs::canonicalize(path).with_context(cannot_resolve) } else { Ok(path.to_owned()) }
}

/// The text of a file as it is now; empty if there is none.
pub(crate) fn current_text(real: &Path) -> anyhow::Result<String> {
    text(real, Seen::rested(real, Instant::now() + PATIENCE)?.bytes)
}

/// Replaces the content of `real` (see [`real_path`]) by what `edit` makes of it. `edit` may be called more
/// than once; `None` leaves the file alone.
pub(crate) fn change<T>(
    real: &Path,
    mut edit: impl FnMut(&str) -> anyhow::Result<(Option<String>, T)>,
) -> anyhow::Result<T> {
    make_folder(&parent(real))?;
    let _lock = lock(real)?;
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let mut seen = Seen::rested(real, deadline)?;
        let (edited, outcome) = edit(&text(real, seen.bytes.clone())?)?;
        let Some(edited) = edited.filter(|edited| edited.as_bytes() != seen.bytes) else {
            return Ok(outcome);
        };
        if !seen.is_still(real)? {
            continue;
        }
        replace(real, edited.as_bytes(), Mode::Kept)?;
        match seen.written_since()? {
            None => return Ok(outcome),
            Some(late) => put_back(real, edited.as_bytes(), &late)?,
        }
    }
    Err(Fault::new(Exit::TryLater, format!("{} keeps changing under our hands", real.display()))
        .hint("see who writes to it, and try again")
        .into())
}

/// Somebody wrote into the file we just put aside: that is the newer truth, so it gets its name back, to be
/// edited again. If our file was written into as well by now, nobody can say what is right: both are kept.
fn put_back(real: &Path, ours: &[u8], late: &[u8]) -> anyhow::Result<()> {
    let mut seen = Seen::read(real)?;
    let other = if seen.bytes == ours {
        replace(real, late, Mode::Kept)?;
        seen.written_since()?
    } else {
        Some(late.to_owned())
    };
    let Some(other) = other else { return Ok(()) };
    let name = real.file_name().unwrap_or_default().to_string_lossy();
    let aside = parent(real).join(format!("{name}.sso-conflict.{}", std::process::id()));
    replace(&aside, &other, Mode::Private)?;
    let message = format!(
        "{} was changed by two others at once; one's content is in {}",
        real.display(),
        aside.display()
    );
    Err(Fault::new(Exit::TryLater, message)
        .hint(format!("diff {} {}", real.display(), aside.display()))
        .into())
}

/// A file as it was read, and the handle it was read by.
struct Seen {
    file: Option<File>,
    bytes: Vec<u8>,
}

impl Seen {
    /// Reads a file once nobody is in the middle of writing it.
    fn rested(path: &Path, deadline: Instant) -> anyhow::Result<Self> {
        loop {
            let seen = Self::read(path)?;
            let Some(file) = &seen.file else { return Ok(seen) };
            let metadata = file.metadata().with_context(|| format!("cannot read {}", path.display()))?;
            match unrest(&seen.bytes, &metadata).filter(|_| Instant::now() < deadline) {
                Some(pause) => sleep(pause),
                None => return Ok(seen),
            }
        }
    }

    fn read(path: &Path) -> anyhow::Result<Self> {
        let cannot_read = || format!("cannot read {}", path.display());
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(err) if err.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { file: None, bytes: Vec::new() });
            }
            Err(err) => return Err(err).with_context(cannot_read),
        };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).with_context(cannot_read)?;
        Ok(Self { file: Some(file), bytes })
    }

    /// Whether the name still stands for the file that was read, with what was read in it.
    fn is_still(&self, path: &Path) -> anyhow::Result<bool> {
        let now = Self::read(path)?;
        let same_file = match (&self.file, &now.file) {
            (Some(then), Some(now)) => {
                let (then, now) = (then.metadata()?, now.metadata()?);
                (then.dev(), then.ino()) == (now.dev(), now.ino())
            }
            (None, None) => true,
            _ => false,
        };
        Ok(same_file && now.bytes == self.bytes)
    }

    /// What was written into the file since, by one who has it open; waits until it rests.
    fn written_since(&mut self) -> anyhow::Result<Option<Vec<u8>>> {
        let Some(file) = &mut self.file else { return Ok(None) };
        let mut again = || -> io::Result<Vec<u8>> {
            let mut bytes = Vec::new();
            file.rewind()?;
            file.read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        let mut late = again().context("cannot read the replaced file again")?;
        if late == self.bytes {
            return Ok(None);
        }
        loop {
            sleep(SETTLED);
            let now = again().context("cannot read the replaced file again")?;
            if now == late {
                return Ok(Some(late));
            }
            late = now;
        }
    }
}

/// `~/.aws` holds tokens and keys: nobody else's business from the start.
fn make_folder(folder: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))
}

/// Our turn to write, until the file is dropped. The lock file stays: removing it would let two in.
fn lock(real: &Path) -> anyhow::Result<File> {
    let name = real.file_name().unwrap_or_default().to_string_lossy();
    let path = parent(real).join(format!(".{name}.sso-lock"));
    let cannot_lock = || format!("cannot lock {}", path.display());
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .with_context(cannot_lock)?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        match fs2::FileExt::try_lock_exclusive(&file) {
            Ok(()) => return Ok(file),
            // No flock on this file system: the looks before and after the replacing are all there is.
            Err(err) if err.kind() == io::ErrorKind::Unsupported => return Ok(file),
            Err(err) if err.raw_os_error() != fs2::lock_contended_error().raw_os_error() => {
                return Err(err).with_context(cannot_lock);
            }
            Err(_) if Instant::now() >= deadline => {
                let message =
                    format!("another sso-profile has held {} for {} s", path.display(), PATIENCE.as_secs());
                return Err(Fault::new(Exit::TryLater, message)
                    .hint("see what it waits for, and try again")
                    .into());
            }
            Err(_) => sleep(Duration::from_millis(5)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn append(line: &'static str) -> impl Fn(&str) -> anyhow::Result<(Option<String>, ())> {
        move |text| Ok(((!text.contains(line)).then(|| format!("{text}{line}")), ()))
    }

    #[test]
    fn a_change_by_another_writer_between_reading_and_replacing_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config");
        for (how, expected) in
            [("in place", "old\nother\nours\n"), ("by rename", "old\nother\nours\n"), ("removed", "ours\n")]
        {
            fs::write(&path, "old\n").unwrap();
            let mut calls = 0;
            change(&path, |text| {
                calls += 1;
                let theirs = format!("{text}other\n");
                match how {
                    _ if calls > 1 => {}
                    "in place" => fs::write(&path, theirs)?,
                    "by rename" => replace(&path, theirs.as_bytes(), Mode::Kept)?,
                    _ => fs::remove_file(&path)?,
                }
                append("ours\n")(text)
            })
            .unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), expected, "{how}");
        }
    }

    #[test]
    fn late_content_gets_its_name_back_and_a_conflict_keeps_both() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config");
        fs::write(&path, "ours\n").unwrap();
        put_back(&path, b"ours\n", b"late\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "late\n");
        let err = put_back(&path, b"ours\n", b"later\n").unwrap_err();
        assert_eq!(sso_tool::exit::status_of(&err), Exit::TryLater);
        assert_eq!(fs::read_to_string(&path).unwrap(), "late\n");
        assert_eq!(
            fs::read_to_string(dir.path().join(format!("config.sso-conflict.{}", std::process::id())))
                .unwrap(),
            "later\n"
        );
    }

    #[test]
    fn what_was_written_into_the_file_put_aside_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config");
        fs::write(&path, "old\n").unwrap();
        let mut seen = Seen::read(&path).unwrap();
        let mut other = OpenOptions::new().append(true).open(&path).unwrap();
        replace(&path, b"ours\n", Mode::Kept).unwrap();
        assert_eq!(seen.written_since().unwrap(), None);
        other.write_all(b"other\n").unwrap();
        assert_eq!(seen.written_since().unwrap().as_deref(), Some(b"old\nother\n".as_slice()));
        assert!(!seen.is_still(&path).unwrap());
    }
}
