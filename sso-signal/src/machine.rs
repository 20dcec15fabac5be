//! The state machine: what the host remembers of a session, when a signal is due, and what an outcome
//! changes. Pure functions; the table of DESIGN 3 is the table of the tests.

use std::time::Duration;

use crate::mode::Mode;
use crate::reminder::{ConfigStamp, Pause, Reminder, delta};
use crate::sighting::Sighting;
use crate::signal::Signal;
use sso_tool::episode;
use sso_tool::outcome::Outcome;
use sso_tool::time::{self, Moment};

/// The longest snooze. The dialog offers four hours at most; a day is for those who pipe their own.
pub const LONGEST_SNOOZE: Duration = Duration::from_secs(24 * 3600);
/// How long a signal that was handed over stays away, and the first retry after a failure.
pub const LEASE: Duration = Duration::from_secs(30);
/// The longest that a signal's own `nextAttemptAfter` can delay it.
pub(crate) const LONGEST_WISH: Duration = Duration::from_secs(4 * 3600);
/// Failed logins in a row after which `auto` waits for a person.
pub(crate) const MOST_FAILURES: u32 = 5;

/// What came of a question or a login, with what is needed to act on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// What came of it.
    pub(crate) outcome: Outcome,
    /// How long a snooze is.
    pub(crate) snooze: Duration,
    /// The AWS config in which an unknown profile isn't.
    pub(crate) config: Option<ConfigStamp>,
}

impl From<Outcome> for Answer {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, snooze: Duration::ZERO, config: None }
    }
}

/// What a document that is settled tells of its session besides the outcome, which came after it: nothing that the outcome
/// says better.
pub(crate) fn told(outcome: Option<Outcome>, seen: Option<Sighting>) -> Option<Sighting> {
    match (outcome, seen) {
        (Some(Outcome::Success | Outcome::Valid), _) | (Some(_), Some(Sighting::Valid)) => None,
        (_, seen) => seen,
    }
}

/// What the decision depends on besides the entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances {
    /// The clock.
    pub(crate) now: Moment,
    /// The mode in force.
    pub(crate) mode: Mode,
    /// How long a dismissed question stays away.
    pub(crate) cooldown: Duration,
    /// The watcher's poll interval.
    pub(crate) poll: Duration,
}

/// What an outcome changes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Transition {
    /// What is remembered from now on.
    pub(crate) entry: Reminder,
    /// What becomes of the signals of the session.
    pub(crate) fate: Fate,
    /// Whether the cooldown stamp is written.
    pub(crate) stamps_cooldown: bool,
}

/// What becomes of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Removed.
    Cleared,
    /// Kept, not to be tried before.
    Postponed(Moment),
}

