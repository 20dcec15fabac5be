//! The credentials that are handed out. The AWS CLI's cache is the cache; the server keeps none.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use anyhow::Context as _;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use sso_cache::check;
use sso_cache::credentials::RoleCredentials;
use sso_profile::{AwsConfig, Kind, Profile};
use sso_tool::atomic_write::{self, FileMode};
use sso_tool::exit::{Exit, Fault, status_of};
use sso_tool::failure::FailureKind;
use sso_tool::safe_read::{self, Found};
use sso_tool::secret::Secret;
use sso_tool::settings::Settings;
use sso_tool::shell::shell_word;
use sso_tool::state_dir;
use sso_tool::stream::Document;
use sso_tool::time::{self, Moment};
use sso_tool::token_state::TokenState;
use tokio::sync::oneshot;

use super::announcer::Announcer;
use super::digest::Digest;
use super::locked::locked;
use super::log;
use super::problem::Problem;
use crate::credentials::resolver::CredentialResolver;
use crate::credentials::signing_keys::Credentials;
use crate::flows::random;
use crate::session::cached::Session;
use crate::session::error::SessionError;

/// Longer than what is ever written there.
const LARGEST: usize = 4 << 10;
/// What SDKs are told of keys that don't end, so that they look again.
const STATIC_LIFE: Duration = Duration::from_secs(3600);

/// The profiles whose credentials are handed out, and what is known of them.
pub(crate) struct Handout {
    dir: PathBuf,
    is_all: bool,
    tokens: RwLock<BTreeMap<String, Digest>>,
    config: Mutex<Option<Arc<AwsConfig>>>,
    /// Who waits for credentials that are being fetched: one renewal for all who ask.
    waiting: Mutex<HashMap<String, Vec<oneshot::Sender<Given>>>>,
    announcer: Arc<Announcer>,
}

pub(super) type Given = Result<Answer, Problem>;

/// Credentials as an SDK takes them.
#[derive(Clone)]
pub(super) struct Answer {
    credentials: Credentials,
    role_arn: Option<String>,
    account_id: Option<String>,
}

/// What a look at the cache came to.
pub(super) enum Lookup {
    Given(Answer),
    /// Somebody has to ask the network, or a program.
    Fetch,
}

impl Handout {
    /// For the profiles of `--credentials`, or every one of the config. Status 78 for one that isn't there.
    pub(crate) fn new(
        dir: &Path,
        names: &[String],
        is_all: bool,
        announcer: Arc<Announcer>,
    ) -> anyhow::Result<Self> {
        let handout = Self {
            dir: dir.join("credentials"),
            is_all,
            tokens: RwLock::default(),
            config: Mutex::default(),
            waiting: Mutex::default(),
            announcer,
        };
        if !names.is_empty() || is_all {
            state_dir::make_private(&handout.dir)?;
            let config = handout.config(&Settings::new(log::TOOL))?;
            for name in names {
                config.known_profile(name)?;
                handout.add(name)?;
            }
        }
        Ok(handout)
    }

    /// The profiles and their token files.
    pub(crate) fn profiles(&self) -> Vec<(String, PathBuf)> {
        let tokens = self.tokens.read().unwrap_or_else(PoisonError::into_inner);
        tokens.keys().map(|name| (name.clone(), self.token_file(name))).collect()
    }

