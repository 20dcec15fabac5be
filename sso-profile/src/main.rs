//! Read and write profiles in the AWS config file, byte-preserving.

mod cli;

use std::process::ExitCode;

use sso_profile::commands::write::all as write_all;
use sso_profile::commands::{self, choose, env, remove, show, write};
use sso_profile::key;
use sso_profile::request::Request;
use sso_tool::exit::{Exit, Fault};
use sso_tool::settings::Settings;

use cli::key::{Key, SlugArgs};

const TOOL: &str = "sso-profile";

fn main() -> ExitCode {
    sso_tool::main(TOOL, |cli: cli::Cli| run(cli.command, &Settings::new(TOOL)))
}

fn run(command: cli::Command, settings: &Settings) -> anyhow::Result<Exit> {
    match command {
        cli::Command::List { text } => show::list(text, settings),
        cli::Command::Show { profile, flag, text } => show::show(profile.or(flag).as_deref(), text, settings),
        cli::Command::Env(args) => env::run(&args, settings),
        cli::Command::Write(flags) if flags.all => write_all::run(&(*flags).try_into()?, settings),
        cli::Command::Write(flags) => write::run(&(*flags).into(), settings),
        cli::Command::Choose { pick } => choose::run(&pick),
        cli::Command::Remove(flags) => remove::run(&flags.into(), settings),
        cli::Command::Key { command } => run_key(command, settings),
    }
}

fn run_key(command: Key, settings: &Settings) -> anyhow::Result<Exit> {
    match command {
        Key::Set { slug, vault, reference, trial } => {
            key::set(&slug.parse()?, vault, &reference, standing(trial), settings)
        }
        Key::Get { slug, trial } => key::show(&slug.parse()?, standing(trial), settings),
        Key::List { env, vault, text, exit_status } => {
            commands::key::list(&key::Wanted { env, vault }, text, exit_status, settings)
        }
        Key::Sessions { env } => commands::key::sessions(env.as_deref(), settings),
        Key::Remove(slug) => key::remove(&slug.parse()?, settings),
    }
}

fn standing(is_on_trial: bool) -> key::Standing {
    if is_on_trial { key::Standing::OnTrial } else { key::Standing::Kept }
}

impl SlugArgs {
    fn parse(&self) -> Result<key::Slug, Fault> {
        key::Slug::new(&self.env, &self.key).map_err(|why| Fault::new(Exit::Usage, why))
    }
}

impl From<cli::Remove> for remove::Command {
    fn from(flags: cli::Remove) -> Self {
        let cli::Remove { profile, dry_run, force, session, text } = flags;
        Self { profile, dry_run, force, session, text }
    }
}

impl From<cli::Write> for write::Command {
    fn from(flags: cli::Write) -> Self {
        let cli::Write { dry_run, replace, text, .. } = flags;
        Self { profile: flags.profile.clone(), flags: flags.into(), dry_run, replace, text }
    }
}

impl TryFrom<cli::Write> for write_all::Command {
    type Error = Fault;

    fn try_from(flags: cli::Write) -> Result<Self, Fault> {
        let cli::Write { dry_run, replace, text, prune, complete, .. } = flags;
        Ok(Self {
            template: flags.name_template.parse()?,
            flags: flags.into(),
            prune,
            complete,
            dry_run,
            replace,
            text,
        })
    }
}

impl From<cli::Write> for Request {
    fn from(flags: cli::Write) -> Self {
        Self {
            sso_session: flags.sso_session,
            start_url: flags.start_url,
            sso_region: flags.sso_region,
            scopes: flags.scopes,
            account_id: flags.account_id,
            role_name: flags.role_name,
            region: flags.region,
            output: flags.output,
        }
    }
}
