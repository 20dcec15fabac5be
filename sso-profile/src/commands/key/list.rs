//! `key list`: how the keys stand, for programs and for people.

use sso_tool::exit::Exit;
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::stream::{Document, Output};

use crate::key::facts::Facts;
use crate::key::seen_as;
use crate::key::store::Store;
use crate::key::vault::State;
use crate::key::wanted::Wanted;
use crate::table::aligned;

/// Prints the keys and how they stand, without any value of a variable. With `is_status_wanted` the worst state is
/// the status: 77 if a key is locked, 78 if one is absent or blocked, or if there is none.
pub fn list(
    wanted: &Wanted,
    text: bool,
    is_status_wanted: bool,
    settings: &Settings,
) -> anyhow::Result<Exit> {
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

fn rank(state: &State) -> Rank {
    match state {
        State::Granted { .. } => Rank::Granted,
        State::Locked { .. } => Rank::Locked,
        State::Absent(_) | State::Blocked(_) => Rank::Unusable,
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
