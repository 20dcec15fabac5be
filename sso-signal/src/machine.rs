//! The state machine: what the host remembers of a session, when a signal is due, and what an outcome
//! changes. Pure functions; the table of DESIGN 3 is the table of the tests.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::TimeDelta;

use crate::mode::Mode;
use crate::signal::Signal;
use crate::time::{self, Moment};

/// How long a signal that was handed over stays away, and the first retry after a failure.
pub const LEASE: Duration = Duration::from_secs(30);
/// The longest that a signal's own `nextAttemptAfter` can delay it.
pub const LONGEST_WISH: Duration = Duration::from_secs(4 * 3600);
/// Failed logins in a row after which `auto` waits for a person.
pub const MOST_FAILURES: u32 = 5;
/// How far a clock may be set back before a pause that was counted on it is given up.
const JITTER: Duration = Duration::from_secs(60);

/// What the host remembers of one sso-session, or of one profile while its session isn't known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// The profiles known to belong to it.
    pub profiles: BTreeSet<String>,
    /// Not before: a lease or the time between retries.
    pub retry: Option<Pause>,
    /// Not before: what the person chose.
    pub snooze: Option<Pause>,
    /// When the person closed or ignored the question.
    pub dismissed: Option<Moment>,
    /// The episode that the person doesn't want to be reminded of.
    pub suppressed: Option<String>,
    /// Failed logins in a row.
    pub failures: u32,
    /// The episode for which `auto` gave up.
    pub gave_up: Option<String>,
    /// Locked on purpose: quiet until the next login.
    pub quiet: bool,
    /// The AWS config in which the profile wasn't found.
    pub unknown_in: Option<ConfigStamp>,
}

/// A time to keep still: until when, and how long it was meant to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Its end.
    pub until: Moment,
    /// Its length when it began: how a clock that was set back is noticed.
    pub length: Duration,
}

impl Pause {
    /// A pause that begins now.
    pub fn from_now(now: Moment, length: Duration) -> Self {
        Self { until: time::after(now, length), length }
    }

    /// Whether it still lasts. A clock that was set back by more than a minute ends it.
    pub fn lasts(&self, now: Moment) -> bool {
        now < self.until && self.until - now <= delta(self.length + JITTER)
    }
}

/// An AWS config file as it was: path and modification time (none: no file).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigStamp {
    /// Its path.
    pub file: String,
    /// Its modification time as `sso-login` said it; compared as text.
    pub modified: Option<String>,
}

/// What came of a question or a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Logged in.
    Success,
    /// The session was valid all along.
    Valid,
    /// The login failed.
    Failed,
    /// The login took too long.
    Timeout,
    /// "Later", in that long.
    Snoozed(Duration),
    /// The question was closed or ignored.
    Dismissed,
    /// "Don't remind me."
    Suppressed,
    /// Another login is under way.
    Busy,
    /// The profile isn't in the AWS config.
    UnknownProfile(Option<ConfigStamp>),
}

/// What the decision depends on besides the entry.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    /// The clock.
    pub now: Moment,
    /// The mode in force.
    pub mode: Mode,
    /// How long a dismissed question stays away.
    pub cooldown: Duration,
    /// The watcher's poll interval.
    pub poll: Duration,
}

/// What an outcome changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// What is remembered from now on.
    pub entry: Entry,
    /// What becomes of the signals of the session.
    pub fate: Fate,
    /// Whether the cooldown stamp is written.
    pub stamps_cooldown: bool,
}

/// What becomes of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Removed.
    Cleared,
    /// Kept as it is.
    Kept,
    /// Kept, not to be tried before.
    Postponed(Moment),
}

/// Turns an outcome into state (the table of DESIGN 3). `episode` is that of the signal it answers.
pub fn settle(entry: &Entry, outcome: &Outcome, episode: &str, at: &Circumstances) -> Transition {
    // Whatever the answer, the lease is over.
    let mut next = Entry { retry: None, ..entry.clone() };
    let (fate, stamps_cooldown) = match outcome {
        Outcome::Success | Outcome::Valid => {
            next = Entry { profiles: entry.profiles.clone(), ..Entry::default() };
            (Fate::Cleared, false)
        }
        Outcome::Failed | Outcome::Timeout => {
            next.failures = entry.failures.saturating_add(1);
            let pause = Pause::from_now(at.now, retry_after(next.failures, at));
            next.retry = Some(pause);
            if next.failures >= MOST_FAILURES {
                next.gave_up = Some(episode.to_owned());
            }
            (Fate::Postponed(pause.until), false)
        }
        Outcome::Snoozed(length) => {
            let pause = Pause::from_now(at.now, *length);
            next.snooze = Some(pause);
            next.failures = 0;
            (Fate::Postponed(pause.until), false)
        }
        Outcome::Dismissed => {
            next.dismissed = Some(at.now);
            next.failures = 0;
            (Fate::Postponed(time::after(at.now, at.cooldown)), true)
        }
        Outcome::Suppressed => {
            next.suppressed = Some(episode.to_owned());
            next.snooze = None;
            next.failures = 0;
            (Fate::Cleared, false)
        }
        Outcome::Busy => {
            let pause = Pause::from_now(at.now, at.poll);
            next.retry = Some(pause);
            (Fate::Postponed(pause.until), false)
        }
        Outcome::UnknownProfile(stamp) => {
            next.unknown_in.clone_from(stamp);
            // Without a stamp nothing says when to look again: the usual retry does.
            next.retry = stamp.is_none().then(|| Pause::from_now(at.now, LEASE));
            (Fate::Kept, false)
        }
    };
    Transition { entry: next, fate, stamps_cooldown }
}

