//! Carries a plan out: the one way in which a command changes the config file.

use std::collections::HashSet;
use std::path::Path;

use anyhow::Context as _;
use sso_tool::exit::{Exit, Fault};
use sso_tool::settings::Settings;
use sso_tool::stream::Document;

use crate::aws_config::AwsConfig;
use crate::config::{Content, Role};
use crate::config_file;
use crate::diff::unified;
use crate::ini::Ini;
use crate::ini::source_text::Source;
use crate::key;
use crate::plan::{Before, Change, Plan, ProfileChange};
use crate::profile::Profile;
use crate::section_edit::edit;
use crate::warnings::{as_asked, lacks_region, no_region, warnings};

/// What was done, or would be.
pub(crate) struct Applied {
    /// In the order of the plan.
    pub(crate) profiles: Vec<AppliedProfile>,
    /// The session that went with its last profile.
    pub(crate) removed_session: Option<String>,
    /// The change as a diff, if it was only to be shown; empty if there is none.
    diff: Option<String>,
}

/// What became of one profile.
pub(crate) struct AppliedProfile {
    pub(crate) name: String,
    pub(crate) change: Change,
    /// As the profile is now, or was before it was removed; `None` if it can't be used.
    pub(crate) profile: Option<Profile>,
    pub(crate) warnings: Vec<String>,
}

/// Changes the config file as `plan` says, all of it or, on any error, nothing. With `dry_run` the change is only shown.
///
/// `plan` is asked first without a lock, since nothing to do needs no right to write, and again on what the file says under
/// the lock: each time that somebody else wrote meanwhile.
pub(crate) fn apply(
    config: &AwsConfig,
    settings: &Settings,
    dry_run: bool,
    plan: impl Fn(&Before<'_>) -> anyhow::Result<Plan>,
) -> anyhow::Result<Applied> {
    let Some(path) = config.file() else {
        return Err(Fault::new(Exit::Config, "AWS_CONFIG_FILE is set and empty: there is no file to change")
            .hint("unset AWS_CONFIG_FILE")
            .into());
    };
    let real = config_file::real_path(path)?;
    let text = config_file::current_text(&real)?;
    let (edited, mut applied) = carried_out(path, config, &text, &plan)?;
    if dry_run {
        applied.diff = Some(edited.map(|edited| unified(path, &text, &edited)).unwrap_or_default());
    } else if edited.is_some() {
        applied = config_file::change(&real, |text| carried_out(path, config, text, &plan))?;
    }
    applied.warn_of_keys(settings);
    Ok(applied)
}

/// The text after the change, if there is any, and what it comes to.
fn carried_out(
    path: &Path,
    config: &AwsConfig,
    text: &str,
    plan: impl Fn(&Before<'_>) -> anyhow::Result<Plan>,
) -> anyhow::Result<(Option<String>, Applied)> {
    let unreadable = |refusal| config_file::unreadable(path, &refusal);
    let ini = Ini::parse(text).map_err(unreadable)?;
    let content = Content::of(&ini).map_err(unreadable)?;
    let before = Before { config: config.with_content(content), source: Source::new(text, &ini) };
    let Plan { edits, dropped, profiles } = plan(&before)?;
    let edited = if edits.is_empty() && dropped.is_empty() {
        None
    } else {
        Some(edit(text, &edits, &dropped).with_context(|| path.display().to_string())?)
    };
    let after = match &edited {
        Some(edited) => &config.with_content(Content::parse(edited).map_err(unreadable)?),
        None => &before.config,
    };
    let mut warned = HashSet::new();
    let mut outcomes = Vec::with_capacity(profiles.len());
    for ProfileChange { name, change, asked, warnings: mut own } in profiles {
        let profile = match change {
            Change::Removed | Change::Kept => before.config.profile(&name).ok().flatten(),
            Change::Added | Change::Replaced | Change::Unchanged => {
                let profile = after.known_profile(&name)?;
                asked.map_or(Ok(()), |asked| as_asked(&profile, &asked))?;
                own.extend(warnings(&profile, after).into_iter().filter(|one| warned.insert(one.clone())));
                Some(profile)
            }
        };
        outcomes.push(AppliedProfile { name, change, profile, warnings: own });
    }
    let removed_session = dropped.into_iter().find_map(|role| match role {
        Role::Session(name) => Some(name),
        _ => None,
    });
    let mut applied = Applied { profiles: outcomes, removed_session, diff: None };
    applied.warn_of_regions();
    Ok((edited, applied))
}

impl Applied {
    /// The change as a diff, where that is all there is to tell; `None` if nothing changes.
    pub(crate) fn diff_in_words(&self) -> Option<String> {
        self.diff.as_deref().filter(|diff| !diff.is_empty()).map(|diff| diff.trim_end().to_owned())
    }

    /// Adds the diff to a document, if the change is only shown.
    pub(crate) fn add_diff(&self, document: &mut Document) {
        if let Some(diff) = &self.diff {
            document.set("diff", diff.as_str());
        }
    }

    /// A sentence, and what there is to warn of.
    pub(crate) fn with_warnings(&self, mut words: String) -> String {
        for warning in self.profiles.iter().flat_map(|outcome| &outcome.warnings) {
            words.push_str("; ");
            words.push_str(warning);
        }
        words
    }

    /// The first profile that lacks a region speaks for all.
    fn warn_of_regions(&mut self) {
        let is_written_without = |outcome: &AppliedProfile| {
            matches!(outcome.change, Change::Added | Change::Replaced)
                && outcome.profile.as_ref().is_some_and(lacks_region)
        };
        let names: Vec<_> = (self.profiles.iter().filter(|outcome| is_written_without(outcome)))
            .map(|outcome| outcome.name.as_str())
            .collect();
        let warning = no_region(&names);
        if let Some(outcome) = self.profiles.iter_mut().find(|outcome| is_written_without(outcome)) {
            outcome.warnings.extend(warning);
        }
    }

    /// A key of a profile that is gone gives nothing any more.
    fn warn_of_keys(&mut self, settings: &Settings) {
        let is_removed = |outcome: &&mut AppliedProfile| outcome.change == Change::Removed;
        let mut removed = self.profiles.iter_mut().filter(is_removed).peekable();
        if removed.peek().is_none() {
            return;
        }
        let keys = key::by_profile(settings);
        for outcome in removed {
            let own = keys.get(&outcome.name).into_iter().flatten();
            outcome.warnings.extend(own.map(|key| key::points_at(key, &outcome.name)));
        }
    }
}

impl AppliedProfile {
    /// Adds what became of the profile to a document; `from` says where the profile's name came from.
    pub(crate) fn add_to(&self, document: &mut Document, from: Option<&str>, applied: &Applied) {
        match &self.profile {
            Some(profile) => profile.add_to(document, from),
            None => document.set("profile", self.name.as_str()),
        }
        document.set("change", self.change.word());
        if applied.diff.is_some() {
            document.set("dryRun", true);
        }
        if !self.warnings.is_empty() {
            document.set("warnings", self.warnings.clone());
        }
    }
}
