//! The AWS config and credentials files: where they are, what is in them, and how one is changed where others may write
//! too (AWS-FORMATS 7).
//!
//! Processes of these tools take turns by a lock file next to the real file. The AWS CLI and editors know nothing of it: the
//! CLI writes in place, editors rename. So the file is looked at again just before it is replaced, and what it was is
//! looked at again just after: through the open handle, a write in place shows even though the name is ours by
//! then. Either way the edit is made again on the newer content.

use std::env;
use std::fs::{self, DirBuilder, File, FileType, Metadata, OpenOptions};
use std::io::{self, Read as _, Seek as _};
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context as _;
use sso_tool::atomic_write::{FileMode, parent, replace};
use sso_tool::exit::{Exit, Fault};
use sso_tool::flock::{self, Try};
use sso_tool::settings::Settings;
use sso_tool::shell::shell_word;

use crate::ini::{Ini, Refusal};

/// The path of the config file: that of the settings, else `AWS_CONFIG_FILE`, else `~/.aws/config`. `None` if the variable
/// is set and empty: botocore then reads no file.
pub fn config_path(settings: &Settings) -> anyhow::Result<Option<PathBuf>> {
    if let Some(path) = settings.config_file() {
        return Ok(Some(path.to_owned()));
    }
    path("AWS_CONFIG_FILE", "~/.aws/config", settings)
}

/// The path of the credentials file: `AWS_SHARED_CREDENTIALS_FILE`, else `~/.aws/credentials`.
pub fn credentials_path(settings: &Settings) -> anyhow::Result<Option<PathBuf>> {
    path("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials", settings)
}

/// A file's text and when it was last changed.
#[derive(Debug)]
pub struct Text {
    /// All of it.
    pub text: String,
    /// Nanoseconds since 1970.
    pub modified_nanos: i64,
}

/// Reads a file. `None` if there is none or it isn't a regular file (`/dev/null`, a folder): to
/// botocore these are the same. A pipe is an error.
pub fn read(path: &Path) -> anyhow::Result<Option<Text>> {
    let Some((bytes, metadata)) = read_bytes(path)? else { return Ok(None) };
    Ok(Some(Text { text: text(path, bytes)?, modified_nanos: nanos(&metadata) }))
}

/// The text of a file's bytes.
pub(crate) fn text(path: &Path, bytes: Vec<u8>) -> anyhow::Result<String> {
    String::from_utf8(bytes).map_err(|err| {
        let valid = err.utf8_error().valid_up_to();
        let line = 1 + err.as_bytes().iter().take(valid).filter(|byte| **byte == b'\n').count();
        unreadable(path, &Refusal { line, why: "not UTF-8".to_owned() })
    })
}

/// The bytes of a regular file, with what was known of it when it was opened.
pub fn read_bytes(path: &Path) -> anyhow::Result<Option<(Vec<u8>, Metadata)>> {
    let cannot_read = || format!("cannot read {}", path.display());
    // Looked at before it is opened: opening a FIFO waits for its writer.
    match path.metadata() {
        Ok(metadata) if metadata.is_file() => {}
        Ok(metadata) if is_of_a_writer(metadata.file_type()) => {
            return Err(Fault::new(
                Exit::Config,
                format!("{} is a pipe or a socket, not a file", path.display()),
            )
            .hint("put the content into a file, and name that file")
            .into());
        }
        Ok(_) => return Ok(None),
        Err(err) if matches!(err.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(err) => return Err(err).with_context(cannot_read),
    }
    let deadline = Instant::now() + LONGEST;
    loop {
        let mut file = match File::open(path) {
            Ok(file) => file,
            // Gone since it was looked at.
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(err) => return Err(err).with_context(cannot_read),
        };
        let metadata = file.metadata().with_context(cannot_read)?;
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default() + 1);
        file.read_to_end(&mut bytes).with_context(cannot_read)?;
        // As it is after the reading: a write meanwhile makes it younger.
        let after = file.metadata().with_context(cannot_read)?;
        match unrest(&bytes, &after).filter(|_| Instant::now() < deadline) {
            Some(pause) => sleep(pause),
            None => return Ok(Some((bytes, after))),
        }
    }
}

/// Whether only another process knows what it holds: no reading of it can be repeated, and none must pass for "no profiles".
fn is_of_a_writer(kind: FileType) -> bool {
    kind.is_fifo() || kind.is_socket()
}

