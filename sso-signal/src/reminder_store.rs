//! What the host remembers, in `state.json`, per sso-session: the authority over snoozes and the like. No
//! container can write it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::machine::{self, Circumstances};
use crate::reminder::Reminder;
use crate::reminder::record::{self, Broken, optional, read_moment};
use crate::reminder_key::ReminderKey;
use crate::signal::Signal;
use crate::signal_store::Located;
use crate::signal_store::places::MOST_SIGNALS;
use sso_tool::atomic_write;
use sso_tool::exit::{Exit, Fault, warn};
use sso_tool::quarantine::quarantine;
use sso_tool::safe_read::{self, Found};
use sso_tool::stream::{self, Document};
use sso_tool::time::{self, Moment};

/// The format that this code writes. Newer ones are refused, not guessed at.
const VERSION: i64 = 1;
/// No stranger writes this file, and it names every profile of every session that was seen: some thousand profiles in an
/// organisation are more than a document may hold.
const LARGEST: usize = 64 << 20;
/// The most profiles without a known session that are remembered though no person decided anything about them.
const MOST_UNDECIDED: usize = 2 * MOST_SIGNALS;

/// The entries of `state.json`: by sso-session where it is known, by profile else.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ReminderStore {
    sessions: BTreeMap<String, Reminder>,
    profiles: BTreeMap<String, Reminder>,
    /// The cooldown stamp that this host wrote last: another one in the file is somebody else's.
    pub(crate) stamped: Option<Moment>,
}

impl ReminderStore {
    /// Reads `state.json`. A missing file is an empty store; one that is torn or isn't ours is put aside with
    /// a warning; one of a newer version is an error (65).
    pub(crate) fn load(tool: &str, state_dir: &Path, now: Moment) -> anyhow::Result<Self> {
        let path = file(state_dir);
        let problem = match safe_read::read(&path, LARGEST) {
            Ok(Found::Missing) => return Ok(Self::default()),
            Ok(Found::Bad(what)) => format!("{} {what}", path.display()),
            Ok(Found::Bytes(bytes)) => match Self::parse(&bytes, &path.display().to_string()) {
                Ok(Ok(reminders)) => return Ok(reminders),
                Ok(Err(version)) => return Err(newer(&path, version)),
                Err(err) => format!("{err:#}"),
            },
            Err(err) => {
                return Err(anyhow::Error::from(err).context(format!("cannot read {}", path.display())));
            }
        };
        // Another reader may be faster, and say so.
        if let Some(aside) = quarantine(state_dir, &path, now)? {
            warn(tool, &format!("{problem}; moved to {}; snoozes are lost", aside.display()));
        }
        Ok(Self::default())
    }

    /// Writes `state.json`. Hold the state directory's lock from `load` to `save`.
    pub(crate) fn save(&self, state_dir: &Path) -> anyhow::Result<()> {
        atomic_write::replace(
            &file(state_dir),
            format!("{:#}\n", self.document()).as_bytes(),
            atomic_write::FileMode::Private,
        )
    }

    /// The entry of a profile, by its session once that is known.
    pub(crate) fn entry(&self, profile: &str) -> Reminder {
        self.session_of(profile)
            .and_then(|session| self.sessions.get(session))
            .or_else(|| self.profiles.get(profile))
            .cloned()
            .unwrap_or_default()
    }

    /// The entry of a subject, as [`take`](Self::take) would hand it out.
    pub(crate) fn of(&self, subject: &ReminderKey) -> Reminder {
        self.clone().take(subject)
    }

    /// The sso-session that a profile is known to belong to.
    pub(crate) fn session_of(&self, profile: &str) -> Option<&str> {
        self.sessions
            .iter()
            .find(|(_, entry)| entry.profiles.contains(profile))
            .map(|(name, _)| name.as_str())
    }

    /// Takes the entry of a subject out, to be changed and [`put`](Self::put) back. What was remembered by
    /// profile joins its session's entry here.
    pub(crate) fn take(&mut self, subject: &ReminderKey) -> Reminder {
        let profile = subject.profile.as_deref();
        let Some(session) = self.session_named(subject) else {
            return profile.and_then(|profile| self.profiles.remove(profile)).unwrap_or_default();
        };
        // The config may have moved a profile to another session.
        for (name, entry) in &mut self.sessions {
            if let Some(profile) = profile
                && *name != session
            {
                entry.profiles.remove(profile);
            }
        }
        let mut entry = self.sessions.remove(&session).unwrap_or_default();
        let known: BTreeSet<&str> = subject.session_profiles.iter().map(String::as_str).collect();
        for profile in known.iter().copied().chain(profile) {
            if let Some(by_profile) = self.profiles.remove(profile) {
                // A profile that has a session is in the config after all.
                entry = entry.merged(Reminder { unknown_in: None, ..by_profile });
            }
        }
        if !known.is_empty() {
            entry.profiles = known.into_iter().map(str::to_owned).collect();
        }
        entry.profiles.extend(profile.map(str::to_owned));
        entry
    }

