//! What stands at a lock's place: a look at it, and the takeover from the dead.
//!
//! Three rules make it safe.
//!
//! * A living owner holds an exclusive flock on the `owner.json` it put there. Whoever gets that flock
//!   *and then* still finds that very file in its place (by inode; an open file's number is not used
//!   again) has a dead owner before it, and is the only one of its kernel who does. A release moves the
//!   directory away before it lets the flock go, a takeover replaces the file before it lets the old
//!   flock go: late comers get the flock of a file that is not there any more, and look again.
//! * Kernels that share files but no flocks, and locks with no `owner.json` to flock, need one more:
//!   a breaker first puts its own, flocked owner's file beside the old one as `breaker.json`, which works
//!   for one breaker only, then looks again whether all is as it was, then renames it over `owner.json`. So
//!   the claim and the new owner are the same file, and the takeover is one step; a killed breaker
//!   leaves a `breaker.json` whose flock is free, which is judged as an owner's is.
//! * All that happens through the directory's open handle: if the place has a new directory meanwhile,
//!   the breaker acts on the old one, which nobody uses.

use std::fs::File;
use std::io;
use std::path::Path;

use anyhow::Context as _;
use rustix::fs::AtFlags;
use rustix::io::Errno;

use crate::entry::OWNER;
use crate::intent::Intent;
use crate::lock_dir::LockDir;
use crate::name::Name;
use crate::owner_file::Owner;
use crate::prepared::Prepared;
use crate::probed_file::ProbedFile;

/// The claim of who is taking over.
const BREAKER: &str = "breaker.json";

/// What was found at a lock's place.
#[derive(Debug)]
pub(crate) enum Occupancy {
    /// Nothing: the lock is free.
    Nothing,
    /// A living owner, if it can be read.
    Alive(Option<Owner>),
    Dead(Box<StaleLock>),
    /// Something is changing at this very moment: look again.
    Moving,
}

/// A dead owner's lock. Its flock, if there is one, is ours.
#[derive(Debug)]
pub(crate) struct StaleLock {
    dir: LockDir,
    found: ProbedFile,
}

impl StaleLock {
    /// The dead owner, if it can be read.
    pub(crate) fn into_owner(self) -> Option<Owner> {
        self.found.owner
    }
}

/// What came of a takeover.
pub(crate) enum Takeover {
    /// The lock is ours; this is its flocked `owner.json`.
    Done(File),
    /// Another breaker is at it.
    Busy(Option<Owner>),
    /// All is different now: look again.
    Moving,
}

/// Looks at the lock of `name`.
pub(crate) fn look(state_dir: &Path, name: &Name, intent: Intent) -> anyhow::Result<Occupancy> {
    let path = state_dir.join(name.entry());
    let Some(dir) = LockDir::open(&path)? else { return Ok(Occupancy::Nothing) };
    let found = ProbedFile::at(&dir, OWNER, intent)
        .with_context(|| format!("cannot read {}", path.join(OWNER).display()))?;
    dir.judge(found, intent).with_context(|| format!("cannot examine {}", path.display()))
}

/// Takes a dead owner's lock over.
pub(crate) fn take_over(stale: &StaleLock, prepared: &Prepared) -> anyhow::Result<Takeover> {
    let StaleLock { dir, found } = stale;
    let act = || format!("cannot take over {}", dir.path.display());
    match prepared.put_file(&dir.directory, BREAKER) {
        Ok(true) => {}
        Ok(false) => return dir.pass_breaker().with_context(act),
        // The directory is gone, so there's nothing to take over.
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Takeover::Moving),
        Err(err) => return Err(err).with_context(act),
    }
    let is_ours = dir.install(found).with_context(act);
    if !matches!(is_ours, Ok(true)) {
        // It holds our flock, so nobody else removes it; and where it was renamed it isn't here.
        let _ = rustix::fs::unlinkat(&dir.directory, BREAKER, AtFlags::empty());
    }
    if is_ours? { Ok(Takeover::Done(prepared.file()?)) } else { Ok(Takeover::Moving) }
}

impl LockDir {
    fn judge(self, found: ProbedFile, intent: Intent) -> io::Result<Occupancy> {
        if found.is_watched || !self.is_in_place()? || !found.is_in_place(&self)? {
            return Ok(Occupancy::Moving);
        }
        let is_alive = found.is_alive(&self, intent)?;
        Ok(if is_alive {
            Occupancy::Alive(found.owner)
        } else {
            Occupancy::Dead(Box::new(StaleLock { dir: self, found }))
        })
    }

