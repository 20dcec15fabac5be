//! Settings: the environment, then the files that `SSO_ENV_FILE` names (`~/.backlog-toolkit-env`), then `.env` in the working
//! directory, then the default.
//!
//! A working directory may be a stranger's checkout. So its `.env` never says what gives consent to a login, nor which
//! variable is printed as a profile's name, nor what program runs: those come from the environment or a file that
//! somebody named ([`Settings::named`]).

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use crate::defaults;
use crate::dotenv::{self, Dotenv};
pub use crate::environment::from_environment;
use crate::exit::{Exit, Fault, warn};
use crate::sanitize::sanitize;
use crate::time;

/// How the settings of one run are found. Files are read when the environment lacks something.
#[derive(Clone, Debug)]
pub struct Settings {
    tool: &'static str,
    config_file: Option<PathBuf>,
    dotenv: OnceCell<Dotenv>,
    usual: OnceCell<Vec<Dotenv>>,
    files: Vec<Dotenv>,
    warned: RefCell<BTreeSet<String>>,
}

impl Settings {
    /// Settings for `tool`, which is named in warnings.
    pub fn new(tool: &'static str) -> Self {
        Self {
            tool,
            config_file: None,
            dotenv: OnceCell::new(),
            usual: OnceCell::new(),
            files: Vec::new(),
            warned: RefCell::default(),
        }
    }

