//! Waiting for a lock: by looking again, ever less often.

use std::thread;
use std::time::{Duration, Instant};

use crate::acquired::Acquired;
use sso_tool::random;

/// The first pause, and the longest. A look costs some 20 microseconds.
const PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(50));

/// Tries until the lock is held or `wait` is over, and once more then.
pub(crate) fn at_most<T>(
    wait: Duration,
    mut attempt: impl FnMut() -> anyhow::Result<Acquired<T>>,
) -> anyhow::Result<Acquired<T>> {
    // `None` lies beyond the clock: for ever.
    let deadline = Instant::now().checked_add(wait);
    let mut pause = PAUSES.0;
    loop {
        let outcome = attempt()?;
        let left =
            deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_zero() || matches!(outcome, Acquired::Held(_)) {
            return Ok(outcome);
        }
        // Half of it at random, so that those who began together don't stay together.
        thread::sleep(left.min(
            pause / 2 + pause / 2 * u32::from(random::bytes(1)?.first().copied().unwrap_or_default()) / 255,
        ));
        pause = PAUSES.1.min(pause * 3 / 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_wait_is_one_attempt() {
        let mut attempts = 0;
        let outcome = at_most(Duration::ZERO, || {
            attempts += 1;
            Ok(Acquired::<()>::Busy(None))
        });
        assert!(matches!(outcome, Ok(Acquired::Busy(None))));
        assert_eq!(attempts, 1);
    }

    #[test]
    fn the_wait_ends_with_the_lock() {
        let mut answers = [Acquired::Busy(None), Acquired::Busy(None), Acquired::Held(7)].into_iter();
        let outcome = at_most(Duration::MAX, || Ok(answers.next().unwrap()));
        assert!(matches!(outcome, Ok(Acquired::Held(7))));
    }

    #[test]
    fn the_wait_is_bounded() {
        let mut attempts = 0;
        let outcome = at_most(Duration::from_millis(30), || {
            attempts += 1;
            Ok(Acquired::<()>::Busy(None))
        });
        assert!(matches!(outcome, Ok(Acquired::Busy(None))));
        assert!(attempts > 1, "the lock was looked at once only");
    }
}
