//! `sso-login exec`: run a command with the credentials of a profile, and with nothing that shadows them.
//!
//! It becomes the command (POSIX exec), so status and signals are the command's own; only `--warn` stays beside it.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use clap::Args;
use sso_profile::{AwsConfig, Profile, Selected, select};
use sso_signal::exit::{Exit, Fault, WithFault as _, status_of, warn};
use sso_signal::settings::Settings;
use sso_signal::text::harmless;
use sso_signal::time::{self, Moment, format_duration, parse_duration};

use crate::aws::SHADOWS;
use crate::credentials::{Credentials, Wallet};
use crate::export::variables;
use crate::handout::of_environment;
use crate::lack::{Lack, Why, quoted};

/// What else an SDK would look at before or beside what we set.
const OTHER_SOURCES: [&str; 7] = [
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
];

/// Flags and the command of `sso-login exec`.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct ExecArgs {
    /// Profile whose credentials CMD gets
    profile: Option<String>,
    /// Give CMD the profile's name instead of keys, so that its SDK renews them without a restart
    #[arg(long)]
    renewing: bool,
    /// Say on stderr what was found and loaded, for people
    #[arg(long)]
    text: bool,
    /// Stay, and warn on stderr that long before the credentials end
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, conflicts_with = "renewing")]
    warn: Option<Duration>,
    /// Take settings from a file of NAME=value lines, too (it is parsed, not run); the last one wins
    #[arg(long, value_name = "PATH")]
    env_file: Vec<PathBuf>,
    /// Give CMD the variables of the files, too
    #[arg(long, requires = "env_file")]
    pass_env: bool,
    /// The command
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
}

const EXAMPLES: &str = "\
Examples:
  sso-login exec corp -- terraform plan
  sso-login exec corp --renewing -- ./service          for what runs longer than the credentials
  SSO_PROFILE_VARS=BACKLOG_AWS_PROFILE sso-login exec --text --env-file ~/.backlog-toolkit-env -- ./start-services.sh
  sso-login corp && sso-login exec corp --warn 10m -- bash

CMD gets AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_CREDENTIAL_EXPIRATION,
and AWS_REGION and AWS_DEFAULT_REGION if the profile has a region; AWS_PROFILE and its like are
removed. With --renewing it gets AWS_PROFILE alone; every SDK then reads the same token cache, and
renews by itself. An SDK without SSO support needs a profile with `credential_process = sso-login
credentials PROFILE`.

Exit status: CMD's own, 128 + N if signal N killed it, 126 if it can't be run, 127 if it isn't
  found. Before CMD runs: 2 bad command line, 69 a service can't be reached, 74 a file failed, 75
  another login is under way, 77 a person must log in, 78 profile or configuration wrong, or no
  access to the role";

/// Runs it.
pub fn run(args: &ExecArgs, tool: &'static str) -> anyhow::Result<Exit> {
    let mut settings = Settings::new(tool);
    for path in &args.env_file {
        settings.add_file(path)?;
    }
    let settings = &settings;
    let teller = Teller { is_on: args.text };
    let (mut command, credentials) = prepare(args, settings, &teller)?;
    if let Some(before) = args.warn
        && let Some(end) = credentials.and_then(|credentials| credentials.expires_at)
    {
        warn_later(tool, end, before)?;
        return sso_lock::run::command_to_its_end(command);
    }
    // Only a failure comes back.
    let err = command.exec();
    let code = if err.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
    let program =
        args.command.first().map(|program| program.to_string_lossy().into_owned()).unwrap_or_default();
    Err(err).with_fault(|| Fault::new(Exit::Command(code), format!("cannot run {program}")))
}

