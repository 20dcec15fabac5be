//! State behind a lock.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The state behind a lock, also after a handler panicked.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
