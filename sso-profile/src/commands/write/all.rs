//! `write --all`: a profile for each account and role on stdin, in one edit of the config file.

use std::collections::HashSet;
use std::path::Path;

use anyhow::Context as _;
use sso_tool::exit::{Exit, Fault};
use sso_tool::settings::Settings;
use sso_tool::stream::{Document, Output};

use crate::apply::edit;
use crate::aws_config::AwsConfig;
use crate::bulk::{Bulk, plan, roles};
use crate::commands::write::listing::Listing;
use crate::commands::write::{Args, as_asked, lacks_region, no_region, warnings};
use crate::change::Change;
use crate::config::Content;
use crate::config_file;
use crate::diff::unified;
use crate::ini::Ini;
use crate::ini::source_text::Source;
use crate::key;
use crate::mark::marked;
use crate::profile::Profile;
use crate::request::Request;

/// Writes them all or, on any error, none. The documents go out once they are written, each with its
/// profile's keys; then one for each profile that was removed, or is kept though its role is gone.
///
/// Status 65 for a document without an account or a role, for one that is a failure (`error`), and for pruning by a
/// listing that isn't whole.
pub(super) fn run(command: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let listing = Listing::read(command)?;
    let config = AwsConfig::load(settings)?;
    let Some(path) = config.file() else {
        return Err(Fault::new(Exit::Config, "AWS_CONFIG_FILE is set and empty: there is no file to write")
            .hint("unset AWS_CONFIG_FILE")
            .into());
    };
    let real = config_file::real_path(path)?;
    // Without a lock first: nothing to do needs no right to write.
    let text = config_file::current_text(&real)?;
    let (edited, mut done) = edited(command, &listing, path, &config, &text)?;
    let mut diff = None;
    if command.dry_run {
        diff = Some(edited.map(|edited| unified(path, &text, &edited)).unwrap_or_default());
    } else if edited.is_some() {
        done = config_file::change(&real, |text| self::edited(command, &listing, path, &config, text))?;
    }
    done.warn_of_keys(settings);
    match diff {
        Some(diff) if command.text && !diff.is_empty() => Output::stdout().text(diff.trim_end())?,
        _ if command.text => Output::stdout().text(&done.in_words())?,
        diff => print(listing, &done, diff)?,
    }
    Ok(Exit::Done)
}

/// A document for each profile; the last one has the diff.
fn print(listing: Listing, done: &Done, diff: Option<String>) -> anyhow::Result<()> {
    let is_dry_run = diff.is_some();
    let came = listing.documents.into_iter().map(|(mut document, index)| {
        let outcome = index.and_then(|index| done.wanted.get(index));
        if let Some(outcome) = outcome {
            outcome.add_to(&mut document, is_dry_run);
        }
        (document, outcome.is_some())
    });
    let others = done.others.iter().map(|outcome| {
        let mut document = Document::new();
        outcome.add_to(&mut document, is_dry_run);
        (document, true)
    });
    let mut documents: Vec<_> = came.chain(others).collect();
    if let (Some(diff), Some((last, _))) = (diff, documents.iter_mut().rfind(|(_, is_profile)| *is_profile)) {
        last.set("diff", diff);
    }
    let mut output = Output::stdout();
    documents.iter().try_for_each(|(document, _)| output.document(document))
}

/// What was done, or would be.
struct Done {
    /// In the order of what was wanted.
    wanted: Vec<Outcome>,
    /// What nobody wanted any more.
    others: Vec<Outcome>,
}

/// What becomes of one profile.
struct Outcome {
    name: String,
    /// As it is now, or was before it was removed; `None` if it can't be used.
    profile: Option<Profile>,
    kind: Change,
    warnings: Vec<String>,
}

impl Outcome {
    fn add_to(&self, document: &mut Document, is_dry_run: bool) {
        match &self.profile {
            Some(profile) => {
                let is_named = matches!(self.kind, Change::Removed | Change::Kept);
                profile.add_to(document, (!is_named).then_some("template"));
            }
            None => document.set("profile", self.name.as_str()),
        }
        document.set("change", self.kind.word());
        if is_dry_run {
            document.set("dryRun", true);
        }
        if !self.warnings.is_empty() {
            document.set("warnings", self.warnings.clone());
        }
    }
}

