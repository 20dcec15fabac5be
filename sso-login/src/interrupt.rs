//! SIGINT, SIGTERM and SIGHUP while something must be ended first: a child, or a login that polls.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context as _;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use sso_tool::exit::{Exit, Fault};
use sso_tool::foreground::not_ignored;

/// How often a call looks for a signal.
const LOOK: Duration = Duration::from_millis(50);

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
pub(crate) struct Interrupt(&'static Handlers);

impl Interrupt {
    /// Begins to hold them back.
    pub(crate) fn hold() -> anyhow::Result<Self> {
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
    pub(crate) fn received(&self) -> Option<i32> {
        self.0.received()
    }

    /// Has the calls of services end by the signals, too, as long as the answer lives: for what is undone then. A server, which
    /// finishes what is under way, holds the signals back without it.
    pub(crate) fn end_calls(&self) -> EndedCalls {
        self.0.ending_calls.fetch_add(1, Ordering::SeqCst);
        EndedCalls(self.0)
    }

    /// The signal that came, as soon as one did.
    pub(crate) async fn signal(&self) -> i32 {
        loop {
            if let Some(signal) = self.received() {
                return signal;
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Calls of services end by a signal as long as it lives.
pub(crate) struct EndedCalls(&'static Handlers);

impl Drop for EndedCalls {
    fn drop(&mut self) {
        self.0.ending_calls.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Refuses to go on after a signal that is to end calls. Status 128 + N for signal N.
pub(crate) fn check() -> anyhow::Result<()> {
    let of_calls = |handlers: &&Handlers| handlers.ending_calls.load(Ordering::SeqCst) > 0;
    match HANDLERS.get().filter(of_calls).and_then(Handlers::received) {
        Some(signal) => Err(interrupted(signal)),
        None => Ok(()),
    }
}

/// Answers a call, unless a signal that is to end calls comes first. Status 128 + N for signal N.
pub(crate) async fn unless_told<T>(call: impl Future<Output = T>) -> anyhow::Result<T> {
    let told = async {
        loop {
            if let Err(interrupted) = check() {
                return interrupted;
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::select! {
        answer = call => Ok(answer),
        interrupted = told => Err(interrupted),
    }
}

/// This process was told to end, by that signal.
pub(crate) fn interrupted(signal: i32) -> anyhow::Error {
    Fault::new(Exit::of_signal(signal), "interrupted").into()
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        if self.0.holders.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.is_default.store(true, Ordering::SeqCst);
        }
    }
}