    /// Under our own claim: puts it in the owner's place, if all is still as it was judged.
    fn install(&self, found: &ProbedFile) -> io::Result<bool> {
        if !self.is_in_place()? || !found.is_untouched(self)? {
            return Ok(false);
        }
        let rename = || rustix::fs::renameat(&self.directory, BREAKER, &self.directory, OWNER);
        match rename() {
            Err(Errno::ISDIR) => {
                // A hostile owner.json that is a directory: beside, it goes with the rest at release.
                rustix::fs::renameat(&self.directory, OWNER, &self.directory, "owner.json.bad")?;
                rename()?;
            }
            result => result?,
        }
        self.is_in_place()
    }

    /// Somebody else's claim is there: it lives, or it goes.
    fn pass_breaker(&self) -> io::Result<Takeover> {
        let found = ProbedFile::at(self, BREAKER, Intent::Take)?;
        if found.is_watched || !found.is_in_place(self)? {
            return Ok(Takeover::Moving);
        }
        if found.is_alive(self, Intent::Take)? {
            return Ok(Takeover::Busy(found.owner));
        }
        match rustix::fs::unlinkat(&self.directory, BREAKER, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(Takeover::Moving),
            Err(err) => Err(err.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::owner_file::nobody;
    use std::fs;
    use std::path::PathBuf;
    use std::time::SystemTime;

    /// A lock whose owner ran on this kernel and is dead.
    fn dead_lock() -> (tempfile::TempDir, Name, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let name: Name = "x".parse().unwrap();
        let path = dir.path().join(name.entry());
        fs::create_dir(&path).unwrap();
        fs::write(path.join(OWNER), Owner::this_process("dead").unwrap().to_json().unwrap()).unwrap();
        (dir, name, path)
    }

    fn stale(dir: &Path, name: &Name) -> Box<StaleLock> {
        match look(dir, name, Intent::Take).unwrap() {
            Occupancy::Dead(stale) => stale,
            other => panic!("{other:?}"),
        }
    }

    /// Puts another `owner.json` in place, as the owner's successor does.
    fn succeed(path: &Path) {
        fs::write(path.join("new"), nobody().to_json().unwrap()).unwrap();
        fs::rename(path.join("new"), path.join(OWNER)).unwrap();
    }

    /// Between the look and the takeover `meanwhile` happens; then nothing must be taken over.
    #[track_caller]
    fn is_not_taken_over_if(meanwhile: impl Fn(&Path)) {
        let (dir, name, path) = dead_lock();
        let stale = stale(dir.path(), &name);
        let prepared = Prepared::new(dir.path(), &name, &nobody()).unwrap();
        meanwhile(&path);
        let before = fs::read(path.join(OWNER)).unwrap();
        assert!(matches!(take_over(&stale, &prepared).unwrap(), Takeover::Moving));
        assert_eq!(fs::read(path.join(OWNER)).unwrap(), before);
        assert!(!path.join(BREAKER).exists());
    }

    #[test]
    fn a_dead_owners_lock_is_taken_over_in_place() {
        let (dir, name, path) = dead_lock();
        let stale = stale(dir.path(), &name);
        let prepared = Prepared::new(dir.path(), &name, &nobody()).unwrap();
        let Takeover::Done(_file) = take_over(&stale, &prepared).unwrap() else { panic!("lost") };
        assert_eq!(Owner::from_json(&fs::read(path.join(OWNER)).unwrap()).unwrap(), nobody());
        assert!(matches!(look(dir.path(), &name, Intent::Take).unwrap(), Occupancy::Alive(Some(_))));
    }

    #[test]
    fn a_breaker_is_too_late_for_an_owner_that_another_replaced() {
        is_not_taken_over_if(succeed);
    }

    #[test]
    fn a_breaker_is_too_late_for_an_owner_that_came_to_life() {
        is_not_taken_over_if(|path| {
            let file = File::options().write(true).open(path.join(OWNER)).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        });
    }

    #[test]
    fn a_breaker_is_too_late_for_a_lock_that_was_released_and_taken_anew() {
        is_not_taken_over_if(|path| {
            fs::rename(path, path.with_extension("aside")).unwrap();
            fs::create_dir(path).unwrap();
            succeed(path);
        });
    }

    #[test]
    fn the_flock_of_a_file_that_was_replaced_says_nothing() {
        for meanwhile in [
            succeed,
            |path: &Path| fs::rename(path, path.with_extension("aside")).unwrap(),
            |path: &Path| {
                fs::remove_file(path.join(OWNER)).unwrap();
            },
        ] {
            let (_dir, _, path) = dead_lock();
            let dir = LockDir::open(&path).unwrap().unwrap();
            let found = ProbedFile::at(&dir, OWNER, Intent::Take).unwrap();
            meanwhile(&path);
            assert!(matches!(dir.judge(found, Intent::Take).unwrap(), Occupancy::Moving));
        }
    }
}
