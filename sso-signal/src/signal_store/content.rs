//! What is in a signal's file: a signal, something bad, nothing.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::signal::{LARGEST, Signal};
use sso_tool::safe_read::{self, Found};
use sso_tool::time;

/// In the chain of an error: a signal's file that couldn't be read.
#[derive(Debug)]
pub(crate) struct Unreadable(PathBuf);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot read {}", self.0.display())
    }
}

/// Context of an error: a signal can't be placed, since others hold each file that it may have.
#[derive(Debug)]
pub(crate) struct NoPlace(pub(crate) String);

impl fmt::Display for NoPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no file name is free for a signal of `{}`", self.0)
    }
}

/// Whether a file may not be read: somebody else's, not a broken one.
pub(crate) fn is_forbidden(err: &anyhow::Error) -> bool {
    err.downcast_ref::<io::Error>().is_some_and(|err| err.kind() == io::ErrorKind::PermissionDenied)
}

/// What is in a signal's file.
pub(crate) enum Content {
    Signal(Box<Signal>),
    Gone,
    /// Not parseable (maybe not yet), a link, a FIFO, something huge.
    Bad(String),
}

/// Lack of permission is an error, not a bad file.
pub(crate) fn read_file(path: &Path) -> anyhow::Result<Content> {
    let name = path.display().to_string();
    let (found, written) =
        safe_read::read_dated(path, LARGEST).with_context(|| Unreadable(path.to_owned()))?;
    Ok(match found {
        Found::Missing => Content::Gone,
        Found::Bad(what) => Content::Bad(format!("{name} {what}")),
        Found::Bytes(bytes) => match Signal::of_file(&bytes, &name, written.and_then(time::from_system)) {
            Ok(signal) => Content::Signal(Box::new(signal)),
            Err(err) => Content::Bad(format!("{err:#}")),
        },
    })
}
