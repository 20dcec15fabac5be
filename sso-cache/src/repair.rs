//! Mending the cache: what is torn gets the one whole object that is in it, or is put aside. A good file is never
//! touched, and what another program writes meanwhile is never lost.
//!
//! Every look is followed by a second one after a pause, since a writer that isn't atomic may be at work. What is taken
//! out of its place is compared with what was judged, and goes back if it is something else by now. What was put aside is
//! looked at once more at the end: a writer that had the file open may have finished it there.

mod candidate;
mod look;
mod named;
pub(crate) mod swap;
mod trade;

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use sso_tool::exit::{Exit, Fault, status_of};
use sso_tool::quarantine::quarantine_as;
use sso_tool::safe_read::Found;
use sso_tool::state_dir;
use sso_tool::stream::Document;
use sso_tool::time;

use crate::folder::Cache;
use crate::list::names;
use crate::salvage::FileKind;
use crate::view::View;
use candidate::{Candidate, Done, link_in_words, unmended};
use look::{Look, look};
use trade::{Emptied, bring_back, exchanged};

/// How long a writer that isn't atomic gets to finish, from its last change.
const MOMENT: Duration = crate::second_look::TIMEOUT;
/// How many more such moments a file gets that has changed within the last one.
const CHANGES: usize = 12;
/// How often a file that is written to all the time is tried, and how long between two tries.
const TRIES: usize = 40;
const BETWEEN: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub struct Repair<'a> {
    pub cache: &'a Cache,
    /// Where `quarantine/` is.
    pub state_dir: PathBuf,
    /// Whether to say only what would be done.
    pub is_dry: bool,
}