    /// Adds a file of settings that stands before `.env` and `SSO_ENV_FILE`, and before the files added earlier. One
    /// that isn't there has status 78: somebody asked for it by name.
    pub fn add_file(&mut self, path: &Path) -> anyhow::Result<()> {
        let shown = path.display();
        let wrong = match fs::metadata(path) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => Some(format!("there is no file {shown}")),
            Err(err) => Some(format!("cannot read {shown}: {err}")),
            Ok(metadata) if metadata.is_dir() => {
                Some(format!("{shown} is a directory, not a file of settings"))
            }
            Ok(metadata) if !metadata.is_file() => Some(format!("{shown} isn't a regular file")),
            Ok(metadata) if metadata.len() > dotenv::LARGEST => Some(format!("{shown} is larger than 1 MiB")),
            Ok(_) => None,
        };
        if let Some(wrong) = wrong {
            return Err(Fault::new(Exit::Config, wrong).into());
        }
        self.files.push(Dotenv::load(self.tool, path));
        Ok(())
    }

    /// The settings of the files of `SSO_ENV_FILE`, then of those that were added: the last one of a name counts.
    /// `.env` isn't among them: nobody named it.
    pub fn from_files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.usual().iter().rev().chain(&self.files).flat_map(Dotenv::pairs)
    }

    /// The settings with another AWS config file than the environment's: a copy, in which something is tried first.
    #[must_use]
    pub fn with_config_file(&self, path: &Path) -> Self {
        Self { config_file: Some(path.to_owned()), ..self.clone() }
    }

    /// The AWS config file that stands in for the environment's.
    pub fn config_file(&self) -> Option<&Path> {
        self.config_file.as_deref()
    }

    /// The tool's name, for messages.
    pub fn tool(&self) -> &'static str {
        self.tool
    }

    /// A setting: from the environment, else from a file that was named, else from `.env`. Empty means unset.
    ///
    /// Not for what names a program to run (`SSO_AWS`, `SSO_DIALOG`, `BROWSER`): those come from
    /// [`from_environment`] alone, since a working directory may be a stranger's checkout.
    pub fn text(&self, name: &str) -> Option<String> {
        self.named_text(name).or_else(|| self.dotenv().value(name).map(str::to_owned))
    }

    /// A setting without `.env`: what somebody set, or put into a file that somebody named. A value that only `.env` has
    /// doesn't count, which a warning says: a person who wrote it there would wait for its effect.
    pub fn named(&self, name: &str) -> Option<String> {
        let value = self.named_text(name);
        if value.is_none() && self.dotenv().value(name).is_some() {
            self.warn_unnamed(name);
        }
        value
    }

    /// Whether a setting comes from `.env` of the working directory alone, which may be a stranger's checkout.
    pub fn is_from_dotenv(&self, name: &str) -> bool {
        self.named_text(name).is_none() && self.dotenv().value(name).is_some()
    }

    fn named_text(&self, name: &str) -> Option<String> {
        from_environment(name)
            .or_else(|| self.named_files().find_map(|file| file.value(name)).map(str::to_owned))
    }

    /// Files that somebody named; the first one that has a setting says it.
    fn named_files(&self) -> impl Iterator<Item = &Dotenv> {
        self.files.iter().rev().chain(self.usual())
    }

    /// Says that a setting of `.env` doesn't count.
    pub fn warn_unnamed(&self, name: &str) {
        self.warn_once(format!(
            "{name} in .env of the working directory is ignored, because nobody named that file; if the \
             file is yours: export SSO_ENV_FILE=\"$PWD/.env\""
        ));
    }

    /// The home directory: `HOME`, else that of the passwd entry, as every SDK has it.
    pub fn home(&self) -> anyhow::Result<PathBuf> {
        // An empty one is what `home_dir` gives back; it would mean the working directory.
        let of_passwd = || env::home_dir().filter(|home| home.is_absolute());
        from_environment("HOME").map(PathBuf::from).or_else(of_passwd).ok_or_else(|| {
            Fault::new(Exit::Config, "HOME is not set").hint("export HOME=/home/you and try again").into()
        })
    }

    /// The state directory: `SSO_STATE_DIR` of the environment, else `~/.aws/sso-renewer`. Not of a `.env`: a stranger's
    /// checkout must not say which files are ours to move and replace.
    pub fn state_dir(&self) -> anyhow::Result<PathBuf> {
        match from_environment("SSO_STATE_DIR") {
            Some(path) => Ok(path.into()),
            None => Ok(self.home()?.join(".aws/sso-renewer")),
        }
    }

    /// `SSO_SIGNAL_FILE` of the environment, else `login-required.json` in the state directory.
    pub fn signal_file(&self) -> anyhow::Result<PathBuf> {
        match from_environment("SSO_SIGNAL_FILE") {
            Some(path) => Ok(path.into()),
            None => Ok(self.state_dir()?.join("login-required.json")),
        }
    }

    /// The profile that is meant if nobody names one: that of [`chosen_profile`](Self::chosen_profile), else `default`.
    pub fn profile(&self) -> String {
        self.chosen_profile().map_or_else(|| "default".to_owned(), |(profile, _)| profile)
    }

    /// The profile that variables choose, and the variable's name: those listed in `SSO_PROFILE_VARS` (separated
    /// by commas or spaces; `BACKLOG_AWS_PROFILE`) in their order, then `AWS_PROFILE`, then `AWS_DEFAULT_PROFILE`. `None`
    /// means `default`, which nobody chose.
    pub fn chosen_profile(&self) -> Option<(String, String)> {
        self.first_profile(|name| self.text(name))
    }

    /// The chosen profile without `.env`.
    fn named_profile(&self) -> Option<String> {
        self.first_profile(|name| self.named_text(name)).map(|(profile, _)| profile)
    }

    fn first_profile(&self, value: impl Fn(&str) -> Option<String>) -> Option<(String, String)> {
        let listed = self.profile_vars();
        names(&listed)
            .chain(["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
            .find_map(|name| value(name).map(|profile| (profile, name.to_owned())))
    }

    /// The variables that name a profile before `AWS_PROFILE` does, to be given to a command.
    pub fn profile_variables(&self) -> Vec<String> {
        names(&self.profile_vars()).map(str::to_owned).collect()
    }

    /// `SSO_PROFILE_VARS` of the first place that has it: an empty one names no variable. Not of `.env`: a stranger's
    /// checkout could list `GITHUB_TOKEN`, whose value would be printed as a profile's name, or `LD_LIBRARY_PATH`.
    fn profile_vars(&self) -> String {
        const NAME: &str = "SSO_PROFILE_VARS";
        let in_files = || self.named_files().find_map(|file| file.said(NAME)).map(str::to_owned);
        env::var(NAME).ok().or_else(in_files).unwrap_or_else(|| defaults::PROFILE_VARIABLE.to_owned())
    }

    /// The profile of a service: the one that is meant if nobody names one, but not by `.env`, which would be consent.
    pub fn service_profile(&self) -> String {
        if self.named_profile().is_none()
            && let Some((_, name)) = self.chosen_profile()
        {
            self.warn_unnamed(&name);
        }
        self.named_profile().unwrap_or_else(|| "default".to_owned())
    }

    /// Profiles that `auto` may log in without asking: the one that is meant if nobody names one, that of `AWS_PROFILE`,
    /// and those listed in `SSO_AUTO_PROFILES` (separated by commas). None of them by `.env`: that is no consent.
    pub fn auto_profiles(&self) -> Vec<String> {
        let meant = self.named_profile().unwrap_or_else(|| "default".to_owned());
        let listed = self.named("SSO_AUTO_PROFILES").unwrap_or_default();
        let listed = listed.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
        [meant].into_iter().chain(self.named_text("AWS_PROFILE")).chain(listed).collect()
    }

    /// `SSO_COOLDOWN_SECONDS` (600).
    pub fn cooldown(&self) -> Duration {
        self.seconds("SSO_COOLDOWN_SECONDS", 600)
    }

    /// `SSO_AHEAD` (0s): how long before the end of a session a monitor asks for a login.
    pub fn ahead(&self) -> anyhow::Result<Duration> {
        let Some(text) = self.text("SSO_AHEAD").filter(|text| !text.trim().is_empty()) else {
            return Ok(Duration::ZERO);
        };
        time::parse_duration(text.trim()).map_err(|_| {
            let message = format!("SSO_AHEAD isn't a duration: `{}`", sanitize(&text));
            Fault::new(Exit::Config, message).hint("SSO_AHEAD=15m").into()
        })
    }

    /// `SSO_CHECK_SECONDS` (60). Zero is refused: a monitor that never rests is a bug.
    pub fn check_interval(&self) -> anyhow::Result<Duration> {
        self.interval("SSO_CHECK_SECONDS", 60)
    }

    /// `SSO_POLL_SECONDS` (5). Zero or less is refused, with status 78.
    pub fn poll_interval(&self) -> anyhow::Result<Duration> {
        self.interval("SSO_POLL_SECONDS", 5)
    }

    /// `SSO_LOGIN_TIMEOUT` (120).
    pub fn login_timeout(&self) -> Duration {
        self.own_login_timeout().unwrap_or(Duration::from_secs(120))
    }

    /// `SSO_LOGIN_TIMEOUT`, if somebody set it. Nobody logs in in no time: zero is a warning, and the default holds.
    pub fn own_login_timeout(&self) -> Option<Duration> {
        let seconds = self.number("SSO_LOGIN_TIMEOUT")?;
        if seconds == 0 {
            self.warn_once(
                "SSO_LOGIN_TIMEOUT is 0, which leaves no time to log in; the default is used".to_owned(),
            );
            return None;
        }
        Some(Duration::from_secs(seconds))
    }

    /// Whether a log is wanted on stderr: `SSO_LOG=debug` or `DEBUG=true`.
    pub fn is_debug(&self) -> bool {
        self.text("SSO_LOG").is_some_and(|level| level.eq_ignore_ascii_case("debug"))
            || self.text("DEBUG").is_some_and(|flag| flag.eq_ignore_ascii_case("true"))
    }

    /// Writes a line to stderr if [`is_debug`](Self::is_debug). Never give it a secret.
    pub fn debug(&self, message: impl FnOnce() -> String) {
        if self.is_debug() {
            warn(self.tool, &format!("debug: {}", message()));
        }
    }

    /// Writes a warning about a setting, once: a watcher looks at its settings at every poll.
    pub fn warn_once(&self, message: String) {
        if !self.warned.borrow().contains(&message) {
            warn(self.tool, &message);
            self.warned.borrow_mut().insert(message);
        }
    }

    fn seconds(&self, name: &str, default: u64) -> Duration {
        Duration::from_secs(self.number::<u64>(name).unwrap_or(default))
    }

    fn interval(&self, name: &str, default: u64) -> anyhow::Result<Duration> {
        match self.number::<i64>(name) {
            None => Ok(Duration::from_secs(default)),
            Some(seconds) => match u64::try_from(seconds) {
                Ok(seconds) if seconds > 0 => Ok(Duration::from_secs(seconds)),
                _ => Err(Fault::new(
                    Exit::Config,
                    format!("{name} is {seconds}: it must be one second or more"),
                )
                .hint(format!("export {name}={default}"))
                .into()),
            },
        }
    }

    /// A number; a bad one is a warning and the default, so that a typo stops nothing.
    fn number<T: FromStr>(&self, name: &str) -> Option<T> {
        let text = self.text(name)?;
        let number = text.trim().parse().ok();
        if number.is_none() {
            self.warn_once(format!("{name} isn't a whole number of seconds: `{text}`; the default is used"));
        }
        number
    }

    /// The files of settings that `SSO_ENV_FILE` names, separated by `:`, the first one first; `~/.backlog-toolkit-env`
    /// if it is unset. Empty, no file is read. They need not be there.
    pub fn env_files(&self) -> Vec<PathBuf> {
        match env::var_os("SSO_ENV_FILE") {
            // A path with a colon of its own.
            Some(path) if Path::new(&path).is_file() => vec![path.into()],
            Some(paths) => env::split_paths(&paths).filter(|path| !path.as_os_str().is_empty()).collect(),
            None => self.home().ok().map(|home| home.join(defaults::ENV_FILE)).into_iter().collect(),
        }
    }

    fn usual(&self) -> &[Dotenv] {
        self.usual.get_or_init(|| self.env_files().iter().map(|path| Dotenv::load(self.tool, path)).collect())
    }

    fn dotenv(&self) -> &Dotenv {
        self.dotenv.get_or_init(|| Dotenv::load(self.tool, ".env".as_ref()))
    }
}

/// The names of a list that commas or spaces separate.
fn names(listed: &str) -> impl Iterator<Item = &str> {
    listed.split([',', ' ']).filter(|name| !name.is_empty())
}
