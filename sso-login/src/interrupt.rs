//! SIGINT, SIGTERM and SIGHUP while a child runs: the child is ended first, then this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::Context as _;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

/// Holds the signals back as long as it lives.
pub(crate) struct Interrupt {
    received: Arc<AtomicUsize>,
    /// Ends with this value's life: afterwards a signal does what it does by default.
    is_default: Arc<AtomicBool>,
}

impl Interrupt {
    /// Begins to hold them back.
    pub(crate) fn hold() -> anyhow::Result<Self> {
        let received = Arc::new(AtomicUsize::new(0));
        let is_default = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            flag::register_conditional_default(signal, Arc::clone(&is_default))
                .context("cannot catch signals")?;
            let value = usize::try_from(signal).unwrap_or_default();
            flag::register_usize(signal, Arc::clone(&received), value).context("cannot catch signals")?;
        }
        Ok(Self { received, is_default })
    }

    /// The signal that came, if one did.
    pub(crate) fn received(&self) -> Option<i32> {
        i32::try_from(self.received.load(Ordering::SeqCst)).ok().filter(|signal| *signal != 0)
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        self.is_default.store(true, Ordering::SeqCst);
    }
}
