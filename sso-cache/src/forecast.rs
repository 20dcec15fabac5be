//! When a session ends, as far as that can be known: a pure machine over what was seen of it (DESIGN 3).
//!
//! A renewable token tells nothing about the session behind it. AWS ends that after a fixed time which no renewal prolongs,
//! and cuts the life of its last access token so that it ends with the session. So two things are learned: when a session
//! began, and how long the sessions of that name last. What is only guessed is never claimed: where the evidence allows an
//! earlier and a later end, the earlier one counts.

use std::time::Duration;

use chrono::TimeDelta;
use sso_tool::time::Moment;

/// How far two times may lie apart and still be the same: clocks differ, and services round.
const SLACK: TimeDelta = TimeDelta::seconds(60);
/// The AWS CLI renews a token that has less than that left. A token with more left that is replaced all the same was replaced by
/// a login.
const RENEWED_WITH: TimeDelta = TimeDelta::minutes(15);

/// The longest session that AWS allows is 90 days.
pub(crate) const LONGEST: TimeDelta = TimeDelta::days(91);

/// A token file, as one look finds it. No secret: the refresh token is a salted hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// The refresh token, as a salted hash.
    pub refresh_token: Option<String>,
    /// When the access token was given: now for an answer of the service, else the time of the file.
    pub issued_at: Moment,
    /// When the access token expires.
    pub expires_at: Moment,
}

impl Look {
    fn life(&self) -> TimeDelta {
        self.expires_at - self.issued_at
    }
}

/// What happened to a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A person logged in, by these tools.
    LoggedIn(Look),
    /// These tools renewed the token.
    Renewed(Look),
    /// The file was read. Another client may have logged in or renewed.
    Seen(Look),
    /// The file isn't there, or has no token.
    Absent,
    /// The service refused a renewal at this time: the session has ended.
    Refused(Moment),
    /// A person logged out: an end that says nothing about the session's length.
    LoggedOut,
}

/// What is remembered of the sessions of one name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// When the session that runs now began; `None` if nobody saw that.
    pub started_at: Option<Moment>,
    /// When it began at the latest, if there was a login since that may have begun another one.
    pub latest_start: Option<Moment>,
    /// Whether it was out of sight for so long that the clock may have been set meanwhile.
    pub has_gap: bool,
    /// Whether a token was there at the last look.
    pub is_present: bool,
    /// Its refresh token, as a salted hash.
    pub refresh_token: Option<String>,
    /// When its access token expires.
    pub expires_at: Option<Moment>,
    /// How long access tokens of these sessions live that aren't cut short.
    pub token_life: Option<TimeDelta>,
    /// Whether a renewal brings another refresh token; `None` before the first renewal by these tools.
    pub rotates: Option<bool>,
    /// The end of the session that runs now, since its access token is cut short there.
    pub ends_at: Option<Moment>,
    /// How long sessions of this name last.
    pub length: Option<TimeDelta>,
    /// The longer length that was seen before that one, until it is seen again.
    pub other_length: Option<TimeDelta>,
    /// A length that was seen once, by a refused renewal alone: one early revocation is no policy.
    pub suspected: Option<TimeDelta>,
}

impl Record {
    /// The record after an event.
    #[must_use]
    pub fn after(&self, event: &Event) -> Self {
        match event {
            Event::LoggedIn(look) => self.logged_in(look),
            Event::Renewed(look) => {
                // Without a new refresh token in the answer the old one stays in the file.
                let rotates = self.refresh_token.as_ref().map(|old| look.refresh_token.as_ref() != Some(old));
                let record = Self { rotates: rotates.or(self.rotates), ..self.renewed(look) };
                // What slept that long may as well be a clock that was set: no length is learned from that.
                Self { has_gap: record.has_gap || self.is_gap(look), ..record }
            }
            Event::Seen(look) => self.seen(look),
            Event::Absent | Event::LoggedOut => self.ended(),
            Event::Refused(at) => self.refused(*at),
        }
    }

    /// A login. Where the old session may still run at the portal, AWS hands it out again, with its old end.
    fn logged_in(&self, look: &Look) -> Self {
        let is_seen = self.refresh_token == look.refresh_token && self.expires_at == Some(look.expires_at);
        if is_seen && self.started_at.is_some_and(|start| (look.issued_at - start).abs() <= SLACK) {
            return self.clone();
        }
        if !self.is_present || self.has_ended_by(look.issued_at) {
            return self.began(look);
        }
        if self.started_at.is_none() || self.is_cut(look) {
            return self.renewed(look);
        }
        Self { latest_start: Some(look.issued_at), ..self.renewed(look) }
    }

    /// A session that is new for certain.
    fn began(&self, look: &Look) -> Self {
        let record = Self {
            started_at: Some(look.issued_at),
            latest_start: None,
            has_gap: false,
            ends_at: None,
            ..self.clone()
        };
        record.with(look)
    }

