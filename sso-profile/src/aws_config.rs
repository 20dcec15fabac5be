//! The user's AWS config, loaded and asked.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;
use sso_tool::exit::{Exit, Fault, WithFault as _};
use sso_tool::meant::{close, or_meant};
use sso_tool::recipe;
use sso_tool::settings::{Settings, from_environment};
use sso_tool::shell::shell_word;
use sso_tool::stream;

use crate::chain::{RoleSource, role_source, session_source};
use crate::config::{Content, Named, parse_credentials};
use crate::config_file;
use crate::endpoints::{Endpoints, is_true};
use crate::ini::Ini;
use crate::kind::Kind;
use crate::merged::Merged;
use crate::misnamed::Misnamed;
use crate::profile::{Profile, Sso, resolve};
use crate::start_url::StartUrl;
use crate::unusable::Unusable;

/// As many names as a hint has room for.
const MOST_NAMED: usize = 5;
/// The profile that counts where none is named.
const DEFAULT: &str = "default";

/// The config and the credentials file, merged as botocore does.
///
/// ```no_run
/// use sso_profile::AwsConfig;
/// use sso_tool::settings::Settings;
///
/// let config = AwsConfig::load(&Settings::new("sso-login"))?;
/// if let Some(profile) = config.profile("corp")? {
///     println!("{}: {:?}", profile.kind.name(), config.session_profiles(&profile));
/// }
/// # Ok::<(), anyhow::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct AwsConfig {
    file: Option<PathBuf>,
    modified_nanos: Option<i64>,
    content: Content,
    misnamed: Vec<Misnamed>,
    credentials: Named,
    ignored_endpoints: Option<bool>,
}

impl AwsConfig {
    /// Reads both files. Missing ones are empty ones.
    ///
    /// Status 74 for a file that can't be read and for a config that is a folder, 78 for one that botocore refuses.
    pub fn load(settings: &Settings) -> anyhow::Result<Self> {
        let file = config_file::config_path(settings)?;
        let mut config = match &file {
            Some(path) => Self::read_config(path)?,
            None => Self::default(),
        };
        if let Some(path) = config_file::credentials_path(settings)?
            && let Some(found) = config_file::read(&path)?
        {
            config.credentials =
                parse_credentials(&found.text).map_err(|refusal| config_file::unreadable(&path, &refusal))?;
        }
        config.file = file;
        settings.debug(|| format!("{} profiles in {}", config.names().count(), config.in_words()));
        // A setting of the AWS CLI, so not one that a `.env` here could give.
        config.ignored_endpoints =
            from_environment("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").map(|text| is_true(&text));
        Ok(config)
    }

    /// A config of this text alone, as if it were the whole of the config file. Status 78 if botocore would
    /// refuse it.
    pub fn of_text(text: &str) -> anyhow::Result<Self> {
        let content = Content::parse(text)
            .map_err(|refusal| config_file::unreadable(Path::new("the AWS config"), &refusal))?;
        Ok(Self { content, ..Self::default() })
    }

    /// The config file's path, whether it exists or not; `None` if `AWS_CONFIG_FILE` is set and empty.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// When the config file was last changed, in nanoseconds since 1970; `None` if there is none.
    pub fn modified_nanos(&self) -> Option<i64> {
        self.modified_nanos
    }

    /// Whether the config file is still the one that was read, as far as its time of change tells.
    pub fn is_current(&self) -> bool {
        self.file.as_ref().and_then(|path| config_file::modified_nanos(path)) == self.modified_nanos
    }

    /// Reads both files again. Files that can't be read any more are said once, and what was read
    /// before stays: a monitor goes on with it.
    pub(crate) fn follow(&mut self, settings: &Settings) {
        match Self::load(settings) {
            Ok(config) => *self = config,
            Err(err) => {
                settings.warn_once(format!("{err:#}; the last known profiles are used"));
            }
        }
    }

