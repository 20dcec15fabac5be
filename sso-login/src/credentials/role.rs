//! The credentials of an SSO role: from the AWS CLI's cache while they last, else from the portal, and then into
//! that cache (AWS-FORMATS 3).

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use sso_cache::credentials::RoleCredentials;
use sso_cache::token::Token;
use sso_lock::{Acquired, Guard, Lock};
use sso_profile::Profile;
use sso_tool::atomic_write::{is_unwritable, remove};
use sso_tool::failure::FailureKind;
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::time;

use crate::aws_api::portal::{Denial, Portal};
use crate::interrupt::unless_told;
use crate::session::cached::Session;
use crate::session::error::{SessionError, named};
use crate::session::obtain::{Effort, HowFar, Queue, Want, obtain};

/// Between two looks at a file that somebody else is about to write.
const LOOK: Duration = Duration::from_millis(100);

/// How often a session that another one has replaced meanwhile is asked again.
const TRIES: usize = 3;

/// A role that a profile stands for.
pub struct Role<'a> {
    pub settings: &'a Settings,
    pub profile: &'a Profile,
    pub session: &'a Session<'a>,
    /// `sso_account_id`.
    pub account_id: &'a str,
    /// `sso_role_name`.
    pub role_name: &'a str,
    /// When to give up.
    pub deadline: Instant,
}

