//! `key sessions`: the sso-sessions behind keys, each once, for those who log in or out.

use std::collections::BTreeMap;

use sso_tool::exit::Exit;
use sso_tool::settings::Settings;
use sso_tool::stream::{Document, Output};

use crate::aws_config::AwsConfig;
use crate::key::facts::Facts;
use crate::key::selection::KeySelection;
use crate::key::store::Store;
use crate::key::vault::{VaultName, with_session};
use crate::profile::Profile;

/// Print the sso-sessions behind keys, each once
///
/// Prints a document for each session that keys of the vault `aws.iam.sso` need. The document has what `sso-profile show`
/// prints for the first key's profile, `sessionProfiles` (the profiles that a login or logout affects) and `keys`. Blocked
/// keys are left out; keys of other vaults have no session.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  sso-profile key sessions --env dev | sso-login - --via aws | sso-signal settle    unlock
  sso-profile key sessions --env dev | sso-signal quiet - | sso-login logout - |
    sso-signal settle                                                               relock

Exit status:
  0   done, also if no key needs a session
  2   bad command line
  65  bad content of keys.json
  74  a file or stream failed
  78  there is no such key, or the config file can't be parsed")]
pub(crate) struct Args {
    /// Print only the sessions of keys of this env
    #[arg(long)]
    env: Option<String>,
}

pub(crate) fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let store = Store::load(settings)?;
    let asked = KeySelection { env: args.env.clone(), vault: None };
    if asked.of(&store).next().is_none() {
        return Err(asked.nothing(&store).into());
    }
    let wanted = KeySelection { vault: Some(VaultName::AwsIamSso), ..asked };
    let mut facts = Facts::new(settings);
    let mut found: Vec<(Profile, Vec<String>)> = Vec::new();
    let mut places = BTreeMap::new();
    for (slug, entry) in wanted.of(&store) {
        let Ok(profile) = with_session(&entry.reference, facts.config()?)? else { continue };
        let place = *places.entry(session(&profile)).or_insert(found.len());
        match found.get_mut(place) {
            Some((_, keys)) => keys.push(slug.to_string()),
            None => found.push((profile, vec![slug.to_string()])),
        }
    }
    if found.is_empty() {
        return Ok(Exit::Done);
    }
    let mut members = members(facts.config()?);
    let mut output = Output::stdout();
    for (profile, keys) in found {
        let profiles = members.remove(&session(&profile)).unwrap_or_default();
        let document: Document = profile.document(None).with("sessionProfiles", profiles).with("keys", keys);
        output.document(&document)?;
    }
    Ok(Exit::Done)
}

/// The profiles of each session, in one pass.
fn members(config: &AwsConfig) -> BTreeMap<Option<String>, Vec<String>> {
    let mut members: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for (name, profile) in config.profiles() {
        if let Ok(profile) = profile
            && profile.sso.is_some()
        {
            members.entry(session(&profile)).or_default().push(name.to_owned());
        }
    }
    members
}

fn session(profile: &Profile) -> Option<String> {
    profile.sso.as_ref().and_then(|sso| sso.session.clone())
}
