//! What the host remembers of one sso-session.

pub(crate) mod record;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat, TimeDelta};

use crate::sighting::Sighting;
use sso_tool::episode;
use sso_tool::time::{self, Moment};

/// How far a clock may be set back before a pause that was counted on it is given up.
const JITTER: Duration = Duration::from_secs(60);
/// The most suppressed episodes that are remembered: one per dead token, and several monitors may name them
/// differently.
const MOST_SUPPRESSED: usize = 16;

/// What the host remembers of one sso-session, or of one profile while its session isn't known.
#[expect(clippy::struct_excessive_bools, reason = "each is remembered by itself, as in state.json")]
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Reminder {
    /// The profiles known to belong to it.
    pub(crate) profiles: BTreeSet<String>,
    /// Not before: a lease or the time between retries.
    pub(crate) retry: Option<Pause>,
    /// Not before: what the person chose.
    pub(crate) snooze: Option<Pause>,
    /// The end that was near when the person chose that: the snooze is about it, and not about the end when it is here.
    pub(crate) near_end: Option<Moment>,
    /// When the person closed or ignored the question.
    pub(crate) dismissed: Option<Moment>,
    /// The episodes that the person doesn't want to be reminded of, the newest last.
    pub(crate) suppressed: Vec<String>,
    /// Failed logins in a row.
    pub(crate) failures: u32,
    /// The episode for which `auto` gave up.
    pub(crate) gave_up: Option<String>,
    /// Locked on purpose: quiet until the next login.
    pub(crate) quiet: bool,
    /// Quiet again after each login, until a person takes it back.
    pub(crate) forever: bool,
    /// Whether a quiet session was seen without a valid token since: if it is valid then, somebody logged in.
    pub(crate) over: bool,
    /// The AWS config in which the profile wasn't found.
    pub(crate) unknown_in: Option<ConfigStamp>,
    /// The `nextAttemptAfter` that this host wrote into the signals last: that one is a mirror of the above,
    /// and no wish of the signal's writer.
    pub(crate) mirrored: Option<Moment>,
    /// When the last decision was taken: what was observed before counts for nothing.
    pub(crate) decided: Option<Moment>,
    /// Since when the writers of its signals, and nothing else, have been holding them back.
    pub(crate) held: Option<Moment>,
    /// The signal that stood after the session was locked, or after "don't remind".
    pub(crate) standing: Option<Standing>,
    /// Whether it was said that its signals are left out.
    pub(crate) skip_said: bool,
}

/// A signal that was seen to stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Whose it is.
    pub(crate) key: String,
    /// Who raised it.
    pub(crate) source: String,
    /// What its writer says expired.
    pub(crate) episode: Option<String>,
}

impl Reminder {
    /// Adds an episode that isn't to be reminded of. Without a name there is nothing to recognise.
    pub(crate) fn suppress(&mut self, episode: &str) {
        if episode.is_empty() {
            return;
        }
        self.suppressed.retain(|known| !episode::is_same(known, episode));
        self.suppressed.push(episode.to_owned());
        let surplus = self.suppressed.len().saturating_sub(MOST_SUPPRESSED);
        self.suppressed.drain(..surplus);
    }

    /// Whether the person doesn't want to be reminded of that episode.
    pub(crate) fn is_suppressed(&self, episode: &str) -> bool {
        self.suppressed.iter().any(|known| episode::is_same(known, episode))
    }

    /// The episodes of ends that were near when the person decided: what is seen of the session until then changes nothing
    /// about them, and the next session ends at another time.
    fn suppressed_ends(&self) -> Vec<String> {
        self.suppressed.iter().filter(|episode| episode::end_of(episode).is_some()).cloned().collect()
    }

    /// Whether a person had a say in it; else it is about retries.
    pub(crate) fn is_decided(&self) -> bool {
        self.quiet
            || self.forever
            || self.snooze.is_some()
            || self.dismissed.is_some()
            || !self.suppressed.is_empty()
    }

