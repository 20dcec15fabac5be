//! A lock that no process holds: whoever has its token may release it, and its ttl ends it.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use sso_tool::exit::{Exit, Fault};
use sso_tool::secret::Secret;
use sso_tool::stream::Document;
use sso_tool::time::{self, Moment};

use crate::entry::OWNER;
use crate::guard::{self, Guard};
use crate::intent::Intent;
use crate::liveness::Flock;
use crate::lock_dir::LockDir;
use crate::owner_file::Owner;
use crate::prepared::Prepared;
use crate::probed_file::ProbedFile;
use crate::token::{self, Digest};
use crate::{Acquired, Lock, MOMENT, wait};

/// How long a release waits for the `acquire` that made the token to end.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A lock on its way to its token's holder. Dropped before [`detach`](Self::detach), it is released:
/// a token that nobody got to see holds nothing.
#[derive(Debug)]
pub struct TokenLock {
    lock: Lock,
    guard: Guard,
    owner: Owner,
    token: Secret,
    expires_at: Moment,
}

impl Lock {
    /// Takes the lock for a token, and waits for it at most `wait`. After `ttl` it counts as dead.
    pub fn acquire_token(&self, ttl: Duration, wait: Duration) -> anyhow::Result<Acquired<TokenLock>> {
        let token = token::new_token()?;
        let owner = || {
            let owner = Owner::this_process("sso-lock acquire")?;
            // This process is over in a moment; who called it is who holds the lock.
            let pid = rustix::process::getppid().map_or(owner.pid, |pid| pid.as_raw_nonzero().get().into());
            Ok(Owner { pid, start_ticks: None, token: Some(Digest::of(&token)), ..owner })
        };
        let guard = match wait::at_most(wait, || self.attempt(owner))? {
            Acquired::Held(guard) => guard,
            Acquired::Busy(owner) => return Ok(Acquired::Busy(owner)),
        };
        let expires_at = time::after(time::now()?, ttl);
        let owner = Owner { ttl: Some(ttl), expires_at: Some(expires_at), ..owner()? };
        Ok(Acquired::Held(TokenLock { lock: self.clone(), guard, owner, token, expires_at }))
    }

    /// Releases a lock by its token; `false` if that token doesn't hold it.
    pub fn release(&self, token: &Secret) -> anyhow::Result<bool> {
        let digest = Digest::of(token);
        let started = Instant::now();
        let path = self.path();
        let act = || format!("cannot release {}", path.display());
        while let Some(dir) = LockDir::open(&path)? {
            let found = ProbedFile::at(&dir, OWNER, Intent::Take).with_context(act)?;
            if found.owner.as_ref().and_then(|owner| owner.token.as_ref()) != Some(&digest) {
                return Ok(false);
            }
            // The flock is ours and the file in its place: nobody else releases it or takes it over.
            if found.flock() != Flock::Held && found.is_in_place(&dir).with_context(act)? {
                guard::remove(&path, self.name()).with_context(act)?;
                return Ok(true);
            }
            // The `acquire` before us in the pipe is still at it, or somebody looks.
            if started.elapsed() > TIMEOUT {
                let message = format!("the process that acquires `{}` is still running", self.name());
                return Err(Fault::new(Exit::TryLater, message)
                    .hint(format!("sso-lock status {}", self.name()))
                    .into());
            }
            thread::sleep(MOMENT);
        }
        Ok(false)
    }
}

impl TokenLock {
    /// `{"name", "token", "expiresAt"}`: the only place that ever shows the token.
    pub fn document(&self) -> Document {
        Document::new()
            .with("name", self.lock.name().as_str())
            .with("token", self.token.expose())
            .with("expiresAt", time::format(self.expires_at))
    }

    /// Leaves the lock to its token. From here on its ttl runs.
    pub fn detach(self) -> anyhow::Result<()> {
        let path = self.lock.path();
        let act = || format!("cannot write {}", path.join(OWNER).display());
        let prepared = Prepared::new(&self.lock.state_dir, self.lock.name(), &self.owner)?;
        let Some(directory) = self.guard.directory().with_context(act)? else {
            let message = format!("`{}` was taken over while this process was suspended", self.lock.name());
            return Err(Fault::new(Exit::TryLater, message).into());
        };
        // Both files' flocks are ours, so nobody takes the lock for dead in between.
        prepared.replace_owner(&directory).with_context(act)?;
        self.guard.keep_lock();
        Ok(())
    }
}
