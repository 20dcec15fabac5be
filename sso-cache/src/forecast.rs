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
/// The slack of times that were measured by two clocks, such as those of two hosts with one home, or of a file server.
pub(crate) const SLACK_OF_TWO_CLOCKS: TimeDelta = TimeDelta::minutes(5);
/// The AWS CLI renews a token that has less than that left. A token with more left that is replaced all the same was replaced by
/// a login.
const RENEWED_WITH: TimeDelta = TimeDelta::minutes(15);
/// Whoever watches a session renews its token within that time of the token's end. What comes later may be a login that nobody
/// saw, or a clock that was set.
const RENEWED_WITHIN: TimeDelta = TimeDelta::minutes(5);
/// Nobody renews a token that is younger. Whoever looked that long before a token was given, and saw another session or none,
/// saw the token of a login.
const LOGGED_IN_WITHIN: TimeDelta = TimeDelta::minutes(45);
/// How old the time of the last look may be: it is written no more often.
const LOOKED_WITHIN: TimeDelta = TimeDelta::minutes(15);
/// The most logins of one session that are remembered.
const MOST_STARTS: usize = 24;

/// The longest session that AWS allows is 90 days.
pub(crate) const LONGEST: TimeDelta = TimeDelta::days(91);

/// A token file, as one look finds it. No secret: the refresh token is a salted hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The refresh token, as a salted hash.
    pub refresh_token: Option<String>,
    /// When the access token was given: now for an answer of the service, else the time of the file, which isn't yet to come.
    pub issued_at: Moment,
    /// When the access token expires.
    pub expires_at: Moment,
    /// How well `issued_at` is known.
    pub measured: Measured,
}

/// By whose clocks the life of a token is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measured {
    /// By one: these tools got the token a moment ago.
    ByOneClock,
    /// By two: that of the client which wrote the token, and that of the file.
    ByTwoClocks,
    /// By none: the file's time is yet to come, and the look's time stands for it.
    Not,
}

impl Observation {
    fn life(&self) -> TimeDelta {
        self.expires_at - self.issued_at
    }

    /// The life, in the steps in which it can be told.
    fn measured_life(&self) -> TimeDelta {
        match self.measured {
            Measured::ByOneClock => self.life(),
            // AWS gives round lives, and half a minute passes until a file is written.
            Measured::ByTwoClocks => {
                let steps = (self.life() + TimeDelta::seconds(30)).num_seconds() / 300;
                TimeDelta::seconds(steps.max(0) * 300)
            }
            Measured::Not => TimeDelta::zero(),
        }
    }

    fn slack(&self) -> TimeDelta {
        match self.measured {
            Measured::ByOneClock => SLACK,
            Measured::ByTwoClocks | Measured::Not => SLACK_OF_TWO_CLOCKS,
        }
    }
}

/// What happened to a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A person logged in, by these tools.
    LoggedIn(Observation),
    /// A renewal of the token by these tools.
    Renewed(Observation),
    /// The file was read, at this time. Another client may have logged in or renewed.
    Seen(Observation, Moment),
    /// The file wasn't there at this time, or had no token.
    Absent(Moment),
    /// The service refused a renewal at this time: the session has ended.
    Refused(Moment),
    /// A person logged out at the portal at this time: an end that says nothing about the session's length.
    LoggedOut(Moment),
}

/// What became of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SessionState {
    /// Nobody has looked yet.
    #[default]
    Unknown,
    /// The token is there.
    Running,
    /// The token is gone, and the portal may still hand the session out, with its old end.
    Gone,
    /// The portal has ended the session. The next token that is seen is a new session's.
    Ended,
}

impl SessionState {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Unknown, "unknown"),
        (Self::Running, "running"),
        (Self::Gone, "gone"),
        (Self::Ended, "ended"),
    ];

    /// The word in the file.
    pub(crate) fn word(self) -> &'static str {
        Self::ALL.iter().find(|(state, _)| *state == self).map_or("unknown", |(_, word)| word)
    }

    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(state, _)| *state)
    }
}

/// What is remembered of the sessions of one name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// What became of the session that was seen last.
    pub state: SessionState,
    /// When that session began. Several, the earliest first, where logins may or may not have begun another one: AWS hands out
    /// the one that runs. Empty if nobody saw its beginning.
    pub starts: Vec<Moment>,
    /// Whether it may have begun earlier than that: nobody looked when it began.
    pub is_seen_late: bool,
    /// Whether it was out of sight for so long that the clock may have been set meanwhile: its length is learned only if it is
    /// seen twice.
    pub is_doubtful: bool,
    /// The refresh token, as a salted hash.
    pub refresh_token: Option<String>,
    /// When somebody looked last, to a quarter of an hour.
    pub looked_at: Option<Moment>,
    /// When the access token was given.
    pub issued_at: Option<Moment>,
    /// When the access token expires.
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
    /// A length that was seen once, by a refused renewal alone or of a session that is doubtful: one early revocation is no
    /// policy.
    pub suspected: Option<TimeDelta>,
}

