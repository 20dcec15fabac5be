//! The vaults that a key may point into, behind one trait.

use std::path::Path;
use std::str::FromStr;

use sso_tool::exit::{Exit, Fault, status_of};
use sso_tool::secret::Secret;
use sso_tool::settings::from_environment;
use sso_tool::shell::shell_word;
use sso_tool::stream::Document;
use sso_tool::token_state::TokenState;

use super::facts::Facts;
use crate::aws_config::AwsConfig;
use crate::profile::Profile;

/// How a key stands.
pub(crate) enum KeyState {
    /// The key can be used, and this is what it gives; for a session, until then.
    Granted { value: Secret, until: Option<String> },
    /// A person must do `fix` first.
    Locked { why: String, fix: String },
    /// The vault has nothing there now.
    Absent(String),
    /// What it points at is gone or is another thing.
    Blocked(String),
}

impl KeyState {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Granted { .. } => "granted",
            Self::Locked { .. } => "locked",
            Self::Absent(_) => "absent",
            Self::Blocked(_) => "blocked",
        }
    }
}

/// What a vault says of a reference.
pub(crate) struct VaultAnswer {
    pub(crate) state: KeyState,
    /// What else is known of it: the keys of a profile's document, or none.
    pub(crate) about: Document,
}

impl From<KeyState> for VaultAnswer {
    fn from(state: KeyState) -> Self {
        Self { state, about: Document::new() }
    }
}

/// What every vault can do. None of it logs in or opens anything.
pub(crate) trait Vault {
    /// Status 78 if the vault can't have such a reference.
    fn check(&self, reference: &str, facts: &mut Facts<'_>) -> anyhow::Result<()>;
    /// How the reference stands now. What is wrong with it alone is a state, no error.
    fn look(&self, reference: &str, facts: &mut Facts<'_>) -> anyhow::Result<VaultAnswer>;
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

    pub(crate) fn adapter(self) -> &'static dyn Vault {
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
            .ok_or_else(|| format!("`{text}` isn't a vault: aws.iam.sso, aws.static or env"))
    }
}

struct AwsIamSso;

impl Vault for AwsIamSso {
    fn check(&self, reference: &str, facts: &mut Facts<'_>) -> anyhow::Result<()> {
        refused(with_session(reference, facts.config()?)?.err(), "sso-profile list --text")
    }

    fn look(&self, reference: &str, facts: &mut Facts<'_>) -> anyhow::Result<VaultAnswer> {
        let about = match with_session(reference, facts.config()?)? {
            Ok(profile) => profile.document(None),
            Err(why) => return Ok(KeyState::Blocked(why).into()),
        };
        let answer = facts.check(&about)?;
        if answer.flag("loginRequired")? == Some(false) {
            let until = valid_until(&answer);
            return Ok(VaultAnswer {
                state: KeyState::Granted { value: Secret::from(reference), until },
                about,
            });
        }
        let why = answer.text("reason")?.unwrap_or("a person must log in").to_owned();
        Ok(VaultAnswer { state: KeyState::Locked { why, fix: login(reference) }, about })
    }
}

/// The profile, if it is one with an sso-session and a role; else why not. A legacy profile registers under a new name at
/// each login (AWS-FORMATS 1), so that no consent would ever be the last.
pub(crate) fn with_session(name: &str, config: &AwsConfig) -> anyhow::Result<Result<Profile, String>> {
    let profile = match config.profile(name) {
        Ok(Some(profile)) => profile,
        Ok(None) => return Ok(Err(format!("there is no profile `{name}`"))),
        Err(err) if status_of(&err) == Exit::Config => return Ok(Err(format!("{err:#}"))),
        Err(err) => return Err(err),
    };
    let has_session = profile.sso.as_ref().is_some_and(|sso| sso.session.is_some());
    let has_role = profile.account_id.is_some() && profile.role_name.is_some();
    Ok(if !has_session {
        Err(format!("profile `{name}` has no sso-session"))
    } else if !has_role {
        Err(format!("profile `{name}` has no account and role"))
    } else {
        Ok(profile)
    })
}

/// When the token ends; `None` for one that is over and gets renewed by whoever uses it.
fn valid_until(answer: &Document) -> Option<String> {
    let token = answer.get("token")?;
    let is_valid = token.get("state")?.as_str() == Some(TokenState::Valid.word());
    token.get("expiresAt")?.as_str().filter(|_| is_valid).map(str::to_owned)
}

/// The command that logs in and ends what was said about reminders, to be pasted: a name may begin with a dash or hold a
/// blank.
fn login(profile: &str) -> String {
    let word = shell_word(profile);
    let end_of_flags = if word == profile { "" } else { "-- " };
    format!("sso-login {end_of_flags}{word} | sso-signal settle")
}

struct AwsStatic;

impl Vault for AwsStatic {
    fn check(&self, reference: &str, facts: &mut Facts<'_>) -> anyhow::Result<()> {
        match self.look(reference, facts)?.state {
            KeyState::Blocked(why) => refused(Some(why), "sso-profile list --text"),
            _ => Ok(()),
        }
    }

    fn look(&self, reference: &str, facts: &mut Facts<'_>) -> anyhow::Result<VaultAnswer> {
        let config = facts.config()?;
        if !config.contains(reference) {
            return Ok(KeyState::Blocked(format!("there is no profile `{reference}`")).into());
        }
        match config.static_keys(reference) {
            Ok(Some(_)) => {}
            Ok(None) => {
                return Ok(
                    KeyState::Blocked(format!("profile `{reference}` has no static credentials")).into()
                );
            }
            Err(err) if status_of(&err) == Exit::Config => {
                return Ok(KeyState::Blocked(format!("{err:#}")).into());
            }
            Err(err) => return Err(err),
        }
        // What is wrong with the profile otherwise is no matter of its keys.
        let about = config.profile(reference).ok().flatten().map(|profile| profile.document(None));
        let state = KeyState::Granted { value: Secret::from(reference), until: None };
        Ok(VaultAnswer { state, about: about.unwrap_or_default() })
    }
}

struct Variables;

impl Vault for Variables {
    fn check(&self, reference: &str, _: &mut Facts<'_>) -> anyhow::Result<()> {
        let (file, name) = parts(reference);
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        // The value itself, given by mistake, must not come back in a message.
        let why = if !is_name {
            Some("the reference isn't the name of a variable".to_owned())
        } else if file.is_some_and(|file| !file.is_absolute()) {
            Some("the file of the reference has no absolute path".to_owned())
        } else {
            None
        };
        refused(why, "give VARIABLE, or /path/to/file#VARIABLE")
    }

    fn look(&self, reference: &str, facts: &mut Facts<'_>) -> anyhow::Result<VaultAnswer> {
        let (file, name) = parts(reference);
        let value = match file {
            None => from_environment(name),
            Some(file) => match facts.variable(file, name) {
                Ok(value) => value.map(str::to_owned),
                Err(why) => return Ok(KeyState::Blocked(why).into()),
            },
        };
        Ok(match value {
            Some(value) => KeyState::Granted { value: Secret::from(value.as_str()), until: None },
            None => KeyState::Absent(match file.filter(|file| !file.exists()) {
                Some(file) => format!("there is no file {}", file.display()),
                None => format!("{reference} is not set"),
            }),
        }
        .into())
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
