//! Removing what nobody needs: a file goes only if all of it says so at the moment it goes.
//!
//! Never removed: what a refresh still renews, a registration that isn't over, another tool's file that isn't torn, and
//! a torn file that `repair` can put right.

mod points;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use serde_json::Value;
use sso_tool::exit::{Exit, Fault};
use sso_tool::safe_read::{self, Found};
use sso_tool::state_dir;
use sso_tool::stream::{self, Document};
use sso_tool::time::{Moment, format_duration};

pub use points::Points;

use crate::copies;
use crate::folder::Cache;
use crate::list::{describe, names};
use crate::repair::swap;
use crate::salvage::{FileKind, Verdict, any_token_in, is_ours, judge};
use crate::view::View;
use sso_tool::token_state::TokenState;

/// What is to go: whatever one of `is_expired`, `orphaned` and `is_corrupt` says, if it is at least `older_than` old.
/// With the age alone, tokens and role credentials of that age.
#[derive(Debug, Default)]
pub struct Choice {
    /// What is over and can't be renewed.
    pub is_expired: bool,
    /// What these profiles don't point at.
    pub orphaned: Option<Points>,
    /// What is torn, and beyond repair.
    pub is_corrupt: bool,
    /// Not written to for so long.
    pub older_than: Option<Duration>,
}

impl Choice {
    /// Whether nothing was chosen.
    pub fn is_empty(&self) -> bool {
        !self.is_expired && self.orphaned.is_none() && !self.is_corrupt && self.older_than.is_none()
    }
}

/// A prune of one cache.
#[derive(Debug)]
pub struct Prune<'a> {
    pub cache: &'a Cache,
    /// Where changes of the suite take turns.
    pub state_dir: PathBuf,
    /// What is to go.
    pub wanted: Choice,
    /// Whether to say only what would be done.
    pub is_dry: bool,
}

