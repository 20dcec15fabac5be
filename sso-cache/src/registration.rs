//! A client registration with the OIDC service (AWS-FORMATS 2).

use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use chrono::TimeDelta;
use serde_json::{Map, Value};
use sso_tool::secret::Secret;
use sso_tool::time::{self, Moment};

use crate::entry::{self, Entry, Room, Written, put, take_moment, take_secret, take_text, take_texts};

/// How a client asks for tokens. One client can't do both (AWS-FORMATS 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// A code that a person types or confirms on any machine.
    Device,
    /// A browser on this machine that comes back to loopback (PKCE).
    AuthorizationCode,
}

impl Flow {
    /// The `tool` of [`Registrant`](crate::key::Registrant) for our own clients: one file per flow, none
    /// of them the AWS CLI's (AWS-FORMATS 2 says what sharing breaks).
    pub fn tool(self) -> &'static str {
        match self {
            Self::Device => "sso-login-device",
            Self::AuthorizationCode => "sso-login-pkce",
        }
    }
}

/// Why a registration doesn't serve a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// The registration has expired, or will within 15 minutes.
    Over,
    /// The client was made for the other flow.
    OtherFlow,
    /// So many logins with it in a row had no answer: the service may not know it any more, and tell only the browser.
    Unanswered(u32),
}

/// A registered client.
#[derive(Clone, PartialEq)]
pub struct Registration {
    pub client_id: String,
    pub client_secret: Secret,
    /// When the registration is over; about 90 days from the start.
    pub expires_at: Moment,
    /// The scopes it asked for; `None` if none.
    pub scopes: Option<Vec<String>>,
    /// The grants it asked for; `None` is a device-code client.
    pub grant_types: Option<Vec<String>>,
    /// How many logins in a row, of our own, nobody answered.
    pub unanswered: u32,
    /// What else the file says; kept, never shown.
    unknown: Map<String, Value>,
}

impl Registration {
    /// A registration for one flow, with the grants that the AWS CLI asks for.
    pub fn new(client_id: impl Into<String>, client_secret: Secret, expires_at: Moment, flow: Flow) -> Self {
        let grant_types = match flow {
            Flow::Device => None,
            Flow::AuthorizationCode => Some(vec![AUTHORIZATION_CODE.to_owned(), "refresh_token".to_owned()]),
        };
        Self {
            client_id: client_id.into(),
            client_secret,
            expires_at,
            scopes: None,
            grant_types,
            unanswered: 0,
            unknown: Map::new(),
        }
    }

    /// Reads a registration file. Without client, secret or expiry it is corrupt. Errors: lack of
    /// permission and failing disks only, status 74.
    pub fn read(path: &Path) -> anyhow::Result<Entry<Self>> {
        Ok(entry::read(path)?.and_then(Self::from_object))
    }

    /// A registration out of a file's content.
    pub fn from_object(mut object: Map<String, Value>) -> Entry<Self> {
        let Some(client_id) = take_text(&mut object, "clientId").filter(|id| !id.is_empty()) else {
            return Entry::Corrupt("has no clientId");
        };
        let Some(client_secret) = take_secret(&mut object, "clientSecret") else {
            return Entry::Corrupt("has no clientSecret");
        };
        let Some(expires_at) = take_moment(&mut object, "expiresAt") else {
            return Entry::Corrupt("has no expiresAt that is a timestamp");
        };
        Entry::Whole(Self {
            client_id,
            client_secret,
            expires_at,
            scopes: take_texts(&mut object, "scopes"),
            grant_types: take_texts(&mut object, "grantTypes"),
            unanswered: object
                .shift_remove(UNANSWERED)
                .and_then(|count| count.as_u64()?.try_into().ok())
                .unwrap_or(0),
            unknown: object,
        })
    }

    /// The file's content: known keys in the AWS CLI's order, then unknown ones in theirs.
    pub fn to_object(&self) -> Map<String, Value> {
        let mut object = Map::new();
        put(&mut object, "clientId", Some(self.client_id.clone()));
        put(&mut object, "clientSecret", Some(self.client_secret.expose()));
        put(&mut object, "expiresAt", Some(time::format(self.expires_at)));
        put(&mut object, "scopes", self.scopes.clone());
        put(&mut object, "grantTypes", self.grant_types.clone());
        put(&mut object, UNANSWERED, Some(self.unanswered).filter(|count| *count > 0));
        object.extend(self.unknown.clone());
        object
    }

