//! The vaults that a key may point into, behind one trait.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;
use std::{env, fs};

use anyhow::Context as _;
use sso_signal::dotenv::Dotenv;
use sso_signal::exit::{Exit, Fault};
use sso_signal::secret::Secret;
use sso_signal::settings::{Settings, from_environment};
use sso_signal::wire::{self, Document};

use crate::load::AwsConfig;

/// How a key stands.
pub(super) enum State {
    /// It can be used, and this is what it gives.
    Granted(Secret),
    /// A person must do `fix` first.
    Locked { why: String, fix: String },
    /// The vault has nothing there now.
    Absent(String),
    /// What it points at is gone or is another thing.
    Blocked(String),
}

impl State {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Granted(_) => "granted",
            Self::Locked { .. } => "locked",
            Self::Absent(_) => "absent",
            Self::Blocked(_) => "blocked",
        }
    }
}

/// What every vault can do. None of it logs in or opens anything.
pub(super) trait Vault {
    /// Status 78 if the vault can't have such a reference.
    fn check(&self, reference: &str, settings: &Settings) -> anyhow::Result<()>;
    /// How the reference stands now.
    fn look(&self, reference: &str, settings: &Settings) -> anyhow::Result<State>;
}

/// The vaults there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VaultName {
    /// `aws.iam.sso`: a profile with an sso-session.
    AwsIamSso,
    /// `aws.static`: a profile with static keys.
    AwsStatic,
    /// `env`: a variable, or `/path/to/file#VARIABLE`.
    Env,
}

impl VaultName {
    /// The name, as on the command line and in `keys.json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AwsIamSso => "aws.iam.sso",
            Self::AwsStatic => "aws.static",
            Self::Env => "env",
        }
    }

    pub(super) fn adapter(self) -> &'static dyn Vault {
        match self {
            Self::AwsIamSso => &AwsIamSso,
            Self::AwsStatic => &AwsStatic,
            Self::Env => &Variables,
        }
    }
}

impl FromStr for VaultName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::AwsIamSso, Self::AwsStatic, Self::Env]
            .into_iter()
            .find(|name| name.as_str() == text)
            .ok_or_else(|| format!("`{text}` is no vault: aws.iam.sso, aws.static or env"))
    }
}

struct AwsIamSso;

impl Vault for AwsIamSso {
    fn check(&self, reference: &str, settings: &Settings) -> anyhow::Result<()> {
        refused(lacks(reference, settings)?, "sso-profile list --text")
    }

    fn look(&self, reference: &str, settings: &Settings) -> anyhow::Result<State> {
        if let Some(why) = lacks(reference, settings)? {
            return Ok(State::Blocked(why));
        }
        let answer = checked(&AwsConfig::load(settings)?.known_profile(reference)?.document(None))?;
        if answer.flag("loginRequired")? == Some(false) {
            return Ok(State::Granted(Secret::from(reference)));
        }
        let why = answer.text("reason")?.unwrap_or("a person must log in").to_owned();
        // A name may begin with a dash or hold a blank: this line is there to be pasted.
        Ok(State::Locked { why, fix: format!("sso-login -- '{}'", reference.replace('\'', r"'\''")) })
    }
}

/// Why a profile is none with an sso-session and a role. A legacy profile registers under a new name at each login
/// (AWS-FORMATS 1.6), so that no consent would ever be the last.
fn lacks(name: &str, settings: &Settings) -> anyhow::Result<Option<String>> {
    let config = AwsConfig::load(settings)?;
    let Some(profile) = config.profile(name)? else {
        return Ok(Some(format!("there is no profile `{name}`")));
    };
    let has_session = profile.sso.as_ref().is_some_and(|sso| sso.session.is_some());
    let has_role = profile.account_id.is_some() && profile.role_name.is_some();
    Ok(if !has_session {
        Some(format!("profile `{name}` has no sso-session"))
    } else if !has_role {
        Some(format!("profile `{name}` has no account and role"))
    } else {
        None
    })
}

/// How good a session is says `sso-cache`, whose library stands above ours: so it is asked as a process.
fn checked(profile: &Document) -> anyhow::Result<Document> {
    let mut child = Command::new(sso_cache())
        .arg("check")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run sso-cache")?;
    if let Some(mut stdin) = child.stdin.take() {
        writeln!(stdin, "{}", serde_json::Value::from(profile.clone()))
            .context("cannot write to sso-cache")?;
    }
    let output = child.wait_with_output().context("cannot wait for sso-cache")?;
    if !output.status.success() {
        anyhow::bail!("sso-cache check failed");
    }
    wire::parse(&output.stdout, "the answer of sso-cache")
}

/// The one installed with us, else that of PATH.
fn sso_cache() -> PathBuf {
    let beside = env::current_exe().ok().map(|own| own.with_file_name("sso-cache"));
    beside.filter(|path| path.is_file()).unwrap_or_else(|| PathBuf::from("sso-cache"))
}

struct AwsStatic;

impl Vault for AwsStatic {
    fn check(&self, reference: &str, settings: &Settings) -> anyhow::Result<()> {
        match self.look(reference, settings)? {
            State::Blocked(why) => refused(Some(why), "sso-profile list --text"),
            _ => Ok(()),
        }
    }

    fn look(&self, reference: &str, settings: &Settings) -> anyhow::Result<State> {
        let config = AwsConfig::load(settings)?;
        Ok(if !config.contains(reference) {
            State::Blocked(format!("there is no profile `{reference}`"))
        } else if config.static_keys(reference)?.is_none() {
            State::Blocked(format!("profile `{reference}` has no static credentials"))
        } else {
            State::Granted(Secret::from(reference))
        })
    }
}

struct Variables;

impl Vault for Variables {
    fn check(&self, reference: &str, _: &Settings) -> anyhow::Result<()> {
        let (file, name) = parts(reference);
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        // The value itself, given by mistake, must not come back in a message.
        let why = if !is_name {
            Some("the reference is no name of a variable".to_owned())
        } else if file.is_some_and(|file| !file.is_absolute()) {
            Some("the file of the reference has no absolute path".to_owned())
        } else {
            None
        };
        refused(why, "give VARIABLE, or /path/to/file#VARIABLE")
    }

    fn look(&self, reference: &str, _: &Settings) -> anyhow::Result<State> {
        let (file, name) = parts(reference);
        let value = match file {
            None => from_environment(name),
            Some(file) => match fs::read_to_string(file) {
                Ok(text) => Dotenv::parse(&text, |_| {}).value(name).map(str::to_owned),
                Err(err) if err.kind() == std::io::ErrorKind::NotFound => None,
                Err(err) => return Err(err).with_context(|| format!("cannot read {}", file.display())),
            },
        };
        Ok(match value {
            Some(value) => State::Granted(Secret::from(value.as_str())),
            None => State::Absent(format!("{reference} is not set")),
        })
    }
}

fn parts(reference: &str) -> (Option<&Path>, &str) {
    match reference.rsplit_once('#') {
        Some((file, name)) => (Some(Path::new(file)), name),
        None => (None, reference),
    }
}

fn refused(why: Option<String>, hint: &str) -> anyhow::Result<()> {
    match why {
        Some(why) => Err(Fault::new(Exit::Config, why).hint(hint).into()),
        None => Ok(()),
    }
}
