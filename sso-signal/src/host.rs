//! This host's view: the signals, what the host remembers, and which signal is due.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use chrono::{DateTime, SecondsFormat};

use crate::cooldown;
use crate::folder::{Folder, Located};
use crate::machine::{self, Because, Circumstances, ConfigStamp, Due, Entry};
use crate::memory::{Memory, Subject};
use crate::mode;
use crate::replace;
use crate::settings::Settings;
use crate::state;
use crate::time;

/// Settings and places, for the commands.
pub struct Host<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// The state directory.
    pub state_dir: PathBuf,
    /// The signals.
    pub folder: Folder,
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
            poll: self.settings.poll_interval()?,
        })
    }

    /// What the host remembers.
    pub fn memory(&self) -> anyhow::Result<Memory> {
        Memory::load(self.settings.tool(), &self.state_dir, time::now()?)
    }

    /// Changes what the host remembers, while nobody else does.
    pub fn change_memory<T>(&self, change: impl FnOnce(&mut Memory) -> T) -> anyhow::Result<T> {
        let _lock = state::lock(&self.state_dir)?;
        let before = self.memory()?;
        let mut after = before.clone();
        let answer = change(&mut after);
        if after != before {
            after.save(&self.state_dir)?;
        }
        Ok(answer)
    }

    /// Every signal with its judgement, the oldest first.
    pub fn judge(&mut self, at: &Circumstances) -> anyhow::Result<Vec<Judged>> {
        let located = self.folder.read(at.now)?;
        if located.is_empty() {
            return Ok(Vec::new());
        }
        let memory = self.memory()?;
        let stamp = cooldown::read(&self.state_dir);
        let is_known = |stamp: &time::Moment| {
            memory
                .entries()
                .any(|(_, _, entry)| entry.dismissed.is_some_and(|at| at.timestamp() == stamp.timestamp()))
        };
        let foreign = stamp.filter(|stamp| !is_known(stamp));
        Ok(located
            .into_iter()
            .map(|located| {
                let mut entry = memory.entry(&located.signal.profile);
                if stamp.is_none() {
                    // Somebody removed the stamp to end the cooldown.
                    entry.dismissed = None;
                }
                let changed = entry.unknown_in.as_ref().is_none_or(|then| *then != config_stamp(&then.file));
                Judged { due: machine::due(&entry, &located.signal, foreign, changed, at), located }
            })
            .collect())
    }

    /// Takes the lease of a due signal, unless it was cleared or another watcher took it meanwhile.
    pub fn lease(&mut self, located: &Located, at: &Circumstances) -> anyhow::Result<Option<time::Moment>> {
        let _lock = state::lock(&self.state_dir)?;
        let still_due = self.judge(at)?.into_iter().find(|judged| judged.located.path == located.path);
        let Some(Judged { located, due: Due::Now }) = still_due else { return Ok(None) };
        let mut memory = self.memory()?;
        let subject = Subject { profile: &located.signal.profile, session: None, session_profiles: &[] };
        let until = memory.change(&subject, |entry| machine::lease(&entry, at.now));
        memory.save(&self.state_dir)?;
        // The host's memory is the authority; a mirror that can't be written (a file of root's) loses nothing.
        match replace::replace_existing(
            &located.path,
            located.signal.postponed(until).as_bytes(),
            replace::Mode::Private,
        ) {
            Ok(false) => Ok(None),
            Ok(true) => Ok(Some(until)),
            Err(err) => {
                self.settings.debug(|| format!("{err:#}"));
                Ok(Some(until))
            }
        }
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
            format!("sso-login {profile} | sso-signal settle")
        }
        Because::UnknownProfile => format!("add the profile `{profile}` to the AWS config"),
        Because::Snoozed | Because::CoolingDown | Because::Retry | Because::Postponed => "wait".to_owned(),
    }
}

/// Forgets what holds a session's signals back for a while; not what a person decided for good.
pub fn forget_pauses(entry: &Entry) -> Entry {
    Entry { profiles: entry.profiles.clone(), quiet: entry.quiet, ..Entry::default() }
}
