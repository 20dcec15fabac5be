//! The command line of `sso-login`.
#![expect(clippy::doc_markdown, reason = "doc comments here are help texts")]

use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use sso_login::commands::accounts::AccountsArgs;
use sso_login::commands::console::ConsoleArgs;
use sso_login::commands::credentials::CredentialsArgs;
use sso_login::commands::exec::ExecArgs;
use sso_login::commands::logout::LogoutArgs;
use sso_login::commands::refresh::RefreshArgs;
use sso_login::commands::steps::{AuthorizeArgs, RegisterArgs};
use sso_login::commands::subjects::SubjectFlags;
use sso_login::commands::token::TokenArgs;
use sso_login::commands::whoami::WhoamiArgs;
use sso_login::doctor::DoctorArgs;
use sso_login::keys::KeySetArgs;
use sso_login::remote::TunnelArgs;
use sso_login::remote::inspect::InspectArgs;
use sso_login::sandbox::SandboxArgs;
use sso_login::session::login_options::Via;

/// Get an AWS SSO session, silently, and hand out credentials
///
/// Ensures a session rather than making one: a valid one is left alone, one that can be renewed is renewed without
/// anybody, else a person logs in, once for all who ask at the same time. It keeps no state about reminders.
///
/// With PROFILE it is a command: it never reads stdin, and its status is the answer. With documents on stdin it is a
/// filter: each gets `outcome` and is passed on, and it ends 0 once each was handled. Without either, the profile is that
/// of SSO_PROFILE_VARS, AWS_PROFILE, or `default`. PROFILE `-` means documents only: with none, nothing happens.
///
/// While a login runs, a document `"event":"authorize"` has its URL and code; people see both on stderr. Where the login
/// registers a client, AWS asks the person to allow it: stderr says so beforehand, and why. The event and the final
/// document have `registration` (`kept` or `new`) and, if it is new, `registrationReason`.
#[derive(Debug, Parser)]
#[command(
    name = "sso-login",
    version,
    args_conflicts_with_subcommands = true,
    after_long_help = "\
Examples:
  sso-login corp && aws s3 ls --profile corp
  sso-login corp --no-browser                          on a box without a browser
  sso-login corp --via pkce                            with a browser here, without the AWS CLI
  while sso-signal wait | sso-login - | sso-signal settle; do :; done
  sso-login sandbox -- bash                            try everything without an AWS account

Outcomes: success, valid, failed, timeout, busy, snoozed, dismissed, suppressed, unknown-profile
Settings (environment, ~/.backlog-toolkit-env or SSO_ENV_FILE, .env): AWS_PROFILE,
  SSO_PROFILE_VARS, SSO_LOGIN_TIMEOUT (120 s), SSO_LOGIN_VIA (auto), SSO_AUTO_PROFILES
Environment only: SSO_ENV_FILE, SSO_AWS (the AWS CLI v2 to use), SSO_DIALOG (asks a person), BROWSER,
  AWS_CA_BUNDLE, HTTPS_PROXY, AWS_ENDPOINT_URL_SSO_OIDC, SSO_LOG=debug

Exit status:
  0    there is a session
  2    bad command line
  65   bad document
  69   the service can't be reached
  74   a file failed
  75   another login is under way (or a person said later)
  77   no login
  78   profile or configuration wrong
  124  timed out"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) login: LoginArgs,
}

#[derive(Args, Debug)]
pub(crate) struct LoginArgs {
    /// Profile whose session to ensure
    pub(crate) profile: Option<String>,
    #[command(flatten)]
    pub(crate) subject: SubjectFlags,
    /// Log in even if the session is valid
    #[arg(long)]
    pub(crate) force: bool,
    /// How a person logs in
    ///
    /// `aws` runs `aws sso login`. `pkce` opens a browser on this machine, which comes back to a port of 127.0.0.1.
    /// `device` shows a URL and a code, for a browser anywhere. `auto` takes `aws` where an AWS CLI v2 is found. Where
    /// none is, it takes `pkce`, or `device` where no browser would come back: over ssh, in containers, CI and clouds, in
    /// WSL without wslview, without a display, with --no-browser, and for a profile without sso-session. SSO_LOGIN_VIA
    /// says what `auto` means.
    #[arg(long, value_enum, default_value_t = Via::Auto)]
    pub(crate) via: Via,
    /// Open no browser here: show the URL and the code only
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// Ask a person first: `auto` does as the document's `mode` says
    ///
    /// Refresh, Snooze or Don't Remind, by SSO_DIALOG: osascript, zenity, kdialog, terminal, none, or a command that
    /// reads the document and prints one with `answer` (refresh, snooze with `seconds`, suppress, dismiss). Without it,
    /// by the first that is here. No answer, or nobody to ask, is `dismissed`, never a login. A `mode` that isn't known
    /// is taken for `notify`; in `standalone` nobody is asked, and nobody logs in.
    #[arg(long, value_enum, default_value_t = AskArg::Auto)]
    pub(crate) ask: AskArg,
    /// Take no answer for "not now" after that long
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = sso_tool::time::parse_duration)]
    pub(crate) ask_timeout: Duration,
    /// Give up after that long [default: SSO_LOGIN_TIMEOUT or 2m; 10m with --no-browser]
    #[arg(long, value_name = "DURATION", value_parser = sso_login::session::login_options::parse_timeout)]
    pub(crate) timeout: Option<Duration>,
    /// As a filter, end with the status of the first outcome that isn't good
    #[arg(short, long)]
    pub(crate) exit_status: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Renew a session without anybody
    ///
    /// Never logs in. As a filter it renews what is `refreshable` and passes on the rest.
    Refresh(RefreshArgs),
    /// Hand out the credentials of a profile
    ///
    /// In any format that `aws configure export-credentials` has, and as a document. Fit for `credential_process`.
    Credentials(CredentialsArgs),
    /// Run a command with the credentials of a profile
    Exec(ExecArgs),
    /// Open the AWS console in a browser, as the role of a profile
    Console(ConsoleArgs),
    /// Ask STS who the credentials of a profile are
    Whoami(WhoamiArgs),
    /// List every account and role of a session
    Accounts(AccountsArgs),
    /// End a session, here and at the service
    ///
    /// One session, by one of its profiles; the files of others stay.
    Logout(LogoutArgs),
    /// Store a key only if it works: set, unlock, get, relock
    ///
    /// A key `ENV.KEY` points at a profile or a variable, never at a secret (see `sso-profile key`). A profile that isn't
    /// there yet is set up on the way: start URL, login, account and role.
    KeySet(KeySetArgs),
    /// Register a client: the first step of a device flow of your own
    Register(RegisterArgs),
    /// Start a device authorization: the second step
    Authorize(AuthorizeArgs),
    /// Ask for the token of a device authorization: the third step
    Token(TokenArgs),
    /// Look at everything that a login needs, and say what mends it
    ///
    /// The AWS CLI, variables, config, cache, permissions, sessions, endpoints, clock, watcher, monitor, browser and
    /// dialog. Changes nothing; asks the endpoints for an answer, without a token.
    Doctor(DoctorArgs),
    /// Log in on a box without a browser, with the browser of this machine
    ///
    /// Runs the login there over ssh, tunnels the port that its page comes back to, opens the page here, and has the box
    /// say who it is afterwards. Tokens, codes and secrets stay in the box.
    Tunnel(TunnelArgs),
    /// Ask a box over ssh how its sessions are
    Inspect(InspectArgs),
    /// Run an AWS SSO of your own on loopback, to try everything offline
    Sandbox(SandboxArgs),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum AskArg {
    Auto,
    Always,
    Never,
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
