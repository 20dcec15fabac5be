//! A command line that was refused, as everything that fails is told: one line, and at most one more.

use std::error::Error as _;
use std::ffi::OsString;

use clap::Command;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

use crate::exit::{Exit, Fault};
use crate::meant::close;
use crate::shell::shell_word;
use crate::synonyms;

/// So long may a word be that is repeated in a hint: longer ones are rather keys and tokens than names.
const LONGEST_REPEATED: usize = 32;

/// What clap says about the arguments of `tool`, without the rest of its page: status 2. The hint is the command that was
/// meant (a word of another tool, a name that is spelled much the same), else how the command is used.
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
    let line = Line { path: &path, command, arguments: &arguments };
    if is_surplus(err) {
        let hint = line.meant(err).or_else(|| usage(err)).unwrap_or(help);
        return Fault::new(Exit::Usage, "there are too many arguments").hint(hint);
    }
    let usage = || usage(err).filter(|_| err.kind() != ErrorKind::UnknownArgument);
    Fault::new(Exit::Usage, message(err)).hint(line.meant(err).or_else(usage).unwrap_or(help))
}

/// Whether a word has no place at all. It isn't repeated: it may be a secret that stdin is for.
fn is_surplus(err: &Error) -> bool {
    let is_word = |kind| text(err, kind).is_some_and(|word| !word.starts_with('-'));
    match err.kind() {
        ErrorKind::UnknownArgument => is_word(ContextKind::InvalidArg),
        // Behind a profile, as a subcommand that there isn't.
        ErrorKind::ArgumentConflict => is_word(ContextKind::InvalidSubcommand),
        _ => false,
    }
}

/// A command line that was refused.
struct Line<'a> {
    /// The tool and the subcommands that were understood.
    path: &'a str,
    /// The last of those.
    command: &'a Command,
    arguments: &'a [OsString],
}

impl Line<'_> {
    /// The command that was meant, if that can be told.
    fn meant(&self, err: &Error) -> Option<String> {
        let words: Option<Vec<&str>> = self.arguments.iter().map(|argument| argument.to_str()).collect();
        let words = words?;
        let known = self.path.split(' ').count() - 1;
        let (typed, rest) = words.split_at_checked(known)?;
        let first = *rest.first()?;
        let name = rest.iter().skip(1).find(|word| is_subject(word)).copied();
        synonyms::command(self.path, first, name)
            .or_else(|| self.about_one(rest, err))
            .or_else(|| self.with_dashes(rest, err))
            .or_else(|| self.with_subcommand(rest, name, err))
            .or_else(|| self.corrected(typed, rest, err))
    }

    /// `sso-cache check corp`, `sso-profile list --profile corp`: about one profile another command asks.
    fn about_one(&self, rest: &[&str], err: &Error) -> Option<String> {
        let surplus = text(err, ContextKind::InvalidArg)?;
        let profile = match surplus {
            "--profile" => *rest.get(rest.iter().position(|word| *word == surplus)? + 1)?,
            word => word,
        };
        if is_subject(profile) { synonyms::for_one(self.path, profile) } else { None }
    }

    /// `sso-login exec corp terraform plan`: `--` is missing in front of the command.
    fn with_dashes(&self, rest: &[&str], err: &Error) -> Option<String> {
        let at = rest.iter().position(|word| Some(*word) == text(err, ContextKind::InvalidArg))?;
        let takes_command = self.command.get_positionals().any(clap::Arg::is_last_set);
        if !takes_command || rest.contains(&"--") {
            return None;
        }
        let (before, after) = rest.split_at(at);
        Some(format!("{} {} -- {}", self.path, repeated(before)?, repeated(after)?))
    }

    /// A command line whose subcommand is missing, misspelt or in the wrong place.
    fn with_subcommand(&self, rest: &[&str], name: Option<&str>, err: &Error) -> Option<String> {
        let is_known = |name: &str| self.command.find_subcommand(name).is_some();
        let path = self.path;
        match rest {
            // `sso-lock backup -- ./backup.sh`, `sso-login corp -- env`.
            [first, "--", ..] if is_name(first) => {
                let runs = ["run", "exec"].into_iter().find(|runs| is_known(runs))?;
                Some(format!("{path} {runs} {}", repeated(rest)?))
            }
            [first, ..] if first.starts_with('-') || !is_surplus(err) => None,
            // `sso-login corp refresh`.
            [profile, command, tail @ ..] if is_known(command) => {
                Some(format!("{path} {}", repeated(&[&[*command, *profile], tail].concat())?))
            }
            // `sso-login loguot corp`, `sso-login lgoin corp`: the first word was taken for a profile.
            [first, tail @ ..] => {
                let names = self.command.get_subcommands().filter(|command| !command.is_hide_set());
                if let Some(command) = close(names.map(Command::get_name), first).first() {
                    return Some(format!("{path} {command} {}", repeated(tail)?));
                }
                let other = *close(synonyms::words(path), first).first()?;
                synonyms::command(path, other, name)
            }
            [] => None,
        }
    }

    /// The line with the slip mended; the mended word alone where the others aren't to be repeated.
    fn corrected(&self, typed: &[&str], rest: &[&str], err: &Error) -> Option<String> {
        let (wrong, right) = self.slip(err)?;
        let replaced: Vec<String> = rest
            .iter()
            .map(|word| match word.split_once('=') {
                _ if *word == wrong => right.clone(),
                Some((flag, value)) if flag == wrong => format!("{right}={value}"),
                Some((flag, value)) if value == wrong && flag.starts_with("--") => format!("{flag}={right}"),
                _ => (*word).to_owned(),
            })
            .collect();
        let replaced: Vec<&str> = replaced.iter().map(String::as_str).collect();
        // Where keys are set, a word may be one.
        let is_about_keys = typed.iter().any(|word| word.contains("key"));
        let rest = repeated(&replaced).filter(|_| !is_about_keys).unwrap_or_else(|| shown(&right));
        Some(format!("{} {rest}", self.path))
    }

    /// A word that is spelled much as one that there is, and that one.
    fn slip(&self, err: &Error) -> Option<(String, String)> {
        let kinds = [
            (ContextKind::InvalidSubcommand, ContextKind::SuggestedSubcommand),
            (ContextKind::InvalidArg, ContextKind::SuggestedArg),
            (ContextKind::InvalidValue, ContextKind::SuggestedValue),
        ];
        // The likeliest is the last. A word that is like a subcommand by a few letters only is rather a name.
        let is_close = |typed: &str, meant: &str| typed.starts_with('-') || !close([meant], typed).is_empty();
        let similar = kinds.into_iter().find_map(|(typed, meant)| {
            let (typed, meant) = (text(err, typed)?, texts(err, meant).last()?);
            is_close(typed, meant).then(|| (typed.to_owned(), meant.clone()))
        });
        let typed = text(err, ContextKind::InvalidArg).filter(|_| err.kind() == ErrorKind::UnknownArgument);
        let other = typed.and_then(|typed| {
            let flag = synonyms::flag(self.path, typed, |flag| self.has(flag))?;
            Some((typed.to_owned(), flag.to_owned()))
        });
        // Those two work on every command without being an argument of one.
        let ours = typed.and_then(|typed| {
            let flag = ["--json", "--text"].into_iter().find(|flag| is_slip(typed, flag))?;
            Some((typed.to_owned(), flag.to_owned()))
        });
        other.or(similar).or(ours)
    }

    /// Whether a flag works here. `--profile` does wherever PROFILE does.
    fn has(&self, flag: &str) -> bool {
        let takes_profile = || {
            self.command.get_positionals().any(|argument| {
                argument.get_value_names().is_some_and(|names| names.iter().any(|name| name == "PROFILE"))
            })
        };
        let name = flag.trim_start_matches('-');
        self.command.get_arguments().any(|argument| argument.get_long() == Some(name))
            || (flag == "--profile" && takes_profile())
    }
}

