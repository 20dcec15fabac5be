//! Who may read and write the cache and the state directory. No AWS client looks at that (AWS-FORMATS 1).

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, StatVfsMountFlags};
use sso_cache::folder::Cache;
use sso_profile::config_file;
use sso_tool::exit::Exit;
use sso_tool::settings::Settings;
use sso_tool::shell::shell_word;

use super::finding::Finding;
use super::scope::Scope;

const CACHE: &str = "permissions";
const STATE: &str = "state-directory";

pub(super) fn check(scope: &Scope<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    match scope.settings.home() {
        Ok(home) => found.push(cache(&Cache::of_home(home))),
        Err(err) => found.push(Finding::error(CACHE, Exit::Config, format!("{err:#}"), "export HOME=~")),
    }
    if let Ok(dir) = scope.settings.state_dir() {
        found.push(state(&dir));
    }
    found
}

/// A path as a shell takes it.
fn quoted(path: impl AsRef<Path>) -> String {
    shell_word(&path.as_ref().to_string_lossy())
}

fn cache(cache: &Cache) -> Finding {
    let folders = [cache.token_dir(), cache.role_dir()];
    for folder in folders {
        let Some(metadata) = metadata(folder) else {
            match unmakable(CACHE, folder) {
                Some(finding) => return finding,
                None => continue,
            }
        };
        if let Some(finding) = foreign(CACHE, folder, &metadata) {
            return finding;
        }
        if metadata.mode() & 0o022 != 0 {
            let seen = format!("others may put files into {}", folder.display());
            return Finding::error(CACHE, Exit::Io, seen, format!("chmod go-w {}", quoted(folder)));
        }
    }
    let files: Vec<_> = folders.into_iter().flat_map(files).collect();
    for (path, metadata) in &files {
        if let Some(finding) = foreign(CACHE, path, metadata) {
            return finding;
        }
    }
    // Nobody can get at a file in a folder that is closed to them.
    let is_closed = |path: &Path| path.parent().and_then(metadata).is_some_and(|folder| !is_open(&folder));
    let open: Vec<_> = files
        .iter()
        .filter(|(path, metadata)| is_open(metadata) && !is_closed(path))
        .map(|(path, _)| path.to_string_lossy().into_owned())
        .collect();
    let Some(first) = open.first() else {
        return Finding::ok(CACHE, "only their owner can read tokens and credentials");
    };
    let others = if open.len() > 1 { format!(", and {} more", open.len() - 1) } else { String::new() };
    let seen = format!("others may read {first}{others}: it holds a token or a key");
    let there: Vec<_> = folders.into_iter().filter(|folder| folder.is_dir()).map(quoted).collect();
    let fix = format!("find {} -name '*.json' -exec chmod go= {{}} +", there.join(" "));
    Finding::warning(CACHE, seen, fix).with("files", open)
}

fn state(dir: &Path) -> Finding {
    let Some(metadata) = metadata(dir) else {
        if let Some(finding) = unmakable(STATE, dir) {
            return finding;
        }
        return Finding::ok(
            STATE,
            format!("{} is created as a private directory when it is needed", dir.display()),
        );
    };
    if !metadata.is_dir() {
        let seen = format!("{} isn't a directory", dir.display());
        return Finding::error(STATE, Exit::Io, seen, format!("rm {}", quoted(dir)));
    }
    if let Some(finding) = foreign(STATE, dir, &metadata) {
        return finding;
    }
    let fix = format!("chmod 700 {}", quoted(dir));
    match metadata.mode() & 0o077 {
        0 => Finding::ok(STATE, format!("{} is private", dir.display())),
        mode if mode & 0o022 != 0 => {
            let seen = format!("others may write to {}: they could forge decisions and locks", dir.display());
            Finding::error(STATE, Exit::Io, seen, fix)
        }
        _ => Finding::warning(STATE, format!("others may read {}", dir.display()), fix),
    }
}

/// A file or folder that isn't this user's, as after `sudo aws …`, or that can't be written.
fn foreign(check: &'static str, path: &Path, metadata: &Metadata) -> Option<Finding> {
    let own = rustix::process::geteuid().as_raw();
    if metadata.uid() != own {
        let seen = format!("{} belongs to user {}, not to {own}", path.display(), metadata.uid());
        let fix = format!("sudo chown -R \"$(id -un)\" {}", quoted(path));
        return Some(Finding::error(check, Exit::Io, seen, fix));
    }
    if metadata.is_dir() && metadata.mode() & 0o300 != 0o300 {
        let seen = format!("nothing can be written to {}", path.display());
        return Some(Finding::error(check, Exit::Io, seen, format!("chmod u+rwx {}", quoted(path))));
    }
    if metadata.is_dir()
        && let Ok(disk) = rustix::fs::statvfs(path)
    {
        if disk.f_flag.contains(StatVfsMountFlags::RDONLY) {
            let seen = format!("{} is on a file system that is read-only here", path.display());
            return Some(Finding::error(
                check,
                Exit::Io,
                seen,
                "mount it writable: nothing can be stored there",
            ));
        }
        if disk.f_bavail == 0 {
            let seen = format!("the disk of {} is full", path.display());
            return Some(Finding::error(check, Exit::Io, seen, format!("df {}", quoted(path))));
        }
    }
    None
}

/// A folder that isn't there and can't be made, by the first folder above that is there.
fn unmakable(check: &'static str, folder: &Path) -> Option<Finding> {
    let above = folder.ancestors().skip(1).find(|above| fs::symlink_metadata(above).is_ok())?;
    let seen = |why: &str| format!("{} can't be made: {why}", folder.display());
    let metadata = metadata(above)?;
    if !metadata.is_dir() {
        let why = format!("{} isn't a directory", above.display());
        return Some(Finding::error(check, Exit::Io, seen(&why), format!("rm {}", quoted(above))));
    }
    // The bits too: root may do everything, and is to hear what its other users meet.
    let is_own = metadata.uid() == rustix::process::geteuid().as_raw();
    let is_closed = is_own && metadata.mode() & 0o300 != 0o300;
    let may = Access::WRITE_OK | Access::EXEC_OK;
    if !is_closed && rustix::fs::access(above, may).is_ok() {
        return None;
    }
    let fix = if is_own {
        format!("chmod u+rwx {}", quoted(above))
    } else {
        format!("sudo chown \"$(id -un)\" {}", quoted(above))
    };
    let why = format!("nothing can be written to {}", above.display());
    Some(Finding::error(check, Exit::Io, seen(&why), fix))
}

/// What makes the config readable that can't be read.
pub(super) fn readable(settings: &Settings) -> Option<String> {
    let path = config_file::config_path(settings).ok().flatten()?;
    let is_own = |metadata: Metadata| metadata.uid() == rustix::process::geteuid().as_raw();
    Some(if metadata(&path).is_some_and(is_own) {
        format!("chmod u+rw {}", quoted(&path))
    } else {
        format!("sudo chown \"$(id -un)\" {}", quoted(&path))
    })
}

/// Whether anybody but the owner may do anything with it.
fn is_open(metadata: &Metadata) -> bool {
    metadata.mode() & 0o077 != 0
}

fn metadata(path: &Path) -> Option<Metadata> {
    fs::metadata(path).ok()
}

/// The `.json` files of a folder.
fn files(folder: &Path) -> Vec<(PathBuf, Metadata)> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(io::Result::ok);
    entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .filter_map(|path| Some((path.clone(), metadata(&path)?)))
        .collect()
}
