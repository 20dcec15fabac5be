//! Consent to a login: asked for once per session, one question at a time on this host.

use std::cell::Cell;
use std::io::{self, IsTerminal as _};
use std::time::Duration;

use sso_lock::{Acquired, Lock};
use sso_profile::{Kind, Profile};
use sso_tool::settings::Settings;
use sso_tool::stream::Document;
use sso_tool::time::Moment;

use super::answered::Answered;
use super::{Limits, Occasion, Question, Response, ask, yes_or_no};
use crate::session::answer::Answer;
use crate::session::cached::Session;
use crate::session::login_options::{after, lock_timeout};

/// Asks for consent, in one run.
pub struct Consent<'a> {
    settings: &'a Settings,
    timeout: Duration,
    answered: Answered,
}

impl<'a> Consent<'a> {
    /// Questions that wait for `timeout`.
    pub fn new(settings: &'a Settings, timeout: Duration) -> Self {
        Self { settings, timeout, answered: Answered::default() }
    }

    /// Asks a person. `None` is consent; else what came of it. `valid` looks for a session that came meanwhile, which ends the
    /// question, too.
    pub(crate) fn ask(
        &self,
        profile: &Profile,
        session: &Session<'_>,
        document: &Document,
        occasion: Occasion,
        valid: impl Fn() -> anyhow::Result<Option<Answer>>,
    ) -> anyhow::Result<Option<Answer>> {
        let seen = Cell::new(session.written());
        let is_moot = || {
            let now = session.written();
            seen.replace(now) != now && matches!(valid(), Ok(Some(_)))
        };
        self.ask_once(session.name(), profile, document, occasion, &valid, &is_moot)
    }

    /// Asks about a login on a host, whose config isn't known here. `ends_at`: the session there runs until then.
    pub fn ask_for_host(
        &self,
        host: &str,
        profile: &str,
        document: &Document,
        ends_at: Option<Moment>,
    ) -> anyhow::Result<Option<Answer>> {
        let profile = Profile::elsewhere(profile, Kind::SsoToken);
        let session = host_session(host, &profile.name);
        let occasion = Occasion { ends_at, needed: None };
        self.ask_once(&session, &profile, document, occasion, &|| Ok(None), &|| false)
    }

    fn ask_once(
        &self,
        session: &str,
        profile: &Profile,
        document: &Document,
        occasion: Occasion,
        valid: &dyn Fn() -> anyhow::Result<Option<Answer>>,
        is_moot: &dyn Fn() -> bool,
    ) -> anyhow::Result<Option<Answer>> {
        if let Some(answer) = self.answered.find(session, document)? {
            return Ok(Some(answer));
        }
        let lock = Lock::of(self.settings, "ask")?;
        let guard = match lock.acquire("sso-login", lock_timeout(document, after(self.timeout))?)? {
            Acquired::Held(guard) => guard,
            Acquired::Busy(owner) => return Ok(Some(Answer::busy_asking(&lock, owner.as_ref()))),
        };
        // Whoever held the lock before us may have led to a login.
        let mut answer = valid()?;
        if answer.is_none() {
            let question = Question::new(self.settings, profile, document, occasion.ends_at, self.timeout)?;
            // Who runs a command at a terminal is asked there, and only yes or no.
            let limits = Limits::new(self.timeout).unless(is_moot);
            let said = match occasion.needed {
                Some(_) if io::stdin().is_terminal() => yes_or_no(&question, limits),
                _ => ask(self.settings, &question, limits),
            };
            answer = match said {
                Response::Refresh => None,
                Response::No(refusal) => {
                    self.answered.keep(session, &profile.name, &refusal, self.settings)?;
                    Some(refusal)
                }
                // The session may have ended again.
                Response::Moot => Some(valid()?.unwrap_or_else(|| Answer::dismissed(None))),
            };
        }
        guard.release()?;
        Ok(answer)
    }

    /// Keeps what came of it for the session's other documents of this run.
    pub fn keep(&self, profile: &Profile, session: &Session<'_>, answer: &Answer) -> anyhow::Result<()> {
        self.answered.keep(session.name(), &profile.name, answer, self.settings)
    }

    /// Asks before a login on a host.
    pub fn keep_for_host(&self, host: &str, profile: &str, answer: &Answer) -> anyhow::Result<()> {
        self.answered.keep(&host_session(host, profile), profile, answer, self.settings)
    }
}

/// A name that no session here has.
fn host_session(host: &str, profile: &str) -> String {
    format!("{host}\n{profile}")
}
