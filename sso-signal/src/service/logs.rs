//! `sso-signal service logs`: the end of the logs, and what comes.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use anyhow::Context as _;

use sso_tool::exit::Exit;
use sso_tool::exit::escaped;
use sso_tool::settings::Settings;
use sso_tool::stream::Output;

use super::install;

/// How often a followed log is looked at.
const BEAT: Duration = Duration::from_millis(250);
/// The most that is read of the end of a log.
const MOST: u64 = 1 << 20;

/// Prints the last `lines` of both logs, the errors first if there are any; with `follow` goes on until interrupted,
/// which is a success.
pub(crate) fn logs(
    settings: &Settings,
    lines: usize,
    follow: bool,
    output: &mut Output,
) -> anyhow::Result<Exit> {
    let [log, error_log] = install::logs(settings)?;
    // Ctrl-C is how following ends, not a failure.
    let ends = Arc::new(AtomicBool::new(true));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        if follow {
            signal_hook::flag::register_conditional_shutdown(signal, 0, Arc::clone(&ends))
                .context("cannot listen for signals")?;
        }
    }
    let mut tails = [Tail::new(error_log), Tail::new(log)];
    let first: Vec<Vec<String>> = tails.iter_mut().map(Tail::news).collect::<anyhow::Result<_>>()?;
    for (title, news) in ["=== Errors ===", "=== Log ==="].into_iter().zip(first) {
        if title.contains("Log") || !news.is_empty() {
            output.text(title)?;
        }
        for line in news.iter().skip(news.len().saturating_sub(lines)) {
            output.text(line)?;
        }
    }
    if !tails[1].path.exists() {
        output.text(&format!("No log file yet: {}", tails[1].path.display()))?;
    }
    if !follow {
        return Ok(Exit::Done);
    }
    loop {
        thread::sleep(BEAT);
        for tail in &mut tails {
            for line in tail.news()? {
                output.text(&line)?;
            }
        }
    }
}

/// A file that grows.
struct Tail {
    path: PathBuf,
    inode: u64,
    at: u64,
    rest: Vec<u8>,
}

impl Tail {
    fn new(path: PathBuf) -> Self {
        Self { path, inode: 0, at: 0, rest: Vec::new() }
    }

    /// The whole lines that came since the last look. A file that was replaced or cut off begins anew.
    fn news(&mut self) -> anyhow::Result<Vec<String>> {
        let context = |path: &Path| format!("cannot read {}", path.display());
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(err) if err.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(err) => return Err(err).with_context(|| context(&self.path)),
        };
        let metadata = file.metadata().with_context(|| context(&self.path))?;
        if metadata.ino() != self.inode || metadata.len() < self.at {
            (self.inode, self.at) = (metadata.ino(), 0);
            self.rest.clear();
        }
        let from = self.at.max(metadata.len().saturating_sub(MOST));
        let is_cut = from > self.at;
        file.seek(SeekFrom::Start(from)).with_context(|| context(&self.path))?;
        let read = file.take(MOST).read_to_end(&mut self.rest).with_context(|| context(&self.path))?;
        self.at = from + read as u64;
        let end = self.rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let whole: Vec<u8> = self.rest.drain(..end).collect();
        let text = String::from_utf8_lossy(&whole);
        Ok(text.lines().skip(usize::from(is_cut)).map(escaped).collect())
    }
}