/// How old the last change of a file must be before its content counts, if nothing in it looks cut off.
const RESTED: Duration = Duration::from_millis(30);

/// The age for content that looks cut off: none at all, no line feed at the end, or none that parses.
const RESTED_TORN: Duration = Duration::from_millis(250);

/// How long a file that keeps changing is looked at again.
const LONGEST: Duration = Duration::from_secs(2);

/// The pause before the next look at a file that somebody may be writing at this moment; `None` once what was read counts.
///
/// The AWS CLI truncates a config and writes it in place, and so do editors and shells: one look may find nothing, or a
/// part. By the time of the last change, a file that rests costs no second look.
pub(crate) fn unrest(bytes: &[u8], metadata: &Metadata) -> Option<Duration> {
    let modified = metadata.modified().ok()?;
    // A time to come is a clock that was set, not a writer.
    let age = SystemTime::now().duration_since(modified).ok()?;
    if age >= RESTED_TORN {
        return None;
    }
    let is_whole =
        bytes.ends_with(b"\n") && std::str::from_utf8(bytes).is_ok_and(|text| Ini::parse(text).is_ok());
    // What was put in place by a rename was never anything else.
    let is_born_whole =
        metadata.created().is_ok_and(|born| modified.duration_since(born).unwrap_or_default() < BORN_WHOLE);
    if is_whole && is_born_whole {
        return None;
    }
    let rested = if is_whole { RESTED } else { RESTED_TORN };
    (age < rested).then_some(LOOK)
}

/// A file that was whole so soon after it was made was written once.
const BORN_WHOLE: Duration = Duration::from_millis(10);

/// The pause between two looks.
const LOOK: Duration = Duration::from_millis(5);

/// The error for a file that botocore refuses: no AWS tool works until it is mended.
pub fn unreadable(path: &Path, refusal: &Refusal) -> anyhow::Error {
    Fault::new(Exit::Config, format!("{}, {refusal}", path.display()))
        .hint(format!("fix line {} in an editor; the AWS CLI refuses the file too", refusal.line))
        .into()
}

/// When a regular file was last changed, in nanoseconds since 1970; `None` if there is none.
pub fn modified_nanos(path: &Path) -> Option<i64> {
    path.metadata().ok().filter(Metadata::is_file).map(|metadata| nanos(&metadata))
}

fn nanos(metadata: &Metadata) -> i64 {
    metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec())
}

fn path(variable: &str, default: &str, settings: &Settings) -> anyhow::Result<Option<PathBuf>> {
    let written = match env::var(variable) {
        Ok(written) => written,
        Err(env::VarError::NotPresent) => default.to_owned(),
        // Not UTF-8: nothing in it to expand.
        Err(env::VarError::NotUnicode(written)) => return Ok(Some(written.into())),
    };
    if written.is_empty() {
        return Ok(None);
    }
    let expanded = expand_variables(&written, |name| env::var(name).ok());
    match expanded.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            Ok(Some(settings.home()?.join(rest.trim_start_matches('/'))))
        }
        _ => Ok(Some(expanded.into())),
    }
}

/// Python's `os.path.expandvars`: `$NAME` and `${NAME}`; an unknown one stays as it is.
fn expand_variables(text: &str, lookup: impl Fn(&str) -> Option<String>) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        let braced = after.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let (name, tail) = braced.unwrap_or_else(|| {
            after
                .split_at(after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len()))
        });
        match lookup(name).filter(|_| !name.is_empty()) {
            Some(value) => {
                expanded.push_str(&value);
                rest = tail;
            }
            None => {
                expanded.push('$');
                rest = after;
            }
        }
    }
    expanded.push_str(rest);
    expanded
}

/// How long another writer is waited for. An edit takes milliseconds; one that hangs must be said.
const TIMEOUT: Duration = Duration::from_secs(10);

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
                .hint("create its folder and an empty file there, or remove the link")
                .into());
        }
        metadata => metadata.with_context(cannot_resolve)?,
    };
    if !metadata.is_file() {
        return Err(Fault::new(Exit::Config, format!("{} isn't a regular file", path.display()))
            .hint("see AWS_CONFIG_FILE")
            .into());
    }
    if is_link { fs::canonicalize(path).with_context(cannot_resolve) } else { Ok(path.to_owned()) }
}