    /// Writes the registration file: atomically, 0600, in the form of a token file.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        entry::write(path, &self.to_object())
    }

    /// Writes the registration only if the file still is as `former` says, which was read from there. Another one that
    /// somebody has written there meanwhile stays: it is newer, and may be in use.
    pub fn write_instead_of(&self, former: &Entry<Self>, path: &Path) -> anyhow::Result<Written> {
        let object = self.to_object();
        match fs::symlink_metadata(path) {
            Err(err) if err.kind() == ErrorKind::NotFound => return entry::create(path, &object),
            // No client has written there what isn't a file.
            Ok(_) if !path.is_file() => return entry::write(path, &object).map(|()| Written::Done),
            _ => {}
        }
        Room::take(path)?.write_if(&object, |there| is_as(there, former))
    }

    /// Removes the registration from its file, if it is still there.
    pub fn remove(&self, path: &Path) -> anyhow::Result<Written> {
        let own = Entry::Whole(self.clone());
        entry::remove_if(path, |there| is_as(there, &own))
    }

    /// Why a login can't use the registration; `None` if it can: the flow is the one that it was made for, and 15 minutes are
    /// left. A login without a flow is one that takes a client of either, as the AWS
    /// CLI's were before 2.22 (AWS-FORMATS 2).
    pub fn unfit(&self, flow: Option<Flow>, now: Moment) -> Option<Unfit> {
        if self.expires_at - now < LEFT {
            return Some(Unfit::Over);
        }
        if flow.is_some_and(|flow| flow != self.flow()) {
            return Some(Unfit::OtherFlow);
        }
        // After the second, the fourth, the eighth: where nobody is there at all, a new client is of no use either.
        let is_given_up = self.unanswered >= 2 && self.unanswered.is_power_of_two();
        is_given_up.then_some(Unfit::Unanswered(self.unanswered))
    }

    /// The flow that the client was made for.
    pub fn flow(&self) -> Flow {
        let granted = self.grant_types.as_deref().unwrap_or_default();
        if granted.iter().any(|grant| grant == AUTHORIZATION_CODE) {
            return Flow::AuthorizationCode;
        }
        Flow::Device
    }
}

/// Whether a file still holds what was read from it. Which way it is damaged doesn't matter.
fn is_as(there: Entry<Map<String, Value>>, former: &Entry<Registration>) -> bool {
    match (there.and_then(Registration::from_object), former) {
        (Entry::Whole(there), Entry::Whole(former)) => there == *former,
        (Entry::Corrupt(_), Entry::Corrupt(_)) => true,
        _ => false,
    }
}

