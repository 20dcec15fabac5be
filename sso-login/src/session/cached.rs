//! The cached session of a profile: its token file, and what a login or refresh writes there.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use sso_cache::entry::{Entry, Room};
use sso_cache::folder::Cache;
use sso_cache::key;
use sso_cache::repair::Repair;
use sso_cache::salvage;
use sso_cache::session_store::{self, Happened};
use sso_cache::token::Token;
use sso_lock::{Acquired, Lock};
use sso_profile::{Profile, Sso};
use sso_tool::settings::Settings;
use sso_tool::time::{self, Moment};

use crate::aws_api::oidc::{Created, Oidc, Registered};

/// How long a login that is under way may hold up a salvage.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Where a profile's session is kept.
pub struct Session<'a> {
    /// What the config says.
    pub sso: &'a Sso,
    /// The cache folders.
    pub cache: Cache,
    /// The token file, if that isn't where the config would have it.
    pub(crate) file: Option<PathBuf>,
    /// The state directory, which remembers when sessions began and ended.
    state_dir: Option<PathBuf>,
    /// The space for the token of a login that is under way.
    room: Mutex<Option<Room>>,
}

impl<'a> Session<'a> {
    /// The session of a profile's SSO settings, in the home of these settings.
    pub fn new(settings: &Settings, sso: &'a Sso) -> anyhow::Result<Self> {
        let state_dir = Some(settings.state_dir()?);
        Ok(Self { state_dir, ..Self::in_cache(sso, Cache::of_home(settings.home()?)) })
    }

    /// The session of a profile's SSO settings, in this cache.
    pub(crate) fn in_cache(sso: &'a Sso, cache: Cache) -> Self {
        Self { sso, cache, file: None, state_dir: None, room: Mutex::default() }
    }

    /// The session of a token file whose name in the config isn't known.
    pub(crate) fn of_file(settings: &Settings, sso: &'a Sso, file: PathBuf) -> anyhow::Result<Self> {
        Ok(Self { file: Some(file), ..Self::new(settings, sso)? })
    }

    /// What tells it from other sessions: the sso-session's name, or the start URL of a legacy profile.
    pub fn name(&self) -> &str {
        self.sso.session.as_deref().unwrap_or(&self.sso.start_url)
    }

    /// Remembers what happened to it. A home that can't be written costs the forecast, and nothing else.
    pub(crate) fn note(&self, happened: Happened<'_>) {
        if let Some(state_dir) = &self.state_dir {
            let _ = session_store::note(state_dir, self.name(), happened);
        }
    }

    /// The token as it is in the file, which another client may have written. What is seen is remembered.
    pub(crate) fn seen(&self) -> anyhow::Result<Entry<Token>> {
        let before = self.written();
        let entry = self.token()?;
        match &entry {
            // A token with the time of another one would seem to be cut short.
            Entry::Whole(token) if before == self.written() => {
                if let Some(written) = before.and_then(time::from_system) {
                    self.note(Happened::Seen(token, written));
                }
            }
            Entry::Missing => self.note(Happened::Absent),
            // A torn file ends no session.
            _ => {}
        }
        Ok(entry)
    }

    /// When its token file was written.
    pub(crate) fn written(&self) -> Option<SystemTime> {
        std::fs::metadata(self.token_file()).and_then(|file| file.modified()).ok()
    }

    /// Remembers the login of another program, which has just ended well.
    pub(crate) fn note_login(&self) {
        if let Ok(Entry::Whole(token)) = self.token() {
            self.note(Happened::LoggedIn(&token));
        }
    }

    /// Removes its token after the portal's logout.
    pub(crate) fn forget(&self) -> anyhow::Result<()> {
        let file = self.token_file();
        match std::fs::remove_file(&file) {
            Err(err) if err.kind() != std::io::ErrorKind::NotFound => {
                return Err(err).with_context(|| format!("cannot remove {}", file.display()));
            }
            _ => {}
        }
        self.note(Happened::LoggedOut);
        Ok(())
    }

