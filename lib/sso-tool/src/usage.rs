//! A command line that was refused, as everything that fails is told: one line, and at most one more.

use std::ffi::OsString;

use clap::Command;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

use crate::exit::{Exit, Fault};

/// What clap says about the arguments of `tool`, without the rest of its page: status 2. The hint is clap's own tip (a name
/// that is spelled much the same), else how the command is used.
pub(crate) fn fault(command: &Command, arguments: impl Iterator<Item = OsString>, err: &Error) -> Fault {
    let arguments: Vec<_> = arguments.collect();
    let (path, command) = deepest(command, &arguments);
    let help = format!("{path} --help");
    if let ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand = err.kind() {
        let names = command.get_subcommands().filter(|command| !command.is_hide_set()).map(Command::get_name);
        let names = names.filter(|name| *name != "help").collect::<Vec<_>>().join(", ");
        return Fault::new(Exit::Usage, format!("a command is missing: {names}")).hint(help);
    }
    // What an argument says in lines of its own is not to be taken for what clap says.
    if arguments.iter().any(|argument| argument.to_string_lossy().contains(char::is_control)) {
        return Fault::new(Exit::Usage, format!("{}, with control characters in one", err.kind())).hint(help);
    }
    let page = err.render().to_string();
    if is_surplus(err) {
        let hint = told(&page, "Usage:").unwrap_or(&help);
        return Fault::new(Exit::Usage, "there are more arguments than it takes").hint(hint);
    }
    let hint = told(&page, "tip:").or_else(|| told(&page, "Usage:")).unwrap_or(&help);
    Fault::new(Exit::Usage, message(&page)).hint(hint)
}

/// Whether a word has no place at all. It isn't repeated: it may be a secret that stdin is for.
fn is_surplus(err: &Error) -> bool {
    err.kind() == ErrorKind::UnknownArgument
        && matches!(err.get(ContextKind::InvalidArg), Some(ContextValue::String(word)) if !word.starts_with('-'))
}

/// The command that the arguments lead to, and the words that do.
fn deepest<'a>(mut command: &'a Command, arguments: &[OsString]) -> (String, &'a Command) {
    let mut path = command.get_name().to_owned();
    for argument in arguments {
        let Some(found) = command.find_subcommand(argument) else { break };
        path = format!("{path} {}", found.get_name());
        command = found;
    }
    (path, command)
}

/// The first paragraph as one line. A list in it has commas.
fn message(page: &str) -> String {
    let mut lines = page.split("\n\n").next().unwrap_or_default().lines().map(str::trim);
    let first = lines.next().unwrap_or_default();
    let first = first.strip_prefix("error: ").unwrap_or(first);
    let rest = lines.collect::<Vec<_>>().join(if first.ends_with(':') { ", " } else { " " });
    format!("{first} {rest}").trim_end().to_owned()
}

/// The rest of the first line that begins with this word.
fn told<'a>(page: &'a str, word: &str) -> Option<&'a str> {
    page.lines().find_map(|line| line.trim_start().strip_prefix(word)).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    #[command(name = "tool")]
    enum Cli {
        Run {
            #[arg(long, value_parser = ["fast", "slow"])]
            wait: Option<String>,
            name: String,
            other: String,
        },
        #[command(subcommand)]
        Deep(Deep),
        #[command(hide = true)]
        Hidden,
    }

    #[derive(Debug, clap::Subcommand)]
    enum Deep {
        List,
    }

    #[test]
    fn every_refusal_is_a_line_and_a_hint() {
        for (line, message, hint) in [
            ("", "a command is missing: run, deep", "tool --help"),
            ("deep", "a command is missing: list", "tool deep --help"),
            ("rum", "unrecognized subcommand 'rum'", "a similar subcommand exists: 'run'"),
            ("run a b --wiat", "unexpected argument '--wiat' found", "a similar argument exists: '--wait'"),
            (
                "run",
                "the following required arguments were not provided: <NAME>, <OTHER>",
                "tool run <NAME> <OTHER>",
            ),
            ("run a b c", "there are more arguments than it takes", "tool run [OPTIONS] <NAME> <OTHER>"),
            ("deep list x", "there are more arguments than it takes", "tool deep list"),
            (
                "run a b --wait x\u{7}y",
                "one of the values isn't valid for an argument, with control characters in one",
                "tool run --help",
            ),
            (
                "run a b --wait mid",
                "invalid value 'mid' for '--wait <WAIT>' [possible values: fast, slow]",
                "tool run --help",
            ),
            (
                "run a b --wait",
                "a value is required for '--wait <WAIT>' but none was supplied [possible values: fast, slow]",
                "tool run --help",
            ),
        ] {
            let words = || line.split_whitespace().map(OsString::from);
            let err = Cli::try_parse_from([OsString::from("tool")].into_iter().chain(words())).unwrap_err();
            let err = anyhow::Error::from(fault(&<Cli as clap::CommandFactory>::command(), words(), &err));
            assert_eq!(err.to_string(), message, "{line}");
            assert_eq!(crate::exit::hint_of(&err), Some(hint), "{line}");
            assert_eq!(crate::exit::status_of(&err), Exit::Usage);
        }
    }
}
