//! A file to mend, and how it stands.

use std::path::PathBuf;

use super::look::{Look, Torn, look};
use crate::salvage::FileKind;

/// A file to mend.
pub(super) struct Candidate {
    pub(super) path: PathBuf,
    pub(super) place: FileKind,
    /// Whether the command line names it.
    pub(super) is_named: bool,
}

/// What was done with a file.
pub(super) enum Done {
    /// The file is good, or gone; and was, or became so by itself.
    Nothing(&'static str),
    /// The file can't be helped from here; why.
    Left(String),
    /// The file was torn, and is mended (`torn.whole`) or put aside.
    Mended { torn: Torn, aside: Option<PathBuf> },
}

impl Candidate {
    /// What is torn, if it is to be mended; else how it stands.
    pub(super) fn second_look(&self) -> anyhow::Result<Result<Torn, Done>> {
        Ok(Err(match look(&self.path, self.place)? {
            Look::Torn(torn) if torn.whole.is_none() && self.place == FileKind::Foreign && !self.is_named => {
                Done::Left(format!(
                    "the file {}, and another tool owns it: name the file to move it aside",
                    torn.why
                ))
            }
            Look::Torn(torn) => return Ok(Ok(torn)),
            Look::Good(_) => Done::Nothing("was being written, and is whole now"),
            Look::Gone => Done::Nothing("is gone"),
            Look::Link(why) => Done::Left(link_in_words(why)),
        }))
    }
}

/// What becomes of a file where nothing can be changed, for this reason.
pub(super) fn unmended(candidate: &Candidate, err: &anyhow::Error) -> anyhow::Result<Done> {
    match candidate.second_look()? {
        Ok(_) => anyhow::bail!("cannot repair {}: {err:#}", candidate.path.display()),
        Err(done) => Ok(done),
    }
}

pub(super) fn link_in_words(why: &str) -> String {
    format!("the file is a link, and its target {why}: repair the target")
}
