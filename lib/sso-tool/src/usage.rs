//! A command line that was refused, as everything that fails is told: one line, and at most one more.

use std::error::Error as _;
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
        return Fault::new(Exit::Usage, format!("{}, and one has control characters", err.kind())).hint(help);
    }
    if is_surplus(err) {
        let hint = usage(err).unwrap_or(help);
        return Fault::new(Exit::Usage, "there are too many arguments").hint(hint);
    }
    Fault::new(Exit::Usage, message(err)).hint(tip(err).or_else(|| usage(err)).unwrap_or(help))
}

/// Whether a word has no place at all. It isn't repeated: it may be a secret that stdin is for.
fn is_surplus(err: &Error) -> bool {
    err.kind() == ErrorKind::UnknownArgument
        && text(err, ContextKind::InvalidArg).is_some_and(|word| !word.starts_with('-'))
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

fn text(err: &Error, kind: ContextKind) -> Option<&str> {
    match err.get(kind)? {
        ContextValue::String(text) => Some(text),
        _ => None,
    }
}

fn texts(err: &Error, kind: ContextKind) -> &[String] {
    match err.get(kind) {
        Some(ContextValue::Strings(texts)) => texts,
        Some(ContextValue::String(text)) => std::slice::from_ref(text),
        _ => &[],
    }
}

/// What is wrong with the command line, in one line.
fn message(err: &Error) -> String {
    let argument = text(err, ContextKind::InvalidArg).unwrap_or_default();
    let value = text(err, ContextKind::InvalidValue).unwrap_or_default();
    let said = match err.kind() {
        ErrorKind::InvalidSubcommand => {
            let word = text(err, ContextKind::InvalidSubcommand).unwrap_or_default();
            format!("unrecognized subcommand '{word}'")
        }
        ErrorKind::UnknownArgument => format!("unexpected argument '{argument}' found"),
        ErrorKind::MissingRequiredArgument => {
            let missing = texts(err, ContextKind::InvalidArg).join(", ");
            format!("the following required arguments were not provided: {missing}")
        }
        ErrorKind::InvalidValue if value.is_empty() => {
            format!("a value is required for '{argument}' but none was supplied")
        }
        ErrorKind::InvalidValue => format!("invalid value '{value}' for '{argument}'"),
        ErrorKind::ValueValidation => {
            let why = err.source().map(|why| format!(": {why}")).unwrap_or_default();
            format!("invalid value '{value}' for '{argument}'{why}")
        }
        ErrorKind::ArgumentConflict => conflict(err, argument),
        ErrorKind::NoEquals => format!("equal sign is needed when assigning values to '{argument}'"),
        ErrorKind::TooManyValues => {
            format!("unexpected value '{value}' for '{argument}' found; no more were expected")
        }
        kind => kind.to_string(),
    };
    match texts(err, ContextKind::ValidValue) {
        [] => said,
        values => format!("{said} [possible values: {}]", values.join(", ")),
    }
}

fn conflict(err: &Error, argument: &str) -> String {
    let others = texts(err, ContextKind::PriorArg);
    if others == [argument] {
        return format!("the argument '{argument}' cannot be used multiple times");
    }
    let what = match text(err, ContextKind::InvalidSubcommand) {
        Some(name) => format!("the subcommand '{name}'"),
        None => format!("the argument '{argument}'"),
    };
    match others {
        [] => format!("{what} cannot be used with one or more of the other specified arguments"),
        [other] => format!("{what} cannot be used with '{other}'"),
        others => format!("{what} cannot be used with: {}", others.join(", ")),
    }
}

/// Whether `typed` is `flag` with letters left out or added, two at most.
fn is_slip(typed: &str, flag: &str) -> bool {
    let (short, long) = if typed.len() < flag.len() { (typed, flag) } else { (flag, typed) };
    let mut letters = long.chars();
    short.len() > 3
        && long.len() - short.len() <= 2
        && short.chars().all(|letter| letters.any(|other| other == letter))
}

/// A name that is spelled much the same as one that isn't known, or clap's own advice.
fn tip(err: &Error) -> Option<String> {
    let names = [
        ("subcommand", ContextKind::SuggestedSubcommand),
        ("argument", ContextKind::SuggestedArg),
        ("value", ContextKind::SuggestedValue),
    ];
    let similar = names.into_iter().find_map(|(what, kind)| match texts(err, kind) {
        [] => None,
        [name] => Some(format!("a similar {what} exists: '{name}'")),
        names => {
            let names = names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
            Some(format!("some similar {what}s exist: {names}"))
        }
    });
    // Those two work on every command without being an argument of one.
    let typed = text(err, ContextKind::InvalidArg).unwrap_or_default();
    let ours = ["--json", "--text"].into_iter().find(|flag| is_slip(typed, flag));
    let ours = ours.map(|flag| format!("a similar argument exists: '{flag}'"));
    similar.or(ours).or_else(|| match err.get(ContextKind::Suggested)? {
        ContextValue::StyledStrs(tips) => tips.first().map(ToString::to_string),
        ContextValue::StyledStr(tip) => Some(tip.to_string()),
        _ => None,
    })
}

/// How the command is used, as clap knows it.
fn usage(err: &Error) -> Option<String> {
    let Some(ContextValue::StyledStr(usage)) = err.get(ContextKind::Usage) else { return None };
    let usage = usage.to_string();
    let line = usage.lines().next()?;
    Some(line.strip_prefix("Usage:").unwrap_or(line).trim().to_owned())
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
            ("run a b c", "there are too many arguments", "tool run [OPTIONS] <NAME> <OTHER>"),
            ("deep list x", "there are too many arguments", "tool deep list"),
            (
                "run a b --wait x\u{7}y",
                "one of the values isn't valid for an argument, and one has control characters",
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
