//! Say how good the cached tokens and credentials are.

mod cli;

use std::process::ExitCode;

use sso_cache::folder::Cache;
use sso_cache::prune::{Points, Prune, Wanted};
use sso_cache::repair::Repair;
use sso_cache::view::{FILES, PROFILES, PRUNED, REPAIRED, View};
use sso_cache::{TOOL, check, list, monitor};
use sso_tool::exit::{Exit, Fault};
use sso_tool::settings::Settings;
use sso_tool::{stream, time};

fn main() -> ExitCode {
    sso_tool::main(TOOL, |cli: cli::Cli| run(cli.command))
}

fn run(command: cli::Command) -> anyhow::Result<Exit> {
    let settings = Settings::new(TOOL);
    let cache = Cache::of_home(settings.home()?);
    match command {
        cli::Command::List(options) => {
            let view = View::stdout(options.text.then_some(FILES));
            logged(view, "listed", &cache, &settings, |view| list::list(&cache, time::now()?, view))
        }
        cli::Command::Check(options) => run_check(&options, &cache, &settings),
        cli::Command::Repair(options) => {
            let repair = Repair { cache: &cache, state_dir: settings.state_dir()?, is_dry: options.dry_run };
            let view = View::stdout(options.text.then_some(REPAIRED));
            logged(view, "repaired", &cache, &settings, |view| repair.run(&options.files, view))
        }
        cli::Command::Prune(options) => run_prune(&options, &cache, &settings),
    }
}

fn run_check(options: &cli::Check, cache: &Cache, settings: &Settings) -> anyhow::Result<Exit> {
    let documents = stream::stdin()?;
    let mut view = View::stdout(options.text.then_some(PROFILES));
    if let Some(every) = options.every {
        let every = every.map_or_else(|| settings.check_interval(), Ok)?;
        return monitor::watch(documents, every, cache, settings, &mut view);
    }
    check::filter(documents, cache, settings, &mut view)?.exit(options.exit_status)
}

fn run_prune(options: &cli::Prune, cache: &Cache, settings: &Settings) -> anyhow::Result<Exit> {
    let orphaned = if options.orphaned { Some(Points::of(stream::stdin()?, cache)?) } else { None };
    let wanted = Wanted {
        is_expired: options.expired,
        orphaned,
        is_corrupt: options.corrupt,
        older_than: options.older_than,
    };
    if wanted.is_empty() {
        return Err(Fault::new(Exit::Usage, "nothing was chosen to be pruned")
            .hint("sso-cache prune --expired --dry-run")
            .into());
    }
    let prune = Prune { cache, state_dir: settings.state_dir()?, wanted, is_dry: options.dry_run };
    let view = View::stdout(options.text.then_some(PRUNED));
    logged(view, "pruned", cache, settings, |view| prune.run(time::now()?, view))
}

/// Acts on the cache, and logs what came of it.
fn logged(
    mut view: View,
    what: &str,
    cache: &Cache,
    settings: &Settings,
    act: impl FnOnce(&mut View) -> anyhow::Result<Exit>,
) -> anyhow::Result<Exit> {
    let result = act(&mut view);
    settings.debug(|| {
        format!("{what} {} and {}: {view}", cache.token_dir().display(), cache.role_dir().display())
    });
    result
}
