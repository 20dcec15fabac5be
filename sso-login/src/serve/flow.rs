//! The sign-ins that are under way. What the outside sees of them are handles: AWS's client secrets, device codes and tokens
//! stay in this process's memory.

use std::collections::HashMap;
use std::mem;
use std::time::{Duration, Instant};

use sso_tool::secret::Secret;

use super::digest::Digest;
use super::signed_in::SignedIn;
use crate::aws_api::oidc::{Created, Device, Registered};
use crate::flows::device::SLOWER;
use crate::flows::random;

/// The most that are under way at the same time.
pub(crate) const MOST: usize = 64;
/// How long a client has to begin, and how long an ended one is remembered.
pub(crate) const LIFETIME: Duration = Duration::from_secs(15 * 60);
/// How often a client may begin without a pause: a person who goes back and starts again does so a few times.
const BEGINNINGS: u32 = 5;
/// The pause between two beginnings after those.
const PAUSE: Duration = Duration::from_secs(5);
/// How long a client that nobody asks about keeps its place when somebody else needs it. The page of a hidden tab may ask
/// once a minute only.
const IDLE: Duration = Duration::from_secs(120);
/// A poll by a clock that isn't ours is a moment early every other time.
const TOLERANCE: Duration = Duration::from_millis(300);

/// All of them.
pub(crate) struct Flows {
    clients: HashMap<String, Client>,
}

struct Client {
    secret: Digest,
    registered: Registered,
    ends: Instant,
    device: Option<Running>,
    /// How often it has begun, and when it may again once those without a pause are used up.
    begun: u32,
    next: Instant,
    /// When it last asked for anything.
    seen: Instant,
}

struct Running {
    code: Digest,
    aws_code: Secret,
    interval: Duration,
    next: Instant,
    ends: Instant,
    state: DeviceState,
}

enum DeviceState {
    /// A person has to approve.
    Waiting,
    /// AWS is being asked.
    Asking,
    /// A person approved; whoever asked didn't learn it, or what came after failed.
    Approved(Created),
    /// The sign-in is done; whoever asked went away before the answer.
    Done(Box<SignedIn>),
    /// The token was fetched.
    Used,
    Denied,
    TimedOut,
}

/// A new client, as its owner sees it.
pub(crate) struct Handle {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
}

/// Whether a client may begin an authorization.
pub(crate) enum Beginning {
    /// The client may: what AWS knows it by.
    Now(Registered),
    /// Too often, by that long.
    SlowDown(Duration),
    /// No such client, or not its secret.
    Unknown,
}

/// What comes of a poll.
pub(crate) enum Poll {
    /// AWS is to be asked; [`Flows::settle`] takes the answer.
    Ask(Registered, Secret),
    /// A person has approved already; the rest is to be done.
    GoOn(Registered, Created),
    /// The answer that nobody fetched.
    Done(Box<SignedIn>),
    /// Too early, by that long.
    SlowDown(Duration),
    Denied,
    TimedOut,
    /// No such flow, not this client's, or used.
    Invalid,
}

/// What came of asking AWS.
pub(crate) enum Settled {
    Pending,
    SlowDown,
    Denied,
    TimedOut,
    Invalid,
    /// AWS can't be reached, before or after a person approved.
    Later(Option<Created>),
    /// Done, and whether the one who asked has got the answer.
    Done {
        answer: Box<SignedIn>,
        is_fetched: bool,
    },
}

impl Flows {
    pub(crate) fn new() -> Self {
        Self { clients: HashMap::new() }
    }

    /// How long until there is room for one more; `None` if there is now.
    pub(crate) fn full(&mut self, now: Instant) -> Option<Duration> {
        self.clients.retain(|_, client| now < client.ends);
        if self.clients.len() >= MOST {
            // What has ended is remembered only while nobody needs the room.
            self.clients.retain(|_, client| !client.is_over(now));
        }
        if self.clients.len() >= MOST {
            // So is who left, or never meant to sign in.
            self.clients.retain(|_, client| now < client.leaves());
        }
        let first = self.clients.values().map(|client| client.ends.min(client.leaves())).min()?;
        (self.clients.len() >= MOST).then(|| first.saturating_duration_since(now))
    }

    /// Adds a client. `None` if there is no room.
    pub(crate) fn add(&mut self, registered: Registered, now: Instant) -> anyhow::Result<Option<Handle>> {
        if self.full(now).is_some() {
            return Ok(None);
        }
        let handle = Handle { client_id: random::token(16)?, client_secret: random::token(32)? };
        let client = Client {
            secret: Digest::of(&handle.client_secret),
            registered,
            ends: now + LIFETIME,
            device: None,
            begun: 0,
            next: now,
            seen: now,
        };
        self.clients.insert(handle.client_id.clone(), client);
        Ok(Some(handle))
    }

