//! `sso-login sandbox`: an AWS SSO of your own on loopback, to try everything offline.

use std::ffi::OsString;
use std::time::Duration;

use sso_tool::exit::Exit;
use sso_tool::settings::Settings;
use sso_tool::time::parse_duration;

use crate::sandbox::behavior::{Approval, Behavior};
use crate::sandbox::fault::Fault;
use crate::sandbox::{self, visit};

/// Run a private AWS SSO on loopback, to try everything offline
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// Who approves a login: the sandbox itself, or a person on a page with Allow and Deny
    #[arg(long, value_name = "WHO", value_enum, default_value = "auto", help_heading = "Approval")]
    approve: Approval,
    /// Answer N polls with "pending" before the login is approved
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Approval")]
    pending: u64,
    /// Answer the first N polls with `slow_down`
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Approval")]
    slow_down: u64,
    /// Deny the login instead of approving it
    #[arg(long, help_heading = "Approval", conflicts_with = "expire")]
    deny: bool,
    /// Let the device code expire instead of approving it
    #[arg(long, help_heading = "Approval")]
    expire: bool,
    /// Ask clients to wait N seconds between polls
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Approval")]
    interval: u64,

    /// How long a device code lasts
    #[arg(long, value_name = "D", default_value = "10m", value_parser = parse_duration, help_heading = "Lifetimes")]
    device_expires_in: Duration,
    /// How long an access token lasts [default: 1h; 8h for clients without scopes]
    #[arg(long, value_name = "D", value_parser = parse_duration, help_heading = "Lifetimes")]
    token_lifetime: Option<Duration>,
    /// How long a sign-in lasts; its refresh tokens work just as long
    #[arg(long, aliases = ["session-length", "refresh-lifetime"], value_name = "D", default_value = "8h", value_parser = parse_duration, help_heading = "Lifetimes")]
    session_lifetime: Duration,
    /// At the next login, reuse an active sign-in and its old end, as AWS does until a logout
    #[arg(long, help_heading = "Lifetimes")]
    keep_session: bool,
    /// How long role credentials last
    #[arg(long, value_name = "D", default_value = "1h", value_parser = parse_duration, help_heading = "Lifetimes")]
    role_lifetime: Duration,
    /// How long a client registration lasts
    #[arg(long, value_name = "D", default_value = "90d", value_parser = parse_duration, help_heading = "Lifetimes")]
    registration_lifetime: Duration,
    /// Hand out no refresh tokens
    #[arg(long, help_heading = "Lifetimes")]
    no_refresh_token: bool,

    /// Fail an operation with an HTTP status, the next N times or always: `CreateToken=503x2`
    #[arg(long, value_name = "OPERATION=STATUS[xN]", value_parser = Fault::status, help_heading = "Faults")]
    fail: Vec<Fault>,
    /// Fail an operation with a named error: `CreateToken=invalid_grant`
    #[arg(long, value_name = "OPERATION=ERROR[xN]", value_parser = Fault::error, help_heading = "Faults")]
    error: Vec<Fault>,
    /// Never answer an operation
    #[arg(long, value_name = "OPERATION[xN]", value_parser = Fault::hang, help_heading = "Faults")]
    hang: Vec<Fault>,

    /// Number of accounts in the organisation
    #[arg(long, value_name = "N", default_value_t = 2, help_heading = "Organisation")]
    accounts: usize,
    /// Number of roles in each account
    #[arg(long, value_name = "N", default_value_t = 3, help_heading = "Organisation")]
    roles: usize,

    /// Be the browser: fetch a page of a sandbox and follow it
    #[arg(long, value_name = "URL", hide = true, conflicts_with = "command")]
    visit: Option<String>,

    /// Command to run in the sandbox; without one, serve until interrupted
    #[arg(last = true, value_name = "CMD")]
    command: Vec<OsString>,
}

const EXAMPLES: &str = "\
Examples:
  sso-login sandbox -- bash                       a shell in the sandbox
  sso-login sandbox -- sso-login demo             log in to the sandbox
  sso-login sandbox -- aws sso login --profile demo
  sso-login sandbox --approve ask -- bash         a shell; you approve logins in a browser
  sso-login sandbox --token-lifetime 30s -- sh -c 'sso-login demo; sso-cache list --text'
  sso-login sandbox --fail CreateToken=503x2 -- sso-login demo
  sso-login sandbox > sandbox.json &              serve; the next line exports its variables:
  eval \"$(jq -r '.export | to_entries[] | \"export \\(.key)=\\(.value | @sh)\"' sandbox.json)\"
  curl -s $SSO_SANDBOX_URL/sandbox/stats          count logins, consents and requests

Operations: RegisterClient, StartDeviceAuthorization, CreateToken, Authorize, ListAccounts,
ListAccountRoles, GetRoleCredentials, Logout, GetCallerIdentity, GetSigninToken, ListBuckets.

The document has `startUrl` and `region` for sso-login setup. Export all variables in `export`,
including HOME: an AWS CLI before 2.16 finds the sandbox only through the files in HOME.

While it runs, SSO_SANDBOX_URL accepts POST /sandbox/faults (a document, `{\"pending\":3}`) and
DELETE /sandbox/faults, and answers GET /sandbox/faults, /sandbox/stats and /sandbox/log.

Exit status:
  0    interrupted, without CMD
  2    bad command line
  74   a port, a directory or a stream failed
  126  CMD can't be run
  127  CMD is not found
  N    else CMD's own status; 128+N if signal N killed it";

/// Serves until a signal comes, or runs a command in the sandbox.
pub fn run(args: &Args, _: &Settings) -> anyhow::Result<Exit> {
    match &args.visit {
        Some(url) => visit::visit(url).map(|()| Exit::Done),
        None => sandbox::run(args.behavior(), args.accounts, args.roles, &args.command),
    }
}

impl Args {
    /// The behaviour that the flags ask for.
    fn behavior(&self) -> Behavior {
        Behavior {
            approve: self.approve,
            pending: self.pending,
            slow_down: self.slow_down,
            deny: self.deny,
            expire: self.expire,
            no_refresh_token: self.no_refresh_token,
            interval: self.interval,
            device_expires_in: self.device_expires_in,
            token_lifetime: self.token_lifetime,
            session_lifetime: self.session_lifetime,
            keeps_session: self.keep_session,
            role_lifetime: self.role_lifetime,
            registration_lifetime: self.registration_lifetime,
            faults: [&self.fail, &self.error, &self.hang].into_iter().flatten().cloned().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory as _, Parser};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn the_command_line_is_sound() {
        Line::command().debug_assert();
    }

    #[test]
    fn no_flag_means_the_default_behavior() {
        assert_eq!(Line::parse_from(["sandbox"]).args.behavior(), Behavior::default());
    }

    #[test]
    fn what_follows_the_dashes_is_the_command() {
        let args = Line::parse_from(["sandbox", "--deny", "--", "aws", "--deny"]).args;
        assert!(args.behavior().deny);
        assert_eq!(args.command, ["aws", "--deny"]);
    }
}
