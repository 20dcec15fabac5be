//! The command line.

pub(crate) mod key;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand};
use sso_profile::commands::choose::Pick;
use sso_profile::commands::env::EnvArgs;

/// Read and write profiles in the AWS config file, byte-preserving
///
/// Reads `~/.aws/config` and `~/.aws/credentials` exactly as the AWS CLI does, and changes the config
/// without touching what it wasn't asked to. Documents are JSON objects, one a line. Never logs in.
#[derive(Debug, Parser)]
#[command(name = "sso-profile", version, arg_required_else_help = true, after_long_help = EXAMPLES)]
pub(crate) struct Cli {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  sso-profile list --text
  sso-profile show corp | sso-cache check
  sso-profile write corp --start-url https://d-1234567890.awsapps.com/start --sso-region us-east-1 \\
    --account-id 111122223333 --role-name Developer --region eu-west-1
  sso-login accounts corp | sso-profile choose | sso-profile write corp-dev

Exit status:
  0   done
  1   the answer is no: nothing was chosen
  2   bad command line
  65  bad document on standard input, or --prune by a listing that isn't whole
  74  a file or stream failed
  75  another writer holds the config file
  78  profile or configuration wrong";

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print every profile as a document
    ///
    /// In the order of the config file; then those that only the credentials file has. A profile
    /// that can't be used has `error` in its document, which says why.
    #[command(after_long_help = LIST)]
    List {
        /// Print a table for people; it promises nothing to parsers
        #[arg(long)]
        text: bool,
    },
    /// Print one profile as a document
    ///
    /// The profile is, first found: PROFILE, `profile` of the document on standard input, the variables
    /// named in `SSO_PROFILE_VARS` (`BACKLOG_AWS_PROFILE`), `AWS_PROFILE`, `default`. With documents on standard input it is a
    /// filter: it adds the profile's keys to each and passes the others on; a profile that is unknown or can't be
    /// used gives an `error` in the document.
    #[command(after_long_help = SHOW)]
    Show {
        /// The profile; standard input is then not read
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        profile: Option<String>,
        /// The profile, as for the AWS CLI
        #[arg(long = "profile", value_name = "PROFILE", conflicts_with = "profile",
              value_parser = NonEmptyStringValueParser::new())]
        flag: Option<String>,
        /// Print a table for people; it promises nothing to parsers
        #[arg(long)]
        text: bool,
    },
    /// Add or change a profile and its sso-session
    ///
    /// Every byte that isn't concerned stays: comments, order, line ends. Keys come from the flags, else from
    /// the document on standard input (`startUrl`, `ssoRegion`, `accountId` …). What isn't given stays as it is;
    /// for a new profile `AWS_SSO_START_URL`, `AWS_SSO_REGION`, `AWS_SSO_ACCOUNT_ID` and `AWS_SSO_ROLE_NAME`
    /// (environment, `~/.backlog-toolkit-env` or `.env`) are used where they are set.
    /// A profile or session that exists and differs is changed only with --replace. A portal (start URL) that the file
    /// has an sso-session for gets no second one, unless --sso-session names it. A document that names no profile
    /// needs PROFILE or a variable (`AWS_PROFILE`), which stand for one document; it is never written into `default`.
    ///
    /// With --all each document on standard input (an account and a role) becomes a profile, in one edit: all of
    /// them or none. A comment below the header marks what was written so. Running it again changes only what
    /// became different; keys that were added to a marked profile stay, profiles written by hand are never
    /// overwritten without --replace, and --prune removes the marked profiles of the listed sessions that the
    /// documents don't give any more. A document goes out for each profile, with its `change`: added, replaced,
    /// unchanged, removed, or kept (its role is gone, but another profile needs it).
    ///
    /// A listing of `sso-login accounts` that was cut short or lost documents on its way prunes nothing: its last
    /// document says how many there are (`listed`). Where a filter of yours drops some, --complete says that what
    /// is left is all you want. Documents of your own need no such end. One with `error` is no answer: nothing at
    /// all is written then, and nothing removed.
    #[command(after_long_help = WRITE)]
    Write(Box<Write>),
    /// Let a person pick one of the documents on standard input
    ///
    /// The list is on the terminal, wherever standard input and output go, and fills while documents come in.
    /// Typing filters it: words match loosely, 'word exactly, ^word at the beginning, !word not at all. Arrows
    /// move, Enter picks, Esc or Ctrl-C is no choice. The choice goes out whole, with every key it came with.
    /// Where there is no terminal, --pick says what to pick.
    #[command(after_long_help = CHOOSE)]
    Choose {
        /// Only documents with this value; if one is left it is the choice, without a question (repeatable)
        #[arg(long, value_name = "KEY=VALUE")]
        pick: Vec<Pick>,
    },
    /// Take a profile out of the config file
    ///
    /// Its section goes, with the comments that can only be about it; every other byte stays. Its sso-session
    /// goes too if no other profile names it and it says no more than `write` would write again; one with other
    /// keys or comments stays, but for --session. The profile is PROFILE, or `profile` of each document on
    /// standard input; `AWS_PROFILE` doesn't count. Keys in the credentials file are never touched.
    #[command(after_long_help = REMOVE)]
    Remove(Remove),
    /// Print the line of a shell that selects a profile
    ///
    /// It sets `AWS_PROFILE` and unsets what would beat it: the variables of `SSO_PROFILE_VARS` (`BACKLOG_AWS_PROFILE`),
    /// `AWS_DEFAULT_PROFILE` and static keys. The profile is PROFILE, else that of the document on standard input. A pipe
    /// without a document is a choice that nobody made: nothing is printed.
    #[command(after_long_help = ENV)]
    Env(EnvArgs),
    /// Keep keys that point at profiles and variables
    ///
    /// A key `ENV.KEY` names a vault and a reference in it, never a secret. Looking at one never logs in.
    #[command(after_long_help = key::HELP)]
    Key {
        /// What to do
        #[command(subcommand)]
        command: key::Key,
    },
}

