//! `key list`: how the keys stand, for programs and for people.

use sso_tool::exit::Exit;
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::stream::{Document, Output};
use sso_tool::table::aligned;

use crate::key::facts::Facts;
use crate::key::seen_as;
use crate::key::selection::KeySelection;
use crate::key::store::Store;
use crate::key::vault::{KeyState, VaultName};

/// Print the keys and whether they can be used
///
/// `state` is granted, locked (a person must log in), absent (the variable isn't set now) or blocked (the profile is gone or
/// has changed its kind); `reason` says why, and `fix` what helps. For a key that points at a profile, the document also has
/// what `sso-profile show` prints, and `expiresAt` of a valid token. No variable's value is shown, and nobody is logged in.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  sso-profile key list --text
  sso-profile key list --env dev -e > /dev/null ||
  sso-profile key sessions --env dev | sso-login - --via aws | sso-signal settle
  sso-profile key list | jq -r 'select(.state == \"locked\") | .fix'

Exit status:
  0   done; with -e: all are granted
  2   bad command line
  65  bad content of keys.json
  74  a file or stream failed
  77  with -e: one is locked, and none is worse
  78  the config file can't be parsed, or sso-cache is not there; with -e: one is
      absent or blocked, or there is no such key")]
pub(crate) struct Args {
    /// Print only the keys of this env
    #[arg(long)]
    env: Option<String>,
    /// Print only the keys of this vault
    #[arg(long)]
    vault: Option<VaultName>,
    /// Print a table for people; its form may change
    #[arg(long)]
    text: bool,
    /// Make the worst state the exit status
    #[arg(short, long)]
    exit_status: bool,
}

pub(crate) fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let wanted = KeySelection { env: args.env.clone(), vault: args.vault };
    let (text, is_status_wanted) = (args.text, args.exit_status);
    let store = Store::load(settings)?;
    let mut facts = Facts::new(settings);
    let mut output = Output::stdout();
    let mut shown = Vec::new();
    let mut worst = None;
    for (slug, entry) in wanted.of(&store) {
        let seen = entry.vault.adapter().look(&entry.reference, &mut facts)?;
        worst = worst.max(Some(rank(&seen.state)));
        let document = seen_as(slug, entry, &seen);
        if text {
            shown.push(document);
        } else {
            output.document(&document)?;
        }
    }
    let Some(worst) = worst else {
        if is_status_wanted {
            return Err(wanted.nothing(&store).into());
        }
        if text {
            output.text(&wanted.nothing(&store).to_string())?;
        }
        return Ok(Exit::Done);
    };
    for line in lines(&shown) {
        output.text(&line)?;
    }
    Ok(if is_status_wanted { exit_of(worst) } else { Exit::Done })
}

/// The worse, the higher.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Granted,
    Locked,
    Unusable,
}

fn rank(state: &KeyState) -> Rank {
    match state {
        KeyState::Granted { .. } => Rank::Granted,
        KeyState::Locked { .. } => Rank::Locked,
        KeyState::Absent(_) | KeyState::Blocked(_) => Rank::Unusable,
    }
}

fn exit_of(worst: Rank) -> Exit {
    match worst {
        Rank::Granted => Exit::Done,
        Rank::Locked => Exit::LoginRequired,
        Rank::Unusable => Exit::Config,
    }
}

const COLUMNS: [(&str, &str); 5] = [
    ("KEY", "slug"),
    ("STATE", "state"),
    ("VAULT", "vault"),
    ("REFERENCE", "reference"),
    ("UNTIL", "expiresAt"),
];

/// A table with a heading; nothing for no documents.
fn lines(documents: &[Document]) -> Vec<String> {
    if documents.is_empty() {
        return Vec::new();
    }
    let text =
        |document: &Document, key: &str| document.get(key).and_then(|value| value.as_str()).map(sanitize);
    let cells = |document: &Document| {
        let known = COLUMNS.map(|(_, key)| text(document, key).unwrap_or_else(|| "-".to_owned()));
        let why = match (text(document, "reason"), text(document, "fix")) {
            (Some(reason), Some(fix)) => format!("{reason}; next: {fix}"),
            (reason, _) => reason.unwrap_or_default(),
        };
        known.into_iter().chain([why]).collect::<Vec<_>>()
    };
    let heading =
        COLUMNS.iter().map(|(heading, _)| (*heading).to_owned()).chain(["WHY".to_owned()]).collect();
    let rows: Vec<_> = std::iter::once(heading).chain(documents.iter().map(cells)).collect();
    aligned(&rows)
}
