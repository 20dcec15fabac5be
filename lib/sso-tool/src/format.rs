//! Documents or text: what standard output gets.
//!
//! On a terminal standard output is for people; in a pipe or a file it is for the next tool. `--text` and `--json` decide it by
//! hand on every command, `SSO_FORMAT=text|json` for a shell. What is data by nature (credentials, a lock's token, a line for a
//! shell) is data on a terminal, too.

use std::env;
use std::ffi::OsString;
use std::io::{self, IsTerminal as _};
use std::sync::OnceLock;

use clap::Command;

use crate::environment::from_environment;
use crate::exit::{Exit, Fault};

/// Commands whose output is data by nature, by the words that lead to them.
const DATA: [&str; 11] = [
    "sso-login credentials",
    "sso-login exec",
    "sso-login register",
    "sso-login authorize",
    "sso-login token",
    "sso-login serve",
    "sso-login sandbox",
    "sso-profile key get",
    "sso-profile env",
    "sso-lock acquire",
    "sso-lock run",
];
/// Flags that ask for a form of their own.
const OWN_FORMS: [&str; 2] = ["--format", "--prometheus"];

/// What standard output gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Documents, one a line.
    Documents,
    /// Sentences and tables for people.
    Text,
}

/// The format of this process, once its command line is known.
static CURRENT: OnceLock<Format> = OnceLock::new();

impl Format {
    /// What this process writes to standard output.
    pub fn current() -> Self {
        CURRENT.get().copied().unwrap_or(Self::Documents)
    }
}

/// Decides about the format. Answers the command, and the arguments without the flags that only said so.
///
/// A command that has a `--text` of its own (a table) has it set by default, where text is wanted; for every other the
/// documents are told as sentences by [`sentence`](crate::sentence).
pub(crate) fn decide(command: Command, arguments: Vec<OsString>) -> Result<(Command, Vec<OsString>), Fault> {
    let end = arguments.iter().position(|word| word == "--").unwrap_or(arguments.len());
    let (path, words, deepest) = lead(&command, &arguments[..end]);
    let has = |flag: &str| arguments[..end].iter().any(|word| word == flag);
    let knows = |flag: &str| deepest.get_arguments().any(|argument| argument.get_long() == Some(flag));
    let (text, json) = (has("--text"), has("--json"));
    if text && json {
        return Err(Fault::new(Exit::Usage, "--text and --json can't be used together")
            .hint(format!("{path} --help")));
    }
    let is_data = DATA.contains(&path.as_str())
        || OWN_FORMS.iter().any(|flag| arguments[..end].iter().any(|word| is_flag(word, flag)));
    let wanted = match () {
        () if json => Format::Documents,
        () if text => Format::Text,
        () if is_data => Format::Documents,
        () => by_setting()?,
    };
    let mut arguments = arguments;
    let drop = |arguments: &mut Vec<OsString>, flag: &str| {
        let mut number = 0;
        arguments.retain(|word| {
            number += 1;
            number > end || word != flag
        });
    };
    if json && !knows("json") {
        drop(&mut arguments, "--json");
    }
    let has_own = knows("text");
    if text && !has_own {
        drop(&mut arguments, "--text");
    }
    let names: Vec<_> = path.split(' ').skip(1).take(words).map(str::to_owned).collect();
    let command = if wanted == Format::Text && has_own { with_text(command, &names) } else { command };
    // With a table of its own a command writes what it wants; what it writes as documents all the same stays documents.
    let _ = CURRENT.set(if has_own || is_data { Format::Documents } else { wanted });
    Ok((command, arguments))
}

/// The command whose subcommand, by the words that lead to it, has its own `--text` set unless the command line says
/// otherwise. A default conflicts with no flag.
fn with_text(command: Command, names: &[String]) -> Command {
    match names.split_first() {
        Some((name, rest)) => command.mut_subcommand(name, |found| with_text(found, rest)),
        None => command.mut_args(|argument| {
            if argument.get_long() == Some("text") { argument.default_value("true") } else { argument }
        }),
    }
}

fn by_setting() -> Result<Format, Fault> {
    match from_environment("SSO_FORMAT").as_deref() {
        Some("text") => Ok(Format::Text),
        Some("json") => Ok(Format::Documents),
        Some(_) => {
            Err(Fault::new(Exit::Config, "SSO_FORMAT is neither `text` nor `json`").hint("unset SSO_FORMAT"))
        }
        None if io::stdout().is_terminal() => Ok(Format::Text),
        None => Ok(Format::Documents),
    }
}

fn is_flag(word: &OsString, flag: &str) -> bool {
    word.to_str()
        .is_some_and(|word| word == flag || word.strip_prefix(flag).is_some_and(|rest| rest.starts_with('=')))
}

/// The words that lead to a subcommand, as a path and by their number, and the subcommand.
pub(crate) fn lead<'a>(mut command: &'a Command, arguments: &[OsString]) -> (String, usize, &'a Command) {
    let mut path = command.get_name().to_owned();
    let mut words = 0;
    for argument in arguments {
        let Some(found) = command.find_subcommand(argument) else { break };
        path = format!("{path} {}", found.get_name());
        command = found;
        words += 1;
    }
    (path, words, command)
}

/// Whether colours may be used on standard output.
pub fn has_color() -> bool {
    io::stdout().is_terminal()
        && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && env::var_os("TERM").is_some_and(|term| term != "dumb")
}
