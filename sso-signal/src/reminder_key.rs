//! Whose reminder a document or a signal is about.

use sso_tool::sanitize::sanitize;
use sso_tool::stream::Document;
use sso_tool::subject::Subject;

use crate::signal::key;

/// A profile, a session without a profile, or both; each of this machine or of another host ([`key`]).
#[derive(Clone, Debug, Default)]
pub(crate) struct ReminderKey {
    pub(crate) profile: Option<String>,
    /// The sso-session, if the document says so. Legacy profiles of one start URL share a token, and so a session without
    /// a name; no name of a session is a URL.
    pub(crate) session: Option<String>,
    /// Every profile of that session, if the document says so.
    pub(crate) session_profiles: Vec<String>,
}

impl ReminderKey {
    /// A profile, of which nothing else is known.
    pub(crate) fn of_profile(profile: &str) -> Self {
        Self { profile: Some(profile.to_owned()), ..Self::default() }
    }

    /// Whose reminder a document is about; `None` if it names neither a profile nor a session.
    pub(crate) fn of(subject: &Subject, document: &Document) -> anyhow::Result<Option<Self>> {
        let (profile, host) = match subject {
            Subject::Nobody | Subject::Failure(_) => return Ok(None),
            Subject::Remote(remote) => (remote.profile.as_deref(), Some(sanitize(&remote.host))),
            Subject::Profile { name, .. } => (Some(name.as_str()), None),
            Subject::Session { .. } | Subject::Chosen { .. } => (None, None),
        };
        let text = |key| Ok::<_, anyhow::Error>(document.text(key)?.filter(|text| !text.is_empty()));
        let session = match text("ssoSession")? {
            Some(name) => Some(name),
            None => text("startUrl")?,
        };
        // What is decided about a profile or a session of another host concerns nothing of the same name here.
        let here = |name: &str| key(name, host.as_deref());
        let whose = Self {
            profile: profile.map(here),
            session: session.map(here),
            session_profiles: document.texts("sessionProfiles")?.iter().map(|name| here(name)).collect(),
        };
        Ok((whose.profile.is_some() || whose.session.is_some()).then_some(whose))
    }

    /// The profile, else the session, for messages.
    pub(crate) fn name(&self) -> &str {
        self.profile.as_deref().or(self.session.as_deref()).unwrap_or_default()
    }
}