impl Record {
    /// The record after an event.
    #[must_use]
    pub fn after(&self, event: &Event) -> Self {
        match event {
            Event::LoggedIn(look) => self.logged_in(look).looked(look.issued_at),
            Event::Renewed(look) => {
                // Without a new refresh token in the answer the old one stays in the file.
                let rotates = self.refresh_token.as_ref().map(|old| look.refresh_token.as_ref() != Some(old));
                Self { rotates: rotates.or(self.rotates), ..self.renewed(look) }.looked(look.issued_at)
            }
            Event::Seen(look, now) => self.seen(look, *now).looked(*now),
            Event::Absent(now) => {
                let state = match self.state {
                    SessionState::Running | SessionState::Gone => SessionState::Gone,
                    SessionState::Unknown | SessionState::Ended => SessionState::Ended,
                };
                Self { state, ..self.clone() }.looked(*now)
            }
            Event::LoggedOut(at) => self.ended().looked(*at),
            Event::Refused(at) => self.refused(*at).looked(*at),
        }
    }

    fn looked(mut self, now: Moment) -> Self {
        if self.looked_at.is_none_or(|before| (now - before).abs() >= LOOKED_WITHIN) {
            self.looked_at = Some(now);
        }
        self
    }

    /// When the session began at the earliest, if somebody saw that.
    pub fn started_at(&self) -> Option<Moment> {
        self.starts.first().copied()
    }

    /// A login. Where the old session may still run at the portal, AWS hands it out again, with its old end.
    fn logged_in(&self, look: &Observation) -> Self {
        let is_known = |start: &Moment| (look.issued_at - *start).abs() <= look.slack();
        if self.is_of(look) && self.starts.iter().any(is_known) {
            return self.clone();
        }
        if self.has_ended_by(look.issued_at) {
            return self.began(look);
        }
        if self.is_cut(look) {
            return self.renewed(look);
        }
        if self.is_set_back(look.issued_at) {
            return self.without_times().with(look);
        }
        let mut record = Self { ends_at: None, ..self.clone() };
        if self.ends_at.is_some() {
            // Either another session, or the token before this one wasn't cut short.
            record.token_life = None;
        }
        // Of a session that began nobody knows when, a later login tells nothing.
        if !record.starts.is_empty() {
            record.starts.push(look.issued_at);
            record.is_seen_late |= self.is_seen_late_by(look);
        }
        if record.starts.len() > MOST_STARTS {
            record.starts.remove(1);
        }
        record.drop_outlived(look.expires_at - SLACK_OF_TWO_CLOCKS);
        record.with(look)
    }

    /// A session that is new for certain; but for one whose first token is cut short, which began before anybody saw it.
    fn began(&self, look: &Observation) -> Self {
        let is_cut = self.is_cut(look);
        let record = Self {
            starts: if is_cut { Vec::new() } else { vec![look.issued_at] },
            is_seen_late: self.is_seen_late_by(look),
            is_doubtful: false,
            ends_at: Some(look.expires_at).filter(|_| is_cut),
            ..self.clone()
        };
        record.with(look)
    }

    /// A renewal, by whomever: it tells how long tokens live, where the session ends if this one is cut short, and that a
    /// session which was thought to have ended goes on.
    fn renewed(&self, look: &Observation) -> Self {
        if self.is_set_back(look.issued_at) {
            return self.without_times().with(look);
        }
        let is_sure = match look.measured {
            Measured::ByOneClock => !self.is_late(look),
            // Another refresh token at a time when the session may have ended may be that of a login.
            Measured::ByTwoClocks | Measured::Not => {
                self.refresh_token == look.refresh_token
                    || self.expires_at.is_some_and(|end| look.issued_at + SLACK < end)
            }
        };
        let mut record = Self { is_doubtful: self.is_doubtful || !is_sure, ..self.clone() };
        if self.ends_at.is_some_and(|end| look.expires_at > end + SLACK_OF_TWO_CLOCKS) {
            // The token before this one wasn't cut short: tokens live that long nowadays.
            record = Self { token_life: None, ends_at: None, length: None, other_length: None, ..record };
        }
        if record.is_cut(look) {
            let is_news = record.ends_at.replace(look.expires_at).is_none();
            return record.ending(look, is_news).with(look);
        }
        let runs_until = look.expires_at - SLACK_OF_TWO_CLOCKS;
        record.drop_outlived(runs_until);
        if record.forecast(None).is_some_and(|known| known.ends_at < runs_until) {
            record = Self { length: None, other_length: None, ..record };
        }
        record.with(look)
    }

