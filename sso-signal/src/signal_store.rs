//! The signals on disk: read with suspicion, raised and withdrawn atomically.

pub(crate) mod content;
pub(crate) mod places;

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;

use crate::signal::{LARGEST, Signal};
use crate::signal_store::content::{Content, NoPlace, is_forbidden, read_file};
use crate::signal_store::places::Places;
use sso_tool::atomic_write;
use sso_tool::exit::warn;
use sso_tool::quarantine::quarantine;
use sso_tool::settings::Settings;
use sso_tool::state_dir::make_private;
use sso_tool::time::Moment;

/// How long a writer that isn't atomic gets to finish.
const MOMENT: Duration = Duration::from_millis(150);

/// The most that is read of all signals together, in bytes: more are a writer gone wild.
const MOST_BYTES: u64 = 16 << 20;

/// All signals.
#[derive(Debug)]
pub(crate) struct SignalStore {
    tool: &'static str,
    state_dir: PathBuf,
    places: Places,
    /// What couldn't be put aside, and was said once.
    warned: BTreeSet<PathBuf>,
    swept: OnceCell<()>,
}

/// A signal and the file it is in.
#[derive(Clone, Debug)]
pub(crate) struct Located {
    /// The file.
    pub(crate) path: PathBuf,
    /// The file's content.
    pub(crate) signal: Signal,
}

/// What [`SignalStore::read`] found.
#[derive(Debug)]
pub(crate) struct Reading {
    /// The signals, sorted by the time they were raised.
    pub(crate) signals: Vec<Located>,
    /// The files that couldn't be read, for lack of permission, say, and why: no bad files, and no reason to keep the
    /// others back.
    pub(crate) unreadable: Vec<(PathBuf, anyhow::Error)>,
    /// The files that were left unread: further names of one file, and what goes beyond [`MOST_BYTES`].
    pub(crate) left_out: Vec<PathBuf>,
}

/// What [`SignalStore::raise`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Raised {
    /// There is a new signal.
    New,
    /// The signal was raised before; snoozes hold.
    Again,
}

/// What [`SignalStore::withdraw`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Withdrawn {
    /// The signal is gone.
    Removed,
    /// Another source still asks for a login.
    Left,
    /// There was no signal.
    None,
}

impl SignalStore {
    /// The signals of these settings.
    pub(crate) fn new(settings: &Settings) -> anyhow::Result<Self> {
        Ok(Self {
            tool: settings.tool(),
            state_dir: settings.state_dir()?,
            places: Places::new(settings)?,
            warned: BTreeSet::new(),
            swept: OnceCell::new(),
        })
    }

    /// The given format's place.
    pub(crate) fn main_file(&self) -> &Path {
        &self.places.main_file
    }

    /// The folders to watch for changes.
    pub(crate) fn watched(&self) -> BTreeSet<PathBuf> {
        let Places { main_file, further } = &self.places;
        BTreeSet::from([self.state_dir.clone(), further.clone(), atomic_write::parent(main_file)])
    }

    /// Makes `signals/`, so that it can be watched, and mounted into containers.
    pub(crate) fn make(&self) -> anyhow::Result<()> {
        make_private(&self.places.further)
    }

    /// Every signal. What isn't one goes to quarantine with a warning, after a second look: its writer may have
    /// been at it.
    pub(crate) fn read(&mut self, now: Moment) -> anyhow::Result<Reading> {
        let mut reading = Reading { signals: Vec::new(), unreadable: Vec::new(), left_out: Vec::new() };
        let files = self.worth_reading(self.places.files()?, &mut reading.left_out);
        let doubtful: Vec<_> = files
            .into_iter()
            .filter_map(|path| reading.take(read_file(&path), path).map(|(path, _)| path))
            .collect();
        if !doubtful.is_empty() {
            thread::sleep(MOMENT);
        }
        // One line for all of them: a writer gone wild must not fill the log.
        let mut said = Vec::new();
        for path in doubtful {
            if let Some((path, problem)) = reading.take(read_file(&path), path) {
                said.extend(self.set_aside(&path, &problem, now).1);
            }
        }
        match said.as_slice() {
            [] => {}
            [line] => warn(self.tool, line),
            [line, further @ ..] => {
                warn(self.tool, &format!("{line}; the same for {} more bad files", further.len()));
            }
        }
        reading.signals.sort_by(|a, b| (a.signal.timestamp, &a.path).cmp(&(b.signal.timestamp, &b.path)));
        Ok(reading)
    }

