//! Shell completions that know names: of profiles, sessions and keys, as `sso-profile` lists them when a person presses Tab.

use std::env;

use clap::{Arg, Command};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::{CompleteEnv, EnvCompleter};

use crate::environment::from_environment;
use crate::listing;

/// Answers a shell that asks for completions. False if none does: one look at the environment is all that it costs then.
pub(crate) fn answer(tool: &str, command: fn() -> Command) -> clap::error::Result<bool> {
    use clap_complete::env::{Bash, Elvish, Fish, Powershell, Zsh};
    // Another program's variable of that name is no reason to fail.
    let known: [&dyn EnvCompleter; 5] = [&Bash, &Elvish, &Fish, &Powershell, &Zsh];
    match from_environment(listing::VARIABLE) {
        Some(shell) if known.iter().any(|known| known.name() == shell) => {
            let factory = || with_names(command());
            CompleteEnv::with_factory(factory).bin(tool).completer(tool).try_complete(env::args_os(), None)
        }
        _ => Ok(false),
    }
}

/// The command line with candidates for the names that it takes.
fn with_names(command: Command) -> Command {
    command.mut_args(named).mut_subcommands(with_names)
}

fn named(argument: Arg) -> Arg {
    let names = argument.get_value_names().unwrap_or_default();
    let has = |name: &str| names.iter().any(|own| own == name);
    let is_session = argument.get_long() == Some("sso-session");
    match () {
        () if is_session => argument.add(ArgValueCandidates::new(|| listed(&["list"], "ssoSession"))),
        () if has("PROFILE") || has("REFERENCE") => {
            argument.add(ArgValueCandidates::new(|| listed(&["list"], "profile")))
        }
        () if has("KEY") => argument.add(ArgValueCandidates::new(|| listed(&["key", "list"], "key"))),
        () if has("ENV") => argument.add(ArgValueCandidates::new(|| listed(&["key", "list"], "env"))),
        () => argument,
    }
}

/// The names among those that a shell takes as one word.
fn listed(arguments: &[&str], key: &str) -> Vec<CompletionCandidate> {
    let names = listing::names(arguments, key).into_iter();
    names.filter(|name| is_one_word(name)).map(CompletionCandidate::new).collect()
}

/// Whether every shell takes a name as the one word that it is. bash puts a completion on the command line as it stands, and
/// what a name has of the shell's own language would run with the next Enter: such a name is typed, with quotes.
fn is_one_word(name: &str) -> bool {
    let starts_well = name.starts_with(|c: char| c.is_alphanumeric() || "_./".contains(c));
    starts_well && name.chars().all(|c| c.is_alphanumeric() || "_.-/@+:,%".contains(c))
}