const LIST: &str = "\
Examples:
  sso-profile list --text
  sso-profile list | sso-cache check | sso-login refresh
  sso-profile list | jq -r 'select(.kind == \"sso-session\").profile'

Exit status:
  0   done, also when there is no config file
  2   bad command line
  74  a file or stream failed
  78  the config file can't be parsed";

const SHOW: &str = "\
Examples:
  sso-profile show corp
  BACKLOG_AWS_PROFILE=corp sso-profile show
  sso-signal read | sso-profile show

Exit status:
  0   done
  2   bad command line
  65  bad document on standard input
  74  a file or stream failed
  78  no such profile, or it can't be used";

const WRITE: &str = "\
Examples:
  sso-profile write corp --start-url https://d-1234567890.awsapps.com/start --sso-region us-east-1 \\
    --account-id 111122223333 --role-name Developer --region eu-west-1
  sso-profile write ops --sso-session corp --account-id 111122223333 --role-name Admin \\
    --dry-run --text
  sso-profile show corp | sso-profile write ops --role-name Admin
  sso-login accounts corp | sso-profile choose | sso-profile write corp-dev
  sso-login accounts corp |
    sso-profile write --all --name-template '{account}-{role}' --dry-run --text
  sso-login accounts corp | sso-profile write --all --prune
  sso-login accounts corp | jq -c 'select(.roleName == \"ReadOnly\")' |
    sso-profile write --all --prune --complete

Exit status:
  0   done, or nothing to do
  2   bad command line
  65  bad document on standard input, one with `error`, or --prune by a listing that isn't whole
  74  a file or stream failed
  75  another writer holds the config file
  78  a value is wrong, two roles would get one name, or what exists differs (see --replace)";

const CHOOSE: &str = "\
Examples:
  sso-login accounts corp | sso-profile choose | sso-profile write corp-dev
  sso-profile list | sso-profile choose | sso-login -
  sso-login accounts corp |
    sso-profile choose --pick accountId=111122223333 --pick roleName=Developer

