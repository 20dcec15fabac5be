//! The list of a tool's subcommands.

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
        #[derive(Debug, clap::Subcommand)]
        $vis enum Command {
            $($name($file::Args),)*
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
