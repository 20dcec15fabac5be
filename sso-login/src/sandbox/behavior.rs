//! How the sandbox behaves: who approves, how long things live, and the faults on request.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::fault::{Fault, FaultKind};

/// Who says yes to a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Approval {
    /// The sandbox, after `--pending` polls
    Auto,
    /// A person, on a page with Allow and Deny
    Ask,
}

/// Everything about the sandbox that may change while it runs.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Behavior {
    pub(crate) approve: Approval,
    /// Polls of a device code that answer `authorization_pending` before the user decides.
    pub(crate) pending: u64,
    /// Polls of a device code that answer `slow_down`, before all others.
    pub(crate) slow_down: u64,
    /// The user denies instead of approving.
    pub(crate) deny: bool,
    /// The device code expires instead of being approved.
    pub(crate) expire: bool,
    pub(crate) no_refresh_token: bool,
    /// A login while a sign-in lives gets that one.
    pub(crate) keeps_session: bool,
    /// Seconds between polls that a device authorization asks for.
    pub(crate) interval: u64,
    pub(crate) device_expires_in: Duration,
    /// `None`: an hour, or eight for a client without scopes (AWS-FORMATS 4).
    pub(crate) token_lifetime: Option<Duration>,
    pub(crate) session_lifetime: Duration,
    pub(crate) role_lifetime: Duration,
    pub(crate) registration_lifetime: Duration,
    /// Taken in order: the first that fits a request answers it.
    pub(crate) faults: Vec<Fault>,
}

const HOUR: u64 = 3600;

impl Default for Behavior {
    fn default() -> Self {
        Self {
            approve: Approval::Auto,
            pending: 1,
            slow_down: 0,
            deny: false,
            expire: false,
            no_refresh_token: false,
            keeps_session: false,
            interval: 1,
            device_expires_in: Duration::from_secs(600),
            token_lifetime: None,
            session_lifetime: Duration::from_secs(8 * HOUR),
            role_lifetime: Duration::from_secs(HOUR),
            registration_lifetime: Duration::from_secs(90 * 24 * HOUR),
            faults: Vec::new(),
        }
    }
}

impl Behavior {
    /// How long an access token lives, for a client that may or may not refresh it.
    pub(crate) fn access_lifetime(&self, refreshable: bool) -> Duration {
        self.token_lifetime.unwrap_or(Duration::from_secs(if refreshable { HOUR } else { 8 * HOUR }))
    }