    /// Whether it counts for more than a signal that stood: a person had a say in it, or logins failed, or a pause lasts.
    pub(crate) fn is_kept(&self, now: Moment) -> bool {
        let is_paused = self.retry.is_some_and(|pause| pause.lasts(now));
        self.is_decided() || self.failures > 0 || self.gave_up.is_some() || is_paused
    }

    /// The entry after the session was seen: what the sighting ends, or tells of a session that is kept quiet.
    #[must_use]
    pub(crate) fn seen(&self, sighting: Sighting) -> Self {
        match sighting {
            // The next expiry is a new one, whatever its episode is called. And what was over is valid by a login only.
            Sighting::Valid => Self {
                suppressed: self.suppressed_ends(),
                gave_up: None,
                failures: 0,
                snooze: self.snooze.filter(|_| self.near_end.is_some()),
                retry: None,
                quiet: self.is_quiet_after_login(),
                over: false,
                held: None,
                standing: None,
                skip_said: false,
                ..self.clone()
            },
            // What was over and runs again does so by a login.
            Sighting::Ending => Self { quiet: self.is_quiet_after_login(), over: false, ..self.clone() },
            Sighting::Over => Self { over: self.quiet, ..self.clone() },
        }
    }

    /// Whether it is still quiet now that the session was seen to run.
    fn is_quiet_after_login(&self) -> bool {
        self.forever || (self.quiet && !self.over)
    }

    /// The entry after a login: nothing is left but what a person decided for good.
    #[must_use]
    pub(crate) fn logged_in(&self) -> Self {
        let decided = self.decided.filter(|_| self.forever);
        let profiles = self.profiles.clone();
        Self { profiles, quiet: self.forever, forever: self.forever, decided, ..Self::default() }
    }

    /// The entry after a person locked the session. Only what is seen from now on tells of a login.
    #[must_use]
    pub(crate) fn locked(&self, now: Moment) -> Self {
        let decided = Some(now).max(self.decided);
        Self { quiet: true, over: false, decided, standing: None, skip_said: false, ..self.clone() }
    }

    /// The entry after a person took that back. Nothing is left of a lock that was a slip.
    #[must_use]
    pub(crate) fn unlocked(&self) -> Self {
        let open = Self {
            quiet: false,
            forever: false,
            over: false,
            standing: None,
            skip_said: false,
            ..self.clone()
        };
        let decided = open.decided.filter(|_| open.is_decided());
        Self { decided, ..open }
    }

    /// Whether a document was written from an observation that is older than the last decision. A time without a
    /// fraction is one to the second.
    pub(crate) fn is_newer_than(&self, observed: Option<Moment>) -> bool {
        observed.zip(self.decided).is_some_and(|(observed, decided)| {
            match observed.timestamp_subsec_nanos() {
                0 => observed.timestamp() < decided.timestamp(),
                _ => observed < decided,
            }
        })
    }

    /// The entry after a look at the signals that stand for the session. A monitor that can write signals alone tells of
    /// a login by what it withdraws: a signal that stood and is gone, or that names another expiry.
    #[must_use]
    pub(crate) fn looked(&self, standing: Option<Standing>) -> Self {
        if !self.quiet && self.suppressed.is_empty() {
            return Self { standing: None, ..self.clone() };
        }
        // The end of a session that was about to end tells of no login, nor does a signal of it that is gone: its token was
        // renewed once more.
        let was_near = |before: &Standing| before.episode.as_deref().and_then(episode::end_of).is_some();
        let is_near = |now: &Standing| now.episode.as_deref().and_then(episode::end_of).is_some();
        let is_back = match (&self.standing, &standing) {
            (Some(before), None) => !was_near(before),
            (Some(before), Some(now)) => {
                self.quiet
                    && (is_near(now) || !was_near(before))
                    && before.source == now.source
                    && before.key == now.key
                    && before.episode.is_some()
                    && now.episode.is_some()
                    && !before
                        .episode
                        .as_deref()
                        .zip(now.episode.as_deref())
                        .is_some_and(|(before, now)| episode::is_same(before, now))
            }
            (None, _) => false,
        };
        if is_back {
            // The pauses stay: whoever writes signals must not be able to ask more often than once a cooldown.
            let suppressed = self.suppressed_ends();
            let over = false;
            return Self {
                suppressed,
                quiet: self.forever,
                over,
                standing: None,
                skip_said: false,
                ..self.clone()
            };
        }
        Self { standing: standing.or_else(|| self.standing.clone()), ..self.clone() }
    }

