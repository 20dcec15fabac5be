//! Hold a named lock while a command runs.

mod cli;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use sso_lock::{Broken, Lock, Name, Outcome, State, names, run};
use sso_tool::exit::{Exit, Fault, report};
use sso_tool::secret::Secret;
use sso_tool::settings::Settings;
use sso_tool::stream::{self, Document, Output};
use sso_tool::time;

use cli::{Cli, Command};

const TOOL: &str = "sso-lock";

fn main() -> ExitCode {
    sso_tool::main(TOOL, |cli: Cli| act(cli.command))
}

fn act(command: Command) -> anyhow::Result<Exit> {
    let settings = &Settings::new(TOOL);
    let lock = |name: Name| Ok::<_, anyhow::Error>(Lock::new(settings.state_dir()?, name));
    match command {
        Command::Run { wait, name, command } => run(settings, &lock(name)?, wait, &command),
        Command::Acquire { name, wait, ttl } => acquire(settings, &lock(name)?, wait, ttl),
        Command::Release { name: Some(name), token: Some(token) } => {
            Ok(answer(release(settings, &lock(name)?, &Secret::from(token))?))
        }
        Command::Release { name, .. } => release_documents(settings, name.as_ref()),
        Command::Status { name: Some(name), text } => status(settings, &[name], text),
        Command::Status { name: None, text } => status(settings, &names(&settings.state_dir()?)?, text),
        Command::Break { name } => break_stale(&lock(name)?),
    }
}

fn answer(is_yes: bool) -> Exit {
    if is_yes { Exit::Done } else { Exit::No }
}

fn run(settings: &Settings, lock: &Lock, wait: Duration, command: &[OsString]) -> anyhow::Result<Exit> {
    let program = run::program_name(command);
    match lock.acquire(&program, wait)? {
        Outcome::Busy(owner) => Err(lock.busy(owner.as_ref())),
        Outcome::Held(guard) => {
            settings.debug(|| format!("took {} for {program}", lock.path().display()));
            let exit = run::to_its_end(command)?;
            settings.debug(|| {
                format!("{program} ended with {}; {} is released", exit.code(), lock.path().display())
            });
            // The command's status is the answer. What couldn't be released ends with this process.
            if let Err(err) = guard.release() {
                report(TOOL, &err);
            }
            Ok(exit)
        }
    }
}

fn acquire(settings: &Settings, lock: &Lock, wait: Duration, ttl: Duration) -> anyhow::Result<Exit> {
    match lock.acquire_token(ttl, wait)? {
        Outcome::Busy(owner) => Err(lock.busy(owner.as_ref())),
        Outcome::Held(held) => {
            // First shown, then left alone: a token that nobody saw must hold nothing.
            Output::stdout().document(&held.document())?;
            held.detach()?;
            let length = time::format_duration(ttl);
            settings.debug(|| {
                format!("took {} for {length}, or until its token releases it", lock.path().display())
            });
            Ok(Exit::Done)
        }
    }
}

fn release(settings: &Settings, lock: &Lock, token: &Secret) -> anyhow::Result<bool> {
    let is_released = lock.release(token)?;
    let did = if is_released { "released" } else { "left alone, since that token doesn't hold it:" };
    settings.debug(|| format!("{did} {}", lock.path().display()));
    Ok(is_released)
}

fn release_documents(settings: &Settings, expected: Option<&Name>) -> anyhow::Result<Exit> {
    let mut is_held = true;
    let mut count = 0;
    for document in stream::stdin()? {
        let (name, token) = read_token(&document?)?;
        if expected.is_some_and(|expected| *expected != name) {
            return Err(Fault::new(Exit::Data, format!("the document is of the lock `{name}`")).into());
        }
        is_held &= release(settings, &Lock::new(settings.state_dir()?, name), &token)?;
        count += 1;
    }
    if count == 0 {
        return Err(Fault::new(Exit::Data, "there is no document on standard input")
            .hint("sso-lock release NAME --token T")
            .into());
    }
    Ok(answer(is_held))
}

fn read_token(document: &Document) -> anyhow::Result<(Name, Secret)> {
    let text = |key: &str| -> anyhow::Result<String> {
        let text = document.text(key)?.map(str::to_owned);
        text.ok_or_else(|| Fault::new(Exit::Data, format!("the document has no `{key}`")).into())
    };
    let name = text("name")?.parse().map_err(|err: String| Fault::new(Exit::Data, err))?;
    Ok((name, Secret::from(text("token")?)))
}

fn status(settings: &Settings, names: &[Name], as_text: bool) -> anyhow::Result<Exit> {
    let mut output = Output::stdout();
    let mut is_held = false;
    for name in names {
        let state = Lock::new(settings.state_dir()?, name.clone()).state()?;
        is_held |= matches!(state, State::Held(_));
        if as_text {
            output.text(&state.in_words(name))?;
        } else {
            output.document(&state.document(name))?;
        }
    }
    Ok(answer(is_held))
}

fn break_stale(lock: &Lock) -> anyhow::Result<Exit> {
    match lock.break_stale()? {
        Broken::Removed => Ok(Exit::Done),
        Broken::Free => Ok(Exit::No),
        Broken::Alive(owner) => Err(lock.busy(owner.as_ref())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }
}