    /// As a document, each member as [`Behavior::change`] takes it.
    pub(crate) fn document(&self) -> Map<String, Value> {
        let faults = |kind: FaultKind| -> Vec<String> {
            self.faults.iter().filter(|fault| fault.kind == kind).map(ToString::to_string).collect()
        };
        let members = json!({
            "approve": match self.approve { Approval::Auto => "auto", Approval::Ask => "ask" },
            "pending": self.pending,
            "slowDown": self.slow_down,
            "deny": self.deny,
            "expire": self.expire,
            "interval": self.interval,
            "deviceExpiresInSeconds": self.device_expires_in.as_secs(),
            "tokenLifetimeSeconds": self.token_lifetime.map(|lifetime| lifetime.as_secs()),
            "sessionLifetimeSeconds": self.session_lifetime.as_secs(),
            "roleLifetimeSeconds": self.role_lifetime.as_secs(),
            "registrationLifetimeSeconds": self.registration_lifetime.as_secs(),
            "noRefreshToken": self.no_refresh_token,
            "keepSession": self.keeps_session,
            "fail": faults(FaultKind::Fail),
            "error": faults(FaultKind::Error),
            "hang": faults(FaultKind::Hang),
        });
        match members {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }

    /// The behaviour with the members of `document` changed; null goes back to `initial`. All or nothing.
    pub(crate) fn change(&self, document: &Map<String, Value>, initial: &Self) -> Result<Self, String> {
        let mut changed = self.clone();
        let start = initial.document();
        for (member, value) in document {
            let value = if value.is_null() { start.get(member).unwrap_or(value) } else { value };
            changed.set(member, value)?;
        }
        Ok(changed)
    }

    fn set(&mut self, member: &str, value: &Value) -> Result<(), String> {
        let number = || value.as_u64().ok_or_else(|| format!("`{member}` is not a whole number"));
        let seconds = || number().map(Duration::from_secs);
        let truth = || value.as_bool().ok_or_else(|| format!("`{member}` is not true or false"));
        match member {
            "approve" => {
                self.approve = match value.as_str() {
                    Some("auto") => Approval::Auto,
                    Some("ask") => Approval::Ask,
                    _ => return Err("`approve` is not `auto` or `ask`".to_owned()),
                }
            }
            "pending" => self.pending = number()?,
            "slowDown" => self.slow_down = number()?,
            "deny" => self.deny = truth()?,
            "expire" => self.expire = truth()?,
            "interval" => self.interval = number()?,
            "deviceExpiresInSeconds" => self.device_expires_in = seconds()?,
            "tokenLifetimeSeconds" if value.is_null() => self.token_lifetime = None,
            "tokenLifetimeSeconds" => self.token_lifetime = Some(seconds()?),
            "sessionLifetimeSeconds" => self.session_lifetime = seconds()?,
            "roleLifetimeSeconds" => self.role_lifetime = seconds()?,
            "registrationLifetimeSeconds" => self.registration_lifetime = seconds()?,
            "noRefreshToken" => self.no_refresh_token = truth()?,
            "keepSession" => self.keeps_session = truth()?,
            _ => {
                let kind = FaultKind::ALL.into_iter().find(|kind| kind.name() == member);
                return self.set_faults(kind.ok_or_else(|| format!("no member `{member}`"))?, value);
            }
        }
        Ok(())
    }

    /// Replaces the faults of one kind: a text or a list of texts.
    fn set_faults(&mut self, kind: FaultKind, value: &Value) -> Result<(), String> {
        let texts = match value {
            Value::Array(items) => items.iter().map(Value::as_str).collect(),
            value => value.as_str().map(|text| vec![text]),
        };
        let texts: Vec<_> = texts.ok_or_else(|| format!("`{}` is not a list of texts", kind.name()))?;
        let faults: Vec<_> = texts.into_iter().map(|text| kind.read(text)).collect::<Result<_, _>>()?;
        self.faults.retain(|fault| fault.kind != kind);
        self.faults.extend(faults);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn what_a_behavior_shows_changes_it_to_itself() {
        let mut behavior =
            Behavior { token_lifetime: Some(Duration::from_secs(30)), deny: true, ..Behavior::default() };
        behavior.faults = vec![Fault::status("CreateToken=503x2").unwrap(), Fault::hang("Logout").unwrap()];
        let start = Behavior::default();
        assert_eq!(start.change(&behavior.document(), &start).unwrap(), behavior);
        assert_eq!(behavior.change(&start.document(), &start).unwrap(), start);
    }

    #[test]
    fn null_goes_back_to_the_start_and_the_rest_stays() {
        let start = Behavior { pending: 7, ..Behavior::default() };
        let now = start
            .change(&members(json!({"pending": 0, "deny": true, "fail": "Logout=500"})), &start)
            .unwrap();
        assert_eq!((now.pending, now.deny, now.faults.len()), (0, true, 1));
        let now = now.change(&members(json!({"pending": null, "fail": null})), &start).unwrap();
        assert_eq!((now.pending, now.deny, now.faults.len()), (7, true, 0));
    }

    #[test]
    fn a_bad_member_is_named() {
        let start = Behavior::default();
        for (value, message) in [
            (json!({"pending": -1}), "`pending` is not a whole number"),
            (json!({"deny": 1}), "`deny` is not true or false"),
            (json!({"approve": "maybe"}), "`approve` is not `auto` or `ask`"),
            (json!({"fail": [1]}), "`fail` is not a list of texts"),
            (json!({"nothing": null}), "no member `nothing`"),
            (json!({"hang": "Nothing"}), "`Nothing` isn't an operation"),
        ] {
            let error = start.change(&members(value), &start).unwrap_err();
            assert!(error.starts_with(message), "{error}");
        }
    }
}
