//! Where signals lie: `login-required.json` and, beside it, one file per further profile in `signals/`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;

use crate::exit::warn;
use crate::replace;
use crate::settings::Settings;
use crate::signal::{LARGEST, Signal};
use crate::state::{make_private, quarantine};
use crate::time::Moment;
use crate::untrusted::{self, Found};

/// More files in `signals/` than anybody has profiles: a writer gone wild. The rest is left unread.
const MOST: usize = 20_000;
/// How long a writer that isn't atomic gets to finish.
const MOMENT: Duration = Duration::from_millis(150);

/// Both places.
#[derive(Debug)]
pub struct Folder {
    tool: &'static str,
    state_dir: PathBuf,
    main_file: PathBuf,
    further: PathBuf,
    /// What couldn't be moved to quarantine, and was said once.
    warned: BTreeSet<PathBuf>,
}

/// A signal and the file it is in.
#[derive(Clone, Debug)]
pub struct Located {
    /// The file.
    pub path: PathBuf,
    /// Its content.
    pub signal: Signal,
}

/// What [`Folder::raise`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raised {
    /// There is a new signal.
    New,
    /// It was raised before; snoozes hold.
    Again,
}

impl Folder {
    /// The places of these settings.
    pub fn new(settings: &Settings) -> anyhow::Result<Self> {
        let state_dir = settings.state_dir()?;
        let main_file = settings.signal_file()?;
        Ok(Self {
            tool: settings.tool(),
            further: further(&state_dir, &main_file),
            state_dir,
            main_file,
            warned: BTreeSet::new(),
        })
    }

    /// The folders to watch for changes.
    pub fn watched(&self) -> Vec<PathBuf> {
        let mut folders =
            vec![self.state_dir.clone(), self.further.clone(), replace::parent(&self.main_file)];
        folders.dedup();
        folders
    }

    /// Makes `signals/`, so that it can be watched, and mounted into containers.
    pub fn make(&self) -> anyhow::Result<()> {
        make_private(&self.further)
    }

    /// Every signal, sorted by the time it was raised. What isn't one goes to quarantine with a warning, after
    /// a second look: its writer may have been at it.
    pub fn read(&mut self, now: Moment) -> anyhow::Result<Vec<Located>> {
        let mut signals = Vec::new();
        let mut doubtful = Vec::new();
        for path in self.files()? {
            match read_file(&path)? {
                Content::Signal(signal) => signals.push(Located { path, signal: *signal }),
                Content::Gone => {}
                Content::Doubtful(_) | Content::Bad(_) => doubtful.push(path),
            }
        }
        if !doubtful.is_empty() {
            thread::sleep(MOMENT);
        }
        for path in doubtful {
            match read_file(&path)? {
                Content::Signal(signal) => signals.push(Located { path, signal: *signal }),
                Content::Gone => {}
                Content::Doubtful(problem) | Content::Bad(problem) => self.put_aside(&path, &problem, now),
            }
        }
        signals.sort_by(|a, b| (a.signal.timestamp, &a.path).cmp(&(b.signal.timestamp, &b.path)));
        Ok(signals)
    }

    /// Raises a signal in the place that DESIGN 3 gives it.
    pub fn raise(&mut self, signal: &Signal, now: Moment) -> anyhow::Result<(PathBuf, Raised)> {
        // Twice at most in practice: somebody else made or removed the file between two steps.
        for _ in 0..100 {
            let (path, known) = self.place(&signal.profile, now)?;
            let done = match &known {
                Some(known) => {
                    let content = known.raised_again(signal);
                    content == known.line()
                        || replace::replace_existing(&path, content.as_bytes(), replace::Mode::Private)?
                }
                None => {
                    make_private(&replace::parent(&path))?;
                    replace::create(&path, signal.line().as_bytes())?
                }
            };
            if done {
                return Ok((path, if known.is_some() { Raised::Again } else { Raised::New }));
            }
        }
        anyhow::bail!("cannot write a signal for `{}`: its file changes all the time", signal.profile)
    }

    /// Removes the signal of a profile if `source` raised it. Answers whether it did.
    pub fn withdraw(&mut self, profile: &str, source: &str, now: Moment) -> anyhow::Result<bool> {
        let mut removed = false;
        for path in [self.main_file.clone(), self.own_file(profile)] {
            if let Content::Signal(signal) = self.settled(&path, now)?
                && signal.profile == profile
                && signal.source == source
            {
                removed |= remove(&path)?;
            }
        }
        Ok(removed)
    }

