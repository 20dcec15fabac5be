//! Everything the sandbox knows: clients, logins under way, sessions, tokens, role credentials.

use std::collections::HashMap;
use std::time::Duration;

use sso_tool::time::{self, Moment};

use super::behavior::Behavior;
use super::fault::Effect;
use super::journal::Journal;
use super::operation::Operation;
use super::organization::Organization;

/// A registered client (AWS-FORMATS 4).
pub(super) struct Client {
    pub(super) name: String,
    pub(super) secret: String,
    pub(super) expires_at: Moment,
    pub(super) scopes: Vec<String>,
    pub(super) redirect_uris: Vec<String>,
    pub(super) grant_types: Vec<String>,
}

impl Client {
    /// Whether it may use this grant.
    pub(super) fn may(&self, grant_type: &str) -> bool {
        self.grant_types.iter().any(|granted| granted == grant_type)
    }
}

/// What the user said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Undecided,
    Allowed,
    Denied,
}

/// A device authorization under way.
pub(super) struct Device {
    pub(super) client_id: String,
    pub(super) user_code: String,
    pub(super) expires_at: Moment,
    pub(super) decision: Decision,
    pub(super) polls: u64,
    pub(super) used: bool,
    /// What the page's form must carry, so that no other page can post it.
    pub(super) form_token: String,
}

/// A browser at `/authorize`, before and after its user decided.
pub(super) struct Authorization {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) challenge: String,
    pub(super) state: Option<String>,
    pub(super) expires_at: Moment,
}

/// A user's sign-in to the portal: what tokens hang on, and what Logout ends.
pub(super) struct Session {
    pub(super) expires_at: Moment,
    pub(super) ended: bool,
}

/// An access token.
pub(super) struct Access {
    pub(super) session: usize,
    pub(super) expires_at: Moment,
}

/// A refresh token; good for one use.
pub(super) struct Refresh {
    pub(super) session: usize,
    pub(super) client_id: String,
    pub(super) used: bool,
}

/// Role credentials that were handed out, by access key id.
pub(super) struct RoleKey {
    pub(super) account_id: String,
    pub(super) role_name: String,
    pub(super) secret_access_key: String,
    pub(super) session_token: String,
    pub(super) expires_at: Moment,
}

/// The whole state; one lock around it, as every answer takes microseconds.
pub(super) struct World {
    pub(super) behavior: Behavior,
    /// As the command line asked for it: what `DELETE /sandbox/faults` goes back to.
    pub(super) initial_behavior: Behavior,
    pub(super) organization: Organization,
    pub(super) journal: Journal,
    /// Base URL of the OIDC service, for the device page.
    pub(super) oidc_url: String,
    pub(super) clients: HashMap<String, Client>,
    pub(super) devices: HashMap<String, Device>,
    /// Consent pages shown, by form token.
    pub(super) requests: HashMap<String, Authorization>,
    /// Authorization codes handed out and not used.
    pub(super) codes: HashMap<String, Authorization>,
    pub(super) sessions: Vec<Session>,
    pub(super) access: HashMap<String, Access>,
    pub(super) refresh: HashMap<String, Refresh>,
    pub(super) role_keys: HashMap<String, RoleKey>,
    started: Moment,
    forward: Duration,
}

impl World {
    pub(super) fn new(
        behavior: Behavior,
        organization: Organization,
        oidc_url: String,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            initial_behavior: behavior.clone(),
            behavior,
            organization,
            journal: Journal::default(),
            oidc_url,
            clients: HashMap::new(),
            devices: HashMap::new(),
            requests: HashMap::new(),
            codes: HashMap::new(),
            sessions: Vec::new(),
            access: HashMap::new(),
            refresh: HashMap::new(),
            role_keys: HashMap::new(),
            started: time::now()?,
            forward: Duration::ZERO,
        })
    }

    /// Now, or what `SSO_NOW` says, moved on by what [`World::forward`] was told.
    pub(super) fn now(&self) -> Moment {
        // `SSO_NOW` was readable at the start, so the start will do if it can't be read now.
        time::after(time::now().unwrap_or(self.started), self.forward)
    }

    /// When the sandbox began.
    pub(super) fn started(&self) -> Moment {
        self.started
    }

    /// Moves the sandbox's clock on, so that a test needn't wait for an expiry.
    pub(super) fn forward(&mut self, by: Duration) {
        self.forward = self.forward.saturating_add(by);
    }

    /// The fault that hits a request of `operation`, if any.
    pub(super) fn strike(&mut self, operation: Operation) -> Option<Effect> {
        self.behavior.faults.iter_mut().find_map(|fault| fault.strike(operation))
    }

    /// Whether a portal session is neither over nor signed out.
    pub(super) fn session_is_live(&self, session: usize) -> bool {
        self.sessions.get(session).is_some_and(|session| !session.ended && self.now() < session.expires_at)
    }

    /// The session behind an access token that is good now.
    pub(super) fn session_of(&self, access_token: &str) -> Option<usize> {
        let access = self.access.get(access_token)?;
        (self.now() < access.expires_at && self.session_is_live(access.session)).then_some(access.session)
    }
}
