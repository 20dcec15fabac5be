//! What each vault does in a round trip. What a key is stored as, and how it is looked up, is `sso-profile key`'s.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;
use sso_profile::key::VaultName;
use sso_profile::{AwsConfig, Kind};
use sso_signal::settle_one;
use sso_tool::dotenv::Dotenv;
use sso_tool::exit::{Exit, Fault};
use sso_tool::outcome::Outcome;
use sso_tool::sanitize::sanitize;
use sso_tool::settings::from_environment;
use sso_tool::stream::Document;

use super::keepsake::relock;
use super::round::Round;
use crate::credentials::identity;

/// A step that held: in words, and for programs.
pub(super) struct Held {
    pub(super) words: String,
    pub(super) more: Document,
}

impl Held {
    fn new(words: impl Into<String>) -> Self {
        Self { words: words.into(), more: Document::new() }
    }
}

/// The parts of a round trip that differ from vault to vault.
pub(super) trait Vault {
    /// What the key is to point at, as given or asked for; `None` if it is a profile that is to be set up.
    fn reference(&self, round: &mut Round<'_>) -> anyhow::Result<Option<String>>;
    /// Unlocks the vault, with a person if need be.
    fn unlock(&self, round: &mut Round<'_>) -> anyhow::Result<Held>;
    /// Whether what was got is what was set, and works. `value` is what `sso-profile key get` gives.
    fn prove(&self, round: &mut Round<'_>, value: &str) -> anyhow::Result<Held>;
    /// Locks the vault again.
    fn relock(&self, round: &mut Round<'_>) -> anyhow::Result<Held>;
    /// Whether a key of it can be locked at all.
    fn locks(&self) -> bool;
}

/// The adapter of a vault.
pub(super) fn adapter(name: VaultName) -> &'static dyn Vault {
    match name {
        VaultName::AwsIamSso => &AwsIamSso,
        VaultName::AwsStatic => &AwsStatic,
        VaultName::Env => &Env,
    }
}

struct AwsIamSso;

impl Vault for AwsIamSso {
    fn reference(&self, round: &mut Round<'_>) -> anyhow::Result<Option<String>> {
        if let Some(name) = &round.args.reference
            && !round.args.set_up.is_given()
        {
            let config = AwsConfig::load(round.settings)?;
            if config.contains(name) {
                return Ok(Some(name.clone()));
            }
            if !round.prompter.is_somebody_there() {
                return Err(config.unknown(name).into());
            }
            round
                .prompter
                .say(&format!("There is no profile {} yet. It is set up now.\n", sanitize(name)))?;
        }
        Ok(None)
    }

    fn unlock(&self, round: &mut Round<'_>) -> anyhow::Result<Held> {
        round.keep_for_undo()?;
        let reference = round.reference.clone();
        let end = round.log_in(&reference, round.settings)?;
        if end.exit == Exit::Done {
            // A failure ends no session that was in use before, and one that is to stay only if this round trip began it.
            let was_there = round.login.as_ref().is_some_and(|login| login.was_there);
            round.unlocked = (!was_there && !round.keeps_session()).then(|| reference.clone());
            // A mark that it was locked on purpose, and signals that ask for a login, are done with.
            settle_one(&end.document, round.settings)?;
        }
        let document = end.good()?;
        let text = |key| document.get(key).and_then(Value::as_str);
        let (session, until) = (text("ssoSession").unwrap_or(&reference), text("expiresAt"));
        let how = if text("outcome") == Some(Outcome::Valid.word()) { "valid" } else { "logged in" };
        let until = until.map_or_else(String::new, |until| format!(" until {until}"));
        let more = Document::new().with("outcome", text("outcome").unwrap_or_default());
        Ok(Held { words: format!("session \"{}\": {how}{until}", sanitize(session)), more })
    }

    fn prove(&self, round: &mut Round<'_>, value: &str) -> anyhow::Result<Held> {
        same(&round.reference, value)?;
        who(round)
    }

    fn relock(&self, round: &mut Round<'_>) -> anyhow::Result<Held> {
        if round.keeps_session() {
            return Ok(Held::new("the session stays logged in, so the key stays unlocked"));
        }
        let reference = round.reference.as_str();
        let document = relock(reference, round.settings)?;
        round.unlocked = None;
        let session = document.text("ssoSession")?.unwrap_or(reference);
        let profiles = document.get("sessionProfiles").and_then(Value::as_array);
        let others: Vec<_> = profiles
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .filter(|name| *name != reference)
            .map(sanitize)
            .collect();
        let mut words = format!("session \"{}\" is logged out", sanitize(session));
        if !others.is_empty() {
            words = format!("{words}, so are its other profiles: {}", others.join(", "));
        }
        let more = Document::new().with("sessionProfiles", document.get("sessionProfiles").cloned());
        Ok(Held { words, more })
    }

    fn locks(&self) -> bool {
        true
    }
}

struct AwsStatic;

impl Vault for AwsStatic {
    fn reference(&self, round: &mut Round<'_>) -> anyhow::Result<Option<String>> {
        if round.args.set_up.is_given() {
            return Err(refused_flags("aws.static"));
        }
        if let Some(name) = &round.args.reference {
            return Ok(Some(name.clone()));
        }
        let config = AwsConfig::load(round.settings)?;
        let mut names: Vec<_> = config
            .profiles()
            .filter(|(_, profile)| profile.as_ref().is_ok_and(|profile| profile.kind == Kind::Static))
            .map(|(name, _)| name.to_owned())
            .collect();
        if names.is_empty() {
            return Err(Fault::new(Exit::Config, "no profile has static keys")
                .hint("aws configure --profile ci")
                .into());
        }
        let example = "sso-login key-set AWS_PROFILE ci aws.static ci";
        round.prompter.need(&["a profile with static keys"], "vault aws.static", example)?;
        let chosen = round.prompter.one_of("Which profile has the static keys?", &names)?;
        Ok(Some(names.swap_remove(chosen)))
    }

    fn unlock(&self, _: &mut Round<'_>) -> anyhow::Result<Held> {
        Ok(Held::new("static keys need no login"))
    }

    fn prove(&self, round: &mut Round<'_>, value: &str) -> anyhow::Result<Held> {
        same(&round.reference, value)?;
        who(round)
    }

    fn relock(&self, _: &mut Round<'_>) -> anyhow::Result<Held> {
        Ok(Held::new("static keys can't be locked: they are unchanged"))
    }

    fn locks(&self) -> bool {
        false
    }
}

struct Env;

impl Vault for Env {
    fn reference(&self, round: &mut Round<'_>) -> anyhow::Result<Option<String>> {
        if round.args.set_up.is_given() {
            return Err(refused_flags("env"));
        }
        Ok(Some(round.args.reference.clone().unwrap_or_else(|| round.args.key.clone())))
    }

    fn unlock(&self, _: &mut Round<'_>) -> anyhow::Result<Held> {
        Ok(Held::new("a variable needs no login"))
    }

    fn prove(&self, round: &mut Round<'_>, value: &str) -> anyhow::Result<Held> {
        let reference = round.reference.as_str();
        let now = match reference.rsplit_once('#') {
            None => from_environment(reference),
            Some((file, name)) => {
                let text =
                    fs::read_to_string(Path::new(file)).with_context(|| format!("cannot read {file}"))?;
                Dotenv::parse(&text, |_| {}).value(name).map(str::to_owned)
            }
        };
        // The value itself is a secret, also in an error.
        if now.as_deref() != Some(value) {
            let message = format!("{} is not what the key gives", sanitize(reference));
            return Err(Fault::new(Exit::Config, message).into());
        }
        if value.is_empty() {
            let message = format!("{} is empty", sanitize(reference));
            return Err(Fault::new(Exit::Config, message).into());
        }
        Ok(Held::new(format!("{} is set, and the key gives the same", sanitize(reference))))
    }

    fn relock(&self, _: &mut Round<'_>) -> anyhow::Result<Held> {
        Ok(Held::new("a variable can't be locked: it is unchanged"))
    }

    fn locks(&self) -> bool {
        false
    }
}

/// A set-up is that of a profile with an sso-session.
fn refused_flags(vault: &str) -> anyhow::Error {
    let message = format!("vault {vault} accepts no flags of a profile's set-up");
    Fault::new(Exit::Usage, message).hint("they are for aws.iam.sso").into()
}

fn same(reference: &str, value: &str) -> anyhow::Result<()> {
    if reference == value {
        return Ok(());
    }
    let message = format!("the key gives profile `{value}` instead of `{reference}`");
    Err(Fault::new(Exit::Config, message).into())
}

/// Role credentials, and who STS says they are: what a service will do with them.
fn who(round: &Round<'_>) -> anyhow::Result<Held> {
    let name = round.reference.as_str();
    let config = AwsConfig::load(round.settings)?;
    let profile = config.known_profile(name)?;
    let (identity, _) = identity::of_profile(round.settings, &config, &profile)?
        .map_err(|failure| failure.nameless_fault())?;
    let words = format!("profile {}: {}", sanitize(name), sanitize(&identity.arn));
    let more = Document::new().with("arn", identity.arn).with("accountId", identity.account_id);
    Ok(Held { words, more })
}
