//! A torn file for what was saved of it, and back again if it turns out to be something good.

use std::fs;
use std::io;
use std::path::Path;

use sso_tool::atomic_write::{self, FileMode};
use sso_tool::safe_read::{self, Found};
use sso_tool::stream;

use super::look::{Look, Torn, look};
use super::swap;
use crate::salvage::{FileKind, Verdict, Whole, judge};

/// How often two files are exchanged back and forth while somebody else writes, too.
const TRIES: usize = 40;

/// Takes a torn file out of its place, and puts there what was saved of it. Answers whether it was that very one;
/// if not, nothing has changed.
pub(super) fn exchanged(path: &Path, taken: &Path, torn: &Torn) -> io::Result<bool> {
    let came_out = || safe_read::read(taken, stream::LARGEST);
    let Some(content) = torn.content() else {
        if !swap::take(path, taken)? {
            return Ok(false);
        }
        let is_it = came_out()? == torn.found;
        if !is_it {
            swap::put_back(taken, path)?;
        }
        return Ok(is_it);
    };
    if !swap::swap(path, taken, content)? {
        return Ok(false);
    }
    if came_out()? == torn.found {
        return Ok(true);
    }
    // Something else, and maybe good: back with it, unless that takes out something newer still.
    for _ in 0..TRIES {
        if !swap::exchange(path, taken)? || came_out()? == Found::Bytes(content.to_vec()) {
            break;
        }
    }
    fs::remove_file(taken)?;
    Ok(false)
}

/// What becomes of a place that is empty by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Emptied {
    /// The repair under way has emptied the place just now.
    ByUs,
    /// An earlier repair, which was killed, or a logout since: a session that was ended must not come back.
    BySomebody,
}

/// Gives a file that was taken out its place back, if it is good and what is there is not as good. The copy goes then: it
/// is a live token, and no logout looks for it there.
pub(super) fn bring_back(
    aside: &Path,
    path: &Path,
    place: FileKind,
    emptied: Emptied,
) -> anyhow::Result<bool> {
    let Ok(Found::Bytes(bytes)) = safe_read::read(aside, stream::LARGEST) else { return Ok(false) };
    let Verdict::Good(Some(late)) = judge(place, &bytes) else { return Ok(false) };
    let until = |whole: Option<Whole>| whole.map(|whole| whole.expires_at);
    let is_better = match look(path, place)? {
        Look::Good(there) => until(there) < Some(late.expires_at),
        Look::Torn(_) => true,
        Look::Gone => emptied == Emptied::ByUs,
        Look::Link(_) => false,
    };
    if is_better {
        atomic_write::replace(path, &bytes, FileMode::Private)?;
        atomic_write::remove_for_good(aside)?;
    }
    Ok(is_better)
}