    /// Puts an entry back. One that says nothing is dropped, but for the profiles of a session.
    pub(crate) fn put(&mut self, subject: &ReminderKey, entry: Reminder) {
        if entry == Reminder::default() {
            return;
        }
        match (self.session_named(subject), &subject.profile) {
            (Some(session), _) => drop(self.sessions.insert(session, entry)),
            (None, Some(profile)) => {
                self.profiles.insert(profile.clone(), entry);
                self.forget_surplus();
            }
            (None, None) => {}
        }
    }

    /// The session that a subject names, or that its profile is known to belong to.
    fn session_named(&self, subject: &ReminderKey) -> Option<String> {
        let known = || self.session_of(subject.profile.as_deref()?).map(str::to_owned);
        subject.session.clone().or_else(known)
    }

    /// A container can raise signals for any number of made-up profiles. They must not make the file too large to
    /// be read, which would forget what a person decided: the oldest of what nobody decided goes.
    fn forget_surplus(&mut self) {
        let undecided = self.profiles.iter().filter(|(_, entry)| !entry.is_decided());
        let mut undecided: Vec<_> = undecided.map(|(name, entry)| (entry.mirrored, name.clone())).collect();
        undecided.sort();
        for (_, name) in undecided.iter().take(undecided.len().saturating_sub(MOST_UNDECIDED)) {
            self.profiles.remove(name);
        }
    }

    /// Changes the entry of a subject.
    pub(crate) fn change<T>(
        &mut self,
        subject: &ReminderKey,
        change: impl FnOnce(Reminder) -> (Reminder, T),
    ) -> T {
        let subject = ReminderKey { session: self.session_named(subject), ..subject.clone() };
        let entry = self.take(&subject);
        let (entry, answer) = change(entry);
        self.put(&subject, entry);
        answer
    }

    /// Forgets which session a profile belongs to: the config doesn't have the profile any more.
    pub(crate) fn detach(&mut self, profile: &str) {
        for entry in self.sessions.values_mut() {
            entry.profiles.remove(profile);
        }
    }

    /// Every entry with its name: sessions first. The flag says whether it is a session.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, bool, &Reminder)> {
        let sessions = self.sessions.iter().map(|(name, entry)| (name.as_str(), true, entry));
        sessions.chain(self.profiles.iter().map(|(name, entry)| (name.as_str(), false, entry)))
    }

    /// The entry of a session or profile by its own name.
    pub(crate) fn entry_named(&self, name: &str) -> Reminder {
        self.sessions.get(name).or_else(|| self.profiles.get(name)).cloned().unwrap_or_default()
    }

    /// What is remembered after a look at every signal that stands.
    #[must_use]
    pub(crate) fn noted(&self, signals: &[Located], at: &Circumstances) -> Self {
        let mut after = self.clone();
        let mut of_name: BTreeMap<String, Vec<&Signal>> = BTreeMap::new();
        for Located { signal, .. } in signals.iter().take(MOST_SIGNALS) {
            let key = signal.key();
            let name = self.session_of(&key).map_or(key, str::to_owned);
            of_name.entry(name).or_default().push(signal);
        }
        for (name, signals) in &of_name {
            let is_known = self.sessions.contains_key(name) || self.profiles.contains_key(name);
            let blank = Reminder::default();
            if !is_known && signals.iter().any(|signal| machine::is_held_back(&blank, signal, at.now)) {
                after.profiles.insert(name.clone(), blank);
            }
        }
        for (name, entry) in after.sessions.iter_mut().chain(&mut after.profiles) {
            let signals = of_name.get(name).map(Vec::as_slice).unwrap_or_default();
            let standing = signals.first().map(|signal| signal.standing());
            let mut next = entry.looked(standing);
            let is_held = signals.iter().any(|signal| machine::is_held_back(&next, signal, at.now));
            next.held = if is_held {
                Some(entry.held.filter(|since| *since <= at.now).unwrap_or(at.now))
            } else {
                None
            };
            next.skip_said |= next.quiet && !signals.is_empty();
            *entry = next;
        }
        // Of what nobody listed or decided about, nothing is left once its signal is gone: ever new names must not make the
        // file grow.
        after.profiles.retain(|name, entry| of_name.contains_key(name) || entry.is_kept(at.now));
        after.forget_surplus();
        after
    }

    /// Changes every entry.
    pub(crate) fn change_all(&mut self, change: impl Fn(&Reminder) -> Reminder) {
        for entry in self.sessions.values_mut().chain(self.profiles.values_mut()) {
            *entry = change(entry);
        }
        self.profiles.retain(|_, entry| *entry != Reminder::default());
    }

    fn parse(bytes: &[u8], name: &str) -> anyhow::Result<Result<Self, i64>> {
        let document = stream::parse_of_any_size(bytes, name)?;
        let version = document.whole("version")?.ok_or_else(|| broken(name))?;
        if version > VERSION {
            return Ok(Err(version));
        }
        let entries = |key: &str| match document.get(key) {
            None => Ok(BTreeMap::new()),
            Some(Value::Object(map)) => map
                .iter()
                .map(|(name, value)| Ok((name.clone(), record::read(value)?)))
                .collect::<Result<_, Broken>>()
                .map_err(|Broken| broken(name)),
            Some(_) => Err(broken(name)),
        };
        let stamped = optional(&document, "dismissedAt", read_moment).map_err(|Broken| broken(name))?;
        Ok(Ok(Self { sessions: entries("sessions")?, profiles: entries("profiles")?, stamped }))
    }

    fn document(&self) -> Value {
        let entries = |map: &BTreeMap<String, Reminder>| -> Value {
            Value::Object(
                map.iter().map(|(name, entry)| (name.clone(), record::write(entry).into())).collect(),
            )
        };
        let document = Document::new()
            .with("version", VERSION)
            .with("sessions", entries(&self.sessions))
            .with("profiles", entries(&self.profiles));
        match self.stamped {
            Some(stamped) => document.with("dismissedAt", time::format(stamped)).into(),
            None => document.into(),
        }
    }
}