    /// The entry without what holds its signals back; but for `quiet`, which a person decided for good.
    #[must_use]
    pub(crate) fn without_pauses(&self) -> Self {
        let decided = self.decided.filter(|_| self.quiet);
        let (profiles, forever) = (self.profiles.clone(), self.forever);
        Self { profiles, quiet: self.quiet, forever, over: self.over, decided, ..Self::default() }
    }

    /// The entry after a person asked for the session: nothing holds its signals back, not even a lock. What was mirrored into
    /// the session's other signals is still no wish of their writers.
    #[must_use]
    pub(crate) fn asked_for(&self) -> Self {
        Self { quiet: false, over: false, mirrored: self.mirrored, ..self.without_pauses() }
    }

    /// Joins an entry that turns out to be of the same session: whatever either of them held back stays held back.
    #[must_use]
    pub(crate) fn merged(self, other: Self) -> Self {
        let later =
            |a: Option<Pause>, b: Option<Pause>| [a, b].into_iter().flatten().max_by_key(|pause| pause.until);
        let mut suppressed = Self { suppressed: other.suppressed, ..Self::default() };
        for episode in &self.suppressed {
            suppressed.suppress(episode);
        }
        Self {
            profiles: self.profiles.into_iter().chain(other.profiles).collect(),
            retry: later(self.retry, other.retry),
            near_end: self.near_end.and(other.near_end),
            snooze: later(self.snooze, other.snooze),
            dismissed: self.dismissed.max(other.dismissed),
            suppressed: suppressed.suppressed,
            failures: self.failures.max(other.failures),
            gave_up: self.gave_up.or(other.gave_up),
            quiet: self.quiet || other.quiet,
            forever: self.forever || other.forever,
            // A lock that nobody saw end yet lasts.
            over: [(self.quiet, self.over), (other.quiet, other.over)]
                .iter()
                .all(|(quiet, over)| !quiet || *over)
                && (self.over || other.over),
            unknown_in: self.unknown_in.or(other.unknown_in),
            mirrored: self.mirrored.max(other.mirrored),
            decided: self.decided.max(other.decided),
            held: [self.held, other.held].into_iter().flatten().min(),
            standing: self.standing.or(other.standing),
            skip_said: self.skip_said && other.skip_said,
        }
    }
}

/// A time to keep still: until when, and how long it was meant to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pause {
    /// The pause's end.
    pub(crate) until: Moment,
    /// The pause's length when it began: how a clock that was set back is noticed.
    pub(crate) length: Duration,
}

impl Pause {
    /// A pause that begins at `start`.
    pub(crate) fn starting(start: Moment, length: Duration) -> Self {
        Self { until: time::after(start, length), length }
    }

    /// Whether it still lasts. A clock that was set back by more than a minute ends it.
    pub(crate) fn lasts(&self, now: Moment) -> bool {
        now < self.until && self.until - now <= delta(self.length.saturating_add(JITTER))
    }
}

/// An AWS config file as it was: path and modification time (none: no file).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigStamp {
    /// The config file's path.
    pub file: String,
    /// The config file's modification time as `sso-login` said it; compared as text.
    pub modified: Option<String>,
}

/// A duration as chrono has it; its longest if that is too short.
pub(crate) fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
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

#[cfg(test)]
mod tests;
