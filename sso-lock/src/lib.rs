//! Hold a named lock while a command runs. It never decides what is worth locking.
//!
//! A lock is a directory, `NAME.lock`, that appears in one atomic step together with the `owner.json`
//! within. A living owner holds an exclusive flock on that file, so a dead one is known at once, and
//! replaced without a race (`occupancy.rs` says how). Where no kernel is shared, a heartbeat and a lease
//! decide (`liveness.rs` has the table).
//!
//! ```
//! use std::time::Duration;
//! use sso_lock::{Lock, Acquired};
//!
//! # let dir = tempfile::tempdir()?;
//! let lock = Lock::new(dir.path(), "login".parse().map_err(anyhow::Error::msg)?);
//! let Acquired::Held(guard) = lock.acquire("sso-login", Duration::from_secs(5))? else { panic!("busy") };
//! assert!(matches!(lock.try_acquire("sso-login")?, Acquired::Busy(Some(_))));
//! guard.release()?; // or drop it
//! # anyhow::Ok(())
//! ```

mod acquired;
mod entry;
mod guard;
mod intent;
mod kernel;
mod liveness;
mod lock_dir;
mod name;
mod occupancy;
mod owner_file;
mod prepared;
mod probed_file;
mod token;
mod token_lock;
mod wait;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use sso_tool::exit::{Exit, Fault};
use sso_tool::settings::Settings;
use sso_tool::shell::shell_word;
use sso_tool::state_dir;
use sso_tool::stream::Document;

pub use acquired::Acquired;
pub use guard::Guard;
use intent::Intent;
pub use liveness::{FOREIGN, HEARTBEAT, LEASE};
pub use name::Name;
use occupancy::{Occupancy, StaleLock, Takeover};
pub use owner_file::Owner;
use prepared::Prepared;
pub use token_lock::TokenLock;

/// How often to look again when all is moving. Each time, somebody else got on; so many times in a
/// row is busy.
const LOOKS: usize = 500;

/// How long to let others move.
const MOMENT: Duration = Duration::from_millis(1);

/// A named lock of a directory, held or not.
#[derive(Clone, Debug)]
pub struct Lock {
    state_dir: PathBuf,
    name: Name,
}

/// How a lock stands.
#[derive(Clone, Debug, PartialEq)]
pub enum LockState {
    /// Nobody has it.
    Free,
    /// Somebody has it; who, if that can be read.
    Held(Option<Owner>),
    /// Somebody had it and is dead, or its time is over: the next contender gets it.
    Stale(Option<Owner>),
}

/// What came of breaking a lock.
#[derive(Clone, Debug, PartialEq)]
pub enum Broken {
    /// There was none.
    Free,
    /// The holder lives, so the lock stays.
    Alive(Option<Owner>),
    /// A dead holder's, now gone.
    Removed,
}

impl Lock {
    /// The lock `name` in `state_dir`, which is made (0700) when the lock is first taken.
    pub fn new(state_dir: impl Into<PathBuf>, name: Name) -> Self {
        Self { state_dir: state_dir.into(), name }
    }

    /// The lock `name` in the state directory of these settings.
    pub fn of(settings: &Settings, name: &str) -> anyhow::Result<Self> {
        Self::named(settings, &name.parse().map_err(anyhow::Error::msg)?)
    }

    /// The lock `name`, where the name was read already.
    pub fn named(settings: &Settings, name: &Name) -> anyhow::Result<Self> {
        Ok(Self::new(settings.state_dir()?, name.clone()))
    }

    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The lock's directory, while it is held.
    pub fn path(&self) -> PathBuf {
        self.state_dir.join(self.name.entry())
    }

    /// Takes the lock if nobody alive has it. `command` says what for, as others see it: a program's
    /// name, without arguments, as those may hold secrets.
    pub fn try_acquire(&self, command: &str) -> anyhow::Result<Acquired<Guard>> {
        self.attempt(|| Owner::this_process(command))
    }

    /// Takes the lock, and waits for it at most `wait`, by a clock that nobody can set.
    /// `Duration::MAX` waits for ever.
    pub fn acquire(&self, command: &str, wait: Duration) -> anyhow::Result<Acquired<Guard>> {
        wait::at_most(wait, || self.try_acquire(command))
    }

    /// How the lock stands. Changes nothing.
    pub fn state(&self) -> anyhow::Result<LockState> {
        for _ in 0..LOOKS {
            match occupancy::look(&self.state_dir, &self.name, Intent::Know)? {
                Occupancy::Nothing => return Ok(LockState::Free),
                Occupancy::Alive(owner) => return Ok(LockState::Held(owner)),
                Occupancy::Dead(stale) => return Ok(LockState::Stale(stale.into_owner())),
                Occupancy::Moving => thread::sleep(MOMENT),
            }
        }
        Ok(LockState::Held(None))
    }