    /// The names of all profiles: those of the config file in its order, then those that only the
    /// credentials file has.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let profiles = &self.content.profiles;
        let more = self.credentials.keys().filter(|name| !profiles.contains_key(*name));
        profiles.keys().chain(more).map(String::as_str)
    }

    /// Whether a profile of this name is in either file.
    pub fn contains(&self, name: &str) -> bool {
        self.content.profiles.contains_key(name) || self.credentials.contains_key(name)
    }

    /// A profile, or `None` if it is in neither file. Status 78 if it is there and can't be used.
    pub fn profile(&self, name: &str) -> anyhow::Result<Option<Profile>> {
        self.resolve(name).transpose().with_fault(|| {
            let hint = self.remedy(name).unwrap_or_else(|| "sso-profile write --help".to_owned());
            Fault::new(Exit::Config, self.in_words()).hint(hint)
        })
    }

    /// The command for a profile whose sso-session isn't there: with the one it may mean, else with one that there is; where
    /// there is none, the one that makes it.
    pub fn remedy(&self, name: &str) -> Option<String> {
        let sessions = &self.content.sessions;
        let session = self.keys(name).text("sso_session").ok().flatten()?;
        if sessions.contains_key(session) {
            return None;
        }
        // Another company's session that is close to it is none that it may mean.
        if let Some(remedy) = Misnamed::remedy(&self.misnamed, "sso-session", session) {
            return Some(remedy);
        }
        let known = || sessions.keys().map(String::as_str);
        let command = |session: &str| {
            let (name, session) = (shell_word(name), shell_word(session));
            format!("sso-profile write {name} --sso-session {session} --replace")
        };
        if let Some(likely) = close(known(), session).first() {
            return Some(command(likely));
        }
        let Some(first) = known().next() else {
            return Some(format!("sso-login setup {}", shell_word(session)));
        };
        let names: Vec<_> = known().take(MOST_NAMED).map(|name| format!("`{name}`")).collect();
        Some(match sessions.len() {
            1 => command(first),
            many => {
                let more = match many.saturating_sub(MOST_NAMED) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                format!("choose one of {}{more}: {}", names.join(", "), command(first))
            }
        })
    }

    /// A profile, or status 78 and the names that are close to it.
    pub fn known_profile(&self, name: &str) -> anyhow::Result<Profile> {
        self.profile(name)?.with_context(|| self.unknown(name))
    }

    /// A profile that gives credentials or tokens: [`known_profile`](Self::known_profile), and status 78 for one that is
    /// good for a login alone.
    pub fn usable_profile(&self, name: &str) -> anyhow::Result<Profile> {
        let profile = self.known_profile(name)?;
        match profile.no_credentials {
            Some(why) => Err(Unusable::new(why))
                .with_fault(|| Fault::new(Exit::Config, self.in_words()).hint("sso-profile write --help")),
            None => Ok(profile),
        }
    }

    /// An `[sso-session]` by itself, with the endpoints that its profiles have. Status 78 if it isn't there, or doesn't say
    /// where to log in.
    pub fn known_session(&self, name: &str) -> anyhow::Result<Profile> {
        let Some(keys) = self.content.sessions.get(name) else {
            let sessions = || self.content.sessions.keys().map(String::as_str);
            let meant = or_meant(&close(sessions(), name));
            let message = format!("sso-session `{name}` is not in {}{meant}", self.in_words());
            let hint = match sessions().next() {
                Some(_) => "sso-profile list".to_owned(),
                None => format!("sso-login setup {}", shell_word(name)),
            };
            return Err(Fault::new(Exit::Config, message).hint(hint).into());
        };
        let Some(sso) = Sso::of_session(name, keys) else {
            let message = format!("sso-session `{name}` lacks sso_start_url or sso_region");
            return Err(Fault::new(Exit::Config, message).hint("sso-profile write --help").into());
        };
        let mut session = Profile::elsewhere(name, Kind::Session);
        session.sso = Some(sso);
        session.config_file = self.file.as_ref().map(|path| path.to_string_lossy().into_owned());
        if let Some(first) = self.session_profiles(&session).first()
            && let Some(profile) = self.profile(first)?
        {
            session.endpoints = profile.endpoints;
        }
        Ok(session)
    }

    /// A profile of the legacy session with that start URL, which such a session is known by.
    pub fn legacy_profile(&self, start_url: &str) -> Option<Profile> {
        let asked = StartUrl::of(start_url);
        let is_it = |sso: &Sso| sso.session.is_none() && StartUrl::of(&sso.start_url) == asked;
        self.profiles()
            .filter_map(|(_, profile)| profile.ok())
            .find(|profile| profile.sso.as_ref().is_some_and(is_it))
    }

    /// All profiles, each with why it can't be used if so.
    pub fn profiles(&self) -> impl Iterator<Item = (&str, Result<Profile, Unusable>)> {
        self.names().filter_map(|name| self.resolve(name).map(|profile| (name, profile)))
    }

    /// The sso-sessions that say where to log in, in the order of the file.
    pub fn sessions(&self) -> impl Iterator<Item = Sso> {
        self.content.sessions.iter().filter_map(|(name, keys)| Sso::of_session(name, keys))
    }

    /// The names of all profiles whose token is this profile's: one login serves them all. Those of
    /// the same `[sso-session]`; for a legacy profile those with the same start URL. In the order of the files, and no
    /// more than leave room in a document that the next tool of a pipe reads: half a MiB of names.
    pub fn session_profiles(&self, profile: &Profile) -> Vec<String> {
        let Some(sso) = &profile.sso else { return Vec::new() };
        let mut room = stream::LARGEST / 2;
        self.profiles()
            .filter_map(|(name, other)| {
                let other = other.ok()?.sso?;
                let same = match (&sso.session, &other.session) {
                    (Some(own), Some(other)) => own == other,
                    (None, None) => sso.start_url == other.start_url,
                    _ => false,
                };
                same.then(|| name.to_owned())
            })
            .take_while(|name| {
                let rest = room.checked_sub(Value::from(name.as_str()).to_string().len() + 1);
                room = rest.unwrap_or_default();
                rest.is_some()
            })
            .collect()
    }

    /// The fault for a name that is in neither file.
    pub fn unknown(&self, name: &str) -> Fault {
        let misnamed = Misnamed::remedy(&self.misnamed, "profile", name);
        let close = close(self.names(), name);
        let is_session = self.content.sessions.contains_key(name);
        let meant = if misnamed.is_some() || is_session { String::new() } else { or_meant(&close) };
        let hint = match misnamed {
            Some(remedy) => remedy,
            None if is_session => {
                format!("it is an sso-session: sso-login --sso-session {}", shell_word(name))
            }
            None if self.names().next().is_none() => recipe::SETUP.to_owned(),
            None if name == DEFAULT => "name a profile: sso-profile list".to_owned(),
            None => "sso-profile list".to_owned(),
        };
        Fault::new(Exit::Config, format!("profile `{name}` is not in {}{meant}", self.in_words())).hint(hint)
    }

    /// What the config file says.
    pub(crate) fn content(&self) -> &Content {
        &self.content
    }

    /// Whether the credentials file has access keys for it, whatever counts.
    pub(crate) fn has_keys_in_credentials(&self, name: &str) -> bool {
        self.credentials.get(name).is_some_and(|keys| keys.contains_key("aws_access_key_id"))
    }

    pub(crate) fn keys(&self, name: &str) -> Merged<'_> {
        Merged { config: self.content.profiles.get(name), credentials: self.credentials.get(name) }
    }

    /// The config with another content of the config file.
    pub(crate) fn with_content(&self, content: Content) -> Self {
        Self {
            file: self.file.clone(),
            modified_nanos: None,
            content,
            misnamed: self.misnamed.clone(),
            credentials: self.credentials.clone(),
            ignored_endpoints: self.ignored_endpoints,
        }
    }

    fn read_config(path: &Path) -> anyhow::Result<Self> {
        let Some(found) = config_file::read(path)? else {
            // To botocore that is none, too; but it is a mistake (of a container's mount, say), and hides every profile.
            if path.is_dir() {
                let why = io::Error::from(io::ErrorKind::IsADirectory);
                return Err(why).with_fault(|| {
                    Fault::new(Exit::Io, format!("cannot read {}", path.display()))
                        .hint("move the folder away: the AWS config is a file")
                });
            }
            return Ok(Self::default());
        };
        let unreadable = |refusal| config_file::unreadable(path, &refusal);
        let ini = Ini::parse(&found.text).map_err(unreadable)?;
        let misnamed = Misnamed::of(&ini);
        Ok(Self {
            content: Content::out_of(ini).map_err(unreadable)?,
            misnamed,
            modified_nanos: Some(found.modified_nanos),
            ..Self::default()
        })
    }

    fn resolve(&self, name: &str) -> Option<Result<Profile, Unusable>> {
        let keys = self.keys(name);
        if keys.is_absent() {
            return None;
        }
        let resolved = resolve(name, keys, &self.content.sessions).and_then(|mut profile| {
            profile.endpoints = self.endpoints(keys)?;
            profile.config_file = self.file.as_ref().map(|path| path.to_string_lossy().into_owned());
            self.stand_on_source(&mut profile)?;
            Ok(profile)
        });
        Some(resolved)
    }

    /// Gives a role profile the session of the SSO profile (or that of `aws login`) that its credentials come from, with the endpoints at which that
    /// session is got.
    fn stand_on_source(&self, profile: &mut Profile) -> Result<(), Unusable> {
        if profile.kind != Kind::AssumeRole {
            return Ok(());
        }
        let Some(source) = session_source(profile, |name| self.keys(name), &self.content.sessions)? else {
            return Ok(());
        };
        if source.kind == Kind::Login {
            profile.login_session = source.login_session;
            profile.source = Some(source.name);
            return Ok(());
        }
        let endpoints = self.endpoints(self.keys(&source.name))?;
        profile.endpoints.sso = endpoints.sso;
        profile.endpoints.sso_oidc = endpoints.sso_oidc;
        profile.sso = source.sso;
        profile.source = Some(source.name);
        Ok(())
    }

    /// Where the credentials come from that may assume the role of the last of `visited`, the profiles of a chain so far.
    /// Status 78 for a chain that leads back to itself.
    pub fn role_source(&self, visited: &[String]) -> anyhow::Result<RoleSource<'_>> {
        role_source(visited, |name| self.keys(name)).with_fault(|| Fault::new(Exit::Config, self.in_words()))
    }

    fn endpoints(&self, keys: Merged<'_>) -> Result<Endpoints, Unusable> {
        Endpoints::of(keys, &self.content.services, self.ignored_endpoints)
    }

    pub(crate) fn in_words(&self) -> String {
        self.file.as_ref().map_or_else(|| "the AWS config".to_owned(), |path| path.display().to_string())
    }
}
