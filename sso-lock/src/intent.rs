//! Why one looks at a lock.

/// Why one looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intent {
    /// To take over if the owner is dead: the flock is taken exclusively.
    Take,
    /// To know: the flock is shared, nothing changes.
    Know,
}