    /// Drops the beginnings of sessions that would have ended by a time at which the session runs, but for the last one.
    fn drop_outlived(&mut self, at: Moment) {
        let Some(length) = self.length else { return };
        while self.starts.len() > 1 && self.starts.first().is_some_and(|start| *start + length < at) {
            self.starts.remove(0);
        }
    }

    /// Learns the length of a session whose end is known, if its start is. One end isn't two, however many tokens tell it.
    fn ending(mut self, look: &Observation, is_news: bool) -> Self {
        let end = look.expires_at;
        let Some(longest) = self.started_at().map(|start| end - start) else { return self };
        let is_as_exact = look.measured == Measured::ByOneClock;
        let is_no_other = |known: TimeDelta| !is_as_exact && (known - longest).abs() <= SLACK_OF_TWO_CLOCKS;
        if self.is_seen_late || self.length.is_some_and(is_no_other) {
            return self;
        }
        let is_known = |start: &Moment| self.length.is_some_and(|length| is_about(end - *start, length));
        if self.length.is_some_and(|length| length > longest && !is_about(length, longest)) {
            // Whichever login began it, it ended earlier than that.
            return self.learn(longest);
        }
        if self.starts.len() == 1 {
            return match (self.is_doubtful, is_news) {
                (false, _) => self.learn(longest),
                (true, true) => self.suspect(longest),
                (true, false) => self,
            };
        }
        // Several logins: only a length that is known already tells which of them began it.
        if let Some(start) = self.starts.iter().copied().rfind(is_known) {
            self.starts = vec![start];
        }
        self
    }

    fn learn(mut self, length: TimeDelta) -> Self {
        if is_plausible(length) {
            self.other_length = self.length.filter(|before| !is_about(*before, length) && *before > length);
            (self.length, self.suspected) = (Some(length), None);
        }
        self
    }

    /// Learns a length if it comes a second time.
    fn suspect(mut self, length: TimeDelta) -> Self {
        if self.length.is_some_and(|known| is_about(known, length)) {
            return self;
        }
        match self.suspected.filter(|suspected| is_about(*suspected, length)) {
            Some(suspected) => self.learn(suspected.min(length)),
            None => {
                self.suspected = Some(length).filter(|length| is_plausible(*length)).or(self.suspected);
                self
            }
        }
    }

    fn seen(&self, look: &Observation, now: Moment) -> Self {
        if self.is_set_back(now) {
            // Whatever was measured before tells nothing.
            let look = Observation { issued_at: now, measured: Measured::Not, ..look.clone() };
            return self.without_times().with(&look);
        }
        match self.state {
            // Before the first look there may have been any number of renewals: such a session began nobody knows when.
            SessionState::Unknown => return self.clone().with(look),
            // What a refused renewal leaves behind.
            SessionState::Ended
                if look.refresh_token.is_none() && self.expires_at == Some(look.expires_at) =>
            {
                return self.clone();
            }
            SessionState::Ended | SessionState::Gone => return self.logged_in(look),
            SessionState::Running => {}
        }
        if self.is_of(look) {
            return self.clone();
        }
        if look.refresh_token.is_some() && self.refresh_token == look.refresh_token {
            return self.renewed(look);
        }
        let is_early = self.expires_at.is_some_and(|end| end - look.issued_at > RENEWED_WITH + look.slack());
        let is_login = look.refresh_token.is_none()
            || self.refresh_token.is_none()
            || self.rotates == Some(false)
            || self.ends_at.is_some_and(|end| look.expires_at > end + SLACK_OF_TWO_CLOCKS)
            || is_early
            || self.is_late(look)
            || self.has_ended_by(look.issued_at);
        // Else a renewal, or a login at a time when a renewal was due: the earlier start, and so the earlier end, counts.
        if is_login { self.logged_in(look) } else { self.renewed(look) }
    }

    fn refused(&self, at: Moment) -> Self {
        let end = self.expires_at.map_or(at, |end| end.min(at));
        let is_told = self.ends_at.is_some() || self.is_doubtful || self.is_seen_late;
        let length = match self.starts.as_slice() {
            [start] if !is_told => Some(end - *start),
            _ => None,
        };
        let record = Self { expires_at: self.expires_at, ..self.ended() };
        match length {
            Some(length) => record.suspect(length),
            None => record,
        }
    }

