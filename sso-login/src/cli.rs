//! The command line of `sso-login`.
#![expect(clippy::doc_markdown, reason = "doc comments here are help texts")]

use clap::Parser;
use sso_login::commands::{Command, login};

/// Log in to AWS SSO when that is needed, and hand out credentials
///
/// Makes sure that there is a session. It leaves a valid session alone, renews one that can be renewed without a person, and
/// otherwise lets a person log in, once for all processes that ask at the same time. It keeps no state about reminders.
///
/// With PROFILE it is a command: it never reads stdin, and its status is the answer. With documents on stdin it is a filter:
/// it adds `outcome` to each document and passes it on, and ends with 0 once it has handled them all. Without either,
/// SSO_PROFILE_VARS, AWS_PROFILE, AWS_DEFAULT_PROFILE or `default` names the profile. With `-` as PROFILE it reads documents
/// from stdin and nothing else: if none come, it does nothing.
///
/// While a login runs, a document `"event":"authorize"` has its URL and code; people see both on stderr. If the login
/// registers a client, AWS asks the person to allow it. A message on stderr says so beforehand, and why. The event and the
/// final document have `registration` (`kept` or `new`) and, if it is new, `registrationReason`.
#[derive(Debug, Parser)]
#[command(
    name = "sso-login",
    version,
    args_conflicts_with_subcommands = true,
    after_long_help = login::EXAMPLES
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) login: login::Args,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
