//! SIGINT, SIGTERM and SIGHUP while something must be ended first: a child, or a login that polls.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context as _;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

/// What the handlers set and ask, for the whole process: a handler can be added, but the default can't be put back, so
/// they are installed once and do what the default does while nobody holds the signals back.
static HANDLERS: OnceLock<Handlers> = OnceLock::new();

struct Handlers {
    /// How many hold the signals back now: a child's run may be part of something longer.
    holders: AtomicUsize,
    received: Arc<AtomicUsize>,
    is_default: Arc<AtomicBool>,
}

impl Handlers {
    fn install() -> anyhow::Result<Self> {
        let handlers = Self {
            holders: AtomicUsize::new(0),
            received: Arc::default(),
            is_default: Arc::new(AtomicBool::new(true)),
        };
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            flag::register_conditional_default(signal, Arc::clone(&handlers.is_default))
                .context("cannot catch signals")?;
            let value = usize::try_from(signal).unwrap_or_default();
            flag::register_usize(signal, Arc::clone(&handlers.received), value)
                .context("cannot catch signals")?;
        }
        Ok(handlers)
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
        i32::try_from(self.0.received.load(Ordering::SeqCst)).ok().filter(|signal| *signal != 0)
    }

    /// The signal that came, as soon as one did.
    pub(crate) async fn signal(&self) -> i32 {
        const LOOK: Duration = Duration::from_millis(50);
        loop {
            if let Some(signal) = self.received() {
                return signal;
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        if self.0.holders.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.is_default.store(true, Ordering::SeqCst);
        }
    }
}
