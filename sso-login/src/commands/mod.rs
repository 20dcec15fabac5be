//! The subcommands, each in a file of its name: its `Args`, whose doc comment is its help, and its `run`.

pub mod login;
pub(crate) mod steps;
pub(crate) mod subjects;

use clap::Subcommand;
use sso_tool::exit::Exit;
use sso_tool::settings::Settings;

/// Declares the subcommands: a line is all that a file here needs to be one.
macro_rules! subcommands {
    ($($name:ident in $file:ident),* $(,)?) => {
        $(pub mod $file;)*

        /// A subcommand with its flags.
        #[derive(Debug, Subcommand)]
        pub enum Command {
            $(#[expect(missing_docs, reason = "the help is the doc comment of the file's `Args`")] $name($file::Args),)*
        }

        impl Command {
            /// Runs the subcommand.
            pub fn run(&self, settings: &Settings) -> anyhow::Result<Exit> {
                match self {
                    $(Self::$name(args) => $file::run(args, settings),)*
                }
            }
        }
    };
}

// In the order of the help.
subcommands! {
    Setup in setup,
    Refresh in refresh,
    Credentials in credentials,
    Exec in exec,
    Console in console,
    Whoami in whoami,
    Accounts in accounts,
    Logout in logout,
    KeySet in key_set,
    Register in register,
    Authorize in authorize,
    Token in token,
    Doctor in doctor,
    Tunnel in tunnel,
    Inspect in inspect,
    Serve in serve,
    Sandbox in sandbox,
}
