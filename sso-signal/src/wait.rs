//! `sso-signal wait`: block until a signal is due, and hand it over with a lease.

use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::exit::Exit;
use crate::host::{Host, Judged};
use crate::machine::{Circumstances, Due};
use crate::settings::Settings;
use crate::state;
use crate::wire::Output;

/// How to wait.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Give up (124) after that.
    pub timeout: Option<Duration>,
    /// Look at least that often.
    pub poll: Duration,
    /// Go on after the first signal.
    pub follow: bool,
}

/// Waits as `patience` says and prints what is due.
pub fn wait(settings: &Settings, patience: Patience, output: &mut Output) -> anyhow::Result<Exit> {
    let begin = Instant::now();
    let mut host = Host::new(settings)?;
    state::make_private(&host.state_dir)?;
    host.folder.make()?;
    // Watching begins before the first look, so nothing falls between the two.
    let events = Events::watch(settings, host.folder.watched());
    loop {
        let at = host.circumstances()?;
        let (due, next_look) = look(&mut host, &at)?;
        for judged in due {
            let Some(until) = host.lease(&judged.located, &at)? else { continue };
            let signal = &judged.located.signal;
            output.document(
                &signal.document().with("nextAttemptAfter", until.timestamp()).with("mode", at.mode.word()),
            )?;
            if !patience.follow {
                return Ok(Exit::Done);
            }
        }
        let left = patience.timeout.map(|timeout| timeout.saturating_sub(begin.elapsed()));
        if left == Some(Duration::ZERO) {
            return Ok(Exit::Timeout);
        }
        let pause =
            [Some(patience.poll), next_look, left].into_iter().flatten().min().unwrap_or(patience.poll);
        events.sleep(pause);
    }
}

/// What is due now, and how long until the next signal is.
fn look(host: &mut Host<'_>, at: &Circumstances) -> anyhow::Result<(Vec<Judged>, Option<Duration>)> {
    let mut due = Vec::new();
    let mut next: Option<Duration> = None;
    for judged in host.judge(at)? {
        match judged.due {
            Due::Now => due.push(judged),
            Due::At(until, _) => {
                let left = (until - at.now).to_std().unwrap_or_default();
                next = Some(next.map_or(left, |next| next.min(left)));
            }
            Due::Not(_) => {}
        }
    }
    Ok((due, next))
}

/// File events where the system has them. Polling goes on in any case: a mounted folder may have none.
struct Events {
    changes: Receiver<()>,
    _watcher: Option<RecommendedWatcher>,
}

impl Events {
    fn watch(settings: &Settings, folders: Vec<PathBuf>) -> Self {
        let (sender, changes) = mpsc::channel();
        let told = move |event: notify::Result<notify::Event>| {
            // Reading isn't a change; our own look must not wake us.
            if event.is_ok_and(|event| !event.kind.is_access()) {
                let _ = sender.send(());
            }
        };
        let watcher = notify::recommended_watcher(told).and_then(|mut watcher| {
            for folder in folders {
                watcher.watch(&folder, RecursiveMode::NonRecursive)?;
            }
            Ok(watcher)
        });
        let watcher =
            watcher.inspect_err(|err| settings.debug(|| format!("no file events, polling only: {err}"))).ok();
        Self { changes, _watcher: watcher }
    }

    /// Sleeps until something changed, `pause` at most. A burst of changes (temporary file, rename) is one.
    fn sleep(&self, pause: Duration) {
        const BURST: Duration = Duration::from_millis(5);
        match self.changes.recv_timeout(pause) {
            Ok(()) => while self.changes.recv_timeout(BURST).is_ok() {},
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(pause),
        }
    }
}
