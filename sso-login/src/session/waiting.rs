//! Waiting for the lock of somebody else's login, and saying so after a moment.

use std::time::{Duration, Instant};

use sso_lock::{Acquired, Guard, Lock, Owner};
use sso_tool::exit::warn;
use sso_tool::settings::Settings;
use sso_tool::time;

use crate::countdown::Countdown;
use crate::interrupt;

/// A wait that nobody notices.
const MOMENT: Duration = Duration::from_secs(2);

/// Takes the lock, or says who holds it after `timeout`. Who waits for longer than a moment hears for whom, if
/// `is_told`.
pub(crate) fn acquire(
    settings: &Settings,
    lock: &Lock,
    command: &str,
    timeout: Duration,
    is_told: bool,
) -> anyhow::Result<Acquired<Guard>> {
    let left = timeout.saturating_sub(MOMENT);
    match lock.acquire(command, timeout.min(MOMENT))? {
        Acquired::Busy(owner) if !left.is_zero() => {
            let mut _countdown = None;
            if is_told {
                let until = Instant::now() + left;
                let left = time::format_duration(Duration::from_secs(left.as_secs()));
                let holder = in_words(owner.as_ref());
                warn(settings.tool(), &format!("waiting up to {left} for a login or refresh: {holder}"));
                _countdown = Some(Countdown::start("Waiting for it to end (Ctrl-C gives up)", until));
            }
            acquire_unless_told(lock, command, left)
        }
        outcome => Ok(outcome),
    }
}

/// Looks for a signal all the while, which ends the wait where it is to end calls.
fn acquire_unless_told(lock: &Lock, command: &str, timeout: Duration) -> anyhow::Result<Acquired<Guard>> {
    let deadline = Instant::now() + timeout;
    loop {
        interrupt::check()?;
        let left = deadline.saturating_duration_since(Instant::now());
        match lock.acquire(command, left.min(MOMENT))? {
            Acquired::Busy(_) if left > MOMENT => {}
            outcome => return Ok(outcome),
        }
    }
}

/// The holder of a lock, as people are told.
pub(crate) fn in_words(owner: Option<&Owner>) -> String {
    let minutes = sso_lock::FOREIGN.as_secs() / 60;
    let unknown = || format!("its holder is unknown; the lock lasts {minutes} minutes at most");
    owner.map_or_else(unknown, Owner::in_words)
}
