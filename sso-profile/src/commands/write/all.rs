//! `write --all`: a profile for each account and role on stdin, in one edit of the config file.

use sso_tool::exit::Exit;
use sso_tool::settings::Settings;
use sso_tool::stream::{Document, Output};

use crate::apply::{Applied, Before, Outcome, apply};
use crate::aws_config::AwsConfig;
use crate::commands::write::Args;
use crate::commands::write::listing::Listing;
use crate::plan::{self, Change};

/// Writes them all or, on any error, none. The documents go out once they are written, each with its
/// profile's keys; then one for each profile that was removed, or is kept though its role is gone.
///
/// Status 65 for a document without an account or a role, for one that is a failure (`error`), and for pruning by a
/// listing that isn't whole.
pub(super) fn run(command: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let listing = Listing::read(command)?;
    let config = AwsConfig::load(settings)?;
    let prune = command.prune.then_some(listing.empty.as_slice());
    let plan = |before: &Before<'_>| {
        listing.check_portals(before.config.content())?;
        Ok(plan::all(&listing.wanted, before, prune, command.replace)?)
    };
    let applied = apply(&config, settings, command.dry_run, plan)?;
    if command.text {
        Output::stdout().text(&applied.diff_in_words().unwrap_or_else(|| in_words(&applied)))?;
    } else {
        print(listing, &applied)?;
    }
    Ok(Exit::Done)
}

/// A document for each profile; the last one has the diff.
fn print(listing: Listing, applied: &Applied) -> anyhow::Result<()> {
    // Those of the plan come in the order of what was wanted, then those that nobody wants any more.
    let (wanted, others) = applied.profiles.split_at(listing.wanted.len().min(applied.profiles.len()));
    let came = listing.documents.into_iter().map(|(mut document, index)| {
        let outcome = index.and_then(|index| wanted.get(index));
        if let Some(outcome) = outcome {
            outcome.add_to(&mut document, Some("template"), applied);
        }
        (document, outcome.is_some())
    });
    let others = others.iter().map(|outcome: &Outcome| {
        let mut document = Document::new();
        outcome.add_to(&mut document, None, applied);
        (document, true)
    });
    let mut documents: Vec<_> = came.chain(others).collect();
    if let Some((last, _)) = documents.iter_mut().rfind(|(_, is_profile)| *is_profile) {
        applied.add_diff(last);
    }
    let mut output = Output::stdout();
    documents.iter().try_for_each(|(document, _)| output.document(document))
}

fn in_words(applied: &Applied) -> String {
    let sums = [Change::Added, Change::Replaced, Change::Unchanged, Change::Removed].map(|change| {
        let sum = applied.profiles.iter().filter(|outcome| outcome.change == change).count();
        format!("{sum} {}", change.word())
    });
    applied.with_warnings(sums.join(", "))
}