/// Turns an answer into state (the table of DESIGN 3). `episode` is that of the signal it answers, `standing` are those of
/// all signals of the session, which were part of the question, whatever their monitors call the episode.
pub(crate) fn settle(
    entry: &Reminder,
    answer: &Answer,
    episode: &str,
    standing: &[&str],
    at: &Circumstances,
) -> Transition {
    let outcome = answer.outcome;
    // Whatever the answer, the lease is over.
    let mut next = Reminder { retry: None, ..entry.clone() };
    let near_end = episode::end_of(episode).filter(|end| *end > at.now);
    let (fate, stamps_cooldown) = match outcome {
        Outcome::Success | Outcome::Valid => {
            next = entry.logged_in();
            // Whoever rewrites the signal of a valid session must not keep the watcher busy.
            if outcome == Outcome::Valid {
                next.retry_in(at.poll, at);
            }
            (Fate::Cleared, false)
        }
        Outcome::Failed | Outcome::Timeout => {
            next.failures = next.failures.saturating_add(1);
            if next.failures >= MOST_FAILURES {
                next.gave_up = Some(episode.to_owned());
            }
            (next.retry_in(retry_after(next.failures, at), at), false)
        }
        Outcome::Snoozed => {
            let pause = Pause::starting(at.now, answer.snooze);
            (next.snooze, next.near_end) = (Some(pause), near_end);
            next.failures = 0;
            (Fate::Postponed(pause.until), false)
        }
        Outcome::Dismissed => {
            next.failures = 0;
            match near_end {
                // A session that runs needs nobody yet: one question, and the next when it has ended.
                Some(end) => {
                    let left = (end - at.now).to_std().unwrap_or_default();
                    (next.snooze, next.near_end) = (Some(Pause::starting(at.now, left)), near_end);
                    (Fate::Postponed(end), false)
                }
                None => {
                    next.dismissed = Some(at.now);
                    (Fate::Postponed(time::after(at.now, at.cooldown)), true)
                }
            }
        }
        Outcome::Suppressed => {
            next.suppress(episode);
            // What has ended by now was no part of a question about an end that is near.
            let is_asked = |standing: &&&str| near_end.is_none() || episode::end_of(standing).is_some();
            for episode in standing.iter().filter(is_asked) {
                next.suppress(episode);
            }
            // Whoever writes signals chooses the episode: a new name for it must not be a new question at once.
            let left = near_end.and_then(|end| (end - at.now).to_std().ok());
            let pause = left.map_or(at.cooldown, |left| left.min(at.cooldown));
            next.retry = Some(Pause::starting(at.now, pause));
            (next.snooze, next.near_end) = (None, None);
            next.failures = 0;
            (Fate::Cleared, false)
        }
        Outcome::Busy => (next.retry_in(at.poll, at), false),
        Outcome::UnknownProfile => match &answer.config {
            Some(stamp) => {
                next.unknown_in = Some(stamp.clone());
                // The config decides from now on, not the rest of the lease.
                (Fate::Postponed(at.now), false)
            }
            // Without a stamp nothing says when to look again: the usual retry does.
            None => (next.retry_in(LEASE, at), false),
        },
    };
    match outcome {
        Outcome::Success | Outcome::Valid | Outcome::Snoozed | Outcome::Dismissed | Outcome::Suppressed => {
            next.decided = Some(at.now);
            (next.standing, next.held) = (None, None);
        }
        Outcome::Failed | Outcome::Timeout | Outcome::Busy | Outcome::UnknownProfile => {}
    }
    if let Fate::Postponed(until) = fate {
        next.mirrored = Some(until);
    }
    if outcome == Outcome::UnknownProfile && standing.is_empty() {
        // Nothing waits for the config to change: a mistyped name leaves no trace.
        (next.unknown_in, next.retry, next.mirrored) = (None, None, None);
    }
    Transition { entry: next, fate, stamps_cooldown }
}

impl Reminder {
    fn retry_in(&mut self, length: Duration, at: &Circumstances) -> Fate {
        let pause = Pause::starting(at.now, length);
        self.retry = Some(pause);
        Fate::Postponed(pause.until)
    }
}

/// 30 s; in `auto` 30, 60, 120 … up to the cooldown, since nobody stands between the retries.
fn retry_after(failures: u32, at: &Circumstances) -> Duration {
    if at.mode != Mode::Auto {
        return LEASE;
    }
    let doublings = failures.saturating_sub(1).min(16);
    LEASE.saturating_mul(1 << doublings).min(at.cooldown.max(LEASE))
}

/// What holds back the signals of an entry by a decision, or after too many failures, whatever the signal: what
/// [`Reminder::without_pauses`] ends. Leases and retries are nobody's decision. `dismissed` is when the question was
/// dismissed, as far as that ends with the entry.
pub(crate) fn pauses(entry: &Reminder, dismissed: Option<Moment>, at: &Circumstances) -> Vec<Because> {
    let lasts = |pause: Option<Pause>| pause.is_some_and(|pause| pause.lasts(at.now));
    [
        (lasts(entry.snooze), Because::Snoozed),
        (lasts(dismissed.map(|from| Pause::starting(from, at.cooldown))), Because::CoolingDown),
        (!entry.suppressed.is_empty(), Because::Suppressed),
        (entry.gave_up.is_some(), Because::GaveUp),
    ]
    .into_iter()
    .filter_map(|(is_so, because)| is_so.then_some(because))
    .collect()
}

/// Whether a signal is to be acted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Now,
    /// Not before that moment.
    At(Moment, Because),
    /// Not until something happens.
    Not(Because),
}

/// Why a signal isn't due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Because {
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
    pub(crate) fn word(self) -> &'static str {
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