    pub fn token_file(&self) -> PathBuf {
        self.file.clone().unwrap_or_else(|| self.cache.token(self.key()))
    }

    /// The token. A corrupt file is no token: a login writes a new one.
    pub fn token(&self) -> anyhow::Result<Entry<Token>> {
        Token::read(&self.token_file())
    }

    /// Saves the one whole token that a torn file holds, under the login lock: no person is needed for it. Answers whether
    /// it did. Whatever is in the way leaves the file as it is.
    pub(crate) fn salvage(&self, settings: &Settings) -> anyhow::Result<bool> {
        let file = self.token_file();
        let is_torn = || Ok::<_, anyhow::Error>(matches!(self.token()?, Entry::Corrupt(_)));
        if !is_torn()? || salvage::token_in(&file).is_none() {
            return Ok(false);
        }
        let lock = Lock::of(settings, "login")?;
        let saved = match lock.acquire("sso-login", TIMEOUT) {
            Ok(Acquired::Held(guard)) => {
                let repair = Repair { cache: &self.cache, state_dir: settings.state_dir()?, is_dry: false };
                let saved = repair.run_one(file);
                guard.release()?;
                saved
            }
            // Who holds it is about to write the token.
            Ok(Acquired::Busy(_)) => return Ok(!is_torn()?),
            Err(err) => Err(err),
        };
        match saved {
            Ok(()) => Ok(!is_torn()?),
            Err(err) => {
                settings.debug(|| format!("{} can't be salvaged: {err:#}", self.name()));
                Ok(false)
            }
        }
    }

    /// The service that its tokens come from.
    pub(crate) fn oidc(&self, profile: &Profile) -> anyhow::Result<Oidc> {
        Oidc::new(&self.sso.region, profile.endpoints.sso_oidc.as_deref())
            .with_context(|| format!("cannot talk to the SSO service in {}", self.sso.region))
    }

    /// An error (74) if its token couldn't be written now. For before a person is asked: a token that has no place is a
    /// lost session.
    pub fn rehearse(&self) -> anyhow::Result<()> {
        self.room().map(drop)
    }

    /// The space for its next token, for before a refresh token is used up, which may be good for one use only.
    pub(crate) fn room(&self) -> anyhow::Result<Room> {
        Room::take(&self.token_file())
    }

    /// Holds that space until [`keep`](Self::keep), for a login of this process's own.
    pub(crate) fn hold_room(&self) -> anyhow::Result<()> {
        let room = self.room()?;
        *self.room.lock().unwrap_or_else(PoisonError::into_inner) = Some(room);
        Ok(())
    }

    /// Writes the token of a login, and answers when it ends.
    pub fn keep(&self, client: &Registered, created: Created) -> anyhow::Result<Moment> {
        let expires_at = created.expires_at(time::now()?);
        let mut token = Token::new(created.access_token, expires_at);
        token.start_url = Some(self.sso.start_url.clone());
        token.region = Some(self.sso.region.clone());
        token.client_id = Some(client.client_id.clone());
        token.client_secret = Some(client.client_secret.clone());
        token.registration_expires_at = Some(client.expires_at);
        token.refresh_token = created.refresh_token;
        let held = self.room.lock().unwrap_or_else(PoisonError::into_inner).take();
        match held {
            Some(room) => token.write_into(room)?,
            None => token.write(&self.token_file())?,
        }
        self.note(Happened::LoggedIn(&token));
        Ok(expires_at)
    }

    /// The file of a role's credentials.
    pub fn role_file(&self, account_id: &str, role_name: &str) -> PathBuf {
        self.cache.role(account_id, role_name, self.key())
    }

    /// What a person is to look at, where the service knows nothing of a session like that.
    pub(crate) fn place_hint(&self) -> String {
        let Sso { start_url, region, .. } = self.sso;
        format!("check that the start URL {start_url} and the SSO region {region} belong together")
    }

    fn key(&self) -> key::Session<'_> {
        match &self.sso.session {
            Some(name) => key::Session::Named(name),
            None => key::Session::Legacy(&self.sso.start_url),
        }
    }
}