    /// A renewal, by whomever: it tells how long tokens live, where the session ends if this one is cut short, and that a
    /// session which was thought to have ended goes on.
    fn renewed(&self, look: &Look) -> Self {
        if self.is_set_back(look) {
            let record = Self { started_at: None, latest_start: None, ends_at: None, ..self.clone() };
            return record.with(look);
        }
        let mut record = self.clone();
        if self.ends_at.is_some_and(|end| look.expires_at > end + SLACK) {
            // The token before this one wasn't cut short: tokens live that long nowadays.
            record = Self { token_life: None, ends_at: None, length: None, other_length: None, ..record };
        }
        if record.is_cut(look) {
            record.ends_at = Some(look.expires_at);
            return record.ending(look.expires_at).with(look);
        }
        let is_outlived = |record: &Self| {
            record.forecast(None).is_some_and(|known| look.expires_at > known.ends_at + SLACK)
        };
        if is_outlived(&record) && record.latest_start.is_some() {
            record.started_at = record.latest_start.take();
        }
        if is_outlived(&record) {
            record = Self { ends_at: None, length: None, other_length: None, ..record };
        }
        record.with(look)
    }

    /// Learns the length of a session whose end is known, if its start is.
    fn ending(mut self, end: Moment) -> Self {
        let length = |start: Option<Moment>| start.map(|start| end - start).filter(is_plausible);
        let (by_first, by_last) = (length(self.started_at), length(self.latest_start));
        let known = |length: TimeDelta| self.length.is_some_and(|known| is_about(known, length));
        match (by_first, by_last) {
            // Two logins: only a length that is known already tells which of them began it.
            (Some(_), Some(last)) if known(last) => self.started_at = self.latest_start.take(),
            (Some(first), Some(_)) if known(first) => self.latest_start = None,
            (Some(length), None) if !self.has_gap => {
                let before = self.length.filter(|before| !is_about(*before, length) && *before > length);
                self = Self { length: Some(length), other_length: before, suspected: None, ..self };
            }
            _ => {}
        }
        self
    }

    fn seen(&self, look: &Look) -> Self {
        if !self.is_present {
            // Before the first look there may have been any number of renewals: such a session began nobody knows when.
            let is_first = *self == Self::default();
            return if is_first { self.clone().with(look) } else { self.began(look) };
        }
        if self.refresh_token == look.refresh_token && self.expires_at == Some(look.expires_at) {
            return self.clone();
        }
        let is_other = self.refresh_token != look.refresh_token && look.refresh_token.is_some();
        let was_fresh = self.expires_at.is_some_and(|end| end - look.issued_at > RENEWED_WITH);
        if is_other && self.has_ended_by(look.issued_at) {
            return self.began(look);
        }
        if is_other && (self.rotates == Some(false) || was_fresh) {
            return self.logged_in(look);
        }
        // A renewal, or a login at a time when a renewal was due: the earlier start, and so the earlier end, counts.
        let record = self.renewed(look);
        if record.started_at.is_some() && self.is_gap(look) {
            return Self { latest_start: Some(look.issued_at), ..record };
        }
        record
    }

    fn refused(&self, at: Moment) -> Self {
        let seen_until = self.expires_at.map_or(at, |end| end.min(at));
        let is_sure = self.ends_at.is_none() && self.latest_start.is_none() && !self.has_gap;
        let start = self.started_at.filter(|_| is_sure);
        let mut record = self.ended();
        let Some(length) = start.map(|start| seen_until - start).filter(is_plausible) else { return record };
        match self.suspected.filter(|suspected| is_about(*suspected, length)) {
            Some(suspected) => {
                let length = suspected.min(length);
                record.other_length =
                    self.length.filter(|before| !is_about(*before, length) && *before > length);
                record.length = Some(length);
                record.suspected = None;
            }
            None => record.suspected = Some(length),
        }
        record
    }

    /// No session runs; what is known of their length stays.
    fn ended(&self) -> Self {
        Self {
            started_at: None,
            latest_start: None,
            has_gap: false,
            is_present: false,
            refresh_token: None,
            expires_at: None,
            ends_at: None,
            // A record that differs from none at all: the next token that is seen is a login's.
            token_life: self.token_life.or(Some(TimeDelta::zero())),
            ..self.clone()
        }
    }

    /// Whether the session that was seen last can't run any more at that time, as far as that is known.
    fn has_ended_by(&self, at: Moment) -> bool {
        let is_dead = self.refresh_token.is_none() && self.expires_at.is_some_and(|end| end <= at);
        is_dead || self.forecast(None).is_some_and(|forecast| forecast.ends_at <= at)
    }

