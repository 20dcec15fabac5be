//! SIGINT, SIGTERM and SIGHUP while something must be ended first: a child, or a login that polls.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use anyhow::Context as _;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use crate::exit::{Exit, Fault};
use crate::foreground::not_ignored;

/// What the handlers set and ask, for the whole process: a handler can be added, but the default can't be put back, so
/// they are installed once and do what the default does while nobody holds the signals back.
static HANDLERS: OnceLock<Handlers> = OnceLock::new();

struct Handlers {
    /// How many hold the signals back now: a child's run may be part of something longer.
    holders: AtomicUsize,
    /// How many want the calls of services to end by them, too.
    ending_calls: AtomicUsize,
    received: Arc<AtomicUsize>,
    is_default: Arc<AtomicBool>,
}

impl Handlers {
    fn install() -> anyhow::Result<Self> {
        let handlers = Self {
            holders: AtomicUsize::new(0),
            ending_calls: AtomicUsize::new(0),
            received: Arc::default(),
            is_default: Arc::new(AtomicBool::new(true)),
        };
        for signal in not_ignored(&[SIGINT, SIGTERM, SIGHUP]) {
            flag::register_conditional_default(signal, Arc::clone(&handlers.is_default))
                .context("cannot catch signals")?;
            let value = usize::try_from(signal).unwrap_or_default();
            flag::register_usize(signal, Arc::clone(&handlers.received), value)
                .context("cannot catch signals")?;
        }
        Ok(handlers)
    }

    fn received(&self) -> Option<i32> {
        i32::try_from(self.received.load(Ordering::SeqCst)).ok().filter(|signal| *signal != 0)
    }
}

/// Holds the signals back as long as it lives. What came while an outer one lived is known to the inner one, too.
pub struct Interrupt(&'static Handlers);

impl Interrupt {
    /// Begins to hold them back.
    pub fn hold() -> anyhow::Result<Self> {
        let handlers = match HANDLERS.get() {
            Some(handlers) => handlers,
            None => {
                let handlers = Handlers::install()?;
                HANDLERS.get_or_init(|| handlers)
            }
        };
        if handlers.holders.fetch_add(1, Ordering::SeqCst) == 0 {
            handlers.received.store(0, Ordering::SeqCst);
            handlers.is_default.store(false, Ordering::SeqCst);
        }
        Ok(Self(handlers))
    }

    /// The signal that came, if one did.
    pub fn received(&self) -> Option<i32> {
        self.0.received()
    }

    /// Has the calls of services end by the signals, too, as long as the answer lives: for what is undone then. A server, which
    /// finishes what is under way, holds the signals back without it.
    pub fn end_calls(&self) -> EndedCalls {
        self.0.ending_calls.fetch_add(1, Ordering::SeqCst);
        EndedCalls(self.0)
    }
}

/// Calls of services end by a signal as long as it lives.
pub struct EndedCalls(&'static Handlers);

impl Drop for EndedCalls {
    fn drop(&mut self) {
        self.0.ending_calls.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Refuses to go on after a signal that is to end calls. Status 128 + N for signal N.
pub fn check() -> anyhow::Result<()> {
    let of_calls = |handlers: &&Handlers| handlers.ending_calls.load(Ordering::SeqCst) > 0;
    match HANDLERS.get().filter(of_calls).and_then(Handlers::received) {
        Some(signal) => Err(interrupted(signal)),
        None => Ok(()),
    }
}

/// A signal that told this process to end.
pub fn interrupted(signal: i32) -> anyhow::Error {
    Fault::new(Exit::of_signal(signal), "interrupted").into()
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        if self.0.holders.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.is_default.store(true, Ordering::SeqCst);
        }
    }
}