impl Prune<'_> {
    /// Shows a document per file, as `list` does, with `action` (`removed` or `kept`), `because`, and, for a file that
    /// couldn't be handled, `error`; then the end is status 74. The others go all the same.
    pub fn run(&self, now: Moment, view: &mut View) -> anyhow::Result<Exit> {
        let mut failed = 0_usize;
        for (folder, is_role) in [(self.cache.token_dir(), false), (self.cache.role_dir(), true)] {
            let copies: BTreeSet<_> = copies::leftovers(folder).into_iter().map(|(path, _)| path).collect();
            for name in names(folder).with_context(|| format!("cannot list {}", folder.display()))? {
                let path = folder.join(name);
                if copies.contains(&path) {
                    continue;
                }
                let document = match self.handle(&path, is_role, now) {
                    Ok(Some(document)) => document,
                    Ok(None) => continue,
                    Err(err) => {
                        failed += 1;
                        Document::new()
                            .with("file", path.to_string_lossy())
                            .with("action", "kept")
                            .with("error", format!("{err:#}"))
                    }
                };
                view.show(&document)?;
            }
        }
        for (copy, kind) in self.copies() {
            match self.handle_copy(&copy, kind, now) {
                Ok(document) => view.show(&document)?,
                Err(err) => {
                    failed += 1;
                    let document = Document::new()
                        .with("file", copy.0.to_string_lossy())
                        .with("action", "kept")
                        .with("error", format!("{err:#}"));
                    view.show(&document)?;
                }
            }
        }
        if failed > 0 {
            let message = format!("{failed} of the cache's files cannot be pruned");
            return Err(Fault::new(Exit::Io, message).hint("sso-cache prune … | jq 'select(.error)'").into());
        }
        Ok(Exit::Done)
    }

    /// The copies of cache files: what killed writers left, and what was put aside.
    fn copies(&self) -> Vec<((PathBuf, String), &'static str)> {
        let leftovers =
            [self.cache.token_dir(), self.cache.role_dir()].into_iter().flat_map(copies::leftovers);
        let aside = copies::quarantined(&self.state_dir).into_iter();
        let is_ours = |(_, name): &(PathBuf, String)| is_ours(Path::new(name));
        let leftovers = leftovers.filter(is_ours).map(|copy| (copy, "leftover"));
        leftovers.chain(aside.filter(is_ours).map(|copy| (copy, "quarantined"))).collect()
    }

    /// The document of one copy, which is gone by then if it is to go.
    fn handle_copy(
        &self,
        (path, name): &(PathBuf, String),
        kind: &'static str,
        now: Moment,
    ) -> anyhow::Result<Document> {
        let because = self.because_of_copy(path, name, now);
        if because.is_some() && !self.is_dry {
            let _turn = state_dir::lock(&self.state_dir)?;
            copies::remove(path)?;
        }
        let mut document = Document::new()
            .with("file", path.to_string_lossy())
            .with("kind", kind)
            .with("action", if because.is_some() { "removed" } else { "kept" });
        if let Some(because) = because {
            document.set("because", because);
        }
        if self.is_dry {
            document.set("dryRun", true);
        }
        Ok(document)
    }

    fn because_of_copy(&self, path: &Path, name: &str, now: Moment) -> Option<String> {
        let wanted = &self.wanted;
        if wanted.older_than.is_some_and(|least| age_of(path).is_none_or(|age| age < least)) {
            return None;
        }
        if wanted.is_corrupt {
            return Some("it is a leftover or quarantined copy".to_owned());
        }
        if wanted.orphaned.as_ref().is_some_and(|points| !points.have_name(name)) {
            return Some("no profile uses the file that it is a copy of".to_owned());
        }
        let is_over = || any_token_in(path).is_some_and(|token| token.state(now) == TokenState::Expired);
        if wanted.is_expired && is_over() {
            return Some("it has expired, and nothing renews it".to_owned());
        }
        let is_age_all = !wanted.is_expired && wanted.orphaned.is_none();
        let age = wanted.older_than.filter(|_| is_age_all)?;
        Some(format!("nothing has written to it for {}", format_duration(age)))
    }

    /// The document of one file, which is gone by then if it is to go; `None` if there is none any more.
    fn handle(&self, path: &Path, is_role: bool, now: Moment) -> anyhow::Result<Option<Document>> {
        // First what takes a second look at a torn file, then the bytes that are judged.
        let Some(document) = describe(path, now)? else { return Ok(None) };
        let found = safe_read::read(path, stream::LARGEST)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let because = self.because(path, FileKind::of(path, is_role), &found, &document);
        let is_removed = match because {
            Some(_) => self.is_dry || self.remove(path, &found)?,
            None => false,
        };
        let mut document = document.with("action", if is_removed { "removed" } else { "kept" });
        if let Some(because) = because {
            document.set("because", if is_removed { because } else { "it changed meanwhile".to_owned() });
        }
        if self.is_dry {
            document.set("dryRun", true);
        }
        Ok(Some(document))
    }

    /// Removes a file if it is still the one that was judged: it is taken out of its place first and looked at there.
    fn remove(&self, path: &Path, judged: &Found) -> anyhow::Result<bool> {
        // For this file alone: whoever reads the documents may take their time.
        let _turn = state_dir::lock(&self.state_dir)?;
        let taken = swap::beside(path);
        let attempt = || -> io::Result<bool> {
            if !swap::take(path, &taken)? {
                return Ok(false);
            }
            let is_it = safe_read::read(&taken, stream::LARGEST)? == *judged;
            if is_it { fs::remove_file(&taken) } else { swap::put_back(&taken, path) }.map(|()| is_it)
        };
        attempt().with_context(|| format!("cannot remove {}", path.display()))
    }

    /// Why a file is to go; `None` if it stays.
    fn because(&self, path: &Path, place: FileKind, found: &Found, document: &Document) -> Option<String> {
        let wanted = &self.wanted;
        if wanted.older_than.is_some_and(|least| age_of(path).is_none_or(|age| age < least)) {
            return None;
        }
        if let Some(why) = is_beyond_repair(path, place, found) {
            return wanted.is_corrupt.then(|| format!("the file {why}"));
        }
        let text = |key: &str| document.get(key).and_then(Value::as_str).unwrap_or_default();
        let (kind, state) = (text("kind"), TokenState::of_word(text("state")));
        // What a link names is elsewhere; what is torn can be mended.
        if !is_ours(path)
            || !matches!(found, Found::Bytes(_))
            || kind == "other"
            || state == Some(TokenState::Corrupt)
        {
            return None;
        }
        if wanted.is_expired && state == Some(TokenState::Expired) {
            return Some("it has expired, and nothing renews it".to_owned());
        }
        if kind == "registration" {
            return None;
        }
        // What an assumed role's key is made of is in no document.
        if kind != "assume-role" && wanted.orphaned.as_ref().is_some_and(|points| !points.have(path)) {
            return Some("no profile uses it".to_owned());
        }
        let is_age_all = !wanted.is_expired && wanted.orphaned.is_none() && !wanted.is_corrupt;
        let age = wanted.older_than.filter(|_| is_age_all)?;
        Some(format!("nothing has written to it for {}", format_duration(age)))
    }
}

/// What is wrong with a torn file of which nothing can be saved. Of other tools' files only a `.json` that is no JSON is
/// torn.
fn is_beyond_repair(path: &Path, place: FileKind, found: &Found) -> Option<&'static str> {
    path.extension().filter(|extension| *extension == "json")?;
    match found {
        Found::Bytes(bytes) => match judge(place, bytes) {
            Verdict::Torn(why, None) => Some(why),
            _ => None,
        },
        Found::Bad(why) if place != FileKind::Foreign && !path.is_symlink() => Some(why),
        Found::Bad(_) | Found::Missing => None,
    }
}

/// How long a file was not written to.
fn age_of(path: &Path) -> Option<Duration> {
    SystemTime::now().duration_since(path.symlink_metadata().ok()?.modified().ok()?).ok()
}
