//! From a command line to an exit status: what the `main` of every tool does.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Command, Parser};

use crate::exit::{Exit, Fault, finish};
use crate::{complete, format, pages, profile_flag, subcommands, usage};

/// Reads the command line, acts on it, and reports what failed as `tool`.
///
/// `TOOL --generate DIR` writes the man pages and shell completions instead. It is no option of `C`: it goes with
/// no other, and has no place in the help of a tool that people call every day.
pub fn main<C: Parser>(tool: &str, act: impl FnOnce(C) -> anyhow::Result<Exit>) -> ExitCode {
    match complete::answer(tool, C::command) {
        Ok(false) => {}
        Ok(true) => return ExitCode::SUCCESS,
        Err(err) => {
            let fault = Fault::new(Exit::Usage, "the shell's request for completions can't be read");
            return finish(tool, Err(anyhow::Error::from(err).context(fault)));
        }
    }
    let mut arguments = env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == "--generate") {
        let written = match (arguments.next(), arguments.next()) {
            // A flag, or an unset variable: no folder that anybody means.
            (Some(folder), None) if !folder.is_empty() && !folder.as_encoded_bytes().starts_with(b"-") => {
                pages::write(tool, C::command(), Path::new(&folder))
            }
            _ => Err(Fault::new(Exit::Usage, "--generate takes a folder and nothing else")
                .hint(format!("{tool} --generate ~/.local/share"))
                .into()),
        };
        return finish(tool, written.map(|()| Exit::Done));
    }
    let words: Vec<OsString> = env::args_os().skip(1).collect();
    // `help` lists all subcommands, and `help NAME` shows one that isn't called.
    let is_short = !words.iter().any(|word| word == "help");
    if is_short && let Ok(Ok(line)) = read::<C>(subcommands::named_in(&words, C::command), &words) {
        return finish(tool, act(line));
    }
    // Help texts and errors name all subcommands.
    match read::<C>(C::command(), &words) {
        Ok(Ok(line)) => finish(tool, act(line)),
        Ok(Err(err)) if err.use_stderr() => {
            finish(tool, Err(usage::fault(&C::command(), words.into_iter(), &err).into()))
        }
        Ok(Err(help)) => {
            finish(tool, help.print().context("cannot write to standard output").map(|()| Exit::Done))
        }
        Err(fault) => finish(tool, Err(fault.into())),
    }
}

/// What the words mean to a command that is there already.
fn read<C: Parser>(command: Command, words: &[OsString]) -> Result<Result<C, clap::error::Error>, Fault> {
    let typed = profile_flag::placed(&command, words.to_vec());
    let (mut command, arguments) = format::decide(command, typed)?;
    let name = env::args_os().next().unwrap_or_default();
    let matches = command.try_get_matches_from_mut(std::iter::once(name).chain(arguments));
    Ok(matches.and_then(|mut matches| {
        C::from_arg_matches_mut(&mut matches).map_err(|err| err.format(&mut command))
    }))
}
