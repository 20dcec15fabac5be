//! A person who thought better of it: no error, but an end.

use std::fmt;

/// Somebody chose nothing, or ended the input.
#[derive(Debug)]
struct Cancelled;

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing was chosen")
    }
}

impl std::error::Error for Cancelled {}

/// As an error, so that what was done so far is undone.
pub(crate) fn cancelled() -> anyhow::Error {
    Cancelled.into()
}

/// Whether it is that.
pub(crate) fn is_cancelled(err: &anyhow::Error) -> bool {
    err.downcast_ref::<Cancelled>().is_some()
}
