//! `list`: every profile as a document.

use std::mem;
use std::time::Duration;

use sso_tool::beat::{Beat, parse_every};
use sso_tool::exit::Exit;
use sso_tool::recipe;
use sso_tool::settings::Settings;
use sso_tool::stream::{Document, Output};

use crate::aws_config::AwsConfig;
use crate::profile::Profile;
use crate::table;
use crate::unusable::Unusable;

/// Print every profile as a document
///
/// The profiles come in the order of the config file, followed by those that only the credentials file has. A profile
/// that can't be used has an `error` in its document, which says why.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  sso-profile list --text
  sso-profile list | sso-cache check | sso-login refresh
  sso-profile list | jq -r 'select(.kind == \"sso-session\").profile'
  sso-profile list --every 60s | sso-cache check | sso-login refresh |
    sso-signal write --source monitor

Exit status:
  0   done, even if there is no config file
  2   bad command line
  74  a file or stream failed
  78  the config file can't be parsed")]
pub(crate) struct Args {
    /// Print a table for people; its form may change
    #[arg(long)]
    text: bool,
    /// Monitor: read the config again every D, and print every profile
    ///
    /// Prints at once, then every D, until standard output closes or SIGTERM or SIGINT arrives; the status is then 0. D is a
    /// time such as 30s, 15m or 1h30m, at least one second; without D, it is `SSO_CHECK_SECONDS` (60). While the config can't
    /// be read, the last known profiles are printed.
    #[arg(long, value_name = "D", num_args = 0..=1, value_parser = parse_every)]
    #[expect(clippy::option_option, reason = "absent, without D, with D: clap's own form for that")]
    every: Option<Option<Duration>>,
}

pub(crate) fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let config = AwsConfig::load(settings)?;
    if let Some(every) = args.every {
        let every = every.map_or_else(|| settings.check_interval(), Ok)?;
        return watch(config, every, args.text, settings);
    }
    let exit = if args.text && config.names().next().is_none() {
        nothing(&config)
    } else {
        let documents = config.profiles().map(|(name, profile)| document(&config, name, profile));
        table::print(documents, args.text)
    };
    // The process is about to end: taking ten thousand profiles apart first would be a tenth of its time.
    mem::forget(config);
    exit
}

/// What a person reads who has no profile yet: an empty table says neither that nor what to do.
fn nothing(config: &AwsConfig) -> anyhow::Result<Exit> {
    let mut output = Output::stdout();
    output.text(&format!("There is no profile in {} yet: {}", config.in_words(), recipe::SETUP))?;
    Ok(Exit::Done)
}

/// Prints the profiles on every tick, as the config then has them.
fn watch(mut config: AwsConfig, every: Duration, text: bool, settings: &Settings) -> anyhow::Result<Exit> {
    let mut beat = Beat::start(every)?;
    if config.names().next().is_none() {
        settings.warn_once(format!(
            "{} has no profile yet; a new one is noticed at the next tick",
            config.in_words()
        ));
    }
    loop {
        let documents = config.profiles().map(|(name, profile)| document(&config, name, profile));
        table::print(documents, text)?;
        if !beat.goes_on()? {
            return Ok(Exit::Done);
        }
        config.follow(settings);
    }
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
