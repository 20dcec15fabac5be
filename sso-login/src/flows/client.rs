//! Our client of the OIDC service, per session and flow: its name, its scopes, and the file that remembers it.

use std::path::PathBuf;

use sso_cache::entry::{Entry, Written};
use sso_cache::key::Registrant;
use sso_cache::registration::{Flow, Registration};

use crate::aws_api::oidc::Registered;
use crate::session::cached::Session;

/// The client that logs in to a session by one flow. Each flow has a file of its own, none of them the AWS CLI's
/// (AWS-FORMATS 2).
pub(crate) struct Client<'a> {
    session: &'a Session<'a>,
    flow: Flow,
}

impl<'a> Client<'a> {
    pub(crate) fn new(session: &'a Session<'a>, flow: Flow) -> Self {
        Self { session, flow }
    }

    /// What the person reads on the consent page.
    pub(crate) fn name(&self) -> String {
        match &self.session.sso.session {
            Some(session) => format!("sso-login-{session}"),
            None => "sso-login".to_owned(),
        }
    }

    /// The scopes to ask for. Without one a token can't be refreshed, so a session gets the usual one; a legacy profile
    /// gets none, since no client would refresh its token (AWS-FORMATS 1, 4).
    pub(crate) fn scopes(&self) -> Vec<String> {
        let sso = self.session.sso;
        match (&sso.scopes, &sso.session) {
            (Some(scopes), _) if !scopes.is_empty() => scopes.clone(),
            (_, Some(_)) => vec!["sso:account:access".to_owned()],
            (_, None) => Vec::new(),
        }
    }

    /// The file that remembers it.
    pub(crate) fn file(&self) -> PathBuf {
        let sso = self.session.sso;
        let scopes = self.scopes();
        self.session.cache.registration(Registrant {
            region: &sso.region,
            scopes: (!scopes.is_empty()).then_some(scopes.as_slice()),
            session_name: sso.session.as_deref(),
            start_url: &sso.start_url,
            tool: self.flow.tool(),
        })
    }
}

/// The registration of a login under way. What the cache has is read once, when the login is planned; what the login writes
/// or removes there later is never somebody else's newer registration.
pub(crate) struct LoginClient<'a> {
    client: Client<'a>,
    /// What the file held last, as far as this login knows.
    known: Entry<Registration>,
    /// Whether the login begins with that.
    is_reused: bool,
    /// How many logins in a row nobody answered, before this one.
    unanswered: u32,
}

impl<'a> LoginClient<'a> {
    /// The client of a login that found `known` in the cache, and uses it again or not.
    pub(crate) fn planned(client: Client<'a>, known: Entry<Registration>, is_reused: bool) -> Self {
        let unanswered = known.as_whole().map_or(0, |found| found.unanswered);
        Self { client, known, is_reused, unanswered }
    }

    /// What the person reads on the consent page.
    pub(crate) fn name(&self) -> String {
        self.client.name()
    }

    /// The scopes to ask for.
    pub(crate) fn scopes(&self) -> Vec<String> {
        self.client.scopes()
    }

    /// The registration of an earlier login, if it serves this one.
    pub(crate) fn reused(&self) -> Option<Registered> {
        self.known.as_whole().filter(|_| self.is_reused).map(|registration| Registered {
            client_id: registration.client_id.clone(),
            client_secret: registration.client_secret.clone(),
            expires_at: registration.expires_at,
        })
    }

    /// Keeps a registration for the next login.
    pub(crate) fn remember(&mut self, registered: &Registered) -> anyhow::Result<()> {
        let secret = registered.client_secret.clone();
        let mut registration =
            Registration::new(registered.client_id.as_str(), secret, registered.expires_at, self.client.flow);
        registration.scopes = Some(self.scopes()).filter(|scopes| !scopes.is_empty());
        self.put(registration)
    }

    /// Forgets the registration: it leads nowhere.
    pub(crate) fn forget(&mut self) -> anyhow::Result<()> {
        if let Entry::Whole(known) = &self.known {
            known.remove(&self.client.file())?;
        }
        self.known = Entry::Missing;
        Ok(())
    }

    /// Remembers that nobody answered this login either.
    pub(crate) fn remember_unanswered(&mut self) -> anyhow::Result<()> {
        self.count(self.unanswered.saturating_add(1))
    }

    /// Remembers that somebody answered.
    pub(crate) fn remember_answered(&mut self) -> anyhow::Result<()> {
        self.count(0)
    }

    fn count(&mut self, unanswered: u32) -> anyhow::Result<()> {
        match &self.known {
            Entry::Whole(known) if known.unanswered != unanswered => {
                let mut counted = known.clone();
                counted.unanswered = unanswered;
                self.put(counted)
            }
            _ => Ok(()),
        }
    }

    fn put(&mut self, registration: Registration) -> anyhow::Result<()> {
        if registration.write_instead_of(&self.known, &self.client.file())? == Written::Done {
            self.known = Entry::Whole(registration);
        }
        Ok(())
    }
}
