//! How what is asked for is written.

/// How what is asked for is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct WriteOptions {
    /// What exists and differs is changed.
    pub replace: bool,
    /// Nothing is changed: the document has the change as `diff`.
    pub dry_run: bool,
}