impl Repair<'_> {
    /// Repairs the named files, or all of them, and shows a document for each: `file`, `action` (`salvaged`,
    /// `quarantined`, `none`), `reason`, and where the torn one is now (`quarantine`). Torn ones come last.
    ///
    /// Status 74 if a file could not be read or mended; the others are mended all the same. Status 2 for a name that
    /// leaves the cache.
    pub fn run(&self, files: &[PathBuf], view: &mut View) -> anyhow::Result<Exit> {
        let candidates = if files.is_empty() { self.all()? } else { self.named(files)? };
        let mut failed = 0;
        let mut doubtful = Vec::new();
        for candidate in candidates {
            match look(&candidate.path, candidate.place) {
                Ok(Look::Torn(torn)) => doubtful.push((candidate, torn.found)),
                Ok(Look::Good(_)) => view.show(&self.document(&candidate, &Done::Nothing("")))?,
                // For example a temporary file.
                Ok(Look::Gone) => {}
                Ok(Look::Link(why)) => {
                    view.show(&self.document(&candidate, &Done::Left(link_in_words(why))))?;
                }
                Err(err) => {
                    failed += 1;
                    view.show(&about(&candidate).with("error", format!("{err:#}")))?;
                }
            }
        }
        failed += self.mend_all(doubtful, view)?;
        if failed > 0 {
            let message = format!("{failed} of the cache's files cannot be repaired");
            return Err(Fault::new(Exit::Io, message).hint("sso-cache repair | jq 'select(.error)'").into());
        }
        Ok(Exit::Done)
    }

    /// Repairs one file of the folder of tokens, and shows nothing. A good file, and one that can't be helped from here, is
    /// left as it is.
    pub fn run_one(&self, path: PathBuf) -> anyhow::Result<()> {
        let candidate = Candidate { place: FileKind::of(&path, false), path, is_named: true };
        let Look::Torn(torn) = look(&candidate.path, candidate.place)? else { return Ok(()) };
        let _lock = self.begin(true)?;
        thread::sleep(MOMENT);
        let done = self.mend(&candidate, torn.found)?;
        if matches!(done, Done::Mended { aside: Some(_), .. }) {
            thread::sleep(MOMENT);
        }
        finished(&candidate, done).map(drop)
    }

    /// How many files are torn and what is wrong with the first, after the same two looks. Changes nothing.
    pub fn torn(&self) -> anyhow::Result<Vec<(PathBuf, &'static str)>> {
        let is_torn =
            |candidate: &Candidate| matches!(look(&candidate.path, candidate.place), Ok(Look::Torn(_)));
        let mut torn: Vec<_> =
            self.all()?.filter(|candidate| candidate.place != FileKind::Foreign).filter(is_torn).collect();
        if !torn.is_empty() {
            thread::sleep(MOMENT);
        }
        Ok(torn
            .drain(..)
            .filter_map(|candidate| match look(&candidate.path, candidate.place) {
                Ok(Look::Torn(torn)) => Some((candidate.path, torn.why)),
                _ => None,
            })
            .collect())
    }

    fn all(&self) -> anyhow::Result<Box<dyn Iterator<Item = Candidate>>> {
        let mut all: Box<dyn Iterator<Item = Candidate>> = Box::new(std::iter::empty());
        for (folder, is_role) in [(self.cache.token_dir(), false), (self.cache.role_dir(), true)] {
            let folder = folder.to_owned();
            let found = names(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
            all = Box::new(all.chain(found.into_iter().filter_map(move |name| {
                let path = folder.join(name);
                let is_json = path.extension().is_some_and(|extension| extension == "json");
                let is_hidden = path.file_name()?.to_string_lossy().starts_with('.');
                let place = FileKind::of(&path, is_role);
                (is_json && !is_hidden).then_some(Candidate { path, place, is_named: false })
            })));
        }
        Ok(all)
    }

    fn named(&self, files: &[PathBuf]) -> anyhow::Result<Box<dyn Iterator<Item = Candidate>>> {
        // All are looked for first: a mistake in one name changes nothing.
        let found: Vec<_> =
            files.iter().map(|file| named::find(self.cache, file)).collect::<anyhow::Result<_>>()?;
        Ok(Box::new(found.into_iter().map(|(path, place)| Candidate { path, place, is_named: true })))
    }

    /// Mends what was torn at the first look. Answers how many it could not.
    fn mend_all(&self, doubtful: Vec<(Candidate, Found)>, view: &mut View) -> anyhow::Result<usize> {
        let lock = if self.is_dry { Ok(None) } else { self.begin(!doubtful.is_empty()) };
        if doubtful.is_empty() {
            return lock.map(|_| 0);
        }
        let lock = match lock {
            // Where no turn can be taken, each file says so that needs one.
            Err(err) if status_of(&err) == Exit::Io => Err(err),
            lock => Ok(lock?),
        };
        thread::sleep(MOMENT);
        let mut mended = Vec::new();
        for (candidate, found) in doubtful {
            let done = match &lock {
                Ok(_) => self.mend(&candidate, found),
                Err(err) => unmended(&candidate, err),
            };
            mended.push((candidate, done));
        }
        let is_aside = |done: &anyhow::Result<Done>| matches!(done, Ok(Done::Mended { aside: Some(_), .. }));
        if mended.iter().any(|(_, done)| is_aside(done)) {
            thread::sleep(MOMENT);
        }
        let finished: Vec<_> = mended
            .into_iter()
            .map(|(candidate, done)| {
                let done = done.and_then(|done| finished(&candidate, done));
                (candidate, done)
            })
            .collect();
        // Whoever reads the documents may take their time.
        drop(lock);
        let mut failed = 0;
        for (candidate, done) in finished {
            match done {
                Ok(done) => view.show(&self.document(&candidate, &done))?,
                Err(err) => {
                    failed += 1;
                    view.show(&about(&candidate).with("error", format!("{err:#}")))?;
                }
            }
        }
        Ok(failed)
    }

    /// Takes turns with other repairs, and clears up after one that was killed. Without anything to mend, only if
    /// there is something to clear up.
    fn begin(&self, is_needed: bool) -> anyhow::Result<Option<state_dir::StateLock>> {
        let left = || {
            [(self.cache.token_dir(), false), (self.cache.role_dir(), true)].into_iter().flat_map(
                |(folder, is_role)| {
                    let found = names(folder).unwrap_or_default().into_iter();
                    found.filter_map(move |name| {
                        let name = name.into_string().ok()?;
                        let former = swap::former_name(&name)?.to_owned();
                        Some((folder.join(&name), folder.join(&former), former, is_role))
                    })
                },
            )
        };
        if !is_needed && left().next().is_none() {
            return Ok(None);
        }
        let lock = state_dir::lock(&self.state_dir)?;
        for (taken, path, former, is_role) in left() {
            if bring_back(&taken, &path, FileKind::of(&path, is_role), Emptied::BySomebody)? {
                continue;
            }
            quarantine_as(&self.state_dir, &taken, &former, time::now()?)?;
        }
        Ok(Some(lock))
    }

    /// Mends a file that still is as the first look found it. One that changes is somebody's work in progress: it is
    /// left where it is until it has not changed for a moment.
    fn mend(&self, candidate: &Candidate, mut before: Found) -> anyhow::Result<Done> {
        let path = &candidate.path;
        let cannot_mend = || format!("cannot repair {}", path.display());
        let mut changes = 0;
        for _ in 0..TRIES + CHANGES {
            let torn = match candidate.second_look()? {
                Ok(torn) => torn,
                Err(done) => return Ok(done),
            };
            if torn.found != before {
                changes += 1;
                if changes > CHANGES {
                    break;
                }
                before = torn.found;
                thread::sleep(MOMENT);
                continue;
            }
            if self.is_dry {
                return Ok(Done::Mended { torn, aside: None });
            }
            let taken = swap::beside(path);
            if exchanged(path, &taken, &torn).with_context(cannot_mend)? {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let aside = quarantine_as(&self.state_dir, &taken, &name, time::now()?)?;
                return Ok(Done::Mended { torn, aside });
            }
            thread::sleep(BETWEEN);
        }
        Ok(Done::Left("is torn and keeps being written to: try again".to_owned()))
    }

    fn document(&self, candidate: &Candidate, done: &Done) -> Document {
        let mut document = about(candidate);
        match done {
            Done::Nothing(reason) => {
                document.set("action", "none");
                if !reason.is_empty() {
                    document.set("reason", format!("the file {reason}"));
                }
            }
            Done::Left(reason) => {
                document.set("action", "none");
                document.set("reason", reason.as_str());
            }
            Done::Mended { torn, aside } => {
                let is_saved = torn.whole.is_some();
                document.set("action", if is_saved { "salvaged" } else { "quarantined" });
                let and = match candidate.place {
                    _ if is_saved => "; one whole object is left in it",
                    FileKind::Token => "; no whole token is left in it, so its session needs a login",
                    FileKind::Role => {
                        "; no whole object is left in it: new credentials are fetched when they are needed"
                    }
                    FileKind::Foreign => "",
                };
                document.set("reason", format!("the file {}{and}", torn.why));
                if let Some(whole) = &torn.whole {
                    document.set("kind", whole.kind);
                    document.set("expiresAt", time::format(whole.expires_at));
                }
                if let Some(aside) = aside {
                    document.set("quarantine", aside.to_string_lossy());
                }
            }
        }
        if self.is_dry {
            document.set("dryRun", true);
        }
        document
    }
}

fn about(candidate: &Candidate) -> Document {
    Document::new().with("file", candidate.path.to_string_lossy())
}

/// Looks at what was put aside once more: who had the file open may have written something good into it.
fn finished(candidate: &Candidate, done: Done) -> anyhow::Result<Done> {
    let Done::Mended { aside: Some(aside), .. } = &done else { return Ok(done) };
    if bring_back(aside, &candidate.path, candidate.place, Emptied::ByUs)? {
        return Ok(Done::Nothing("was being written, and is whole now"));
    }
    Ok(done)
}
