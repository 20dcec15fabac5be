//! A cache file as a whole: read without trust, written without tearing.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::Context as _;
use rustix::fs::OFlags;
use rustix::io::Errno;
use serde_json::{Map, Value};
use sso_tool::atomic_write::{self, FileMode, Reservation, Swap};
use sso_tool::secret::Secret;
use sso_tool::stream;
use sso_tool::time::{self, Moment};

use crate::content::{self, Content};
use crate::python::{Separators, dumps};
use crate::second_look;

/// More than a cache file takes: a token, a registration and the like are a few KiB.
const ROOM: usize = 16 << 10;

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
    pub fn as_whole(&self) -> Option<&T> {
        match self {
            Self::Whole(content) => Some(content),
            _ => None,
        }
    }

    /// The content, if there is a whole one.
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

/// Reads a file as one JSON object of at most 1 MiB. Duplicate keys, a folder, a FIFO, a loop of links are
/// [`Entry::Corrupt`]; a lack of permission is an error (status 74).
///
/// A torn file is looked at again ([`second_look`]) before it counts as corrupt: the AWS CLI truncates and writes in
/// place. A whole one is read once.
///
/// A link to a regular file is followed: people keep `~/.aws` in a repository of dotfiles. Nothing blocks
/// (POSIX open: `O_NONBLOCK` on a FIFO returns at once).
pub fn read(path: &Path) -> anyhow::Result<Entry<Map<String, Value>>> {
    let bytes = |path: &Path| read_bytes(path).with_context(|| format!("cannot read {}", path.display()));
    let found = second_look::settled(path, bytes(path)?, bytes)?;
    Ok(match found {
        Content::Missing => Entry::Missing,
        Content::Unfit(why) => Entry::Corrupt(why),
        Content::Bytes(bytes, _) => parse(&bytes),
    })
}

fn read_bytes(path: &Path) -> io::Result<Content> {
    // O_* flags are small and fit whatever the platform's c_int is.
    let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY).bits()).unwrap_or_default();
    let is = |err: &io::Error, errno: Errno| err.raw_os_error() == Some(errno.raw_os_error());
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Content::Missing),
        Err(err) if is(&err, Errno::LOOP) => return Ok(Content::Unfit("is a loop of links")),
        // A socket can't be opened at all.
        Err(err) if is(&err, Errno::NXIO) => return Ok(Content::Unfit("is not a regular file")),
        Err(err) => return Err(err),
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok(Content::Unfit("is not a regular file"));
    }
    let Some(size) = usize::try_from(metadata.len()).ok().filter(|size| *size <= stream::LARGEST) else {
        return Ok(Content::Unfit("is too large"));
    };
    // One more than it should need, so that a single read sees the whole and the next one its end.
    let mut bytes = Vec::with_capacity(size + 1);
    file.take(stream::LARGEST as u64 + 1).read_to_end(&mut bytes)?;
    Ok(Content::Bytes(bytes, metadata.modified().ok()))
}

pub(crate) fn parse(bytes: &[u8]) -> Entry<Map<String, Value>> {
    match content::object(bytes) {
        Ok(object) => Entry::Whole(object),
        Err(why) => Entry::Corrupt(why),
    }
}

/// Writes an object as the AWS CLI does (one line, ASCII, no newline at the end; AWS-FORMATS 1), but by
/// atomic replace and with 0600. The folder is made, with 0700, if it isn't there; a link to a
/// regular file stays a link and the file it names is replaced.
pub fn write(path: &Path, object: &Map<String, Value>) -> anyhow::Result<()> {
    make_folder(path)?;
    let line = dumps(object, Separators::Spaced);
    let target = linked_file(path);
    atomic_write::replace(target.as_deref().unwrap_or(path), line.as_bytes(), FileMode::Private)
}

/// What came of a write, or a removal, that is for one former content only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// The file has the new content, or is removed.
    Done,
    /// There is no file any more: somebody removed it (a logout), and it stays removed.
    Gone,
    /// The file has something else by now, which stays.
    Replaced,
}

/// The space for a cache file's next content. A disk that is full later costs nothing: the answer of a service may be
/// good for one use only.
#[derive(Debug)]
pub struct Room(Reservation);

impl Room {
    /// Takes the space. An error (status 74) if a cache file can't be written there, whatever it will hold.
    pub fn take(path: &Path) -> anyhow::Result<Self> {
        make_folder(path)?;
        let target = linked_file(path);
        let target = target.as_deref().unwrap_or(path);
        // What other tools put into the file is kept.
        let there = fs::metadata(target).map_or(0, |metadata| metadata.len().min(stream::LARGEST as u64));
        let size = ROOM.saturating_add(usize::try_from(there).unwrap_or_default());
        atomic_write::reserve(target, size).map(Self)
    }

    /// Writes an object there, as [`write`] does.
    pub fn write(self, object: &Map<String, Value>) -> anyhow::Result<()> {
        self.0.replace(dumps(object, Separators::Spaced).as_bytes())
    }

    /// Writes an object there only if the file still holds what `is_expected` says: compare and swap, in one step.
    pub fn write_if(
        self,
        object: &Map<String, Value>,
        is_expected: impl Fn(Entry<Map<String, Value>>) -> bool,
    ) -> anyhow::Result<Written> {
        let line = dumps(object, Separators::Spaced);
        self.0.replace_if(line.as_bytes(), |bytes| is_expected(parse(bytes))).map(Written::of)
    }
}

