//! Is the holder of a lock alive? One pure function.
//!
//! | what is found | alive |
//! |---|---|
//! | the owner's flock is held | yes, always |
//! | no owner can be read (a plain `mkdir`, a torn file, a link …) | until untouched for [`FOREIGN`] |
//! | a lock of `sso-lock acquire`: no process holds it | until untouched for its ttl |
//! | the flock is free, and the owner ran on this kernel | no |
//! | the owner ran on another kernel, or the file system has no flock | until untouched for [`LEASE`] |
//!
//! "Untouched" is measured by the file system's own clock, as the one that all its users share.

use std::time::Duration;

use crate::owner_file::Owner;

/// How often a holder touches its `owner.json`.
pub const HEARTBEAT: Duration = Duration::from_secs(10);

/// After how long without a touch a holder on another kernel counts as dead: six heartbeats.
pub const LEASE: Duration = Duration::from_secs(60);

/// After how long without a touch a lock without a readable owner counts as left behind. No kill
/// makes such a lock: `owner.json` only ever appears and changes whole. It's a foreign `mkdir`, or a
/// power failure.
pub const FOREIGN: Duration = Duration::from_secs(300);

/// What the kernel says about an owner's flock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flock {
    /// Somebody has it.
    Held,
    /// Nobody has it who shares a kernel with us.
    Free,
    /// There is no file that could have one, or the file system has no flock.
    Unknown,
}

/// Whether the holder is to be treated as alive. `age` is how long its file is untouched, asked
/// for only where it counts.
pub(crate) fn is_alive<E>(
    flock: Flock,
    owner: Option<&Owner>,
    this_kernel: Option<&str>,
    age: impl FnOnce() -> Result<Duration, E>,
) -> Result<bool, E> {
    if flock == Flock::Held {
        return Ok(true);
    }
    let lease = match owner {
        None => FOREIGN,
        Some(Owner { ttl: Some(ttl), .. }) => *ttl,
        Some(owner) if flock == Flock::Free && is_same_kernel(owner, this_kernel) => return Ok(false),
        Some(_) => LEASE,
    };
    Ok(age()? <= lease)
}

fn is_same_kernel(owner: &Owner, this_kernel: Option<&str>) -> bool {
    this_kernel.is_some() && owner.boot_id.as_deref() == this_kernel
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::owner_file::nobody;

    #[test]
    fn every_row_of_the_table() {
        let here = Some("boot");
        let detached = Owner { ttl: Some(Duration::from_secs(5)), ..nobody() };
        let no_boot = Owner { boot_id: None, ..nobody() };
        let process = nobody();
        for (flock, owner, kernel, limit) in [
            (Flock::Held, None, here, None),
            (Flock::Held, Some(&process), here, None),
            (Flock::Held, Some(&detached), here, None),
            (Flock::Free, None, here, Some(300)),
            (Flock::Unknown, None, here, Some(300)),
            (Flock::Free, Some(&detached), here, Some(5)),
            (Flock::Unknown, Some(&detached), here, Some(5)),
            (Flock::Free, Some(&process), Some("other"), Some(60)),
            (Flock::Free, Some(&process), None, Some(60)),
            (Flock::Free, Some(&no_boot), None, Some(60)),
            (Flock::Free, Some(&no_boot), here, Some(60)),
            (Flock::Unknown, Some(&process), here, Some(60)),
        ] {
            let case = format!("{flock:?} {owner:?} {kernel:?}");
            let at =
                |age: u64| is_alive::<()>(flock, owner, kernel, || Ok(Duration::from_secs(age))).unwrap();
            match limit {
                None => assert!(at(u64::MAX), "{case}"),
                Some(limit) => assert_eq!((at(limit), at(limit + 1)), (true, false), "{case}"),
            }
        }
    }

    #[test]
    fn a_dead_process_of_this_kernel_is_dead_whatever_the_clock_says() {
        let alive = is_alive(Flock::Free, Some(&nobody()), Some("boot"), || Err("asked for the age"));
        assert_eq!(alive, Ok(false));
    }
}
