//! `--profile P` on every command that takes PROFILE, as people know it from the AWS CLI.

use std::ffi::{OsStr, OsString};

use clap::Command;

use crate::format::lead;

const FLAG: &str = "--profile";

/// The arguments with `--profile P` in the place of PROFILE, where the command has no such flag of its own.
pub(crate) fn placed(command: &Command, mut arguments: Vec<OsString>) -> Vec<OsString> {
    let end = arguments.iter().position(|word| word == "--").unwrap_or(arguments.len());
    let (_, words, deepest) = lead(command, &arguments[..end]);
    let has_own = deepest.get_arguments().any(|argument| argument.get_long() == Some("profile"));
    let is_first = deepest.get_positionals().next().is_some_and(|first| {
        first.get_value_names().is_some_and(|names| names.iter().any(|name| name == "PROFILE"))
    });
    if has_own || !is_first {
        return arguments;
    }
    let Some(at) = arguments[..end].iter().position(|word| word == FLAG || value(word).is_some()) else {
        return arguments;
    };
    let flag = arguments.remove(at);
    match value(&flag) {
        Some(value) => arguments.insert(words, value),
        None if at + 1 < end => {
            let value = arguments.remove(at);
            arguments.insert(words, value);
        }
        // Without a value it is clap's to complain about.
        None => arguments.insert(at, flag),
    }
    arguments
}

/// The value behind `--profile=`.
fn value(word: &OsStr) -> Option<OsString> {
    word.to_str()?.strip_prefix(FLAG)?.strip_prefix('=').map(OsString::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    #[command(name = "tool")]
    enum Cli {
        Snooze {
            profile: String,
            duration: String,
        },
        Login {
            profile: Option<String>,
            #[arg(long = "profile", id = "flag")]
            flag: Option<String>,
        },
        Run {
            name: String,
            #[arg(last = true)]
            command: Vec<String>,
        },
    }

    #[test]
    fn the_flag_stands_for_the_first_argument() {
        let command = <Cli as clap::CommandFactory>::command();
        for (line, placed_line) in [
            ("snooze --profile corp 1h", "snooze corp 1h"),
            ("snooze 1h --profile=corp", "snooze corp 1h"),
            ("snooze corp 1h", "snooze corp 1h"),
            ("snooze 1h --profile", "snooze 1h --profile"),
            ("login --profile corp", "login --profile corp"),
            ("run x -- aws --profile corp", "run x -- aws --profile corp"),
            ("run --profile corp", "run --profile corp"),
        ] {
            let words = line.split(' ').map(OsString::from).collect();
            let expected: Vec<_> = placed_line.split(' ').map(OsString::from).collect();
            assert_eq!(placed(&command, words), expected, "{line}");
        }
    }
}