/// What `last-login-at.txt` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stamp {
    /// There is none: nobody dismissed a question, or somebody removed it to end the cooldown.
    Absent,
    /// The one that this host wrote: each entry knows its own.
    Ours,
    /// Somebody else's: it holds for all.
    Foreign(Moment),
}

impl Stamp {
    /// What was `read`, told apart by the stamp that this host wrote last.
    pub(crate) fn new(read: Option<Moment>, own: Option<Moment>) -> Self {
        match read {
            None => Self::Absent,
            Some(read) if own.is_some_and(|own| own.timestamp() == read.timestamp()) => Self::Ours,
            Some(read) => Self::Foreign(read),
        }
    }

    /// When the question of an entry was dismissed, as far as that still counts.
    pub(crate) fn dismissal(self, entry: &Reminder) -> Option<Moment> {
        match self {
            Self::Absent => None,
            Self::Ours => entry.dismissed,
            Self::Foreign(foreign) => Some(foreign).max(entry.dismissed),
        }
    }
}

/// Decides whether `signal` is due. `config_changed` says whether the AWS config differs from
/// [`Reminder::unknown_in`].
pub(crate) fn due(
    entry: &Reminder,
    signal: &Signal,
    stamp: Stamp,
    config_changed: bool,
    at: &Circumstances,
) -> Due {
    if at.mode == Mode::Standalone {
        return Due::Not(Because::Standalone);
    }
    if entry.quiet {
        return Due::Not(Because::Quiet);
    }
    if entry.is_suppressed(&signal.episode) {
        return Due::Not(Because::Suppressed);
    }
    if entry.unknown_in.is_some() && !config_changed {
        return Due::Not(Because::UnknownProfile);
    }
    if at.mode == Mode::Auto && entry.gave_up.is_some() {
        return Due::Not(Because::GaveUp);
    }
    // What was decided about an end that is near holds back no end that is here.
    let is_about = entry.near_end.is_none() || episode::end_of(&signal.episode).is_some();
    let dismissed = stamp.dismissal(entry).map(|from| Pause::starting(from, at.cooldown));
    let lasting = |pause: Option<Pause>, because| {
        pause.filter(|pause| pause.lasts(at.now)).map(|pause| (pause.until, because))
    };
    [
        lasting(entry.snooze.filter(|_| is_about), Because::Snoozed),
        lasting(dismissed, Because::CoolingDown),
        lasting(entry.retry, Because::Retry),
        postponement(entry, signal, at.now).map(|next| (next, Because::Postponed)),
    ]
    .into_iter()
    .flatten()
    .max_by_key(|(until, _)| *until)
    .map_or(Due::Now, |(until, because)| Due::At(until, because))
}

/// The `nextAttemptAfter` of whoever wrote the signal. The host's own mirror there decides nothing: what it
/// mirrors does.
fn postponement(entry: &Reminder, signal: &Signal, now: Moment) -> Option<Moment> {
    let is_mirror = |next: Moment| entry.mirrored.is_some_and(|own| own.timestamp() == next.timestamp());
    signal
        .next_attempt_after
        .filter(|next| *next > now && *next - now <= delta(LONGEST_WISH) && !is_mirror(*next))
        // A new wish each time is still the same silence. A clock that was set back has no "since".
        .map(|next| match entry.held.filter(|since| *since <= now) {
            Some(since) => next.min(time::after(since, LONGEST_WISH)),
            None => next,
        })
        .filter(|next| *next > now)
}

/// Whether the writer of a signal holds it back at this moment, whether that still counts or not.
pub(crate) fn is_held_back(entry: &Reminder, signal: &Signal, now: Moment) -> bool {
    postponement(&Reminder { held: None, ..entry.clone() }, signal, now).is_some()
}

/// The entry after the signal was handed over: whatever dies now, the signal comes back in 30 s.
pub(crate) fn lease(entry: &Reminder, now: Moment) -> (Reminder, Moment) {
    let pause = Pause::starting(now, LEASE);
    // A changed config is a new try for a profile that wasn't there.
    let next = Reminder {
        retry: Some(pause),
        unknown_in: None,
        mirrored: Some(pause.until),
        held: None,
        ..entry.clone()
    };
    (next, pause.until)
}

#[cfg(test)]
mod tests;
