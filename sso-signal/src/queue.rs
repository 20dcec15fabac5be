//! The queue of signals: which of them is due, and who has it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cooldown;
use crate::machine::{self, Because, Circumstances, Due, Stamp};
use crate::mode;
use crate::reminder::{Reminder, config_stamp};
use crate::reminder_key::ReminderKey;
use crate::reminder_store::ReminderStore;
use crate::sighting::Sighting;
use crate::signal::Signal;
use crate::signal_store::places::MOST_SIGNALS;
use crate::signal_store::{Located, Reading, SignalStore};
use sso_tool::exit::warn;
use sso_tool::listing;
use sso_tool::meant;
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::shell::shell_word;
use sso_tool::state_dir;
use sso_tool::time::{self, Moment};

/// As `SSO_POLL_SECONDS` if nobody sets it.
const DEFAULT_POLL: Duration = Duration::from_secs(5);

/// The signals, with the settings and the reminders that decide which is due.
pub(crate) struct Queue<'a> {
    pub(crate) settings: &'a Settings,
    /// The state directory.
    pub(crate) state_dir: PathBuf,
    pub(crate) signals: SignalStore,
}

/// What is remembered of a document besides how its session was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Naming {
    /// Which session its profile belongs to.
    Session,
    Nothing,
}

/// A signal and whether it is due.
pub(crate) struct Judged {
    /// The signal, in its file.
    pub(crate) located: Located,
    pub(crate) due: Due,
}

impl<'a> Queue<'a> {
    /// The queue that the settings describe.
    pub(crate) fn new(settings: &'a Settings) -> anyhow::Result<Self> {
        Ok(Self { settings, state_dir: settings.state_dir()?, signals: SignalStore::new(settings)? })
    }

    /// What decisions depend on, now.
    pub(crate) fn circumstances(&self) -> anyhow::Result<Circumstances> {
        Ok(Circumstances {
            now: time::now()?,
            mode: mode::current(self.settings, &self.state_dir).0,
            cooldown: self.settings.cooldown(),
            // A setting that `wait` refuses is no reason to lose an answer or to show no status.
            poll: self.settings.poll_interval().unwrap_or(DEFAULT_POLL),
        })
    }

    /// What the host remembers.
    pub(crate) fn reminders(&self) -> anyhow::Result<ReminderStore> {
        ReminderStore::load(self.settings.tool(), &self.state_dir, time::now()?)
    }

    /// Warns of a name that is most likely a slip: no signal has it, and the config has profiles, but not that one. It is no
    /// refusal, since only a container may have that profile.
    pub(crate) fn warn_of_unknown(&mut self, profile: &str) -> anyhow::Result<()> {
        let signals = self.signals.read(time::now()?)?.signals;
        if signals.iter().any(|located| located.signal.key() == profile) {
            return Ok(());
        }
        let names = listing::names(&["list"], "profile");
        if !names.is_empty() && !names.iter().any(|name| name == profile) {
            let signals: Vec<String> = signals.iter().map(|located| located.signal.key()).collect();
            let known: BTreeSet<&str> = names.iter().chain(&signals).map(String::as_str).collect();
            let meant = match meant::or_meant(&meant::close(known, profile)) {
                none if none.is_empty() => ": see sso-profile list".to_owned(),
                meant => meant,
            };
            let message = format!("neither the AWS config nor a signal has a profile `{profile}`{meant}");
            warn(self.settings.tool(), &message);
        }
        Ok(())
    }

    /// Changes what the host remembers, while nobody else does.
    pub(crate) fn change_reminders<T>(
        &self,
        change: impl FnOnce(&mut ReminderStore) -> T,
    ) -> anyhow::Result<T> {
        let _lock = state_dir::lock(&self.state_dir)?;
        let before = self.reminders()?;
        let mut after = before.clone();
        let answer = change(&mut after);
        if after != before {
            after.save(&self.state_dir)?;
        }
        Ok(answer)
    }

    /// Takes in how a session was seen. Without a `state.json` there is nothing that it could change, in a container, say.
    pub(crate) fn see(
        &self,
        subject: &ReminderKey,
        seen: Option<Sighting>,
        observed: Option<Moment>,
        naming: Naming,
    ) -> anyhow::Result<()> {
        if !self.state_dir.join("state.json").exists() {
            return Ok(());
        }
        let after = |entry: &Reminder| match seen {
            Some(seen) if !entry.is_newer_than(observed) => entry.seen(seen),
            _ => entry.clone(),
        };
        let reminders = self.reminders()?;
        let is_new = naming == Naming::Session
            && subject
                .profile
                .as_deref()
                .zip(subject.session.as_deref())
                .is_some_and(|(profile, session)| reminders.session_of(profile) != Some(session));
        // Most documents of a monitor change nothing, and wait for nobody.
        let entry = reminders.of(subject);
        if !is_new && after(&entry) == entry {
            return Ok(());
        }
        self.change_reminders(|reminders| reminders.change(subject, |entry| (after(&entry), ())))
    }

    /// Whether a document was written from an observation that is older than the last decision about its session.
    pub(crate) fn is_outdated(
        &self,
        subject: &ReminderKey,
        observed: Option<Moment>,
    ) -> anyhow::Result<bool> {
        Ok(observed.is_some()
            && self.state_dir.join("state.json").exists()
            && self.reminders()?.of(subject).is_newer_than(observed))
    }