    /// Removes the lock of a dead holder, and none else's.
    pub fn break_stale(&self) -> anyhow::Result<Broken> {
        for _ in 0..LOOKS {
            match occupancy::look(&self.state_dir, &self.name, Intent::Take)? {
                Occupancy::Nothing => return Ok(Broken::Free),
                Occupancy::Alive(owner) => return Ok(Broken::Alive(owner)),
                // Taken over and let go: the same race-free way as any contender's.
                Occupancy::Dead(stale) => {
                    match self.take_over(&stale, Owner::this_process("sso-lock break"))? {
                        Takeover::Done(file) => {
                            self.guard(file)?.release()?;
                            return Ok(Broken::Removed);
                        }
                        Takeover::Busy(owner) => return Ok(Broken::Alive(owner)),
                        Takeover::Moving => {}
                    }
                }
                Occupancy::Moving => {}
            }
            thread::sleep(MOMENT);
        }
        Ok(Broken::Alive(None))
    }

    /// The error of who can't wait any longer: status 75, naming the holder.
    pub fn busy(&self, owner: Option<&Owner>) -> anyhow::Error {
        Fault::new(Exit::TryLater, format!("`{}` is held by {}", self.name, owner_file::in_words(owner)))
            .hint(self.help(owner))
            .into()
    }

    /// The command that helps who can't wait any longer. It shows the holder; of a mere folder, which says nothing of who made
    /// it and counts for [`FOREIGN`], it is the one that ends it.
    pub fn help(&self, owner: Option<&Owner>) -> String {
        let path = self.path();
        let is_bare =
            owner.is_none() && fs::read_dir(&path).is_ok_and(|mut entries| entries.next().is_none());
        if is_bare {
            return format!("rmdir {}", shell_word(&path.to_string_lossy()));
        }
        format!("sso-lock status {}", self.name)
    }

    fn attempt(&self, owner: impl Fn() -> anyhow::Result<Owner>) -> anyhow::Result<Acquired<Guard>> {
        for _ in 0..LOOKS {
            match occupancy::look(&self.state_dir, &self.name, Intent::Take)? {
                Occupancy::Nothing => {
                    if let Some(file) = self.create(&owner()?)? {
                        return self.guard(file).map(Acquired::Held);
                    }
                }
                Occupancy::Alive(owner) => return Ok(Acquired::Busy(owner)),
                Occupancy::Dead(stale) => match self.take_over(&stale, owner())? {
                    Takeover::Done(file) => return self.guard(file).map(Acquired::Held),
                    Takeover::Busy(owner) => return Ok(Acquired::Busy(owner)),
                    Takeover::Moving => {}
                },
                Occupancy::Moving => {}
            }
            thread::sleep(MOMENT);
        }
        Ok(Acquired::Busy(None))
    }

    /// Makes the lock's directory, owner and all, in one step; `None` if somebody was faster.
    fn create(&self, owner: &Owner) -> anyhow::Result<Option<File>> {
        let prepared = Prepared::new(&self.state_dir, &self.name, owner)?;
        let put = prepared.put_at(&self.path());
        Ok(put.with_context(|| format!("cannot make {}", self.path().display()))?.ok())
    }

    fn take_over(&self, stale: &StaleLock, owner: anyhow::Result<Owner>) -> anyhow::Result<Takeover> {
        occupancy::take_over(stale, &Prepared::new(&self.state_dir, &self.name, &owner?)?)
    }

    fn guard(&self, file: File) -> anyhow::Result<Guard> {
        let guard = Guard::new(self.path(), self.name.clone(), file)?;
        entry::sweep(&self.state_dir, &self.name.litter());
        Ok(guard)
    }
}

impl LockState {
    /// `{"name", "held", "owner", "stale"}`.
    pub fn document(&self, name: &Name) -> Document {
        let owner = match self {
            Self::Free => None,
            Self::Held(owner) | Self::Stale(owner) => owner.as_ref(),
        };
        Document::new()
            .with("name", name.as_str())
            .with("held", matches!(self, Self::Held(_)))
            .with("owner", owner_file::to_value(owner))
            .with("stale", matches!(self, Self::Stale(_)))
    }

    /// The state as a sentence.
    pub fn in_words(&self, name: &Name) -> String {
        match self {
            Self::Free => format!("{name}: free"),
            Self::Held(owner) => format!("{name}: held by {}", owner_file::in_words(owner.as_ref())),
            Self::Stale(owner) => format!("{name}: left behind by {}", owner_file::in_words(owner.as_ref())),
        }
    }
}

/// The names of the locks in `state_dir`, held or left behind, in order.
pub fn names(state_dir: &Path) -> anyhow::Result<Vec<Name>> {
    let act = || format!("cannot read {}", state_dir.display());
    let entries = match fs::read_dir(state_dir) {
        Ok(entries) => entries,
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(err) => {
            let read = Err(err).with_context(act);
            return state_dir::in_the_way(state_dir).map_or(read, |fault| Err(fault.into()));
        }
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.with_context(act)?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            names.extend(entry.file_name().to_str().and_then(Name::of_entry));
        }
    }
    names.sort();
    Ok(names)
}
