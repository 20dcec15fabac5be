//! From a command line to an exit status: what the `main` of every tool does.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Command, Parser};

use crate::exit::{Exit, Fault, finish};
use crate::{complete, format, pages, profile_flag, usage};

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
    let name = env::args_os().next().unwrap_or_default();
    // Made once: it is the larger half of what a warm call does.
    let command = C::command();
    let typed = profile_flag::placed(&command, env::args_os().skip(1).collect());
    let (command, arguments) = match format::decide(command, typed) {
        Ok(decided) => decided,
        Err(fault) => return finish(tool, Err(fault.into())),
    };
    match parse::<C>(command, std::iter::once(name).chain(arguments)) {
        Ok(line) => finish(tool, act(line)),
        Err(err) if err.use_stderr() => {
            finish(tool, Err(usage::fault(&C::command(), env::args_os().skip(1), &err).into()))
        }
        Err(help) => {
            finish(tool, help.print().context("cannot write to standard output").map(|()| Exit::Done))
        }
    }
}

/// `C::try_parse_from` with a command that is there already.
fn parse<C: Parser>(
    mut command: Command,
    words: impl Iterator<Item = OsString>,
) -> Result<C, clap::error::Error> {
    let mut matches = command.try_get_matches_from_mut(words)?;
    C::from_arg_matches_mut(&mut matches).map_err(|err| err.format(&mut command))
}