fn file(state_dir: &Path) -> PathBuf {
    state_dir.join("state.json")
}

fn broken(name: &str) -> Fault {
    Fault::new(Exit::Data, format!("{name}: not a state file"))
}

fn newer(path: &Path, version: i64) -> anyhow::Error {
    Fault::new(Exit::Data, format!("{} is of version {version}, this tool knows {VERSION}", path.display()))
        .hint("update the sso tools, or remove the file to forget snoozes and reminders")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::lease;
    use crate::reminder::{ConfigStamp, Pause, Standing};
    use std::time::Duration;

    fn subject(profile: &str) -> ReminderKey {
        ReminderKey::of_profile(profile)
    }

    #[test]
    fn made_up_profiles_displace_no_decision_and_fill_no_file() {
        let mut reminders = ReminderStore::default();
        let now = time::from_epoch(1_700_000_000.0).unwrap();
        let pause = Pause::starting(now, Duration::from_secs(900));
        reminders.change(&subject("corp"), |entry| (Reminder { snooze: Some(pause), ..entry }, ()));
        for n in 0..5000 {
            let at = time::after(now, Duration::from_secs(n));
            reminders.change(&subject(&format!("fake{n}")), |entry| (lease(&entry, at).0, ()));
        }
        assert!(reminders.entry("corp").snooze.is_some());
        assert!(reminders.entry("fake4999").retry.is_some());
        assert!(reminders.document().to_string().len() < 1_000_000);
    }

    #[test]
    fn nothing_is_left_of_a_made_up_profile_whose_signal_is_gone_and_whose_lease_is_over() {
        let mut reminders = ReminderStore::default();
        let now = time::from_epoch(1_700_000_000.0).unwrap();
        for n in 0..600 {
            reminders.change(&subject(&format!("host{n}|x")), |entry| (lease(&entry, now).0, ()));
        }
        reminders.change(&subject("failed"), |entry| (Reminder { failures: 2, ..entry }, ()));
        reminders.change(&subject("locked"), |entry| (Reminder { quiet: true, ..entry }, ()));
        let at = |seconds| Circumstances {
            now: time::after(now, Duration::from_secs(seconds)),
            mode: crate::mode::Mode::Notify,
            cooldown: Duration::from_secs(600),
            poll: Duration::from_secs(5),
        };
        assert_eq!(reminders.noted(&[], &at(1)).entries().count(), 602, "a lease that lasts counts");
        let left = reminders.noted(&[], &at(60));
        assert_eq!(left.entries().map(|(name, ..)| name).collect::<Vec<_>>(), ["failed", "locked"]);
    }

    #[test]
    fn what_is_remembered_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        let now = time::from_epoch(1_700_000_000.0).unwrap();
        let pause = Some(Pause::starting(now, Duration::from_secs(900)));
        let whole = Reminder {
            profiles: BTreeSet::new(),
            retry: pause,
            near_end: Some(now),
            snooze: pause,
            dismissed: Some(now),
            suppressed: vec!["one".into(), "two".into()],
            failures: 3,
            gave_up: Some("one".into()),
            quiet: true,
            forever: true,
            over: true,
            unknown_in: Some(ConfigStamp { file: "/config".into(), modified: None }),
            mirrored: Some(now),
            decided: Some(now),
            held: Some(now),
            standing: Some(Standing { key: "a".into(), source: "m".into(), episode: None }),
            skip_said: true,
        };
        let mut reminders = ReminderStore { stamped: Some(now), ..ReminderStore::default() };
        reminders.change(&subject("corp"), |_| (whole.clone(), ()));
        let known = ["a".to_owned(), "b".to_owned()];
        let session =
            ReminderKey { session: Some("s".into()), session_profiles: known.to_vec(), ..subject("a") };
        reminders.change(&session, |entry| (Reminder { quiet: true, ..entry }, ()));
        reminders.save(dir.path()).unwrap();
        assert_eq!(ReminderStore::load("test", dir.path(), now).unwrap(), reminders);
        assert!(reminders.entry("b").quiet);
        // A profile that moved to another session takes nothing along, and leaves nothing.
        let moved = ReminderKey { session: Some("t".into()), ..subject("b") };
        reminders.change(&moved, |entry| (entry, ()));
        assert_eq!((reminders.session_of("a"), reminders.session_of("b")), (Some("s"), Some("t")));
    }
}