    /// The config, read again once it has changed. With `--all-profiles` a new profile gets its token file here.
    fn config(&self, settings: &Settings) -> anyhow::Result<Arc<AwsConfig>> {
        let mut known = locked(&self.config);
        if let Some(config) = known.as_ref().filter(|config| config.is_current()) {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(AwsConfig::load(settings)?);
        if self.is_all {
            for (name, profile) in config.profiles() {
                let is_given = profile.is_ok_and(|profile| {
                    !matches!(profile.kind, Kind::None | Kind::WebIdentity | Kind::SsoToken)
                });
                if is_given {
                    self.add(name)?;
                }
            }
        }
        *known = Some(Arc::clone(&config));
        Ok(config)
    }

    fn add(&self, name: &str) -> anyhow::Result<()> {
        let token = token(&self.token_file(name))?;
        self.tokens.write().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), token);
        Ok(())
    }

    fn token_file(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{}.token", sso_tool::profile_name::file_stem(name)))
    }

    pub(super) fn token(&self, name: &str) -> Option<Digest> {
        self.tokens.read().unwrap_or_else(PoisonError::into_inner).get(name).copied()
    }

    /// Looks at the files of a profile.
    pub(super) fn look(&self, name: &str) -> Result<Lookup, Problem> {
        let settings = &Settings::new(log::TOOL);
        let profile = self.profile(settings, name)?;
        let Some(sso) = &profile.sso else { return Ok(Lookup::Fetch) };
        let now = time::now()?;
        let session = &Session::new(settings, sso)?;
        let document = checked(&profile, session, now)?;
        self.announcer.saw(name, &document);
        if token_state(&document) == Some(TokenState::Missing) {
            // Logged out: what is still in the cache is nobody's any more.
            return Err(missed(&profile, &SessionError::absent(session)));
        }
        let (Some(account_id), Some(role_name)) = (&profile.account_id, &profile.role_name) else {
            return Ok(Lookup::Fetch);
        };
        let cached = RoleCredentials::read(&session.role_file(account_id, role_name))?;
        Ok(match cached.whole().filter(|cached| cached.is_usable(now)) {
            Some(cached) => Lookup::Given(Answer::of(&profile, cached.into())),
            None => Lookup::Fetch,
        })
    }

    /// Gets the credentials, over the network if need be.
    pub(super) fn fetch(&self, name: &str) -> Given {
        let settings = &Settings::new(log::TOOL);
        let profile = self.profile(settings, name)?;
        let config = self.config(settings)?;
        let answer = CredentialResolver::new(settings, &config).credentials(&profile);
        let answer = answer.map_err(|err| match status_of(&err) {
            Exit::Config => Problem::forbidden(format!("{err:#}")),
            _ => Problem::internal(&err),
        })?;
        match answer {
            Ok(credentials) => {
                self.saw_of(settings, &profile, None);
                Ok(Answer::of(&profile, credentials))
            }
            Err(error) => {
                self.saw_of(settings, &profile, Some(&error));
                Err(missed(&profile, &error))
            }
        }
    }

    /// Says what is new about the session of a profile, after credentials were asked for.
    fn saw_of(&self, settings: &Settings, profile: &Profile, error: Option<&SessionError>) {
        let say = || -> anyhow::Result<()> {
            // The credentials may be made of another profile's, which is then the one that a person logs in with.
            let login = error.and_then(|error| error.login(profile));
            let config = self.config(settings)?;
            let whose = match login.filter(|login| login.name != profile.name) {
                Some(source) => config.known_profile(&source.name)?,
                None => profile.clone(),
            };
            let Some(sso) = &whose.sso else { return Ok(()) };
            let mut document = checked(&whose, &Session::new(settings, sso)?, time::now()?)?;
            if let Some(error) = error.filter(|_| login.is_some())
                && document.get("loginRequired") != Some(&true.into())
            {
                // By its file the session is fine; the portal knows better.
                let episode = document.get("token").and_then(|token| token.get("expiresAt")).cloned();
                document.set("loginRequired", true);
                document.set("reason", error.reason());
                document.set("episode", episode.unwrap_or_else(|| TokenState::Missing.word().into()));
            } else if error.is_some_and(|error| error.kind != FailureKind::Expired) {
                // Says nothing about the session.
                return Ok(());
            }
            self.announcer.saw(&whose.name, &document);
            Ok(())
        };
        if let Err(err) = say() {
            log::failure(&err);
        }
    }

    /// Looks whether a session that was missed is back, though nobody asks.
    pub(crate) fn look_for_missed(&self) {
        let settings = &Settings::new(log::TOOL);
        for (name, episode) in self.announcer.missed() {
            let looked = || -> anyhow::Result<Option<Document>> {
                let Some(profile) = self.config(settings)?.profile(&name)? else { return Ok(None) };
                let Some(sso) = &profile.sso else { return Ok(None) };
                let document = checked(&profile, &Session::new(settings, sso)?, time::now()?)?;
                let ends = document.get("token").and_then(|token| token.get("expiresAt")).cloned();
                let is_back = document.get("loginRequired") == Some(&false.into());
                // A token that the portal refused is in its file as before: that is no login.
                Ok((is_back && ends != Some(episode.as_str().into())).then_some(document))
            };
            if let Ok(Some(document)) = looked() {
                self.announcer.saw(&name, &document);
            }
        }
        // With --all-profiles: profiles that are new.
        if self.is_all
            && let Err(err) = self.config(settings)
        {
            settings.debug(|| format!("{err:#}"));
        }
    }

    fn profile(&self, settings: &Settings, name: &str) -> Result<Profile, Problem> {
        let config = self.config(settings)?;
        config
            .known_profile(name)
            .map_err(|err| Problem::new(StatusCode::NOT_FOUND, "unknown-profile", format!("{err:#}")))
    }

    pub(super) fn waiting(&self) -> std::sync::MutexGuard<'_, HashMap<String, Vec<oneshot::Sender<Given>>>> {
        locked(&self.waiting)
    }
}

