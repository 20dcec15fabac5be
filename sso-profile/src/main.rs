//! Read and write profiles in the AWS config file, byte-preserving.

mod cli;

use std::process::ExitCode;

use clap::Parser as _;
use sso_profile::request::Request;
use sso_profile::{show, write};
use sso_signal::exit::{Exit, finish};
use sso_signal::settings::Settings;

const TOOL: &str = "sso-profile";

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    finish(TOOL, run(cli.command, &Settings::new(TOOL)))
}

fn run(command: cli::Command, settings: &Settings) -> anyhow::Result<Exit> {
    match command {
        cli::Command::List { text } => show::list(text, settings),
        cli::Command::Show { profile, text } => show::show(profile.as_deref(), text, settings),
        cli::Command::Write(flags) => write::run(&flags.into(), settings),
    }
}

impl From<cli::Write> for write::Command {
    fn from(flags: cli::Write) -> Self {
        Self {
            profile: flags.profile,
            flags: Request {
                sso_session: flags.sso_session,
                start_url: flags.start_url,
                sso_region: flags.sso_region,
                scopes: flags.scopes,
                account_id: flags.account_id,
                role_name: flags.role_name,
                region: flags.region,
                output: flags.output,
            },
            dry_run: flags.dry_run,
            replace: flags.replace,
            text: flags.text,
        }
    }
}
