//! Simulated weeks: a portal that knows when sessions end, clients that log in and renew, clocks that jump, and what the record
//! makes of what it sees of them.

use super::*;
use sso_tool::time;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// How long the portal's access tokens live.
const LIFE: i64 = HOUR;

/// Chance that can be repeated (xorshift64).
struct Chance(u64);

impl Chance {
    fn of(seed: u64) -> Self {
        Self((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, most: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        i64::try_from((self.0 >> 16) % u64::try_from(most).unwrap()).unwrap()
    }

    fn one_in(&mut self, most: i64) -> bool {
        self.below(most) == 0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Client {
    Ours,
    Aws,
}

/// A session at the portal, in true time.
#[derive(Clone, Copy, Debug)]
struct Session {
    end: i64,
    /// Which policy it is of.
    policy: usize,
    is_revoked: bool,
    /// Whether anybody of ours has seen a token of it.
    is_seen: bool,
    /// Whether its first token was gone before anybody of ours saw it: no later login tells that it is this old.
    is_hidden: bool,
}

/// The token file that the clients share.
#[derive(Clone, Debug)]
struct File {
    session: usize,
    refresh: Option<i64>,
    /// By the clock of whoever wrote it.
    written: i64,
    expires: i64,
    is_cut: bool,
}

/// How the weeks go.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each varies by itself")]
struct Plan {
    clients: &'static [Client],
    /// Whether a monitor of ours renews.
    is_monitored: bool,
    /// Whether a login gets the session that runs at the portal.
    keeps: bool,
    /// Whether a renewal brings another refresh token.
    rotates: bool,
    /// How much the clock of the second host is ahead.
    skew: i64,
    /// When the length of new sessions changes, in days, and to what.
    policies: &'static [(i64, i64)],
    /// Whether the forecast has to be right, and not only never too late.
    is_exact: bool,
    /// Whether people, clocks and disks do what they like.
    is_wild: bool,
    days: i64,
}

const CALM: Plan = Plan {
    clients: &[Client::Ours],
    is_monitored: true,
    keeps: true,
    rotates: true,
    skew: 0,
    policies: &[(0, 8 * HOUR)],
    is_exact: true,
    is_wild: false,
    days: 10,
};

struct World {
    plan: Plan,
    seed: u64,
    chance: Chance,
    now: i64,
    /// How much the clocks of the hosts are ahead of the portal's.
    jump: i64,
    jumped_at: i64,
    sessions: Vec<Session>,
    file: Option<File>,
    record: Record,
    /// Whether an end was seen since the record began.
    is_told: bool,
    /// The policy that anybody can know of: the last one of which the whole of a session was seen.
    told: usize,
    /// The policy of which a session was watched from its beginning to its end.
    learned: Option<usize>,
    is_watching: bool,
    history: Vec<String>,
    judged: usize,
}

impl World {
    fn new(plan: Plan, seed: u64) -> Self {
        // Nobody was logged in when the first look came.
        let record = Record::default().after(&Event::Absent(at(0)));
        Self {
            plan,
            seed,
            chance: Chance::of(seed),
            now: 0,
            jump: 0,
            jumped_at: -100 * DAY,
            sessions: Vec::new(),
            file: None,
            record,
            is_told: false,
            told: 0,
            learned: None,
            is_watching: true,
            history: Vec::new(),
            judged: 0,
        }
    }

    fn note(&mut self, what: impl Into<String>) {
        let (day, hour, minute) = (self.now / DAY, self.now % DAY / HOUR, self.now % HOUR / MINUTE);
        self.history.push(format!("day {day} {hour:02}:{minute:02} {}", what.into()));
    }

    fn host(&mut self) -> i64 {
        if self.chance.one_in(2) { self.plan.skew } else { 0 }
    }

    /// The clock of a host, which is ahead of the first one by `skew`.
    fn clock(&self, skew: i64) -> i64 {
        self.now + self.jump + skew
    }

    fn policy(&self) -> (usize, i64) {
        let begun = self.plan.policies.iter().filter(|(day, _)| day * DAY <= self.now);
        begun.enumerate().last().map(|(policy, (_, length))| (policy, *length)).unwrap()
    }

    fn live(&self) -> Option<usize> {
        let session = self.file.as_ref()?.session;
        (self.now < self.sessions[session].end).then_some(session)
    }

    /// A token of a session, written by a client of a host.
    fn issue(&mut self, session: usize, refresh: i64, skew: i64) {
        let end = self.sessions[session].end;
        let expires = (self.now + LIFE).min(end);
        let clock = self.clock(skew);
        self.file = Some(File {
            session,
            refresh: Some(refresh),
            written: clock,
            expires: clock + expires - self.now,
            is_cut: expires < self.now + LIFE && !self.sessions[session].is_revoked,
        });
    }

    fn look(&self, skew: i64, measured: Measured) -> Option<Observation> {
        let file = self.file.as_ref()?;
        let is_future = at(file.written) > at(self.clock(skew)) + SLACK_OF_TWO_CLOCKS;
        Some(Observation {
            refresh_token: file.refresh.map(|refresh| refresh.to_string()),
            issued_at: at(file.written.min(self.clock(skew))),
            expires_at: at(file.expires),
            measured: if is_future { Measured::Not } else { measured },
        })
    }

    fn after(&mut self, event: &Event) {
        let is_whole = self.record.starts.len() == 1 && !self.record.is_seen_late;
        let was_sure = is_whole && !self.record.is_doubtful;
        self.record = self.record.after(event);
        if let Some(file) = &self.file {
            self.sessions[file.session].is_seen = true;
        }
        let margin = if matches!(event, Event::Seen(..)) { SLACK_OF_TWO_CLOCKS } else { SLACK };
        let life = TimeDelta::seconds(LIFE) - margin;
        let is_cut = |file: &&File| file.is_cut && at(file.expires) - at(file.written) < life;
        if let Some(file) = self.file.as_ref().filter(is_cut) {
            self.is_told = true;
            let policy = self.sessions[file.session].policy;
            let is_whole = is_whole && self.record.starts.len() == 1 && !self.record.is_seen_late;
            if is_whole {
                self.told = policy;
            }
            if is_whole && was_sure && !self.record.is_doubtful && self.record.ends_at.is_some() {
                self.learned = Some(policy);
            }
        }
    }

    /// What whoever reads a session by these tools does first.
    fn see(&mut self, skew: i64) {
        let event = match self.look(skew, Measured::ByTwoClocks) {
            Some(look) => Event::Seen(look, at(self.clock(skew))),
            None => Event::Absent(at(self.clock(skew))),
        };
        self.after(&event);
    }

    fn log_in(&mut self, client: Client, skew: i64) {
        if client == Client::Ours {
            self.see(skew);
        }
        let (policy, length) = self.policy();
        let last = self.sessions.len().checked_sub(1).filter(|last| self.now < self.sessions[*last].end);
        let session = match last.filter(|_| self.plan.keeps) {
            Some(last) => last,
            None => {
                self.sessions.push(Session {
                    end: self.now + length,
                    policy,
                    is_revoked: false,
                    is_seen: false,
                    is_hidden: false,
                });
                self.sessions.len() - 1
            }
        };
        let refresh = self.now;
        self.issue(session, refresh, skew);
        self.note(format!("{client:?} logs in to session {session}"));
        if client == Client::Ours {
            let look = self.look(skew, Measured::ByOneClock).unwrap();
            self.after(&Event::LoggedIn(look));
        }
    }

    /// Renews the token; a client of ours learns of a refusal.
    fn renew(&mut self, client: Client, skew: i64) -> bool {
        let Some(file) = self.file.clone() else { return false };
        let Some(refresh) = file.refresh else { return false };
        if self.now < self.sessions[file.session].end {
            let next = if self.plan.rotates { self.now } else { refresh };
            self.issue(file.session, next, skew);
            if client == Client::Ours {
                let look = self.look(skew, Measured::ByOneClock).unwrap();
                self.after(&Event::Renewed(look));
            }
            self.note(format!("{client:?} renews session {}", file.session));
            return true;
        }
        if client == Client::Ours {
            self.file.as_mut().unwrap().refresh = None;
            self.is_told = true;
            let now = at(self.clock(skew));
            self.record = self.record.after(&Event::Refused(now));
            self.note("a renewal is refused");
        }
        false
    }

    /// A client needs a session: it renews, or its person logs in.
    fn work(&mut self, client: Client, skew: i64) {
        let left = self.file.as_ref().map(|file| file.expires - self.clock(skew));
        let needs = match client {
            Client::Ours => {
                self.see(skew);
                left.is_none_or(|left| left <= 0)
            }
            Client::Aws => left.is_none_or(|left| left < 15 * MINUTE),
        };
        if needs && !self.renew(client, skew) && left.is_none_or(|left| left <= 0) {
            self.log_in(client, skew);
        }
    }

    fn watch(&mut self, skew: i64) {
        self.see(skew);
        let is_due = self.file.as_ref().is_some_and(|file| file.expires <= self.clock(skew));
        if self.plan.is_monitored && is_due {
            self.renew(Client::Ours, skew);
        }
    }

    /// What nobody expects.
    fn chaos(&mut self) {
        let skew = self.host();
        match self.chance.below(1400) {
            0 => {
                let client = if self.chance.one_in(2) { Client::Ours } else { Client::Aws };
                let left = self.file.as_ref().map_or(0, |file| file.expires - self.clock(skew));
                // A new session at the time at which a client renews looks like a renewal.
                let is_seen = self.plan.keeps || !(-6 * MINUTE..21 * MINUTE).contains(&left);
                // A clock that was set by hours and a login besides: nobody could tell that from a new day.
                if self.now - self.jumped_at > DAY && is_seen {
                    self.log_in(client, skew);
                }
            }
            1 if self.now - self.jumped_at > DAY => {
                if let Some(file) = self.file.take().filter(|file| !self.sessions[file.session].is_seen) {
                    self.sessions[file.session].is_hidden = true;
                }
                self.note("the token file is removed");
            }
            2 => {
                if let Some(session) = self.live() {
                    self.sessions[session].end = self.now;
                    self.sessions[session].is_revoked = true;
                    self.file = None;
                    let is_ours = self.chance.one_in(2);
                    self.note(format!("a logout, by ours: {is_ours}"));
                    if is_ours {
                        self.record = self.record.after(&Event::LoggedOut(at(self.clock(skew))));
                    }
                }
            }
            3 if self.chance.one_in(6) => {
                if let Some(session) = self.live() {
                    self.sessions[session].end = self.now;
                    self.sessions[session].is_revoked = true;
                    self.note("the session is revoked");
                }
            }
            4 if self.chance.one_in(4) => {
                self.record = Record::default();
                (self.is_told, self.told, self.learned) = (false, self.policy().0, None);
                self.note("what was known is lost");
            }
            5 if self.now - self.jumped_at > 7 * DAY => {
                let by = 10 * MINUTE + self.chance.below(5 * HOUR);
                self.jump += if self.chance.one_in(2) { by } else { -by };
                self.jumped_at = self.now;
                self.note(format!("the clock is set, to {} minutes", self.jump / MINUTE));
            }
            6..=12 => {
                self.is_watching = !self.is_watching;
                self.note(format!("watching: {}", self.is_watching));
            }
            _ => {}
        }
    }

    fn judge(&mut self) {
        let skew = self.host();
        let now = at(self.clock(skew));
        let Some(file) = &self.file else { return };
        if file.refresh.is_none() && at(file.expires) <= now {
            return;
        }
        let session = self.sessions[file.session];
        let forecast = self.record.forecast(None);
        let forecast = forecast.filter(|known| now < known.ends_at && !self.record.is_set_back(now));
        let fail = |what: &str| {
            let begin = self.history.len().saturating_sub(40);
            panic!(
                "seed {}, {:?}\n{}\n{what} at {now}, it ends at {}: {forecast:?}\n{:?}",
                self.seed,
                self.plan,
                self.history[begin..].join("\n"),
                at(session.end + self.jump + skew),
                self.record,
            )
        };
        self.judged += usize::from(forecast.is_some());
        if !self.is_told && forecast.is_some() {
            fail("a forecast before the first end");
        }
        // A policy that changed surprises everybody once, and so does an end that somebody else made.
        if session.is_revoked || session.is_hidden || self.told != session.policy {
            return;
        }
        let truth = at(session.end + self.jump + skew);
        if let Some(known) = &forecast {
            let late = known.ends_at - truth;
            let most = TimeDelta::seconds(LIFE) + SLACK_OF_TWO_CLOCKS;
            if late > most && known.disagrees.is_none() && !known.is_latest {
                fail("a forecast that is too late");
            }
        }
        let runs = self.now < session.end - 2 * MINUTE;
        let is_due = self.plan.is_exact && self.learned == Some(session.policy) && runs;
        let slack = SLACK + TimeDelta::seconds(2 * self.plan.skew);
        let is_right = |known: &Forecast| (known.ends_at - truth).abs() <= slack && !known.is_latest;
        if is_due && !forecast.as_ref().is_some_and(is_right) {
            fail("a forecast that isn't right");
        }
    }

    fn run(mut self) -> usize {
        while self.now < self.plan.days * DAY {
            let (day, hour) = (self.now / DAY, self.now % DAY / HOUR);
            let is_at_work = day % 7 < 5 && (8..19).contains(&hour);
            // Nobody judges a night by the minute.
            self.now += (40 + self.chance.below(40)) * if is_at_work { 1 } else { 3 };
            if self.plan.is_wild {
                self.chaos();
            }
            if is_at_work && self.chance.one_in(7) {
                let clients = self.plan.clients;
                let client = clients
                    [usize::try_from(self.chance.below(i64::try_from(clients.len()).unwrap())).unwrap()];
                let skew = self.host();
                self.work(client, skew);
            }
            if self.is_watching {
                let skew = self.host();
                self.watch(skew);
                self.judge();
            }
        }
        self.judged
    }
}

fn at(seconds: i64) -> Moment {
    time::parse("2026-11-16T00:00:00Z").unwrap() + TimeDelta::seconds(seconds)
}

/// Which weeks: `FORECAST_WEEKS` says how many others than the usual ones.
fn seeds(usual: std::ops::Range<u64>) -> std::ops::Range<u64> {
    let more = std::env::var("FORECAST_WEEKS").ok().and_then(|text| text.parse().ok());
    more.map_or(usual, |more: u64| 100..100 + more)
}

#[track_caller]
fn weeks(plan: &Plan, usual: std::ops::Range<u64>) {
    let judged: usize = seeds(usual).map(|seed| World::new(plan.clone(), seed).run()).sum();
    assert!(judged > 100, "{plan:?} tests nothing: {judged} forecasts");
}

const EVERY_CLIENT: [&[Client]; 3] = [&[Client::Ours], &[Client::Aws], &[Client::Ours, Client::Aws]];

#[test]
fn a_session_of_eight_hours_is_foreseen_to_the_minute_after_the_first_end_whoever_logs_in_and_renews() {
    for clients in EVERY_CLIENT {
        for (rotates, keeps) in [(true, true), (false, true), (true, false), (false, false)] {
            weeks(&Plan { clients, keeps, rotates, ..CALM }, 0..1);
        }
    }
}

#[test]
fn a_policy_that_changes_is_unlearned_with_the_first_session_of_the_new_one() {
    for policies in [&[(0, 8 * HOUR), (5, 4 * HOUR)], &[(0, 4 * HOUR), (5, 8 * HOUR)]] {
        for clients in EVERY_CLIENT {
            weeks(&Plan { clients, policies, ..CALM }, 0..1);
        }
    }
}

#[test]
fn two_hosts_with_one_home_know_the_same() {
    for clients in EVERY_CLIENT {
        weeks(&Plan { clients, skew: 20, ..CALM }, 0..1);
    }
}

#[test]
fn whatever_people_clocks_and_disks_do_no_forecast_comes_before_an_end_or_is_too_late() {
    for clients in EVERY_CLIENT {
        for (keeps, rotates, skew) in [(true, true, 0), (true, false, 20), (false, true, 50)] {
            let policies = &[(0, 8 * HOUR), (14, 4 * HOUR), (21, 12 * HOUR)];
            let wild = Plan {
                clients,
                keeps,
                rotates,
                skew,
                policies,
                is_exact: false,
                is_wild: true,
                days: 28,
                ..CALM
            };
            weeks(&wild, 0..1);
            weeks(&Plan { is_monitored: false, ..wild }, 1..2);
        }
    }
}