    /// Somebody wants to begin an authorization; AWS isn't asked for one that comes too often.
    pub(crate) fn may_begin(&mut self, client_id: &str, secret: &str, now: Instant) -> Beginning {
        let Some(client) = self.client(client_id, secret, now) else { return Beginning::Unknown };
        let early = client.next.saturating_duration_since(now);
        if client.begun >= BEGINNINGS && !early.is_zero() {
            return Beginning::SlowDown(early);
        }
        client.begun += 1;
        client.next = now + PAUSE;
        Beginning::Now(client.registered.clone())
    }

    /// Begins an authorization, in the place of the client's earlier one. The answer is the device code's handle.
    pub(crate) fn begin(
        &mut self,
        client_id: &str,
        device: &Device,
        now: Instant,
    ) -> anyhow::Result<Option<String>> {
        let code = random::token(32)?;
        let Some(client) = self.clients.get_mut(client_id) else { return Ok(None) };
        let ends = now + device.expires_in;
        client.ends = ends.max(now + Duration::from_secs(60)) + Duration::from_secs(60);
        client.device = Some(Running {
            code: Digest::of(&code),
            aws_code: device.device_code.clone(),
            interval: device.interval,
            // The first poll may come at once.
            next: now,
            ends,
            state: DeviceState::Waiting,
        });
        Ok(Some(code))
    }

    /// Somebody asks how an authorization stands.
    pub(crate) fn poll(&mut self, client_id: &str, secret: &str, code: &str, now: Instant) -> Poll {
        let Some(client) = self.client(client_id, secret, now) else { return Poll::Invalid };
        let registered = client.registered.clone();
        let Some(device) = client.device.as_mut().filter(|device| device.code.is_of(code)) else {
            return Poll::Invalid;
        };
        match &device.state {
            DeviceState::Used => return Poll::Invalid,
            DeviceState::Denied => return Poll::Denied,
            DeviceState::TimedOut => return Poll::TimedOut,
            DeviceState::Done(_) => {
                return match mem::replace(&mut device.state, DeviceState::Used) {
                    DeviceState::Done(answer) => Poll::Done(answer),
                    _ => Poll::Invalid,
                };
            }
            DeviceState::Waiting if device.ends <= now => {
                device.state = DeviceState::TimedOut;
                return Poll::TimedOut;
            }
            DeviceState::Waiting | DeviceState::Asking | DeviceState::Approved(_) => {}
        }
        let early = device.next.saturating_duration_since(now + TOLERANCE);
        if matches!(device.state, DeviceState::Asking) {
            return Poll::SlowDown(early.max(Duration::from_secs(1)));
        }
        if !early.is_zero() {
            return Poll::SlowDown(early);
        }
        device.next = now + device.interval;
        match mem::replace(&mut device.state, DeviceState::Asking) {
            DeviceState::Approved(created) => Poll::GoOn(registered, created),
            _ => Poll::Ask(registered, device.aws_code.clone()),
        }
    }

    /// Writes down what came of asking AWS, and answers how long to wait before the next poll.
    pub(crate) fn settle(&mut self, client_id: &str, code: &str, settled: Settled, now: Instant) -> Duration {
        let device = self.clients.get_mut(client_id).and_then(|client| client.device.as_mut());
        let Some(device) = device.filter(|device| device.code.is_of(code)) else { return Duration::ZERO };
        device.state = match settled {
            Settled::Pending | Settled::Later(None) => DeviceState::Waiting,
            Settled::SlowDown => {
                device.interval += SLOWER;
                device.next = now + device.interval;
                DeviceState::Waiting
            }
            Settled::Later(Some(created)) => DeviceState::Approved(created),
            Settled::Denied => DeviceState::Denied,
            Settled::TimedOut => DeviceState::TimedOut,
            Settled::Invalid | Settled::Done { is_fetched: true, .. } => DeviceState::Used,
            Settled::Done { answer, is_fetched: false } => DeviceState::Done(answer),
        };
        device.next.saturating_duration_since(now)
    }

    fn client(&mut self, client_id: &str, secret: &str, now: Instant) -> Option<&mut Client> {
        let client = self.clients.get_mut(client_id);
        let client = client.filter(|client| now < client.ends && client.secret.is_of(secret))?;
        client.seen = now;
        Some(client)
    }
}

impl Client {
    /// When it counts as gone, if it doesn't ask for anything until then. What a person has approved stays.
    fn leaves(&self) -> Instant {
        let is_approved = self.device.as_ref().is_some_and(|device| {
            matches!(device.state, DeviceState::Asking | DeviceState::Approved(_) | DeviceState::Done(_))
        });
        if is_approved { self.ends } else { self.seen + IDLE }
    }