/// 30 s; in `auto` 30, 60, 120 … up to the cooldown, since nobody stands between the retries.
fn retry_after(failures: u32, at: &Circumstances) -> Duration {
    if at.mode != Mode::Auto {
        return LEASE;
    }
    let doublings = failures.saturating_sub(1).min(16);
    LEASE.saturating_mul(1 << doublings).min(at.cooldown.max(LEASE))
}

/// Whether a signal is to be acted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Now.
    Now,
    /// Not before that moment.
    At(Moment, Because),
    /// Not until something happens.
    Not(Because),
}

/// Why a signal isn't due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// Mode `standalone`.
    Standalone,
    /// Locked on purpose.
    Quiet,
    /// "Don't remind me" of this episode.
    Suppressed,
    /// The profile isn't in the AWS config, which hasn't changed.
    UnknownProfile,
    /// `auto` failed five times: a person must log in.
    GaveUp,
    /// Snoozed.
    Snoozed,
    /// Cooling down after the question was dismissed.
    CoolingDown,
    /// Handed over, or between two tries.
    Retry,
    /// The signal itself says so.
    Postponed,
}

impl Because {
    /// The word in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Standalone => "standalone",
            Self::Quiet => "quiet",
            Self::Suppressed => "suppressed",
            Self::UnknownProfile => "unknown-profile",
            Self::GaveUp => "waiting-for-user",
            Self::Snoozed => "snoozed",
            Self::CoolingDown => "cooling-down",
            Self::Retry => "retry",
            Self::Postponed => "postponed",
        }
    }
}

/// Decides whether `signal` is due. `foreign_stamp` is a cooldown stamp that belongs to no entry (somebody
/// else wrote the file): it holds for all. `config_changed` says whether the AWS config differs from
/// [`Entry::unknown_in`].
pub fn due(
    entry: &Entry,
    signal: &Signal,
    foreign_stamp: Option<Moment>,
    config_changed: bool,
    at: &Circumstances,
) -> Due {
    if at.mode == Mode::Standalone {
        return Due::Not(Because::Standalone);
    }
    if entry.quiet {
        return Due::Not(Because::Quiet);
    }
    if entry.suppressed.as_ref() == Some(&signal.episode) {
        return Due::Not(Because::Suppressed);
    }
    if entry.unknown_in.is_some() && !config_changed {
        return Due::Not(Because::UnknownProfile);
    }
    if at.mode == Mode::Auto && entry.gave_up.as_ref() == Some(&signal.episode) {
        return Due::Not(Because::GaveUp);
    }
    let pause = |pause: Option<Pause>, because| pause.filter(|p| p.lasts(at.now)).map(|p| (p.until, because));
    let cooldown = |stamp: Option<Moment>| {
        let length = at.cooldown;
        pause(stamp.map(|from| Pause { until: time::after(from, length), length }), Because::CoolingDown)
    };
    let wish =
        signal.next_attempt_after.filter(|next| *next > at.now && *next - at.now <= delta(LONGEST_WISH));
    [
        pause(entry.snooze, Because::Snoozed),
        cooldown(entry.dismissed),
        cooldown(foreign_stamp),
        pause(entry.retry, Because::Retry),
        wish.map(|next| (next, Because::Postponed)),
    ]
    .into_iter()
    .flatten()
    // The first of equals: what a person decided names the reason, its mirror in the file doesn't.
    .reduce(|longest, next| if next.0 > longest.0 { next } else { longest })
    .map_or(Due::Now, |(until, because)| Due::At(until, because))
}

/// The entry after the signal was handed over: whatever dies now, the signal comes back in 30 s.
pub fn lease(entry: &Entry, now: Moment) -> (Entry, Moment) {
    let pause = Pause::from_now(now, LEASE);
    // A changed config is a new try for a profile that wasn't there.
    (Entry { retry: Some(pause), unknown_in: None, ..entry.clone() }, pause.until)
}

/// The entry after the session was seen valid: the next expiry is a new one, whatever its episode is called.
pub fn seen_valid(entry: &Entry) -> Entry {
    Entry { suppressed: None, gave_up: None, failures: 0, snooze: None, ..entry.clone() }
}

/// Two entries that turn out to be of one session: whatever either of them held back stays held back.
pub fn merge(one: Entry, other: Entry) -> Entry {
    let later =
        |a: Option<Pause>, b: Option<Pause>| [a, b].into_iter().flatten().max_by_key(|pause| pause.until);
    Entry {
        profiles: one.profiles.into_iter().chain(other.profiles).collect(),
        retry: later(one.retry, other.retry),
        snooze: later(one.snooze, other.snooze),
        dismissed: one.dismissed.max(other.dismissed),
        suppressed: one.suppressed.or(other.suppressed),
        failures: one.failures.max(other.failures),
        gave_up: one.gave_up.or(other.gave_up),
        quiet: one.quiet || other.quiet,
        unknown_in: one.unknown_in.or(other.unknown_in),
    }
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}
