//! The command line of `sso-login key-set`.
#![expect(clippy::doc_markdown, reason = "doc comments here are help texts")]

use std::time::Duration;

use clap::Args;
use sso_profile::Profile;
use sso_profile::key::VaultName;
use sso_profile::request::Request;
use sso_tool::exit::Fault;
use sso_tool::time::parse_duration;

use crate::session::login_options::Via;

/// Store a key only if it works: set, unlock, get, relock
///
/// A key `ENV.KEY` stores a profile or a variable, never a secret (see `sso-profile key`). If the profile doesn't exist
/// yet, the command sets it up: start URL, login, account and role.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct KeySetArgs {
    /// The key, named as a variable
    pub(super) key: String,
    /// The key's env: letters, digits, - and _
    pub(super) env: String,
    /// aws.iam.sso, aws.static or env
    pub(super) vault: VaultName,
    /// The reference: a profile; for `env` a variable [default: KEY] or `/path/to/file#VARIABLE`
    ///
    /// For `aws.iam.sso`, a profile that isn't in the config yet is set up.
    pub(super) reference: Option<String>,
    /// How a person logs in: aws, pkce, device or auto
    #[arg(long, value_enum, default_value_t = Via::Aws, hide_possible_values = true)]
    pub(super) via: Via,
    /// Open no browser here: show the URL and the code only
    #[arg(long)]
    pub(super) no_browser: bool,
    /// Give up a login after this time [default: SSO_LOGIN_TIMEOUT or 2m; 10m with --no-browser]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(super) timeout: Option<Duration>,
    /// Leave the session logged in at the end
    ///
    /// Without this flag the session is logged out, to prove that the key locks. If the session was in use, the command first
    /// asks on the terminal.
    #[arg(long)]
    pub(super) keep_session: bool,
    /// Print a line for each step, for people
    #[arg(long)]
    pub(super) text: bool,
    // Last, as what follows a heading is below it.
    #[command(flatten)]
    pub(super) set_up: SetUp,
}

/// The answers of a set-up. What isn't given is asked on the terminal.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "A new profile (aws.iam.sso)")]
pub struct SetUp {
    /// Start URL of the access portal
    #[arg(long, value_name = "URL")]
    pub(super) start_url: Option<String>,
    /// Region of IAM Identity Center, which may differ from the region to work in
    #[arg(long, value_name = "REGION")]
    pub(super) sso_region: Option<String>,
    /// The sso-session [default: the one with that start URL, else the profile's name]
    #[arg(long, value_name = "NAME")]
    pub(super) sso_session: Option<String>,
    /// Scopes to register a new session with [default: sso:account:access]
    #[arg(long)]
    pub(super) scopes: Option<String>,
    /// Account of the role, 12 digits
    #[arg(long, value_name = "ID")]
    pub(super) account_id: Option<String>,
    /// Role (permission set)
    #[arg(long, value_name = "NAME")]
    pub(super) role_name: Option<String>,
    /// Region to work in
    #[arg(long)]
    pub(super) region: Option<String>,
    /// Change the profile if it exists and differs
    #[arg(long)]
    pub(super) replace: bool,
}

impl SetUp {
    /// Refuses what no AWS tool would take, before anybody logs in for it. Status 78.
    pub(super) fn check(&self) -> Result<(), Fault> {
        let Self { start_url, sso_region, sso_session, scopes, account_id, role_name, region, replace: _ } =
            self.clone();
        Request { start_url, sso_region, sso_session, scopes, account_id, role_name, region, output: None }
            .check()
    }

    /// With what a profile has that is there already, where no flag says otherwise.
    pub(super) fn or(mut self, profile: Option<Profile>) -> Self {
        let Some(profile) = profile else { return self };
        self.account_id = self.account_id.or(profile.account_id);
        self.role_name = self.role_name.or(profile.role_name);
        if self.start_url.is_none() {
            self.sso_session = self.sso_session.or(profile.sso.and_then(|sso| sso.session));
        }
        self
    }

    /// Whether anything of it is given.
    pub(super) fn is_given(&self) -> bool {
        let Self { start_url, sso_region, sso_session, scopes, account_id, role_name, region, replace } =
            self;
        [start_url, sso_region, sso_session, scopes, account_id, role_name, region]
            .iter()
            .any(|answer| answer.is_some())
            || *replace
    }
}

const EXAMPLES: &str = "\
Examples:
  sso-login key-set AWS_PROFILE dev aws.iam.sso --text         asks for the rest
  sso-login key-set AWS_PROFILE dev aws.iam.sso corp           a profile that exists
  sso-login key-set AWS_PROFILE ci aws.static ci
  sso-login key-set API_TOKEN dev env /home/me/.env#API_TOKEN
  sso-login key-set AWS_PROFILE dev aws.iam.sso corp-dev \\
    --start-url https://d-1234567890.awsapps.com/start --sso-region us-east-1 \\
    --account-id 111122223333 --role-name Developer --region eu-west-1

The key is stored only if four steps succeed: set it, unlock it, get it and try it (fetch role
credentials, and ask STS who they are), and lock it again. At the end the session is logged out for
all its profiles, and the watcher doesn't ask about it; --keep-session leaves it logged in. If the
session was in use before, a person at the terminal must agree to the logout; if nobody can be
asked, a warning says so. If a step fails, the key and the config stay as they were, and a session
that the command started is ended.

Each step is a document `\"event\":\"step\"`; the last document has `slug`, `vault`, `reference` and
`state`.

Exit status:
  0      stored and tested
  1      nothing was chosen
  2      bad command line or no terminal to ask on
  65     bad content of keys.json
  69     a service can't be reached
  74     a file failed
  75     not now: another login is under way
  77     no login
  78     profile or configuration wrong, or no access to the role
  124    timed out
  128+N  ended by signal N";
