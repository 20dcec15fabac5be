//! Changes of the folders with signals, as they come.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

use sso_tool::settings::Settings;

/// File events where the system has them. Polling goes on in any case: a mounted folder may have none.
pub(crate) struct Changes {
    changes: Receiver<()>,
    _watcher: Option<RecommendedWatcher>,
}

impl Changes {
    pub(crate) fn watch(settings: &Settings, folders: BTreeSet<PathBuf>) -> Self {
        // Room for one: that something changed is all there is to know.
        let (sender, changes) = mpsc::sync_channel(1);
        let told = move |event: notify::Result<notify::Event>| {
            // Reading isn't a change; our own look must not wake us.
            if event.is_ok_and(|event| !event.kind.is_access()) {
                let _ = sender.try_send(());
            }
        };
        let polling = |err: &notify::Error| settings.debug(|| format!("no file events, polling only: {err}"));
        if let Err(err) = thread::Builder::new().spawn(|| ()) {
            // The events come by a thread: where none can be started (`ulimit -u`), asking for them would panic.
            settings.debug(|| format!("no file events, polling only: {err}"));
            return Self { changes, _watcher: None };
        }
        let mut watcher = notify::recommended_watcher(told).inspect_err(polling).ok();
        for folder in folders {
            if let Some(watcher) = &mut watcher {
                // One folder that can't be watched (it isn't there yet) doesn't stop the others.
                let _ = watcher.watch(&folder, RecursiveMode::NonRecursive).inspect_err(polling);
            }
        }
        Self { changes, _watcher: watcher }
    }

    /// Sleeps until something changed, `pause` at most. A burst of changes (temporary file, rename) is one; but who
    /// never stops writing must not keep us from looking.
    pub(crate) fn sleep(&self, pause: Duration) {
        const BURST: Duration = Duration::from_millis(5);
        match self.changes.recv_timeout(pause) {
            Ok(()) => {
                let begin = Instant::now();
                while begin.elapsed() < 10 * BURST && self.changes.recv_timeout(BURST).is_ok() {}
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => thread::sleep(pause),
        }
    }
}