    /// No session runs; what is known of their length stays.
    fn ended(&self) -> Self {
        Self {
            state: SessionState::Ended,
            refresh_token: None,
            issued_at: None,
            expires_at: None,
            is_doubtful: false,
            ..self.without_times()
        }
    }

    /// Nothing is known of the session's beginning and end.
    fn without_times(&self) -> Self {
        Self { starts: Vec::new(), is_seen_late: false, ends_at: None, is_doubtful: true, ..self.clone() }
    }

    /// Whether a token that another client got may be a renewal of a session that nobody saw begin.
    fn is_seen_late_by(&self, look: &Observation) -> bool {
        look.measured != Measured::ByOneClock
            && self.looked_at.is_none_or(|before| look.issued_at - before > LOGGED_IN_WITHIN)
    }

    /// Whether this is the token that was seen last.
    fn is_of(&self, look: &Observation) -> bool {
        self.state == SessionState::Running
            && self.refresh_token == look.refresh_token
            && self.expires_at == Some(look.expires_at)
    }

    /// Whether the session that was seen last can't run any more at that time, as far as that is known.
    fn has_ended_by(&self, at: Moment) -> bool {
        if matches!(self.state, SessionState::Ended | SessionState::Unknown) {
            return true;
        }
        let is_by = |end: Moment| end <= at;
        // A session lasts for its length from its last token on at most.
        let by_length =
            |length| self.starts.last().copied().or(self.expires_at).is_some_and(|last| is_by(last + length));
        let is_dead = self.refresh_token.is_none() && self.expires_at.is_some_and(is_by);
        is_dead || self.ends_at.is_some_and(is_by) || self.length.is_some_and(by_length)
    }

    /// Whether a token came later than whoever watches a session gets one.
    fn is_late(&self, look: &Observation) -> bool {
        self.expires_at.is_some_and(|end| look.issued_at - end > RENEWED_WITHIN)
    }

    /// Whether the clock was set back: it shows less than when the last token was given, and no time before counts.
    pub(crate) fn is_set_back(&self, now: Moment) -> bool {
        self.issued_at.is_some_and(|issued| issued > now + SLACK_OF_TWO_CLOCKS)
    }

    fn with(mut self, look: &Observation) -> Self {
        self.state = SessionState::Running;
        self.refresh_token.clone_from(&look.refresh_token);
        self.issued_at = Some(look.issued_at);
        self.expires_at = Some(look.expires_at);
        // A token that nobody can renew lives as long as its own kind.
        if look.refresh_token.is_some() {
            self.token_life = self.token_life.max(Some(look.measured_life()));
        }
        self
    }

    /// Whether the token's life is shorter than that of its predecessors.
    fn is_cut(&self, look: &Observation) -> bool {
        look.refresh_token.is_some()
            && look.measured != Measured::Not
            && self.token_life.is_some_and(|life| look.life() + look.slack() < life)
    }

    /// The end of the session that runs now; `None` where nothing is known. `setting` is the length that a person has set:
    /// it beats the length that was observed.
    pub fn forecast(&self, setting: Option<Duration>) -> Option<Forecast> {
        let started_at = self.started_at();
        let setting = setting.and_then(|length| TimeDelta::from_std(length).ok());
        let after = |start: Option<Moment>, length: TimeDelta| start?.checked_add_signed(length);
        let (length, from) = match setting {
            Some(length) => (Some(length), From::Setting),
            None => (self.length, From::Observed),
        };
        let by_length = length.and_then(|length| after(started_at, length)).map(|end| (end, from));
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
        let by_other =
            self.other_length.filter(|_| setting.is_none()).and_then(|length| after(started_at, length));
        let by_last = length.and_then(|length| after(self.starts.last().copied(), length));
        let others =
            [by_length, by_token].into_iter().flatten().map(|(end, _)| end).chain(by_other).chain(by_last);
        let disagrees = others.max().filter(|later| *later - ends_at > SLACK);
        let is_latest = self.is_seen_late && by_token.is_none_or(|token| token.0 != ends_at);
        Some(Forecast { started_at, ends_at, from, disagrees, is_latest })
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
    /// Whether the session may end earlier, since nobody saw it begin.
    pub is_latest: bool,
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
fn is_plausible(length: TimeDelta) -> bool {
    length > TimeDelta::zero() && length <= LONGEST
}

/// Whether two lengths are those of one policy, seen at looks some time apart.
fn is_about(a: TimeDelta, b: TimeDelta) -> bool {
    (a - b).abs() <= (a.max(b) / 20).max(TimeDelta::minutes(5))
}

#[cfg(test)]
mod tests;
