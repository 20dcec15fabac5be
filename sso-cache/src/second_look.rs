//! One look is no verdict: the AWS CLI truncates a cache file and writes it again in place (AWS-FORMATS 1), and who reads
//! between the two sees nothing, or half of it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::content::{Content, object};

/// How long a torn file gets to become whole, counted from its last change.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(250);
/// How long in all, for a file that is written to all the time.
const LONGEST: Duration = Duration::from_secs(3);
/// Between two looks; each pause is longer than the one before, up to the last.
const PAUSES: [u64; 5] = [4, 8, 16, 32, 50];
/// A torn file that nobody has written to for so long is nobody's work in progress.
const OLD: Duration = Duration::from_secs(60);

/// The torn files that had their time in this run, and what was in them then: ten thousand profiles that share one torn
/// file wait for it once.
static TORN: Mutex<Option<TornFiles>> = Mutex::new(None);

/// Files by their path: what was in each, and when it was changed last.
type TornFiles = HashMap<PathBuf, (Vec<u8>, Option<SystemTime>)>;

/// What is in a file once nobody is at work on it: at once what is whole, and else what a few more looks find.
pub(crate) fn settled(
    path: &Path,
    first: Content,
    look: impl Fn(&Path) -> anyhow::Result<Content>,
) -> anyhow::Result<Content> {
    let begin = Instant::now();
    let (mut found, mut changed) = (first, begin);
    let mut pauses = PAUSES.iter();
    let mut pause = Duration::ZERO;
    loop {
        let Content::Bytes(bytes, modified) = &found else { return Ok(found) };
        if object(bytes).is_ok() || is_old(*modified) || is_known(path, bytes, *modified) {
            return Ok(found);
        }
        if changed.elapsed() >= TIMEOUT || begin.elapsed() >= LONGEST {
            remember(path, bytes, *modified);
            return Ok(found);
        }
        pause = pauses.next().map_or(pause, |pause| Duration::from_millis(*pause));
        thread::sleep(pause);
        let now = look(path)?;
        if now != found {
            changed = Instant::now();
        }
        found = now;
    }
}

/// A clock that is behind, or a time in the future, makes no file old.
fn is_old(modified: Option<SystemTime>) -> bool {
    modified.is_some_and(|modified| modified.elapsed().is_ok_and(|age| age >= OLD))
}

fn is_known(path: &Path, bytes: &[u8], modified: Option<SystemTime>) -> bool {
    let known = TORN.lock().unwrap_or_else(PoisonError::into_inner);
    known.as_ref().and_then(|known| known.get(path)).is_some_and(|(b, m)| b == bytes && *m == modified)
}

fn remember(path: &Path, bytes: &[u8], modified: Option<SystemTime>) {
    // A file beyond this size is no token.
    const LARGEST: usize = 64 << 10;
    if bytes.len() > LARGEST {
        return;
    }
    let mut known = TORN.lock().unwrap_or_else(PoisonError::into_inner);
    known.get_or_insert_default().insert(path.to_owned(), (bytes.to_vec(), modified));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn torn(text: &str) -> Content {
        Content::Bytes(text.into(), None)
    }

    #[test]
    fn what_is_whole_is_looked_at_once_and_what_is_torn_until_it_is_whole() {
        let looks = Cell::new(0);
        let look = |_: &Path| {
            looks.set(looks.get() + 1);
            Ok(torn(if looks.get() < 3 { "{" } else { "{}" }))
        };
        let path = Path::new("/nowhere/whole");
        assert_eq!(settled(path, torn("{}"), look).unwrap(), torn("{}"));
        assert_eq!(looks.get(), 0);
        assert_eq!(settled(path, torn(""), look).unwrap(), torn("{}"));
        assert_eq!(looks.get(), 3);
    }

    #[test]
    fn a_file_that_keeps_changing_gets_longer_and_one_that_stays_torn_is_waited_for_once() {
        let looks = Cell::new(0_u32);
        let path = Path::new("/nowhere/torn");
        let growing = |_: &Path| {
            looks.set(looks.get() + 1);
            // Long after the timeout with a file that stays as it is.
            thread::sleep(Duration::from_millis(20));
            Ok(torn(&if looks.get() < 20 { "{".repeat(looks.get() as usize) } else { "{}".to_owned() }))
        };
        assert_eq!(settled(path, torn(""), growing).unwrap(), torn("{}"));

        looks.set(0);
        let still = |_: &Path| {
            looks.set(looks.get() + 1);
            Ok(torn("{"))
        };
        assert_eq!(settled(path, torn("{"), still).unwrap(), torn("{"));
        let first = looks.get();
        assert!(first > 2, "{first}");
        assert_eq!(settled(path, torn("{"), still).unwrap(), torn("{"));
        assert_eq!(looks.get(), first);
        let old = || Content::Bytes(Vec::new(), Some(SystemTime::UNIX_EPOCH));
        assert_eq!(settled(path, old(), still).unwrap(), old());
        assert_eq!(looks.get(), first);
    }
}