    /// Whether nobody renewed for longer than a token lives.
    fn is_gap(&self, look: &Look) -> bool {
        let life = self.token_life.unwrap_or_default();
        self.expires_at.is_some_and(|end| look.issued_at - end > life.max(SLACK))
    }

    /// Whether a token was given before the one before it: the clock was set back, and no time before counts.
    fn is_set_back(&self, look: &Look) -> bool {
        let life = self.token_life.unwrap_or_default();
        // A token that was cut short came later than that.
        self.expires_at.is_some_and(|end| end - life > look.issued_at + SLACK)
    }

    fn with(mut self, look: &Look) -> Self {
        self.is_present = true;
        self.refresh_token.clone_from(&look.refresh_token);
        self.expires_at = Some(look.expires_at);
        self.token_life = self.token_life.max(Some(look.life()));
        self
    }

    /// Whether the token's life is shorter than that of its predecessors.
    fn is_cut(&self, look: &Look) -> bool {
        self.token_life.is_some_and(|life| look.life() + SLACK < life)
    }

    /// The end of the session that runs now; `None` where nothing is known. `setting` is the length that a person has set:
    /// it beats the length that was observed.
    pub fn forecast(&self, setting: Option<Duration>) -> Option<Forecast> {
        let started_at = self.started_at;
        let setting = setting.and_then(|length| TimeDelta::from_std(length).ok());
        let after = |length: TimeDelta| started_at?.checked_add_signed(length);
        let by_length = match (setting, self.length) {
            (Some(length), _) => after(length).map(|end| (end, From::Setting)),
            (None, Some(length)) => after(length).map(|end| (end, From::Observed)),
            (None, None) => None,
        };
        let by_other = self.other_length.filter(|_| setting.is_none()).and_then(after);
        let by_token = self.ends_at.map(|end| (end, From::Observed));
        let (ends_at, from) = match (by_length, by_token) {
            (Some(length), Some(token)) => {
                if token.0 < length.0 {
                    token
                } else {
                    length
                }
            }
            (found, None) | (None, found) => found?,
        };
        let later = [by_length, by_token].into_iter().flatten().map(|(end, _)| end).chain(by_other).max();
        let disagrees = later.filter(|later| *later - ends_at > SLACK);
        Some(Forecast { started_at, ends_at, from, disagrees })
    }
}

/// The forecast end of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// When it began, if that is known.
    pub started_at: Option<Moment>,
    pub ends_at: Moment,
    /// How that is known.
    pub from: From,
    /// A later end that other evidence speaks for.
    pub disagrees: Option<Moment>,
}

/// How an end is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// By what was seen of this session or of earlier ones.
    Observed,
    /// By `SSO_SESSION_LENGTH`.
    Setting,
}

impl From {
    /// The word for documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::Setting => "setting",
        }
    }
}

/// Whether a session may last that long. AWS allows 15 minutes to 90 days; what is negative was measured by two clocks.
fn is_plausible(length: &TimeDelta) -> bool {
    *length > TimeDelta::zero() && *length <= LONGEST
}

