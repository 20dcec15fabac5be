//! What came of trying to get a lock.

use crate::owner_file::Owner;

/// What came of trying to get a lock.
#[derive(Debug)]
pub enum Acquired<T> {
    /// The lock is ours, as long as the value lives.
    Held(T),
    /// Somebody else's; who, if that can be read.
    Busy(Option<Owner>),
}
