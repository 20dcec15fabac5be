//! Our client of the OIDC service, per session and flow: its name, its scopes, and the file that remembers it.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use anyhow::Context as _;
use sso_cache::key::Registrant;
use sso_cache::registration::{Flow, Registration};
use sso_tool::time;

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

    /// The registration of an earlier login, if it serves this one.
    pub(crate) fn registered(&self) -> anyhow::Result<Option<Registered>> {
        let now = time::now()?;
        let found = Registration::read(&self.file())?.whole();
        Ok(found.filter(|registration| registration.is_reusable(self.flow, now)).map(|registration| {
            Registered {
                client_id: registration.client_id,
                client_secret: registration.client_secret,
                expires_at: registration.expires_at,
            }
        }))
    }

    /// Keeps a registration for the next login.
    pub(crate) fn remember(&self, registered: &Registered) -> anyhow::Result<()> {
        let secret = registered.client_secret.clone();
        let mut registration =
            Registration::new(registered.client_id.as_str(), secret, registered.expires_at, self.flow);
        registration.scopes = Some(self.scopes()).filter(|scopes| !scopes.is_empty());
        registration.write(&self.file())
    }

    /// How many logins in a row nobody answered, by what is remembered.
    pub(crate) fn unanswered(&self) -> anyhow::Result<u32> {
        Ok(Registration::read(&self.file())?.whole().map_or(0, |found| found.unanswered))
    }

    /// Remembers that.
    pub(crate) fn remember_unanswered(&self, count: u32) -> anyhow::Result<()> {
        match Registration::read(&self.file())?.whole() {
            Some(mut found) if found.unanswered != count => {
                found.unanswered = count;
                found.write(&self.file())
            }
            _ => Ok(()),
        }
    }

    /// Forgets a registration that leads nowhere.
    pub(crate) fn forget(&self) -> anyhow::Result<()> {
        let path = self.file();
        match fs::remove_file(&path) {
            Err(err) if err.kind() != ErrorKind::NotFound => {
                Err(err).with_context(|| format!("cannot remove {}", path.display()))
            }
            _ => Ok(()),
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
