//! Say how good the cached tokens and credentials are.

use std::process::ExitCode;

use clap::Parser as _;
use sso_cache::folder::Cache;
use sso_cache::view::{FILES, PROFILES, View};
use sso_cache::{TOOL, check, list, monitor};
use sso_signal::exit::{Exit, finish};
use sso_signal::settings::Settings;
use sso_signal::{time, wire};

mod cli;

fn main() -> ExitCode {
    finish(TOOL, run(cli::Cli::parse().command))
}

fn run(command: cli::Command) -> anyhow::Result<Exit> {
    let settings = Settings::new(TOOL);
    let cache = Cache::of_home(settings.home()?);
    match command {
        cli::Command::List(options) => {
            list::list(&cache, time::now()?, &mut View::stdout(options.text.then_some(FILES)))
        }
        cli::Command::Check(options) => run_check(&options, &cache, &settings),
    }
}

fn run_check(options: &cli::Check, cache: &Cache, settings: &Settings) -> anyhow::Result<Exit> {
    let documents = wire::stdin()?;
    let mut view = View::stdout(options.text.then_some(PROFILES));
    if let Some(every) = options.every {
        let every = every.map_or_else(|| settings.check_interval(), Ok)?;
        return monitor::watch(documents, every, cache, settings, &mut view);
    }
    let last = check::filter(documents, cache, settings, &mut view)?;
    if options.exit_status { check::exit_of(last) } else { Ok(Exit::Done) }
}