    /// Notes what the signals that stand tell by themselves, and says once whose are left out. For the watcher: whoever
    /// only looks changes nothing.
    pub(crate) fn note(&mut self, at: &Circumstances) -> anyhow::Result<()> {
        let Reading { signals, unreadable, .. } = self.signals.read(at.now)?;
        // What can't be read isn't gone.
        if !unreadable.is_empty() || (signals.is_empty() && !self.state_dir.join("state.json").exists()) {
            return Ok(());
        }
        let before = self.reminders()?;
        if before.noted(&signals, at) == before {
            return Ok(());
        }
        let left_out = self.change_reminders(|reminders| {
            let after = reminders.noted(&signals, at);
            let left_out: Vec<(String, bool)> = after
                .entries()
                .filter(|(name, _, entry)| entry.skip_said && !reminders.entry_named(name).skip_said)
                .map(|(name, _, entry)| (name.to_owned(), entry.forever))
                .collect();
            *reminders = after;
            left_out
        })?;
        for (name, is_for_good) in left_out {
            let why = if is_for_good {
                "its reminders are off for good"
            } else {
                "the session is locked on purpose until its next login"
            };
            let name = sanitize(&name);
            self.settings.warn_once(format!("{name}: a login is required, but nobody is asked: {why}"));
        }
        Ok(())
    }

    /// Every signal with its judgement, the oldest first. A file that can't be read keeps no other back, and is said once.
    pub(crate) fn judge(&mut self, at: &Circumstances) -> anyhow::Result<Vec<Judged>> {
        let Reading { signals, unreadable, .. } = self.signals.read(at.now)?;
        for (_, err) in &unreadable {
            self.settings.warn_once(format!("{err:#}"));
        }
        if signals.is_empty() {
            return Ok(Vec::new());
        }
        let judge = Judge::new(self.reminders()?, &self.state_dir);
        let mut signals = signals;
        // First what a session is known of or what stands in the given format's place, then the oldest: any number of
        // made-up profiles gets the rest of the turns.
        let main_file = self.signals.main_file();
        signals.sort_by_key(|located| {
            let is_known = judge.reminders.session_of(&located.signal.key()).is_some();
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
    pub(crate) fn lease(&self, located: &Located, at: &Circumstances) -> anyhow::Result<Option<Leased>> {
        let _lock = state_dir::lock(&self.state_dir)?;
        let Some(signal) = SignalStore::reread(&located.path)? else { return Ok(None) };
        let judge = Judge::new(self.reminders()?, &self.state_dir);
        let Judged { located, due: Due::Now } =
            judge.judge(Located { path: located.path.clone(), signal }, at)
        else {
            return Ok(None);
        };
        let mut reminders = judge.reminders;
        let subject = ReminderKey::of_profile(&located.signal.key());
        let until = reminders.change(&subject, |entry| machine::lease(&entry, at.now));
        reminders.save(&self.state_dir)?;
        // The host's reminder store is the authority; a mirror that can't be written (a file of root's) loses nothing.
        let is_there = self.mirror(&located, until).unwrap_or(true);
        Ok(is_there.then_some(Leased { signal: located.signal, until }))
    }

    /// Writes into a signal's file when it is tried next, for those who read the file. Answers whether it is
    /// still there; `None` if it couldn't be written, which changes nothing.
    pub(crate) fn mirror(&self, located: &Located, until: Moment) -> Option<bool> {
        // What was read with all others has no unknown keys, and the file keeps them.
        SignalStore::reread(&located.path)
            .and_then(|signal| match signal {
                Some(signal) => self.signals.replace(&located.path, &signal.postponed(until)),
                None => Ok(false),
            })
            .inspect_err(|err| self.settings.debug(|| format!("{err:#}")))
            .ok()
    }
}

/// A signal that was handed over.
pub(crate) struct Leased {
    /// The signal, as it was when the lease was taken.
    pub(crate) signal: Signal,
    /// When it comes back by itself.
    pub(crate) until: Moment,
}

/// What judgements go by, besides the signal.
struct Judge {
    reminders: ReminderStore,
    stamp: Stamp,
}

impl Judge {
    fn new(reminders: ReminderStore, state_dir: &Path) -> Self {
        let stamp = Stamp::new(cooldown::read(state_dir), reminders.stamped);
        Self { reminders, stamp }
    }

    fn judge(&self, located: Located, at: &Circumstances) -> Judged {
        let entry = self.reminders.entry(&located.signal.key());
        let is_changed = entry.unknown_in.as_ref().is_some_and(|then| *then != config_stamp(&then.file));
        Judged { due: machine::due(&entry, &located.signal, self.stamp, is_changed, at), located }
    }
}

/// A judgement as document keys: `state` and, where there is one, `until`.
pub(crate) fn described(due: &Due) -> (&'static str, Option<String>) {
    match due {
        Due::Now => ("due", None),
        Due::At(until, because) => (because.word(), Some(time::format(*until))),
        Due::Not(because) => (because.word(), None),
    }
}

/// The next command for a person, given why a signal waits.
pub(crate) fn next_action(because: Because, profile: &str) -> String {
    match because {
        Because::Standalone | Because::Quiet | Because::Suppressed | Because::GaveUp => {
            format!("sso-login {} | sso-signal settle", shell_word(profile))
        }
        Because::UnknownProfile => format!(
            "add the profile `{profile}` to the AWS config, or drop its signal: sso-signal clear {}",
            shell_word(profile)
        ),
        Because::Snoozed | Because::CoolingDown | Because::Retry | Because::Postponed => "wait".to_owned(),
    }
}
