//! A cache file as a whole: read without trust, written without tearing.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::Context as _;
use rustix::fs::OFlags;
use rustix::io::Errno;
use serde_json::{Map, Value};
use sso_signal::replace::{self, Mode};
use sso_signal::secret::Secret;
use sso_signal::time::{self, Moment};
use sso_signal::wire;

use crate::python::{Separators, dumps};

/// What a cache file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry<T> {
    /// Something usable.
    Whole(T),
    /// Nothing: there is no such file.
    Missing,
    /// Nothing usable: why, in words that show none of the content.
    Corrupt(&'static str),
}

impl<T> Entry<T> {
    /// The content, if there is any.
    pub fn whole(self) -> Option<T> {
        match self {
            Self::Whole(content) => Some(content),
            Self::Missing | Self::Corrupt(_) => None,
        }
    }

    /// Goes on with the content, if there is any.
    pub fn and_then<U>(self, next: impl FnOnce(T) -> Entry<U>) -> Entry<U> {
        match self {
            Self::Whole(content) => next(content),
            Self::Missing => Entry::Missing,
            Self::Corrupt(why) => Entry::Corrupt(why),
        }
    }
}

/// Reads a file as one JSON object of at most 1 MiB. A torn file, duplicate keys, a folder, a FIFO, a
/// dangling loop of links are [`Entry::Corrupt`]; a lack of permission is an error (status 74).
///
/// A link to a regular file is followed: people keep `~/.aws` in a repository of dotfiles. Nothing blocks
/// (POSIX open: `O_NONBLOCK` on a FIFO returns at once).
pub fn read(path: &Path) -> anyhow::Result<Entry<Map<String, Value>>> {
    read_object(path).with_context(|| format!("cannot read {}", path.display()))
}

fn read_object(path: &Path) -> io::Result<Entry<Map<String, Value>>> {
    // O_* flags are small and fit whatever the platform's c_int is.
    let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY).bits()).unwrap_or_default();
    let is = |err: &io::Error, errno: Errno| err.raw_os_error() == Some(errno.raw_os_error());
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Entry::Missing),
        Err(err) if is(&err, Errno::LOOP) => return Ok(Entry::Corrupt("is a loop of links")),
        // A socket can't be opened at all.
        Err(err) if is(&err, Errno::NXIO) => return Ok(Entry::Corrupt("is not a regular file")),
        Err(err) => return Err(err),
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok(Entry::Corrupt("is not a regular file"));
    }
    if metadata.len() > wire::LARGEST as u64 {
        return Ok(Entry::Corrupt("is too large"));
    }
    let mut bytes = Vec::new();
    file.take(wire::LARGEST as u64 + 1).read_to_end(&mut bytes)?;
    Ok(parse(&bytes))
}

fn parse(bytes: &[u8]) -> Entry<Map<String, Value>> {
    if bytes.is_empty() {
        return Entry::Corrupt("is empty");
    }
    // The parser's words could show what is in the file; ours can't.
    match wire::parse(bytes, "file") {
        Ok(mut document) => Entry::Whole(std::mem::take(&mut *document)),
        Err(_) => Entry::Corrupt("is not one whole JSON object"),
    }
}

/// Writes an object as the AWS CLI does (one line, ASCII, no newline at the end; AWS-FORMATS 1.2), but by
/// atomic replace and with 0600. The folder is made, with 0700, if it isn't there; a link to a
/// regular file stays a link and the file it names is replaced.
pub fn write(path: &Path, object: &Map<String, Value>) -> anyhow::Result<()> {
    let directory = replace::parent(path);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;
    let line = dumps(object, Separators::Spaced);
    let target = linked_file(path);
    replace::replace(target.as_deref().unwrap_or(path), line.as_bytes(), Mode::Private)
}

fn linked_file(path: &Path) -> Option<std::path::PathBuf> {
    if !fs::symlink_metadata(path).ok()?.is_symlink() {
        return None;
    }
    fs::canonicalize(path).ok().filter(|target| target.is_file())
}

/// Takes the text of `key` out of an object; what isn't text goes too.
pub(crate) fn take_text(object: &mut Map<String, Value>, key: &str) -> Option<String> {
    match object.shift_remove(key) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

/// Takes a secret that is there and not empty.
pub(crate) fn take_secret(object: &mut Map<String, Value>, key: &str) -> Option<Secret> {
    take_text(object, key).filter(|text| !text.is_empty()).map(Secret::from)
}

/// Takes a timestamp in any form of AWS-FORMATS 1.4.
pub(crate) fn take_moment(object: &mut Map<String, Value>, key: &str) -> Option<Moment> {
    time::from_value(&object.shift_remove(key)?)
}

/// Takes a list of texts; `None` if it is anything else.
pub(crate) fn take_texts(object: &mut Map<String, Value>, key: &str) -> Option<Vec<String>> {
    let Some(Value::Array(list)) = object.shift_remove(key) else { return None };
    list.into_iter()
        .map(|value| match value {
            Value::String(text) => Some(text),
            _ => None,
        })
        .collect()
}

/// Puts a key, if there is something to put.
pub(crate) fn put(object: &mut Map<String, Value>, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object.insert(key.to_owned(), value.into());
    }
}
