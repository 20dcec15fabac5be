//! The files that profiles point at.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::Path;

use sso_tool::exit::{Exit, Fault};
use sso_tool::sanitize::sanitize;
use sso_tool::stream::Documents;
use sso_tool::subject::Subject;

use crate::folder::Cache;
use crate::pointer::Pointer;

/// The names of token and role files that any of a stream's profiles uses. All that is kept of a profile is two names.
#[derive(Debug, Default)]
pub struct Points(HashSet<OsString>);

impl Points {
    /// The points of profile documents (`sso-profile list`). Status 65 without any: then all would be orphans. Status 78 for
    /// a profile that could not be resolved: nobody knows what it points at.
    pub fn of(documents: Documents<impl Read>, cache: &Cache) -> anyhow::Result<Self> {
        let mut points = Self::default();
        let mut is_empty = true;
        for document in documents {
            let document = document?;
            match Subject::of(&document)? {
                // The cache of another host is there: what is listed of it says nothing of this one's orphans.
                Subject::Nobody | Subject::Remote(_) => continue,
                Subject::Failure(_) => {
                    let error = document.get("error").map(|error| match error.as_str() {
                        Some(text) => text.to_owned(),
                        None => error.to_string(),
                    });
                    let error = sanitize(&error.unwrap_or_default());
                    let message = format!("cannot tell which files a profile uses: {error}");
                    return Err(Fault::new(Exit::Config, message)
                        .hint("fix the profile, or prune without --orphaned")
                        .into());
                }
                Subject::Profile { .. } | Subject::Session { .. } | Subject::Chosen { .. } => {
                    if let Pointer::Sso { session, role } = Pointer::of(&document)? {
                        points.add(&cache.token(session));
                        if let Some((account_id, role_name)) = role {
                            points.add(&cache.role(account_id, role_name, session));
                        }
                    }
                }
            }
            is_empty = false;
        }
        if is_empty {
            return Err(Fault::new(Exit::Data, "no profile document on standard input")
                .hint("sso-profile list | sso-cache prune --orphaned")
                .into());
        }
        Ok(points)
    }

    /// Whether a profile uses the file of this name.
    pub fn have(&self, path: &Path) -> bool {
        path.file_name().is_some_and(|name| self.0.contains(name))
    }

    /// Whether anything points at a file of this name.
    pub(super) fn have_name(&self, name: &str) -> bool {
        self.0.contains(OsStr::new(name))
    }

    fn add(&mut self, path: &Path) {
        self.0.extend(path.file_name().map(ToOwned::to_owned));
    }
}