    /// The files to read: each one once, whatever its names, and no more of them than there is memory for.
    fn worth_reading(&mut self, files: BTreeSet<PathBuf>, left_out: &mut Vec<PathBuf>) -> Vec<PathBuf> {
        let (mut seen, mut sum) = (BTreeSet::new(), 0_u64);
        let mut worth = Vec::new();
        for path in files {
            // What can't be looked at is the reader's to judge.
            let (is_known, size) = match fs::symlink_metadata(&path) {
                Ok(file) if file.is_file() => (!seen.insert((file.dev(), file.ino())), file.len()),
                _ => (false, 0),
            };
            // One that is too large by itself isn't read, and is put aside.
            let read = if size > LARGEST as u64 { 0 } else { size };
            if is_known || (sum + read > MOST_BYTES && path != self.places.main_file) {
                left_out.push(path);
            } else {
                sum += read;
                worth.push(path);
            }
        }
        if !left_out.is_empty() && self.warned.insert(self.places.further.clone()) {
            let (count, folder) = (left_out.len(), self.places.further.display());
            let most = MOST_BYTES >> 20;
            let what = format!(
                "{count} files in {folder} are not read: they are links to one file, or exceed {most} MiB \
                 in total"
            );
            warn(self.tool, &what);
        }
        worth
    }

    /// Reads one file once more; `None` if it is no signal any more.
    pub(crate) fn reread(path: &Path) -> anyhow::Result<Option<Signal>> {
        Ok(match read_file(path)? {
            Content::Signal(signal) => Some(*signal),
            Content::Gone | Content::Bad(_) => None,
        })
    }

    /// Raises a signal in the place that DESIGN 3 gives it. Answers whether it is new, and the signal as it is now.
    pub(crate) fn raise(&mut self, fresh: &Signal, now: Moment) -> anyhow::Result<(Raised, Signal)> {
        let (raised, _, signal) = self.put(fresh, now, |known| known.raised_again(fresh))?;
        Ok((raised, signal))
    }

    /// Raises a signal in place of what is known of its profile: one write, so that a signal is there at every moment.
    pub(crate) fn raise_anew(&mut self, fresh: &Signal, now: Moment) -> anyhow::Result<()> {
        let (_, kept, _) = self.put(fresh, now, |_| Ok(fresh.clone()))?;
        for located in self.read(now)?.signals {
            if located.signal.profile == fresh.profile && located.path != kept {
                atomic_write::remove(&located.path)?;
            }
        }
        Ok(())
    }

    /// Puts a signal where it belongs. `over` makes it out of the one that is there.
    fn put(
        &mut self,
        fresh: &Signal,
        now: Moment,
        over: impl Fn(&Signal) -> anyhow::Result<Signal>,
    ) -> anyhow::Result<(Raised, PathBuf, Signal)> {
        // Twice at most in practice: somebody else made or removed the file between two steps.
        for _ in 0..10 {
            let (path, known) = self.place(&fresh.key(), now)?;
            let signal = match &known {
                Some(known) => over(known)?,
                None => fresh.clone(),
            };
            let content = signal.line();
            let is_done = match &known {
                Some(known) if content == known.line() => true,
                Some(_) => self.replace(&path, &content)?,
                None => {
                    make_private(&atomic_write::parent(&path))?;
                    self.sweep();
                    atomic_write::create(&path, content.as_bytes())?
                }
            };
            if is_done {
                return Ok((if known.is_some() { Raised::Again } else { Raised::New }, path, signal));
            }
        }
        anyhow::bail!("cannot write a signal for `{}`: its file keeps changing", fresh.profile)
    }