impl Done {
    /// The first one that lacks a region speaks for all.
    fn warn_of_regions(&mut self) {
        let is_new_without = |outcome: &&Outcome| {
            outcome.kind != Change::Unchanged && outcome.profile.as_ref().is_some_and(lacks_region)
        };
        let names: Vec<_> =
            self.wanted.iter().filter(is_new_without).map(|outcome| outcome.name.as_str()).collect();
        let (first, warning) = (names.first().map(|name| (*name).to_owned()), no_region(&names));
        if let Some(outcome) = self.wanted.iter_mut().find(|outcome| Some(&outcome.name) == first.as_ref()) {
            outcome.warnings.extend(warning);
        }
    }

    /// A key of a profile that is gone gives nothing any more.
    fn warn_of_keys(&mut self, settings: &Settings) {
        let mut removed = self.others.iter_mut().filter(|outcome| outcome.kind == Change::Removed).peekable();
        if removed.peek().is_none() {
            return;
        }
        let keys = key::by_profile(settings);
        for outcome in removed {
            let own = keys.get(&outcome.name).into_iter().flatten();
            outcome.warnings.extend(own.map(|key| key::points_at(key, &outcome.name)));
        }
    }

    fn in_words(&self) -> String {
        let outcomes = || self.wanted.iter().chain(&self.others);
        let sums = [Change::Added, Change::Replaced, Change::Unchanged, Change::Removed].map(|kind| {
            let sum = outcomes().filter(|outcome| outcome.kind == kind).count();
            format!("{sum} {}", kind.word())
        });
        let mut words = sums.join(", ");
        for warning in outcomes().flat_map(|outcome| &outcome.warnings) {
            words.push_str("; ");
            words.push_str(warning);
        }
        words
    }
}

/// The text after the change, if there is any, and what it comes to.
fn edited(
    command: &Args,
    listing: &Listing,
    path: &Path,
    config: &AwsConfig,
    text: &str,
) -> anyhow::Result<(Option<String>, Done)> {
    let unreadable = |refusal| config_file::unreadable(path, &refusal);
    let ini = Ini::parse(text).map_err(unreadable)?;
    let content = Content::of(&ini).map_err(unreadable)?;
    listing.check_portals(&content)?;
    let marked = marked(&Source::new(text, &ini), &content);
    let before = config.with_content(content);
    let wanted = &listing.wanted;
    let prune = command.prune.then_some(listing.empty.as_slice());
    let Bulk { changes, gone, kept, kinds } = plan(wanted, &before, &marked, prune, command.replace)?;
    let edited = if changes.is_empty() && gone.is_empty() {
        None
    } else {
        Some(edit(text, &changes, &roles(&gone)).with_context(|| path.display().to_string())?)
    };
    let after = match &edited {
        Some(edited) => &config.with_content(Content::parse(edited).map_err(unreadable)?),
        None => &before,
    };
    let mut done = Done { wanted: Vec::with_capacity(wanted.len()), others: Vec::new() };
    let mut warned = HashSet::new();
    for (wanted, kind) in wanted.iter().zip(kinds) {
        let profile = after.known_profile(&wanted.name)?;
        if kind != Change::Unchanged {
            as_asked(&profile, &Request { region: None, ..wanted.request.clone() })?;
        }
        let mut warnings = warnings(&profile, after);
        warnings.retain(|warning| warned.insert(warning.clone()));
        done.wanted.push(Outcome { name: wanted.name.clone(), profile: Some(profile), kind, warnings });
    }
    done.warn_of_regions();
    let mut note = |names: Vec<String>, kind, warnings: &[&str]| {
        for name in names {
            let profile = before.profile(&name).ok().flatten();
            let warnings = warnings.iter().map(|why| format!("profile `{name}` {why}")).collect();
            done.others.push(Outcome { name, profile, kind, warnings });
        }
    };
    note(gone, Change::Removed, &[]);
    note(kept, Change::Kept, &["has no role any more and stays: another profile has it as its source_profile"]);
    Ok((edited, done))
}
