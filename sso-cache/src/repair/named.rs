//! A file that the command line names: one of the cache, and never one elsewhere.

use std::path::{Component, Path, PathBuf};

use sso_tool::exit::{Exit, Fault};

use crate::folder::Cache;
use crate::salvage::FileKind;

/// Finds a named file: a bare name, in whichever folder has it, or a path right in one of the two folders. Anything that
/// leaves them is a usage error (status 2), a file that isn't there an error of status 74.
pub(crate) fn find(cache: &Cache, name: &Path) -> anyhow::Result<(PathBuf, FileKind)> {
    let [Some(directory), Some(file)] = [name.parent(), name.file_name().map(Path::new)] else {
        return Err(refused(name));
    };
    let is_plain = |component: Component<'_>| !matches!(component, Component::ParentDir | Component::CurDir);
    if !name.components().all(is_plain) {
        return Err(refused(name));
    }
    let folders = [(cache.token_dir(), false), (cache.role_dir(), true)];
    let is_bare = directory.as_os_str().is_empty();
    let mut candidates = folders.into_iter().filter(|(folder, _)| is_bare || *folder == directory).peekable();
    if candidates.peek().is_none() {
        return Err(refused(name));
    }
    candidates
        .map(|(folder, is_role)| (folder.join(file), is_role))
        .find(|(path, _)| path.symlink_metadata().is_ok())
        .map(|(path, is_role)| {
            let place = FileKind::of(&path, is_role);
            (path, place)
        })
        .ok_or_else(|| {
            Fault::new(Exit::Io, format!("there is no {} in the cache", name.display()))
                .hint("sso-cache list --text")
                .into()
        })
}

fn refused(name: &Path) -> anyhow::Error {
    Fault::new(Exit::Usage, format!("{} is not the name of a file of the cache", name.display()))
        .hint("sso-cache list | jq -r .file")
        .into()
}