    fn is_over(&self, now: Instant) -> bool {
        let is_ended = |device: &Running| {
            matches!(device.state, DeviceState::Used | DeviceState::Denied | DeviceState::TimedOut)
                || (matches!(device.state, DeviceState::Waiting) && device.ends <= now)
        };
        self.device.as_ref().is_some_and(is_ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sso_tool::time;

    fn registered() -> Registered {
        Registered {
            client_id: "aws".to_owned(),
            client_secret: "s".into(),
            expires_at: time::now().unwrap(),
        }
    }

    fn device() -> Device {
        Device {
            device_code: "aws-code".into(),
            user_code: "ABCD-EFGH".to_owned(),
            url: String::new(),
            plain_url: String::new(),
            expires_in: Duration::from_secs(600),
            interval: Duration::from_secs(5),
        }
    }

    fn begun(flows: &mut Flows, now: Instant) -> (Handle, String) {
        let handle = flows.add(registered(), now).unwrap().unwrap();
        let code = flows.begin(&handle.client_id, &device(), now).unwrap().unwrap();
        (handle, code)
    }

    #[test]
    fn a_flow_belongs_to_who_began_it() {
        let (now, mut flows) = (Instant::now(), Flows::new());
        let (one, code) = begun(&mut flows, now);
        let (other, _) = begun(&mut flows, now);
        for (id, secret, code) in [
            (&other.client_id, &other.client_secret, &code),
            (&one.client_id, &other.client_secret, &code),
            (&one.client_id, &one.client_secret, &"x".to_owned()),
            (&"x".to_owned(), &one.client_secret, &code),
        ] {
            assert!(matches!(flows.poll(id, secret, code, now), Poll::Invalid));
        }
        assert!(matches!(flows.poll(&one.client_id, &one.client_secret, &code, now), Poll::Ask(..)));
    }

    #[test]
    fn the_pace_is_kept_without_asking_aws() {
        let (now, mut flows) = (Instant::now(), Flows::new());
        let (one, code) = begun(&mut flows, now);
        let seconds = |n: u64| now + Duration::from_secs(n);
        let (id, secret) = (&one.client_id, &one.client_secret);
        assert!(matches!(flows.poll(id, secret, &code, now), Poll::Ask(..)));
        // Two tabs at once are one question.
        assert!(matches!(flows.poll(id, secret, &code, seconds(9)), Poll::SlowDown(_)));
        flows.settle(id, &code, Settled::Pending, now);
        assert!(matches!(flows.poll(id, secret, &code, seconds(2)), Poll::SlowDown(_)));
        assert!(matches!(flows.poll(id, secret, &code, seconds(5)), Poll::Ask(..)));
        flows.settle(id, &code, Settled::SlowDown, seconds(5));
        assert!(matches!(flows.poll(id, secret, &code, seconds(12)), Poll::SlowDown(_)));
        assert!(matches!(flows.poll(id, secret, &code, seconds(15)), Poll::Ask(..)));
        flows.settle(id, &code, Settled::Pending, seconds(15));
        assert!(matches!(flows.poll(id, secret, &code, seconds(600)), Poll::TimedOut));
        assert!(matches!(flows.poll(id, secret, &code, seconds(601)), Poll::TimedOut));
    }

    #[test]
    fn there_are_at_most_64_and_what_has_ended_makes_room() {
        let (now, mut flows) = (Instant::now(), Flows::new());
        let all: Vec<_> = (0..MOST).map(|_| begun(&mut flows, now)).collect();
        assert!(flows.add(registered(), now).unwrap().is_none());
        let (one, code) = &all[0];
        flows.settle(&one.client_id, code, Settled::Denied, now);
        assert!(flows.add(registered(), now).unwrap().is_some());
        assert!(flows.add(registered(), now).unwrap().is_none());
        // Who still asks keeps the place; who doesn't, doesn't.
        let (two, code) = &all[1];
        let later = now + IDLE;
        let just_before = later.checked_sub(Duration::from_secs(1)).unwrap();
        assert!(matches!(flows.poll(&two.client_id, &two.client_secret, code, just_before), Poll::Ask(..)));
        flows.settle(&two.client_id, code, Settled::Pending, just_before);
        assert!(flows.full(just_before).is_some_and(|wait| wait <= IDLE));
        assert!(flows.add(registered(), later).unwrap().is_some());
        assert!(matches!(flows.poll(&two.client_id, &two.client_secret, code, later + IDLE), Poll::Ask(..)));
    }

    #[test]
    fn who_begins_again_and_again_waits_in_between() {
        let (now, mut flows) = (Instant::now(), Flows::new());
        let one = flows.add(registered(), now).unwrap().unwrap();
        let mut begin = |secret: &str, now| flows.may_begin(&one.client_id, secret, now);
        for _ in 0..BEGINNINGS {
            assert!(matches!(begin(&one.client_secret, now), Beginning::Now(_)));
        }
        assert!(matches!(begin(&one.client_secret, now), Beginning::SlowDown(wait) if wait == PAUSE));
        assert!(matches!(begin(&one.client_secret, now + PAUSE), Beginning::Now(_)));
        assert!(matches!(begin(&one.client_secret, now + PAUSE), Beginning::SlowDown(_)));
        assert!(matches!(begin("x", now), Beginning::Unknown));
    }
}
