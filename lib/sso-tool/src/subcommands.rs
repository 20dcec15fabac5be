//! The list of a tool's subcommands.

use std::cell::RefCell;
use std::ffi::OsString;

thread_local! {
    /// The words of a command line whose subcommands are enough.
    static WORDS: RefCell<Option<Vec<OsString>>> = const { RefCell::new(None) };
}

/// Builds a command with those subcommands only that one of `words` names: no other can be called by them. All of them, with
/// their flags, are the larger half of what a warm call would do.
pub(crate) fn named_in<T>(words: &[OsString], build: impl FnOnce() -> T) -> T {
    WORDS.set(Some(words.to_vec()));
    let command = build();
    WORDS.set(None);
    command
}

/// Whether a subcommand has a place in the command that is being built; `is_it` knows its name.
#[doc(hidden)]
pub fn has_place(is_it: fn(&str) -> bool) -> bool {
    WORDS.with_borrow(|words| {
        let Some(words) = words else { return true };
        words.iter().any(|word| word.to_str().is_some_and(is_it))
    })
}

/// Declares the subcommands of a tool: a line is all that a file in `commands/` needs to be one. The file has `Args`, whose
/// doc comment is the help, and `run(&Args, &Settings)`.
///
/// ```ignore
/// // commands/mod.rs, in the order of the help.
/// sso_tool::subcommands! {
///     pub(crate) enum Command {
///         List in list,
///         Show in show,
///     }
/// }
/// ```
#[macro_export]
macro_rules! subcommands {
    ($vis:vis enum Command { $($name:ident in $file:ident),* $(,)? }) => {
        $($vis mod $file;)*

        /// A subcommand with its flags.
        #[derive(Debug)]
        $vis enum Command {
            $($name($file::Args),)*
        }

        /// Each subcommand alone.
        mod alone {
            $(
                #[derive(clap::Subcommand)]
                pub(super) enum $name {
                    $name(super::$file::Args),
                }
            )*
        }

        impl clap::FromArgMatches for Command {
            fn from_arg_matches(matches: &clap::ArgMatches) -> Result<Self, clap::Error> {
                Self::from_arg_matches_mut(&mut matches.clone())
            }

            fn from_arg_matches_mut(matches: &mut clap::ArgMatches) -> Result<Self, clap::Error> {
                $(
                    if matches.subcommand_name().is_some_and(<alone::$name as clap::Subcommand>::has_subcommand) {
                        let alone::$name::$name(args) = clap::FromArgMatches::from_arg_matches_mut(matches)?;
                        return Ok(Self::$name(args));
                    }
                )*
                Err(clap::Error::new(clap::error::ErrorKind::MissingSubcommand))
            }

            fn update_from_arg_matches(&mut self, matches: &clap::ArgMatches) -> Result<(), clap::Error> {
                Self::from_arg_matches(matches).map(|command| *self = command)
            }
        }

        impl clap::Subcommand for Command {
            fn augment_subcommands(command: clap::Command) -> clap::Command {
                $(
                    let has_place =
                        $crate::subcommands::has_place(<alone::$name as clap::Subcommand>::has_subcommand);
                    let command = if has_place {
                        <alone::$name as clap::Subcommand>::augment_subcommands(command)
                    } else {
                        command
                    };
                )*
                command
            }

            fn augment_subcommands_for_update(command: clap::Command) -> clap::Command {
                Self::augment_subcommands(command)
            }

            fn has_subcommand(name: &str) -> bool {
                false $(|| <alone::$name as clap::Subcommand>::has_subcommand(name))*
            }
        }

        impl Command {
            /// Does what the subcommand says.
            $vis fn run(&self, settings: &$crate::settings::Settings) -> anyhow::Result<$crate::exit::Exit> {
                match self {
                    $(Self::$name(args) => $file::run(args, settings),)*
                }
            }
        }
    };
}
