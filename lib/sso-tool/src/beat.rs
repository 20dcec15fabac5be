//! A beat: what a monitor does at once and then every so often, until its reader goes away or a signal asks it to end.

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

use crate::time::parse_duration;

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// The value of a flag `--every`: one second at least.
pub fn parse_every(text: &str) -> Result<Duration, String> {
    let every = parse_duration(text)?;
    if every < Duration::from_secs(1) {
        return Err("it must be one second or more".to_owned());
    }
    Ok(every)
}

/// The ticks of a monitor. SIGTERM, SIGINT, or a standard output that nobody reads any more end them.
pub struct Beat {
    every: Duration,
    last: Instant,
    signals: UnixStream,
    signalled: Arc<AtomicBool>,
}

impl Beat {
    /// The first tick is now.
    pub fn start(every: Duration) -> anyhow::Result<Self> {
        let signalled = Arc::new(AtomicBool::new(false));
        let (signals, sender) = UnixStream::pair().context("cannot make a pair of sockets")?;
        for signal in [SIGTERM, SIGINT] {
            let register = || -> io::Result<()> {
                // In this order, a second signal ends a monitor whose reader hangs.
                flag::register_conditional_shutdown(signal, 0, Arc::clone(&signalled))?;
                flag::register(signal, Arc::clone(&signalled))?;
                low_level::pipe::register(signal, sender.try_clone()?).map(drop)
            };
            register().context("cannot listen for signals")?;
        }
        Ok(Self { every, last: Instant::now(), signals, signalled })
    }

    /// Whether a signal came: what a tick has left to do stays undone.
    pub fn is_ended(&self) -> bool {
        self.signalled.load(Ordering::Relaxed)
    }

    /// Waits for the next tick; `false`: there is none.
    pub fn goes_on(&mut self) -> anyhow::Result<bool> {
        if self.is_ended() {
            return Ok(false);
        }
        self.last = following(self.last, self.every);
        let stdout = io::stdout();
        loop {
            let left = self.last.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(!self.is_ended());
            }
            let timeout = Timespec::try_from(left.min(YEAR)).context("cannot wait that long")?;
            // Without a flag of its own, stdout reports only that its reader is gone (POSIX poll).
            let mut sources =
                [PollFd::new(&self.signals, PollFlags::IN), PollFd::new(&stdout, PollFlags::empty())];
            match poll(&mut sources, Some(&timeout)) {
                Ok(0) | Err(Errno::INTR) => {}
                Ok(_) => return Ok(false),
                Err(err) => return Err(err).context("cannot wait"),
            }
        }
    }
}

/// The next tick after `last` that hasn't passed: on the beat, however long a tick took.
fn following(last: Instant, every: Duration) -> Instant {
    let late = last.elapsed().as_nanos() / every.as_nanos().max(1);
    let beats = u32::try_from(late).unwrap_or(u32::MAX).saturating_add(1);
    // A beat beyond what a clock can hold is as good as one in a year.
    every.checked_mul(beats).and_then(|wait| last.checked_add(wait)).unwrap_or_else(|| last + YEAR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_keep_the_beat_however_long_one_took() {
        let every = Duration::from_secs(60);
        let Some(started) = Instant::now().checked_sub(Duration::from_secs(150)) else { return };
        assert_eq!(following(started, every), started + every * 3);
        let now = Instant::now();
        assert_eq!(following(now, every), now + every);
        assert!(following(now, Duration::MAX) > now);
    }
}