impl Answer {
    fn of(profile: &Profile, credentials: Credentials) -> Self {
        let account_id = profile.account_id.clone();
        // The ARN of a permission set's role has a part that only IAM knows: this one names account and permission set.
        let role_arn = profile.role_name.as_ref().zip(account_id.as_ref()).map(|(role, account)| {
            let region = profile.sso.as_ref().map(|sso| sso.region.as_str()).unwrap_or_default();
            format!("arn:{}:iam::{account}:role/{role}", partition(region))
        });
        Self { credentials, role_arn, account_id }
    }

    pub(super) fn response(&self) -> Response {
        let Credentials { access_key_id, secret_access_key, session_token, expires_at } = &self.credentials;
        let ends = expires_at
            .or_else(|| time::now().ok().map(|now| time::after(now, STATIC_LIFE)))
            .map(time::format);
        let body = json!({
            "AccessKeyId": access_key_id.expose(),
            "SecretAccessKey": secret_access_key.expose(),
            "Token": session_token.as_ref().map(Secret::expose).unwrap_or_default(),
            "Expiration": ends,
            "RoleArn": self.role_arn,
            "AccountId": self.account_id,
        });
        let mut body = body;
        if let Some(map) = body.as_object_mut() {
            map.retain(|_, value| !value.is_null());
        }
        Json(body).into_response()
    }
}

/// The answer where there are no credentials: an SDK shows its user the message, so it names the command.
fn missed(profile: &Profile, error: &SessionError) -> Problem {
    let detail = error.fault(profile).to_string();
    match error.kind {
        FailureKind::Expired => Problem::new(StatusCode::UNAUTHORIZED, "expired", detail),
        FailureKind::Denied | FailureKind::Remote | FailureKind::UnknownProfile | FailureKind::Config => {
            Problem::forbidden(detail)
        }
        FailureKind::Unreachable => Problem::unreachable(detail).retry_after(5),
        FailureKind::Busy => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail).retry_after(1),
    }
}

/// The document of `sso-cache check` about a profile.
fn checked(profile: &Profile, session: &Session<'_>, now: Moment) -> anyhow::Result<Document> {
    let mut document = Document::new();
    profile.add_to(&mut document, None);
    check::check(&mut document, &session.cache, now)?;
    Ok(document)
}

fn token_state(document: &Document) -> Option<TokenState> {
    TokenState::of_word(document.get("token")?.get("state")?.as_str()?)
}

fn partition(region: &str) -> &'static str {
    match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        region if region.starts_with("eusc-") => "aws-eusc",
        _ => "aws",
    }
}

/// The token of a profile's file, which is made if need be. One that others may read is no secret, and is made anew.
fn token(path: &Path) -> anyhow::Result<Digest> {
    use std::os::unix::fs::MetadataExt as _;
    let is_private = std::fs::symlink_metadata(path)
        .is_ok_and(|found| found.is_file() && found.mode().trailing_zeros() >= 6);
    let found = safe_read::read(path, LARGEST).with_context(|| format!("cannot read {}", path.display()))?;
    if let Found::Bytes(bytes) = found
        && is_private
        && let Ok(text) = std::str::from_utf8(&bytes)
        && text.trim().len() >= 32
        && text.trim().bytes().all(|byte| byte.is_ascii_graphic())
    {
        return Ok(Digest::of(text.trim()));
    }
    let token = random::token(32)?;
    // Without a line feed: the value goes into a header as it is.
    atomic_write::replace(path, token.as_bytes(), FileMode::Private).map_err(|err| {
        let hint = format!("ls -ld {}", shell_word(&path.to_string_lossy()));
        err.context(Fault::new(Exit::Io, "cannot store the token of a profile").hint(hint))
    })?;
    Ok(Digest::of(&token))
}
