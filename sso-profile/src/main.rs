//! Read and write profiles in the AWS config file, byte-preserving.

mod cli;

use std::process::ExitCode;

use clap::Parser as _;
use sso_profile::show;
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
        cli::Command::Write(_) => Ok(Exit::Done),
    }
}