Exit status:
  0   one was picked
  1   no choice was made
  2   bad command line, or no terminal to ask on (see --pick)
  65  bad document on standard input
  74  a file or stream failed
  78  there is nothing to choose from";

const ENV: &str = "\
Examples:
  eval \"$(sso-profile env corp)\"
  eval \"$(sso-profile list | sso-profile choose | sso-profile env)\"
  sso-profile env corp --shell fish | source

Exit status:
  0   done
  1   no document came in
  2   bad command line, or several documents
  65  bad document on standard input
  74  a file or stream failed
  78  no such profile, or the document is about another role or host";

const REMOVE: &str = "\
Examples:
  sso-profile remove corp --dry-run --text
  sso-profile remove corp
  sso-profile list | jq -c 'select(.ssoSession == \"old\")' | sso-profile remove

Exit status:
  0   done
  2   bad command line
  65  bad document on standard input
  74  a file or stream failed
  75  another writer holds the config file
  78  no such profile, or another one has it as its source_profile (see --force)";

/// What to remove, and how.
#[derive(Debug, Default, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Remove {
    /// The profile; standard input is then not read
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(crate) profile: Option<String>,
    /// Change nothing; the document has the change as `diff`
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Remove it though another profile has it as its `source_profile`
    #[arg(long)]
    pub(crate) force: bool,
    /// Remove its sso-session whatever that says, unless another profile names it
    #[arg(long)]
    pub(crate) session: bool,
    /// Print a sentence (with --dry-run the diff) for people
    #[arg(long)]
    pub(crate) text: bool,
}

/// What to write, and how.
#[derive(Debug, Default, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Write {
    /// The profile
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(crate) profile: Option<String>,
    /// The sso-session's name [default: the one the profile has, else one for the same portal, else the
    /// profile's name]
    #[arg(long, value_name = "NAME")]
    pub(crate) sso_session: Option<String>,
    /// Start URL of the access portal
    #[arg(long, value_name = "URL")]
    pub(crate) start_url: Option<String>,
    /// Region of IAM Identity Center, which need not be the region worked in
    #[arg(long, value_name = "REGION")]
    pub(crate) sso_region: Option<String>,
    /// Scopes to register with, separated by commas [default for a new session: sso:account:access]
    #[arg(long, value_name = "SCOPES")]
    pub(crate) scopes: Option<String>,
    /// Account of the role, 12 digits
    #[arg(long, value_name = "ID")]
    pub(crate) account_id: Option<String>,
    /// Role (permission set)
    #[arg(long, value_name = "NAME")]
    pub(crate) role_name: Option<String>,
    /// Region to work in
    #[arg(long)]
    pub(crate) region: Option<String>,
    /// Output format of the AWS CLI
    #[arg(long, value_name = "FORMAT")]
    pub(crate) output: Option<String>,
    /// Change nothing; the document has the change as `diff`
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Change a profile or session that exists and differs
    #[arg(long)]
    pub(crate) replace: bool,
    /// Print a sentence (with --dry-run the diff) for people
    #[arg(long)]
    pub(crate) text: bool,
    /// Write a profile for each document on standard input, in one edit
    #[arg(long, conflicts_with_all = ["profile", "account_id", "role_name"])]
    pub(crate) all: bool,
    /// With --all, how profiles are named: {account}, {accountId}, {role}, {session}, {email}
    #[arg(
        long,
        value_name = "TEMPLATE",
        requires = "all",
        conflicts_with = "profile",
        default_value = "{account}-{role}"
    )]
    pub(crate) name_template: String,
    /// With --all, remove the profiles it wrote before whose role is gone
    #[arg(long, requires = "all", conflicts_with = "profile")]
    pub(crate) prune: bool,
    /// With --prune, take the documents for all there is, though a filter dropped the end of their listing
    #[arg(long, requires = "prune")]
    pub(crate) complete: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