    fn files(&self) -> anyhow::Result<BTreeSet<PathBuf>> {
        let mut files = BTreeSet::from([self.main_file.clone()]);
        let entries = match fs::read_dir(&self.further) {
            Ok(entries) => entries,
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(files),
            Err(err) => return Err(err).with_context(|| format!("cannot read {}", self.further.display())),
        };
        for entry in entries.take(MOST) {
            let name = entry.with_context(|| format!("cannot read {}", self.further.display()))?.file_name();
            let is_hidden = name.to_string_lossy().starts_with('.');
            if !is_hidden && Path::new(&name).extension().is_some_and(|extension| extension == "json") {
                files.insert(self.further.join(name));
            }
        }
        Ok(files)
    }

    /// Where the signal of a profile is, or would go.
    fn place(&mut self, profile: &str, now: Moment) -> anyhow::Result<(PathBuf, Option<Signal>)> {
        let own = self.own_file(profile);
        let main = self.main_file.clone();
        let in_main = self.settled(&main, now)?;
        if let Content::Signal(signal) = in_main
            && signal.profile == profile
        {
            return Ok((main, Some(*signal)));
        }
        if let Content::Signal(signal) = self.settled(&own, now)? {
            return Ok((own, Some(*signal)));
        }
        Ok(if fs::symlink_metadata(&main).is_err() { (main, None) } else { (own, None) })
    }

    /// Reads a file; what is no signal after a second look is put aside and counts as gone.
    fn settled(&mut self, path: &Path, now: Moment) -> anyhow::Result<Content> {
        match read_file(path)? {
            Content::Doubtful(_) | Content::Bad(_) => thread::sleep(MOMENT),
            settled => return Ok(settled),
        }
        match read_file(path)? {
            Content::Doubtful(problem) | Content::Bad(problem) => {
                self.put_aside(path, &problem, now);
                Ok(Content::Gone)
            }
            settled => Ok(settled),
        }
    }

    fn put_aside(&mut self, path: &Path, problem: &str, now: Moment) {
        if self.warned.contains(path) {
            return;
        }
        match quarantine(&self.state_dir, path, now) {
            Ok(aside) => warn(self.tool, &format!("{problem}; put aside as {}", aside.display())),
            Err(err) => {
                warn(self.tool, &format!("{problem}; {err:#}"));
                self.warned.insert(path.to_owned());
            }
        }
    }

    fn own_file(&self, profile: &str) -> PathBuf {
        self.further.join(format!("{}.json", percent_encoded(profile)))
    }
}

/// Removes a signal's file; answers whether it was there.
pub fn remove(path: &Path) -> anyhow::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(err) => Err(err).with_context(|| format!("cannot remove {}", path.display())),
    }
}

/// `signals/` of the state directory; or, where a container has nothing but that folder and names a file in it
/// with `SSO_SIGNAL_FILE`, the folder of that file.
fn further(state_dir: &Path, main_file: &Path) -> PathBuf {
    let beside = replace::parent(main_file);
    let is_mounted_alone = beside.file_name().is_some_and(|name| name == "signals")
        && main_file.file_name().is_none_or(|name| name != "login-required.json");
    if is_mounted_alone { beside } else { state_dir.join("signals") }
}

/// RFC 3986: everything but the unreserved characters as `%XX`.
fn percent_encoded(name: &str) -> String {
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String can't fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

enum Content {
    Signal(Box<Signal>),
    Gone,
    /// Not parseable, maybe not yet.
    Doubtful(String),
    /// A link, a FIFO, something huge.
    Bad(String),
}

/// Lack of permission is an error, not a bad file.
fn read_file(path: &Path) -> anyhow::Result<Content> {
    let name = path.display().to_string();
    Ok(match untrusted::read(path, LARGEST).with_context(|| format!("cannot read {name}"))? {
        Found::Missing => Content::Gone,
        Found::Bad(what) => Content::Bad(format!("{name} {what}")),
        Found::Bytes(bytes) => match Signal::parse(&bytes, &name) {
            Ok(signal) => Content::Signal(Box::new(signal)),
            Err(err) => Content::Doubtful(format!("{err:#}")),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_signals_have_file_names_that_hold_any_profile() {
        assert_eq!(percent_encoded("a b/c@d:e+f._-"), "a%20b%2Fc%40d%3Ae%2Bf._-");
    }

    #[test]
    fn a_container_that_sees_only_the_folder_keeps_to_it() {
        let state = Path::new("/s");
        assert_eq!(further(state, Path::new("/s/login-required.json")), Path::new("/s/signals"));
        assert_eq!(further(state, Path::new("/mnt/signals/box.json")), Path::new("/mnt/signals"));
        assert_eq!(further(state, Path::new("/signals/login-required.json")), Path::new("/s/signals"));
    }
}
