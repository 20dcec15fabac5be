//! This host's view: the signals, what the host remembers, and which signal is due.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat};

use crate::cooldown;
use crate::entry::{ConfigStamp, Entry};
use crate::folder::{Folder, Located, Reading};
use crate::machine::{self, Because, Circumstances, Due, Stamp};
use crate::memory::{Memory, Subject};
use crate::mode;
use crate::places::MOST_SIGNALS;
use crate::sighting::Sighting;
use crate::signal::Signal;
use sso_tool::settings::Settings;
use sso_tool::shell::shell_word;
use sso_tool::state_dir;
use sso_tool::time::{self, Moment};

/// As `SSO_POLL_SECONDS` if nobody sets it.
const DEFAULT_POLL: Duration = Duration::from_secs(5);

/// Settings and places, for the commands.
pub struct Host<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// The state directory.
    pub state_dir: PathBuf,
    /// The signals.
    pub folder: Folder,
}

/// What is remembered of a document besides how its session was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// Which session its profile belongs to.
    Session,
    /// Nothing.
    Nothing,
}

/// A signal and whether it is due.
pub struct Judged {
    /// The signal, in its file.
    pub located: Located,
    /// Whether it is due.
    pub due: Due,
}

impl<'a> Host<'a> {
    /// The host that the settings describe.
    pub fn new(settings: &'a Settings) -> anyhow::Result<Self> {
        Ok(Self { settings, state_dir: settings.state_dir()?, folder: Folder::new(settings)? })
    }

    /// What decisions depend on, now.
    pub fn circumstances(&self) -> anyhow::Result<Circumstances> {
        Ok(Circumstances {
            now: time::now()?,
            mode: mode::current(self.settings, &self.state_dir).0,
            cooldown: self.settings.cooldown(),
            // A setting that `wait` refuses is no reason to lose an answer or to show no status.
            poll: self.settings.poll_interval().unwrap_or(DEFAULT_POLL),
        })
    }

    /// What the host remembers.
    pub fn memory(&self) -> anyhow::Result<Memory> {
        Memory::load(self.settings.tool(), &self.state_dir, time::now()?)
    }

    /// Changes what the host remembers, while nobody else does.
    pub fn change_memory<T>(&self, change: impl FnOnce(&mut Memory) -> T) -> anyhow::Result<T> {
        let _lock = state_dir::lock(&self.state_dir)?;
        let before = self.memory()?;
        let mut after = before.clone();
        let answer = change(&mut after);
        if after != before {
            after.save(&self.state_dir)?;
        }
        Ok(answer)
    }

    /// Takes in how a session was seen. Without a `state.json` there is nothing that it could change, in a container, say.
    pub fn see(&self, subject: &Subject<'_>, seen: Option<Sighting>, naming: Naming) -> anyhow::Result<()> {
        if !self.state_dir.join("state.json").exists() {
            return Ok(());
        }
        let after = |entry: &Entry| seen.map_or_else(|| entry.clone(), |seen| entry.seen(seen));
        let memory = self.memory()?;
        let is_new = naming == Naming::Session
            && subject.session.is_some_and(|session| memory.session_of(subject.profile) != Some(session));
        // Most documents of a monitor change nothing, and wait for nobody.
        let entry = memory.of(subject);
        if !is_new && after(&entry) == entry {
            return Ok(());
        }
        self.change_memory(|memory| memory.change(subject, |entry| (after(&entry), ())))
    }

    /// Every signal with its judgement, the oldest first. A file that can't be read keeps no other back, and is said once.
    pub fn judge(&mut self, at: &Circumstances) -> anyhow::Result<Vec<Judged>> {
        let Reading { signals, unreadable } = self.folder.read(at.now)?;
        for (_, err) in &unreadable {
            self.settings.warn_once(format!("{err:#}"));
        }
        if signals.is_empty() {
            return Ok(Vec::new());
        }
        let judge = Judge::new(self.memory()?, &self.state_dir);
        let mut signals = signals;
        // First what a session is known of or what stands in the given format's place, then the oldest: any number of
        // made-up profiles gets the rest of the turns.
        let main_file = self.folder.main_file();
        signals.sort_by_key(|located| {
            let is_known = judge.memory.session_of(&located.signal.key()).is_some();
            !is_known && located.path != *main_file
        });
        if signals.len() > MOST_SIGNALS {
            let surplus = signals.len() - MOST_SIGNALS;
            self.settings.warn_once(format!("more than {MOST_SIGNALS} signals; {surplus} of them wait"));
            signals.truncate(MOST_SIGNALS);
        }
        Ok(signals.into_iter().map(|located| judge.judge(located, at)).collect())
    }