/// Whether two lengths are those of one policy, seen at looks some time apart.
fn is_about(a: TimeDelta, b: TimeDelta) -> bool {
    (a - b).abs() <= (a.max(b) / 20).max(TimeDelta::minutes(5))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sso_tool::time;

    fn at(minutes: i64) -> Moment {
        time::parse("2026-11-21T08:00:00Z").unwrap() + TimeDelta::minutes(minutes)
    }

    fn look(token: &str, from: i64, to: i64) -> Look {
        Look { refresh_token: Some(token.to_owned()), issued_at: at(from), expires_at: at(to) }
    }

    fn history(events: &[Event]) -> Record {
        events.iter().fold(Record::default(), |record, event| record.after(event))
    }

    /// A day of 8 hours that begins at `start`: a login, renewals each hour, the last one cut short, a refusal.
    fn day(start: i64, length: i64) -> Vec<Event> {
        let end = start + length;
        let mut events = vec![Event::LoggedIn(look(&format!("login {start}"), start, start + 60))];
        let mut from = start + 58;
        while from < end - 5 {
            events.push(Event::Renewed(look(&format!("renewal {from}"), from, (from + 60).min(end))));
            from += 58;
        }
        events.push(Event::Refused(at(end + 1)));
        events
    }

    #[test]
    fn nothing_is_claimed_before_the_first_end() {
        let events = day(0, 480);
        for count in 0..=3 {
            assert_eq!(history(&events[..count]).forecast(None), None, "{count}");
        }
    }

    #[test]
    fn a_token_that_is_cut_short_says_the_end_and_the_length_of_the_next_session() {
        let events = day(0, 480);
        let cut = history(&events[..events.len() - 1]);
        assert_eq!(cut.forecast(None).unwrap().ends_at, at(480));
        let mut events = events;
        events.push(Event::LoggedIn(look("next", 600, 660)));
        let forecast = history(&events).forecast(None).unwrap();
        assert_eq!(
            (forecast.started_at, forecast.ends_at, forecast.from),
            (Some(at(600)), at(1080), From::Observed)
        );
    }

    #[test]
    fn one_early_refusal_is_no_policy_and_two_of_about_one_length_are() {
        let refused = |start: i64, after: i64| {
            [
                Event::LoggedIn(look(&format!("{start}"), start, start + 60)),
                Event::Renewed(look(&format!("{start}r"), start + 58, start + 118)),
                Event::Refused(at(start + after)),
            ]
        };
        let login = Event::LoggedIn(look("next", 2000, 2060));
        let once: Vec<_> = refused(0, 100).into_iter().chain([login.clone()]).collect();
        assert_eq!(history(&once).forecast(None), None);
        let twice: Vec<_> =
            refused(0, 100).into_iter().chain(refused(500, 102)).chain([login.clone()]).collect();
        assert_eq!(history(&twice).forecast(None).unwrap().ends_at, at(2100));
        let others: Vec<_> = refused(0, 100).into_iter().chain(refused(500, 62)).chain([login]).collect();
        assert_eq!(history(&others).forecast(None), None);
    }

    #[test]
    fn a_changed_policy_is_learned_and_unlearned() {
        let next = Event::LoggedIn(look("next", 9000, 9060));
        let shorter: Vec<_> = day(0, 480).into_iter().chain(day(1440, 240)).chain([next.clone()]).collect();
        assert_eq!(history(&shorter).forecast(None).unwrap().ends_at, at(9240));
        // A session that outlives its forecast unlearns the length at once.
        let mut longer = day(0, 240);
        longer.extend(day(1440, 480).into_iter().take(6));
        assert_eq!(history(&longer).forecast(None), None);
    }

    #[test]
    fn the_login_of_another_client_is_known_by_a_token_that_was_not_there() {
        let mut events = day(0, 480);
        events.push(Event::Seen(look("theirs", 600, 660)));
        let forecast = history(&events).forecast(None).unwrap();
        assert_eq!((forecast.started_at, forecast.ends_at), (Some(at(600)), at(1080)));
        // Replaced with 40 minutes left: a login, since no client renews so early. AWS may have handed out the session that
        // runs, so that the earlier start counts, until a token outlives it.
        events.push(Event::Seen(look("again", 620, 680)));
        assert_eq!(history(&events).forecast(None).unwrap().ends_at, at(1080));
        events.push(Event::Seen(look("renewed", 670, 730)));
        assert_eq!(history(&events).forecast(None).unwrap().ends_at, at(1080));
        events.push(Event::Seen(look("late", 1035, 1095)));
        assert_eq!(history(&events).forecast(None).unwrap().ends_at, at(1100));
    }

    #[test]
    fn a_session_that_ran_before_the_first_look_has_no_start() {
        let seen = [Event::Seen(look("old", 0, 60)), Event::Renewed(look("new", 58, 118))];
        let record = history(&seen);
        assert_eq!(record.started_at, None);
        assert_eq!(record.forecast(Some(Duration::from_secs(8 * 3600))), None);
    }

    #[test]
    fn the_setting_beats_the_observed_length_and_the_earlier_end_counts() {
        let mut events = day(0, 480);
        events.push(Event::LoggedIn(look("next", 600, 660)));
        let record = history(&events);
        let set = record.forecast(Some(Duration::from_secs(4 * 3600))).unwrap();
        assert_eq!((set.ends_at, set.from, set.disagrees), (at(840), From::Setting, None));
        let cut = record.after(&Event::Renewed(look("cut", 658, 680)));
        let forecast = cut.forecast(Some(Duration::from_secs(4 * 3600))).unwrap();
        assert_eq!(
            (forecast.ends_at, forecast.from, forecast.disagrees),
            (at(680), From::Observed, Some(at(840)))
        );
    }

    #[test]
    fn a_login_that_gets_the_old_end_again_is_the_old_session() {
        let mut events = day(0, 480);
        events.pop();
        let last = events.len();
        events.push(Event::LoggedIn(look("again", 470, 480)));
        let record = history(&events);
        assert_eq!(record.forecast(None).unwrap().ends_at, at(480));
        assert_eq!(record.started_at, history(&events[..last]).started_at);
    }

    #[test]
    fn a_logout_says_nothing_about_the_length() {
        let events =
            [Event::LoggedIn(look("a", 0, 60)), Event::LoggedOut, Event::LoggedIn(look("b", 30, 90))];
        let record = history(&events);
        assert_eq!((record.length, record.suspected, record.started_at), (None, None, Some(at(30))));
    }
}