/// The text of a file as it is now; empty if there is none.
pub(crate) fn current_text(real: &Path) -> anyhow::Result<String> {
    text(real, FileContent::rested(real, Instant::now() + TIMEOUT)?.bytes)
}

/// Replaces the content of `real` (see [`real_path`]) by what `edit` makes of it. `edit` may be called more
/// than once; `None` leaves the file alone.
pub(crate) fn change<T>(
    real: &Path,
    mut edit: impl FnMut(&str) -> anyhow::Result<(Option<String>, T)>,
) -> anyhow::Result<T> {
    make_folder(&parent(real))?;
    let _lock = lock(real)?;
    let deadline = Instant::now() + TIMEOUT;
    while Instant::now() < deadline {
        let mut seen = FileContent::rested(real, deadline)?;
        let (edited, outcome) = edit(&text(real, seen.bytes.clone())?)?;
        let Some(edited) = edited.filter(|edited| edited.as_bytes() != seen.bytes) else {
            return Ok(outcome);
        };
        if !seen.is_still(real)? {
            continue;
        }
        replace(real, edited.as_bytes(), FileMode::Kept)?;
        match seen.written_since()? {
            None => return Ok(outcome),
            Some(late) => put_back(real, edited.as_bytes(), &late)?,
        }
    }
    Err(Fault::new(Exit::TryLater, format!("{} keeps changing while it is edited", real.display()))
        .hint("find out which program writes to it, and try again")
        .into())
}

/// Somebody wrote into the file we just put aside: that is the newer truth, so it gets its name back, to be
/// edited again. If our file was written into as well by now, nobody can say what is right: both are kept.
fn put_back(real: &Path, ours: &[u8], late: &[u8]) -> anyhow::Result<()> {
    let mut seen = FileContent::read(real)?;
    let other = if seen.bytes == ours {
        replace(real, late, FileMode::Kept)?;
        seen.written_since()?
    } else {
        Some(late.to_owned())
    };
    let Some(other) = other else { return Ok(()) };
    let name = real.file_name().unwrap_or_default().to_string_lossy();
    let aside = parent(real).join(format!("{name}.sso-conflict.{}", std::process::id()));
    replace(&aside, &other, FileMode::Private)?;
    let message = format!(
        "{} was changed by two other programs at once; the content of one is in {}",
        real.display(),
        aside.display()
    );
    Err(Fault::new(Exit::TryLater, message)
        .hint(format!("diff {} {}", real.display(), aside.display()))
        .into())
}

/// A file as it was read, and the handle it was read by.
struct FileContent {
    file: Option<File>,
    bytes: Vec<u8>,
}

impl FileContent {
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
    match flock::wait(&file, TIMEOUT).with_context(cannot_lock)? {
        // No flock on this file system: the looks before and after the replacing are all there is.
        Try::Got | Try::Unsupported => {
            flock::mark(&file);
            Ok(file)
        }
        Try::Held | Try::Watched => {
            let message =
                format!("another sso-profile has held {} for {} s", path.display(), TIMEOUT.as_secs());
            Err(Fault::new(Exit::TryLater, message)
                .hint(format!("fuser -v {}", shell_word(&path.display().to_string())))
                .into())
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
                    "by rename" => replace(&path, theirs.as_bytes(), FileMode::Kept)?,
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
        let mut seen = FileContent::read(&path).unwrap();
        let mut other = OpenOptions::new().append(true).open(&path).unwrap();
        replace(&path, b"ours\n", FileMode::Kept).unwrap();
        assert_eq!(seen.written_since().unwrap(), None);
        other.write_all(b"other\n").unwrap();
        assert_eq!(seen.written_since().unwrap().as_deref(), Some(b"old\nother\n".as_slice()));
        assert!(!seen.is_still(&path).unwrap());
    }

    #[test]
    fn variables_are_expanded_as_python_does() {
        let expand = |text| {
            expand_variables(text, |name| match name {
                "A" => Some("/a".to_owned()),
                "A_B" => Some("$A".to_owned()),
                _ => None,
            })
        };
        assert_eq!(expand("$A/x${A}y$A-z"), "/a/x/ay/a-z");
        assert_eq!(expand("$A_B"), "$A");
        assert_eq!(expand("$NONE/${NONE}$ ${A $"), "$NONE/${NONE}$ ${A $");
        assert_eq!(expand("plain"), "plain");
    }
}
