//! The command line of `key`.

use clap::{Args, Subcommand};
use sso_profile::key::VaultName;

/// What the help of `key` ends with.
pub(crate) const HELP: &str = "\
Examples:
  sso-profile key set --env dev --key AWS_PROFILE --vault aws.iam.sso corp
  sso-profile key get --env dev --key AWS_PROFILE || echo locked
  sso-profile key list --text

Exit status:
  0   done, or granted
  1   absent
  2   bad command line
  65  bad content of keys.json
  74  a file or stream failed
  75  another process holds the state directory
  77  locked: a person must log in
  78  what it points at is gone";

/// The subcommands of `key`.
#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Store where a key is found
    ///
    /// A profile must be there, with an sso-session, an account and a role (`aws.iam.sso`) or with static keys
    /// (`aws.static`); nobody is logged in. Of a variable, or `/path/to/file#VARIABLE` (`env`), only the name is
    /// checked: it may be set later, and the key is absent until then.
    #[command(after_long_help = KEY_SET)]
    Set {
        /// Which key
        #[command(flatten)]
        slug: SlugArgs,
        /// aws.iam.sso, aws.static or env
        #[arg(long)]
        vault: VaultName,
        /// The vault's name for it: a profile, a variable, a file and variable
        reference: String,
        /// Put it on trial: `get --trial` alone sees it, until it is set without this flag
        #[arg(long)]
        trial: bool,
    },
    /// Print a key and what it gives
    ///
    /// `value` is the profile's name, or the variable's content. Never opens a browser.
    #[command(after_long_help = KEY_GET)]
    Get {
        /// Which key
        #[command(flatten)]
        slug: SlugArgs,
        /// The one on trial
        #[arg(long)]
        trial: bool,
    },
    /// Print the keys and whether they can be used
    ///
    /// `state` is granted, locked (a person must log in), absent (no such variable now) or blocked (what it points at is
    /// gone or is another thing); `reason` says why, and `fix` what helps. Keys of profiles have what `sso-profile show`
    /// says of the profile, and `expiresAt` of a valid token. No value of a variable is shown, and nobody is logged in.
    #[command(after_long_help = KEY_LIST)]
    List {
        /// Only those of this env
        #[arg(long)]
        env: Option<String>,
        /// Only those of this vault
        #[arg(long)]
        vault: Option<VaultName>,
        /// Print a table for people; it promises nothing to parsers
        #[arg(long)]
        text: bool,
        /// Make the worst state the exit status
        #[arg(short, long)]
        exit_status: bool,
    },
    /// Print the sso-sessions behind keys, each once
    ///
    /// A document for each session that keys of the vault `aws.iam.sso` need: what `sso-profile show` says of the first
    /// key's profile, `sessionProfiles` (whom a login or logout concerns) and `keys`. Keys that are blocked are left out;
    /// those of other vaults have no session.
    #[command(after_long_help = KEY_SESSIONS)]
    Sessions {
        /// Only for keys of this env
        #[arg(long)]
        env: Option<String>,
    },
    /// Forget a key; what it points at stays
    #[command(after_long_help = KEY_REMOVE)]
    Remove(SlugArgs),
}

/// Which key.
#[derive(Debug, Args)]
pub(crate) struct SlugArgs {
    /// The env: letters, digits, - and _
    #[arg(long)]
    pub(crate) env: String,
    /// The key, named as a variable
    #[arg(long)]
    pub(crate) key: String,
}

const KEY_SET: &str = "\
Examples:
  sso-profile key set --env dev --key AWS_PROFILE --vault aws.iam.sso corp

Exit status:
  0   stored
  2   bad command line
  65  bad content of keys.json
  74  a file or stream failed
  75  another process holds the state directory
  78  there is no such profile or it is of another kind, or REFERENCE isn't the name of a variable";

const KEY_GET: &str = "\
Examples:
  sso-profile key get --env dev --key AWS_PROFILE

Exit status:
  0   granted
  1   absent
  2   bad command line
  65  bad content of keys.json
  74  a file or stream failed
  77  locked: a person must log in
  78  what it points at is gone";

const KEY_LIST: &str = "\
Examples:
  sso-profile key list --text
  sso-profile key list --env dev -e > /dev/null || just sso-key-unlock dev
  sso-profile key list | jq -r 'select(.state == \"locked\") | .fix'

Exit status:
  0   done; with -e: all are granted
  2   bad command line
  65  bad content of keys.json
  74  a file or stream failed
  77  with -e: one is locked, and none is worse
  78  the config file can't be parsed, or sso-cache is not there; with -e: one is
      absent or blocked, or there is no such key";

const KEY_SESSIONS: &str = "\
Examples:
  sso-profile key sessions --env dev | sso-login - --via aws | sso-signal settle    unlock
  sso-profile key sessions --env dev | sso-signal quiet - | sso-login logout - |
    sso-signal settle                                                               relock

Exit status:
  0   done, also if no key needs a session
  2   bad command line
  65  bad content of keys.json
  74  a file or stream failed
  78  there is no such key, or the config file can't be parsed";

const KEY_REMOVE: &str = "\
Examples:
  sso-profile key remove --env dev --key AWS_PROFILE

Exit status:
  0   removed
  1   there is none
  2   bad command line
  65  bad content of keys.json
  74  a file or stream failed
  75  another process holds the state directory";
