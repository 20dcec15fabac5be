//! The monitor: the same profiles again and again, a document per profile and tick, until its reader
//! goes away or a signal asks it to end.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{flag, low_level};
use sso_tool::exit::{Exit, Fault};
use sso_tool::filter::{Handled, filter};
use sso_tool::settings::Settings;
use sso_tool::stream::{Documents, Output};
use sso_tool::subject::Subject;
use sso_tool::time;

use crate::check::{Answer, answer, fail, log, shown};
use crate::folder::Cache;
use crate::foresight::Foresight;
use crate::subject::Pointer;
use crate::view::View;

/// Reads all documents, then checks them at once and every `every` from then on. A file that can't be read is
/// an answer (`error`), no end. Ends with 0; errors: a bad document or none at all (65), before the
/// first tick.
pub fn watch(
    documents: Documents<impl Read>,
    every: Duration,
    cache: &Cache,
    settings: &Settings,
    ahead: Duration,
    view: &mut View,
) -> anyhow::Result<Exit> {
    let end = End::listen()?;
    let documents = documents.collect::<anyhow::Result<Vec<_>>>()?;
    for document in &documents {
        match Subject::of(document)? {
            Subject::Nobody | Subject::Failure(_) | Subject::Remote(_) => {}
            Subject::Profile { .. } | Subject::Session { .. } | Subject::Chosen { .. } => {
                Pointer::of(document)?;
            }
        }
    }
    if documents.is_empty() {
        return Err(Fault::new(Exit::Data, "no profile document on standard input")
            .hint("sso-profile list | sso-cache check --every 60s")
            .into());
    }
    let mut next = Instant::now();
    loop {
        let foresight = Foresight::read(settings, ahead)?;
        let again = documents.iter().cloned().map(Ok);
        filter(again, false, &mut Output::stdout(), |subject, document, _| {
            if end.is_near() {
                return Ok(Handled::Ended(Exit::Done));
            }
            let answer = answer(&subject, document, cache, &foresight, time::now()?).unwrap_or_else(|err| {
                fail(document, &err);
                Some(Answer::Unreadable)
            });
            log(document, settings);
            shown(&subject, answer, document, view)
        })?;
        if end.is_near() {
            return Ok(Exit::Done);
        }
        next = following(next, every);
        if end.comes_before(next)? {
            return Ok(Exit::Done);
        }
    }
}

/// The next tick after `last` that isn't over: on the beat, however long a tick took.
fn following(last: Instant, every: Duration) -> Instant {
    let late = last.elapsed().as_nanos() / every.as_nanos().max(1);
    let beats = u32::try_from(late).unwrap_or(u32::MAX).saturating_add(1);
    // A beat beyond what a clock can hold is as good as one in a year.
    every.checked_mul(beats).and_then(|wait| last.checked_add(wait)).unwrap_or_else(|| last + YEAR)
}

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// What ends the monitor: SIGTERM, SIGINT, or a stdout that nobody reads any more.
struct End {
    signals: UnixStream,
    signalled: Arc<AtomicBool>,
}

impl End {
    fn listen() -> anyhow::Result<Self> {
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
        Ok(Self { signals, signalled })
    }

    fn is_near(&self) -> bool {
        self.signalled.load(Ordering::Relaxed)
    }

    /// Waits until `moment`, or for the end.
    fn comes_before(&self, moment: Instant) -> anyhow::Result<bool> {
        let stdout = io::stdout();
        loop {
            let left = moment.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(self.is_near());
            }
            let timeout = Timespec::try_from(left.min(YEAR)).context("cannot wait that long")?;
            // Without a flag of its own, stdout reports only that its reader is gone (POSIX poll).
            let mut sources =
                [PollFd::new(&self.signals, PollFlags::IN), PollFd::new(&stdout, PollFlags::empty())];
            match poll(&mut sources, Some(&timeout)) {
                Ok(0) | Err(Errno::INTR) => {}
                Ok(_) => return Ok(true),
                Err(err) => return Err(err).context("cannot wait"),
            }
        }
    }
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
