//! `write --all`: a profile for each account and role on stdin, in one edit of the config file.

use sso_tool::exit::Exit;
use sso_tool::settings::Settings;
use sso_tool::stream::{Document, Output};

use crate::apply::{Applied, AppliedProfile, apply};
use crate::aws_config::AwsConfig;
use crate::commands::write::listing::{AllRequest, Listing};
use crate::commands::write::options::WriteOptions;
use crate::plan::{self, Before, Change};
use crate::request::Request;
use crate::template::Template;

/// Writes all profiles or, on any error, none. The documents go out once they are written, each with its
/// profile's keys; then one for each profile that was removed, or is kept though its role is gone.
///
/// Status 65 for a document without an account or a role, for one that is a failure (`error`), and for pruning by a
/// listing that isn't whole.
pub(super) fn run(
    stdin: impl Iterator<Item = anyhow::Result<Document>>,
    asked: &AllRequest,
    options: WriteOptions,
    is_text: bool,
    settings: &Settings,
) -> anyhow::Result<Exit> {
    let listing = Listing::read(stdin, asked)?;
    let applied = put(&listing, asked.prunes, options, settings)?;
    let mut output = Output::stdout();
    if is_text {
        output.text(&applied.diff_in_words().unwrap_or_else(|| in_words(&applied)))?;
    } else {
        documents(listing, &applied).iter().try_for_each(|document| output.document(document))?;
    }
    Ok(Exit::Done)
}

/// Writes a profile for each of a listing's rows as the command does, for a program that has listed them. The answers are
/// the command's documents.
pub fn write_profiles(
    rows: Vec<Document>,
    template: Template,
    request: Request,
    options: WriteOptions,
    settings: &Settings,
) -> anyhow::Result<Vec<Document>> {
    let asked = AllRequest { request, template, prunes: false, is_complete: false };
    let listing = Listing::read(rows.into_iter().map(Ok), &asked)?;
    let applied = put(&listing, false, options, settings)?;
    Ok(documents(listing, &applied))
}

fn put(
    listing: &Listing,
    prunes: bool,
    options: WriteOptions,
    settings: &Settings,
) -> anyhow::Result<Applied> {
    let prune = prunes.then_some(listing.empty.as_slice());
    apply(&AwsConfig::load(settings)?, settings, options.dry_run, |before: &Before<'_>| {
        listing.check_portals(before.config.content())?;
        Ok(plan::all(&listing.wanted, before, prune, options.replace)?)
    })
}

/// A document for each profile; the last one has the diff.
fn documents(listing: Listing, applied: &Applied) -> Vec<Document> {
    // Those of the plan come in the order of what was wanted, then those that nobody wants any more.
    let (wanted, others) = applied.profiles.split_at(listing.wanted.len().min(applied.profiles.len()));
    let came = listing.documents.into_iter().map(|(mut document, index)| {
        let outcome = index.and_then(|index| wanted.get(index));
        if let Some(outcome) = outcome {
            outcome.add_to(&mut document, Some("template"), applied);
        }
        (document, outcome.is_some())
    });
    let others = others.iter().map(|outcome: &AppliedProfile| {
        let mut document = Document::new();
        outcome.add_to(&mut document, None, applied);
        (document, true)
    });
    let mut documents: Vec<_> = came.chain(others).collect();
    if let Some((last, _)) = documents.iter_mut().rfind(|(_, is_profile)| *is_profile) {
        applied.add_diff(last);
    }
    documents.into_iter().map(|(document, _)| document).collect()
}

fn in_words(applied: &Applied) -> String {
    let sums = [Change::Added, Change::Replaced, Change::Unchanged, Change::Removed].map(|change| {
        let sum = applied.profiles.iter().filter(|outcome| outcome.change == change).count();
        format!("{sum} {}", change.word())
    });
    applied.with_warnings(sums.join(", "))
}