    /// Takes the lease of a due signal, unless it was cleared or another watcher took it meanwhile.
    pub fn lease(&self, located: &Located, at: &Circumstances) -> anyhow::Result<Option<Leased>> {
        let _lock = state_dir::lock(&self.state_dir)?;
        let Some(signal) = self.folder.reread(&located.path)? else { return Ok(None) };
        let judge = Judge::new(self.memory()?, &self.state_dir);
        let Judged { located, due: Due::Now } =
            judge.judge(Located { path: located.path.clone(), signal }, at)
        else {
            return Ok(None);
        };
        let mut memory = judge.memory;
        let key = located.signal.key();
        let subject = Subject { profile: &key, session: None, session_profiles: &[] };
        let until = memory.change(&subject, |entry| machine::lease(&entry, at.now));
        memory.save(&self.state_dir)?;
        // The host's memory is the authority; a mirror that can't be written (a file of root's) loses nothing.
        let is_there = self.mirror(&located, until).unwrap_or(true);
        Ok(is_there.then_some(Leased { signal: located.signal, until }))
    }

    /// Writes into a signal's file when it is tried next, for those who read the file. Answers whether it is
    /// still there; `None` if it couldn't be written, which changes nothing.
    pub fn mirror(&self, located: &Located, until: Moment) -> Option<bool> {
        self.folder
            .replace(&located.path, &located.signal.postponed(until))
            .inspect_err(|err| self.settings.debug(|| format!("{err:#}")))
            .ok()
    }
}

/// A signal that was handed over.
pub struct Leased {
    /// The signal, as it was when the lease was taken.
    pub signal: Signal,
    /// When it comes back by itself.
    pub until: Moment,
}

/// What judgements go by, besides the signal.
struct Judge {
    memory: Memory,
    stamp: Stamp,
}

impl Judge {
    fn new(memory: Memory, state_dir: &Path) -> Self {
        let stamp = Stamp::new(cooldown::read(state_dir), memory.stamped);
        Self { memory, stamp }
    }

    fn judge(&self, located: Located, at: &Circumstances) -> Judged {
        let entry = self.memory.entry(&located.signal.key());
        let is_changed = entry.unknown_in.as_ref().is_some_and(|then| *then != config_stamp(&then.file));
        Judged { due: machine::due(&entry, &located.signal, self.stamp, is_changed, at), located }
    }
}

/// The config file as it is now, in the words of `sso-login`'s documents: the modification time to the
/// nanosecond, since an edit within the same second counts, too.
pub fn config_stamp(file: &str) -> ConfigStamp {
    let modified = fs::metadata(Path::new(file)).and_then(|metadata| metadata.modified()).ok();
    let modified = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).and_then(|since| {
        DateTime::from_timestamp(i64::try_from(since.as_secs()).ok()?, since.subsec_nanos())
    });
    ConfigStamp {
        file: file.to_owned(),
        modified: modified.map(|moment| moment.to_rfc3339_opts(SecondsFormat::Nanos, true)),
    }
}

/// A judgement as document keys: `state` and, where there is one, `until`.
pub fn described(due: &Due) -> (&'static str, Option<String>) {
    match due {
        Due::Now => ("due", None),
        Due::At(until, because) => (because.word(), Some(time::format(*until))),
        Due::Not(because) => (because.word(), None),
    }
}

/// The next command for a person, given why a signal waits.
pub fn next_action(because: Because, profile: &str) -> String {
    match because {
        Because::Standalone | Because::Quiet | Because::Suppressed | Because::GaveUp => {
            format!("sso-login {} | sso-signal settle", shell_word(profile))
        }
        Because::UnknownProfile => format!("add the profile `{profile}` to the AWS config"),
        Because::Snoozed | Because::CoolingDown | Because::Retry | Because::Postponed => "wait".to_owned(),
    }
}