/// Writes an object into a file that isn't there. One that somebody else has made meanwhile stays.
pub(crate) fn create(path: &Path, object: &Map<String, Value>) -> anyhow::Result<Written> {
    make_folder(path)?;
    // What a killed writer left.
    atomic_write::sweep(&atomic_write::parent(path), path.file_name());
    let is_made = atomic_write::create(path, dumps(object, Separators::Spaced).as_bytes())?;
    Ok(if is_made { Written::Done } else { Written::Replaced })
}

/// Removes a file only if it still holds what `is_expected` says.
pub(crate) fn remove_if(
    path: &Path,
    is_expected: impl Fn(Entry<Map<String, Value>>) -> bool,
) -> anyhow::Result<Written> {
    atomic_write::remove_if(path, |bytes| is_expected(parse(bytes))).map(Written::of)
}

impl Written {
    fn of(swap: Swap) -> Self {
        match swap {
            Swap::Done => Self::Done,
            Swap::Gone => Self::Gone,
            Swap::Other => Self::Replaced,
        }
    }
}

fn make_folder(path: &Path) -> anyhow::Result<()> {
    let directory = atomic_write::parent(path);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&directory)
        .with_context(|| format!("cannot make {}", directory.display()))
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

/// Takes a timestamp in any form of AWS-FORMATS 1.
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::os::unix::fs::{MetadataExt as _, symlink};
    use std::os::unix::net::UnixListener;

    #[test]
    fn a_file_is_whole_or_corrupt_and_never_a_crash_or_a_wait() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for (name, content) in [
            ("whole", r#" {"a": 1} "#.to_owned()),
            ("empty", String::new()),
            ("torn", r#"{"a": "1"#.to_owned()),
            ("tail", r#"{"a": 1}"}"#.to_owned()),
            ("twice", r#"{"a": 1, "a": 2}"#.to_owned()),
            ("list", "[]".to_owned()),
            ("deep", "[".repeat(100_000)),
            ("huge", format!(r#"{{"a": "{}"}}"#, "x".repeat(stream::LARGEST))),
        ] {
            fs::write(at(name), content).unwrap();
        }
        fs::write(at("binary"), b"SQLite format 3\0\xff").unwrap();
        fs::create_dir(at("folder")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, at("fifo"), 0o600.into()).unwrap();
        let _socket = UnixListener::bind(at("socket")).unwrap();
        for (name, target) in
            [("loop", "loop"), ("link", "whole"), ("dangling", "nothing"), ("to-fifo", "fifo")]
        {
            symlink(at(target), at(name)).unwrap();
        }

        for name in ["whole", "link"] {
            assert!(matches!(read(&at(name)).unwrap(), Entry::Whole(object) if object.len() == 1), "{name}");
        }
        for name in ["missing", "dangling", "no/folder"] {
            assert_eq!(read(&at(name)).unwrap(), Entry::Missing, "{name}");
        }
        for (name, why) in [
            ("empty", "is empty"),
            ("torn", "is not one whole JSON object"),
            ("tail", "is not one whole JSON object"),
            ("twice", "is not one whole JSON object"),
            ("list", "is not one whole JSON object"),
            ("deep", "is not one whole JSON object"),
            ("binary", "is not one whole JSON object"),
            ("huge", "is too large"),
            ("folder", "is not a regular file"),
            ("fifo", "is not a regular file"),
            ("to-fifo", "is not a regular file"),
            ("socket", "is not a regular file"),
            ("loop", "is a loop of links"),
        ] {
            assert_eq!(read(&at(name)).unwrap(), Entry::Corrupt(why), "{name}");
        }
    }

    #[test]
    fn what_fails_otherwise_is_an_error_that_names_the_file() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), "").unwrap();
        let err = read(&dir.path().join("file/x.json")).unwrap_err();
        assert!(format!("{err:#}").starts_with("cannot read "), "{err:#}");
    }

    #[test]
    fn a_new_folder_is_private_and_an_old_one_is_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let mode = |name: &str| fs::metadata(dir.path().join(name)).unwrap().mode() & 0o777;
        write(&dir.path().join("a/b/x.json"), &Map::new()).unwrap();
        assert_eq!((mode("a"), mode("a/b"), mode("a/b/x.json")), (0o700, 0o700, 0o600));
        fs::set_permissions(dir.path().join("a"), std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .unwrap();
        write(&dir.path().join("a/x.json"), &Map::new()).unwrap();
        assert_eq!(mode("a"), 0o755);
    }

    #[test]
    fn a_link_to_a_file_stays_a_link_and_any_other_link_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("real"), "old").unwrap();
        for (name, target) in [("link", "real"), ("dangling", "nothing")] {
            symlink(target, at(name)).unwrap();
            write(&at(name), &Map::new()).unwrap();
            assert_eq!(fs::read_to_string(at(name)).unwrap(), "{}");
        }
        assert!(fs::symlink_metadata(at("link")).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(at("real")).unwrap(), "{}");
        assert!(fs::symlink_metadata(at("dangling")).unwrap().is_file());
    }

    proptest! {
        #[test]
        fn any_bytes_are_parsed_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn any_value_is_taken_without_panic(text in "[\\[\\]{}:,\"a1.-]{0,40}") {
            if let Entry::Whole(object) = parse(text.as_bytes()) {
                let _ = crate::token::Token::from_object(object.clone());
                let _ = crate::registration::Registration::from_object(object.clone());
                let _ = crate::credentials::RoleCredentials::from_object(object);
            }
        }
    }
}