impl Role<'_> {
    /// Credentials with a quarter of an hour left, as the AWS CLI wants them (AWS-FORMATS 3); shorter ones only if
    /// the role has no longer ones, or nobody can be asked for others. One call for however many processes ask.
    pub fn credentials(&self) -> anyhow::Result<Result<RoleCredentials, SessionError>> {
        let path = self.path();
        if let Some(cached) = usable(&path)? {
            return Ok(Ok(cached));
        }
        let left = || -> anyhow::Result<_> {
            let now = time::now()?;
            Ok(RoleCredentials::read(&path)?.whole().filter(|cached| now < cached.expires_at))
        };
        match self.fetched(&path) {
            // A lost network must not take what is still good, nor must a disk that lets no session be renewed.
            Ok(Err(error)) if error.kind == FailureKind::Unreachable || error.is_elsewhere() => {
                Ok(left()?.ok_or(error))
            }
            Err(err) if is_unwritable(&err) => left()?.map(Ok).ok_or(err),
            other => other,
        }
    }

    /// Credentials that the portal gave just now, whatever the cache has.
    pub fn fresh(&self) -> anyhow::Result<Result<RoleCredentials, SessionError>> {
        self.fetch(&self.path())
    }

    fn path(&self) -> PathBuf {
        self.session.role_file(self.account_id, self.role_name)
    }

    fn fetched(&self, path: &Path) -> anyhow::Result<Result<RoleCredentials, SessionError>> {
        let key = path.file_stem().context("the cache file has no name")?.to_string_lossy();
        let lock = Lock::of(self.settings, &format!("role-{key}"))?;
        loop {
            let guard = match lock.acquire("sso-login", LOOK) {
                Ok(Acquired::Held(guard)) => Some(Some(guard)),
                Ok(Acquired::Busy(_)) => None,
                // Then each asks for itself.
                Err(err) if is_unwritable(&err) => {
                    self.settings.debug(|| format!("no lock: {err:#}"));
                    Some(None)
                }
                Err(err) => return Err(err),
            };
            if let Some(guard) = guard {
                let answer = match usable(path)? {
                    Some(cached) => Ok(cached),
                    None => self.fetch(path)?,
                };
                guard.map_or(Ok(()), Guard::release)?;
                return Ok(answer);
            }
            // Who holds the lock is fetching: its result is ours, without the lock.
            if let Some(cached) = usable(path)? {
                return Ok(Ok(cached));
            }
            if Instant::now() >= self.deadline {
                return Ok(Err(SessionError::busy("another process is getting these credentials")));
            }
        }
    }

    fn fetch(&self, path: &Path) -> anyhow::Result<Result<RoleCredentials, SessionError>> {
        for _ in 0..TRIES {
            let (token, credentials) = match self.asked()? {
                Ok(answered) => answered,
                Err(error) => return Ok(Err(error)),
            };
            let written = credentials.write_sso(path);
            // Looked at after the write: a logout removes the token first and the keys then, so that either it finds them
            // or this look finds no token.
            let there = self.session.token()?;
            if there.whole().is_some_and(|there| there.is_same(&token)) {
                kept(self.settings, written)?;
                return Ok(Ok(credentials));
            }
            // The session that gave them has ended meanwhile, or there is another one, which is asked in its turn.
            if written.is_ok() {
                let is_ours =
                    RoleCredentials::read(path)?.whole().is_some_and(|cached| cached == credentials);
                if is_ours {
                    remove(path)?;
                }
            }
        }
        Ok(Err(SessionError::busy(format!("{} keeps changing", named(self.session)))))
    }

    /// Credentials that the portal gives, and the token that it gave them for.
    fn asked(&self) -> anyhow::Result<Result<(Token, RoleCredentials), SessionError>> {
        let mut token = match self.token(Want::Valid)? {
            Ok(token) => token,
            Err(error) => return Ok(Err(error)),
        };
        let portal = Portal::new(self.settings, self.profile, &self.session.sso.region)?;
        let runtime = crate::runtime::runtime()?;
        let mut answer = runtime.block_on(unless_told(self.ask(&portal, &token)))?;
        if answer == Err(Denial::Unauthorized) {
            // `expiresAt` isn't the truth: the session may have been ended at the service.
            token = match self.token(Want::Another(&token.access_token))? {
                Ok(token) => token,
                Err(error) => return Ok(Err(error)),
            };
            answer = runtime.block_on(unless_told(self.ask(&portal, &token)))?;
        }
        Ok(match answer {
            Ok(credentials) => Ok((token, credentials)),
            Err(denial) => Err(self.error_of(denial)),
        })
    }

    async fn ask(&self, portal: &Portal, token: &Token) -> Result<RoleCredentials, Denial> {
        let call = portal.credentials(&token.access_token, self.account_id, self.role_name);
        let late = || Denial::Unreachable("it did not answer in time".to_owned());
        tokio::time::timeout_at(self.deadline.into(), call).await.unwrap_or_else(|_| Err(late()))
    }

    fn token(&self, want: Want<'_>) -> anyhow::Result<Result<Token, SessionError>> {
        let (settings, profile, deadline) = (self.settings, self.profile, self.deadline);
        let effort = Effort { settings, profile, deadline, queue: Queue::Looking };
        Ok(obtain(self.session, want, HowFar::Refresh(&effort))?.token(settings, self.session))
    }

    fn error_of(&self, denial: Denial) -> SessionError {
        match denial {
            Denial::Forbidden => SessionError::denied(format!(
                "no access to role {} of account {} ({} itself is fine, so a login doesn't help)",
                sanitize(self.role_name),
                sanitize(self.account_id),
                named(self.session),
            ))
            .hint(format!("sso-login accounts {}", self.profile.arguments())),
            other => of_denial(self.session, other),
        }
    }
}

/// Credentials that the cache has no place for are handed out all the same.
pub(crate) fn kept(settings: &Settings, written: anyhow::Result<()>) -> anyhow::Result<()> {
    written.or_else(|err| {
        if !is_unwritable(&err) {
            return Err(err);
        }
        settings.debug(|| format!("the credentials aren't cached: {err:#}"));
        Ok(())
    })
}

/// What a denial of the portal means for a session.
pub(crate) fn of_denial(session: &Session<'_>, denial: Denial) -> SessionError {
    match denial {
        Denial::Unauthorized => SessionError::rejected(session),
        Denial::Forbidden => SessionError::denied(format!("{} has no access to that", named(session))),
        Denial::Unreachable(why) => {
            SessionError::unreachable(format!("the SSO portal can't be reached: {why}"))
        }
        Denial::Throttled => SessionError::unreachable("the SSO portal throttles (429)"),
        Denial::Other(name) => SessionError::denied(format!("the SSO portal answered {name}")),
    }
}

fn usable(path: &Path) -> anyhow::Result<Option<RoleCredentials>> {
    let now = time::now()?;
    Ok(RoleCredentials::read(path)?.whole().filter(|cached| cached.is_usable(now)))
}
