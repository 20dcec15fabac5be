//! `list`: every profile as a document.

use std::mem;

use sso_tool::exit::Exit;
use sso_tool::settings::Settings;
use sso_tool::stream::Document;

use crate::aws_config::AwsConfig;
use crate::profile::{Profile, Unusable};
use crate::table;

/// Print every profile as a document
///
/// In the order of the config file; then those that only the credentials file has. A profile
/// that can't be used has `error` in its document, which says why.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  sso-profile list --text
  sso-profile list | sso-cache check | sso-login refresh
  sso-profile list | jq -r 'select(.kind == \"sso-session\").profile'

Exit status:
  0   done, also when there is no config file
  2   bad command line
  74  a file or stream failed
  78  the config file can't be parsed")]
pub(crate) struct Args {
    /// Print a table for people; it promises nothing to parsers
    #[arg(long)]
    text: bool,
}

pub(crate) fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let config = AwsConfig::load(settings)?;
    let documents = config.profiles().map(|(name, profile)| document(&config, name, profile));
    let exit = table::print(documents, args.text);
    // The process is about to end: taking ten thousand profiles apart first would be a tenth of its time.
    mem::forget(config);
    exit
}

fn document(config: &AwsConfig, name: &str, profile: Result<Profile, Unusable>) -> Document {
    let profile = profile.map_err(|why| why.to_string()).and_then(|profile| match profile.no_credentials {
        Some(why) => Err(why),
        None => Ok(profile),
    });
    match profile {
        Ok(profile) => profile.document(None),
        Err(why) => {
            let mut document = Document::new().with("profile", name);
            if let Some(path) = config.file() {
                document.set("configFile", path.to_string_lossy());
            }
            document.set("error", why);
            if let Some(hint) = config.remedy(name) {
                document.set("hint", hint);
            }
            document
        }
    }
}