const UNANSWERED: &str = "unanswered";
const AUTHORIZATION_CODE: &str = "authorization_code";
/// What must be left of a registration: it has to outlast the login it starts.
pub const LEFT: TimeDelta = TimeDelta::minutes(15);

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("client_id", &self.client_id)
            .field("client_secret", &self.client_secret)
            .field("expires_at", &self.expires_at)
            .field("scopes", &self.scopes)
            .field("grant_types", &self.grant_types)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Moment {
        time::parse(text).unwrap()
    }

    #[test]
    fn a_registration_serves_its_own_flow_while_15_minutes_are_left() {
        for (flow, other) in
            [(Flow::Device, Flow::AuthorizationCode), (Flow::AuthorizationCode, Flow::Device)]
        {
            let registration = Registration::new("client", "s".into(), at("2026-11-21T12:15:00Z"), flow);
            for (flow, now, unfit) in [
                (Some(flow), "2026-11-21T12:00:00Z", None),
                (Some(flow), "2026-11-21T12:00:01Z", Some(Unfit::Over)),
                (Some(other), "2026-11-21T12:00:00Z", Some(Unfit::OtherFlow)),
                (Some(other), "2026-11-21T12:00:01Z", Some(Unfit::Over)),
                (None, "2026-11-21T12:00:00Z", None),
                (None, "2026-11-21T12:00:01Z", Some(Unfit::Over)),
            ] {
                assert_eq!(registration.unfit(flow, at(now)), unfit, "{flow:?} {now}");
            }
        }
    }

    #[test]
    fn a_written_registration_is_the_aws_clis_line_and_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.json");
        let expires_at = at("2027-01-01T00:00:00Z");
        let mut registration =
            Registration::new("client", "CANARY".into(), expires_at, Flow::AuthorizationCode);
        registration.scopes = Some(vec!["sso:account:access".to_owned()]);
        registration.write(&path).unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            concat!(
                r#"{"clientId": "client", "clientSecret": "CANARY", "expiresAt": "2027-01-01T00:00:00Z", "#,
                r#""scopes": ["sso:account:access"], "grantTypes": ["authorization_code", "refresh_token"]}"#
            )
        );
        assert_eq!(Registration::read(&path).unwrap(), Entry::Whole(registration.clone()));
        assert!(!format!("{registration:?}").contains("CANARY"));
        let device = Registration::new("client", "CANARY".into(), expires_at, Flow::Device).to_object();
        assert_eq!(device.keys().collect::<Vec<_>>(), ["clientId", "clientSecret", "expiresAt"]);
    }

    #[test]
    fn a_registration_that_nobody_answers_is_given_up_ever_later() {
        let now = at("2026-11-21T12:00:00Z");
        let mut registration =
            Registration::new("client", "s".into(), at("2027-01-01T00:00:00Z"), Flow::AuthorizationCode);
        let given_up: Vec<_> = (0..20)
            .filter(|count| {
                registration.unanswered = *count;
                let read = Registration::from_object(registration.to_object()).whole().unwrap();
                assert_eq!(read, registration);
                read.unfit(Some(Flow::AuthorizationCode), now) == Some(Unfit::Unanswered(*count))
            })
            .collect();
        assert_eq!(given_up, [2, 4, 8, 16]);
    }

    #[test]
    fn nobodys_newer_registration_is_overwritten_or_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cache/x.json");
        let of =
            |client: &str| Registration::new(client, "s".into(), at("2027-01-01T00:00:00Z"), Flow::Device);
        let (old, ours, theirs) = (of("old"), of("ours"), of("theirs"));
        let there = || Registration::read(&path).unwrap();
        assert_eq!(ours.write_instead_of(&Entry::Missing, &path).unwrap(), Written::Done);
        assert_eq!(theirs.write_instead_of(&Entry::Missing, &path).unwrap(), Written::Replaced);
        assert_eq!(old.remove(&path).unwrap(), Written::Replaced);
        assert_eq!(theirs.write_instead_of(&Entry::Whole(old.clone()), &path).unwrap(), Written::Replaced);
        assert_eq!(there(), Entry::Whole(ours.clone()));
        assert_eq!(theirs.write_instead_of(&Entry::Whole(ours.clone()), &path).unwrap(), Written::Done);
        assert_eq!(theirs.remove(&path).unwrap(), Written::Done);
        // Gone meanwhile: there is nothing newer, and the next login needs it.
        assert_eq!(ours.write_instead_of(&Entry::Whole(old), &path).unwrap(), Written::Done);
        std::fs::write(&path, "{").unwrap();
        let damaged = there();
        assert_eq!(ours.write_instead_of(&Entry::Missing, &path).unwrap(), Written::Replaced);
        assert_eq!(ours.write_instead_of(&damaged, &path).unwrap(), Written::Done);
        assert_eq!(theirs.write_instead_of(&damaged, &path).unwrap(), Written::Replaced);
        assert_eq!(there(), Entry::Whole(ours));
    }

    #[test]
    fn a_registration_without_a_part_is_corrupt() {
        for missing in ["clientId", "clientSecret", "expiresAt"] {
            let whole = Registration::new("c", "s".into(), at("2027-01-01T00:00:00Z"), Flow::Device);
            let mut object = whole.to_object();
            object.insert(missing.to_owned(), Value::Null);
            assert!(
                matches!(Registration::from_object(object), Entry::Corrupt(why) if why.contains(missing))
            );
        }
    }
}