/// Whether a word is rather the name of a profile than a secret.
fn is_name(word: &str) -> bool {
    !word.is_empty() && word.chars().count() <= LONGEST_REPEATED
}

/// Whether a word may be what a command is about. `login` is one of another tool's subcommands.
fn is_subject(word: &str) -> bool {
    !word.starts_with('-') && is_name(word) && word != "login"
}

/// Words as a line to paste; none of one that may be a secret.
fn repeated(words: &[&str]) -> Option<String> {
    let all: Vec<String> = words.iter().map(|word| shown(word)).collect();
    words.iter().all(|word| is_name(word)).then(|| all.join(" "))
}

/// A word for a shell; the dashes of a flag need no quotes.
fn shown(word: &str) -> String {
    let is_flag =
        |word: &str| word.starts_with('-') && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    match word.split_once('=') {
        _ if is_flag(word) => word.to_owned(),
        Some((flag, value)) if is_flag(flag) => format!("{flag}={}", shell_word(value)),
        _ => shell_word(word),
    }
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
            ("rum", "unrecognized subcommand 'rum'", "tool run"),
            ("rum a b --wait fast", "unrecognized subcommand 'rum'", "tool run a b --wait fast"),
            ("run a b --wiat", "unexpected argument '--wiat' found", "tool run a b --wait"),
            ("run a b --wiat=fast", "unexpected argument '--wiat' found", "tool run a b --wait=fast"),
            // What is as long as a key isn't repeated.
            (
                "run a 0123456789abcdef0123456789abcdef0 --wiat",
                "unexpected argument '--wiat' found",
                "tool run --wait",
            ),
            ("run a b --other", "unexpected argument '--other' found", "tool run --help"),
            (
                "run a b --wait slwo",
                "invalid value 'slwo' for '--wait <WAIT>' [possible values: fast, slow]",
                "tool run a b --wait slow",
            ),
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