/// The command with its environment, and the credentials if it carries them.
fn prepare(
    args: &ExecArgs,
    settings: &Settings,
    teller: &Teller,
) -> anyhow::Result<(Command, Option<Credentials>)> {
    let Some((program, arguments)) = args.command.split_first() else {
        return Err(Fault::new(Exit::Usage, "there is no command to run").into());
    };
    let mut command = Command::new(program);
    command.args(arguments);
    if args.pass_env {
        command.envs(settings.from_files());
    }
    for name in SHADOWS.iter().chain(&OTHER_SOURCES) {
        command.env_remove(name);
    }
    let (profile, credentials) = match found(args, settings)? {
        Found::Environment(credentials) => {
            teller.say("[INFO] No profile: the keys of the environment are used");
            (None, credentials)
        }
        Found::Profile(config, profile) => {
            teller.found(&profile);
            match Wallet::new(settings, &config).credentials(&profile)? {
                Ok(credentials) => (Some(profile), credentials),
                Err(lack) => {
                    teller.lacking(&profile, &lack);
                    return Err(lack.fault(&profile.name).into());
                }
            }
        }
    };
    teller.loaded(profile.as_deref(), &credentials)?;
    let region =
        profile.as_ref().and_then(|profile| profile.region.as_ref()).filter(|region| !region.is_empty());
    if let Some(region) = region {
        command.env("AWS_REGION", region).env("AWS_DEFAULT_REGION", region);
    }
    if let Some(profile) = profile.filter(|_| args.renewing) {
        // Old SDKs read the config file only when told to.
        command.env("AWS_PROFILE", profile.name).env("AWS_SDK_LOAD_CONFIG", "1");
        return Ok((command, None));
    }
    command.envs(variables(&credentials));
    Ok((command, Some(credentials)))
}

enum Found {
    Profile(Box<AwsConfig>, Box<Profile>),
    Environment(Credentials),
}

fn found(args: &ExecArgs, settings: &Settings) -> anyhow::Result<Found> {
    let Selected { name, .. } = select(args.profile.as_deref(), None, settings)?;
    let config = AwsConfig::load(settings)?;
    match config.known_profile(&name) {
        Ok(profile) => Ok(Found::Profile(Box::new(config), Box::new(profile))),
        Err(err) if args.profile.is_none() && status_of(&err) == Exit::Config => {
            match of_environment(settings)? {
                Some(credentials) => Ok(Found::Environment(credentials)),
                None => Err(err),
            }
        }
        Err(err) => Err(err),
    }
}

/// Warns once, from a thread that ends with this process.
fn warn_later(tool: &'static str, end: Moment, before: Duration) -> anyhow::Result<()> {
    let left = (end - time::now()?).to_std().unwrap_or_default();
    thread::spawn(move || {
        thread::sleep(left.saturating_sub(before));
        let left = format_duration(left.min(before));
        warn(tool, &format!("the credentials of this command end at {} (in {left})", time::format(end)));
    });
    Ok(())
}

/// Tells people on stderr, in the words of the Backlog toolkit.
struct Teller {
    is_on: bool,
}

impl Teller {
    fn say(&self, line: &str) {
        if self.is_on {
            // A closed stderr takes nothing from the command.
            let _ = writeln!(io::stderr().lock(), "{line}");
        }
    }

    fn found(&self, profile: &Profile) {
        let name = harmless(&profile.name);
        if profile.kind.is_sso() {
            self.say(&format!("[INFO] Detected SSO profile: {name}"));
            // Expected, and no error: the temporary ones come next.
            self.say(&format!(
                "[INFO] Profile '{name}' has no static credentials: temporary ones are loaded"
            ));
        } else {
            self.say(&format!("[INFO] Detected profile: {name} ({})", profile.kind.name()));
        }
    }

    fn loaded(&self, profile: Option<&Profile>, credentials: &Credentials) -> anyhow::Result<()> {
        if let Some(profile) = profile {
            let what = if profile.kind.is_sso() { "SSO credentials" } else { "Credentials" };
            self.say(&format!("[✓] {what} loaded for profile: {}", harmless(&profile.name)));
            if let Some(region) = &profile.region {
                self.say(&format!("[✓] AWS region: {}", harmless(region)));
            }
        }
        if let Some(end) = credentials.expires_at {
            let left = (end - time::now()?).to_std().unwrap_or_default();
            let (end, left) = (time::format(end), format_duration(left));
            self.say(&format!("[INFO] These role credentials end at {end} (in {left})"));
        }
        Ok(())
    }

    fn lacking(&self, profile: &Profile, lack: &Lack) {
        match lack.why {
            Why::Expired if lack.is_absent => self.say("[!] Failed to load SSO credentials"),
            Why::Expired => self.say("[!] SSO credentials expired"),
            Why::Denied => self.say("[!] Permission denied: this is no expiry, and a login won't help"),
            Why::Unreachable => self.say("[!] AWS can't be reached: this is no expiry"),
            Why::Busy => self.say("[!] Another login is under way"),
        }
        if lack.why == Why::Expired {
            self.say(&format!("[INFO] Try running: aws sso login --profile {}", quoted(&profile.name)));
        }
    }
}