    /// Removes the signal of a key if `source` raised it and nobody else did.
    pub(crate) fn withdraw(&mut self, key: &str, source: &str, now: Moment) -> anyhow::Result<Withdrawn> {
        let (mut is_removed, mut is_left) = (false, false);
        for path in self.places.of(key) {
            if let Some(Content::Signal(signal)) = self.own(&path, now)?
                && signal.key() == key
            {
                match signal.withdrawn_by(source)? {
                    None => is_removed |= atomic_write::remove(&path)?,
                    Some(left) if left == *signal => is_left = true,
                    Some(left) => is_left |= self.replace(&path, &left.line())?,
                }
            }
        }
        Ok(match (is_left, is_removed) {
            (true, _) => Withdrawn::Left,
            (false, true) => Withdrawn::Removed,
            (false, false) => Withdrawn::None,
        })
    }

    /// Replaces the content of a signal's file. Answers whether it was still there.
    pub(crate) fn replace(&self, path: &Path, content: &str) -> anyhow::Result<bool> {
        self.sweep();
        atomic_write::replace_existing(path, content.as_bytes())
    }

    /// Sweeps what killed writers left, once: at every write that would be slow with thousands of signals.
    fn sweep(&self) {
        self.swept.get_or_init(|| {
            let Places { main_file, further } = &self.places;
            atomic_write::sweep(&atomic_write::parent(main_file), main_file.file_name());
            atomic_write::sweep(further, None);
        });
    }

    /// Where the signal of a key is, or would go.
    fn place(&mut self, key: &str, now: Moment) -> anyhow::Result<(PathBuf, Option<Signal>)> {
        let mut free = None;
        for path in self.places.of(key) {
            match self.own(&path, now)? {
                Some(Content::Signal(signal)) if signal.key() == key => return Ok((path, Some(*signal))),
                Some(Content::Gone) if free.is_none() => free = Some(path),
                _ => {}
            }
        }
        let path = free.with_context(|| NoPlace(key.to_owned()))?;
        Ok((path, None))
    }

    /// Reads a file that is for a signal alone, or the one that is for any: if that may not be read, it is somebody else's
    /// (`None`), and said once.
    fn own(&mut self, path: &Path, now: Moment) -> anyhow::Result<Option<Content>> {
        match self.settled(path, now) {
            Err(err) if path == self.places.main_file && is_forbidden(&err) => {
                if self.warned.insert(path.to_owned()) {
                    warn(self.tool, &format!("{err:#}"));
                }
                Ok(None)
            }
            settled => settled.map(Some),
        }
    }

    /// Whether a file, by its name, may hold a signal of a profile.
    pub(crate) fn may_hold(&self, path: &Path, key: &str) -> bool {
        self.places.may_hold(path, key)
    }

    /// Reads a file; what is no signal after a second look is put aside, and is gone if that could be done.
    fn settled(&mut self, path: &Path, now: Moment) -> anyhow::Result<Content> {
        match read_file(path)? {
            Content::Bad(_) => thread::sleep(MOMENT),
            settled => return Ok(settled),
        }
        match read_file(path)? {
            Content::Bad(problem) if self.put_aside(path, &problem, now) => Ok(Content::Gone),
            settled => Ok(settled),
        }
    }

    /// Answers whether the path is free now.
    fn put_aside(&mut self, path: &Path, problem: &str, now: Moment) -> bool {
        let (is_free, said) = self.set_aside(path, problem, now);
        if let Some(line) = said {
            warn(self.tool, &line);
        }
        is_free
    }

    /// The same, with what is to be said about it.
    fn set_aside(&mut self, path: &Path, problem: &str, now: Moment) -> (bool, Option<String>) {
        match quarantine(&self.state_dir, path, now) {
            Ok(Some(aside)) => (true, Some(format!("{problem}; moved to {}", aside.display()))),
            // Another reader was faster, and said so.
            Ok(None) => (true, None),
            Err(err) => {
                let is_new = self.warned.insert(path.to_owned());
                (false, is_new.then(|| format!("{problem}; {err:#}")))
            }
        }
    }
}

impl Reading {
    /// Takes a signal in; hands back what may be a bad file.
    fn take(&mut self, content: anyhow::Result<Content>, path: PathBuf) -> Option<(PathBuf, String)> {
        match content {
            Ok(Content::Signal(signal)) => self.signals.push(Located { path, signal: signal.slim() }),
            Ok(Content::Gone) => {}
            Ok(Content::Bad(problem)) => return Some((path, problem)),
            Err(err) => self.unreadable.push((path, err)),
        }
        None
    }
}
