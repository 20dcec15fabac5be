//! How long a question stays open: until its time is up, a signal comes, or a login elsewhere has made it moot.

use std::time::Duration;

use crate::interrupt::Interrupt;

/// What ends a question that nobody answers.
#[derive(Clone, Copy)]
pub(super) struct Limits<'a> {
    /// The longest wait.
    pub(super) timeout: Duration,
    is_moot: &'a dyn Fn() -> bool,
}

/// What came before an answer or the end of time.
pub(super) enum Interruption {
    /// A signal that told this process to end.
    Signal(i32),
    /// Nobody needs an answer any more.
    Moot,
}

impl<'a> Limits<'a> {
    pub(super) fn new(timeout: Duration) -> Self {
        Self { timeout, is_moot: &|| false }
    }

    /// The same, ended as soon as `is_moot` says so. It is asked about twenty times a second.
    pub(super) fn unless(self, is_moot: &'a dyn Fn() -> bool) -> Self {
        Self { is_moot, ..self }
    }

    pub(super) fn interruption(&self, interrupt: &Interrupt) -> Option<Interruption> {
        let signal = interrupt.received().map(Interruption::Signal);
        signal.or_else(|| (self.is_moot)().then_some(Interruption::Moot))
    }
}
