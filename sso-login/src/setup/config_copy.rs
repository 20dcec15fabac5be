//! A copy of the config, in which a set-up tries everything before the person's own file is touched.
//!
//! The copy's folder is in the state directory, and locked as long as it is in use. The kernel frees the lock of a killed process, so
//! the next set-up can tell what was left behind.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use sso_profile::config::{Content, Role};
use sso_profile::request::Request;
use sso_profile::section_edit::edit;
use sso_profile::snapshot::Snapshot;
use sso_profile::{AwsConfig, WriteOptions, plan};
use sso_tool::exit::{Exit, Fault};
use sso_tool::flock::{self, Try};
use sso_tool::settings::Settings;
use sso_tool::state_dir;
use tempfile::TempDir;

/// The folders' names, before what tells them apart.
const PREFIX: &str = "set-up-";
const CONFIG: &str = "config";
/// A profile that the person doesn't have; with a number if they do.
const TEMPORARY: &str = "sso-key-set";

/// The file, which goes with this value.
pub(crate) struct ConfigCopy {
    /// The settings with this config.
    pub(crate) settings: Settings,
    file: PathBuf,
    _folder: Folder,
}

impl ConfigCopy {
    /// A copy of the person's config as it is now.
    pub(crate) fn new(settings: &Settings) -> anyhow::Result<Self> {
        Self::of(&Snapshot::take(&config_file(settings)?)?, settings)
    }

    /// A copy of the person's config as it was.
    pub(crate) fn of(own: &Snapshot, settings: &Settings) -> anyhow::Result<Self> {
        sweep(settings, |left| left.join(CONFIG).exists())?;
        let folder = Folder::new(settings)?;
        let file = folder.path().join(CONFIG);
        state_dir::write_private(&file, own.text())?;
        Ok(Self { settings: settings.with_config_file(&file), file, _folder: folder })
    }

    pub(crate) fn text(&self) -> anyhow::Result<String> {
        fs::read_to_string(&self.file).with_context(|| format!("cannot read {}", self.file.display()))
    }

    /// Adds the session that a profile asks for, if it is new.
    pub(crate) fn add_session(&self, request: &Request) -> anyhow::Result<()> {
        let text = self.text()?;
        let content = Content::parse(&text)
            .map_err(|refusal| sso_profile::config_file::unreadable(&self.file, &refusal))?;
        let mut edits = plan::write(&self.unused_name()?, request, &content, false)?.edits;
        edits.retain(|edit| matches!(edit.role, Role::Session(_)));
        state_dir::write_private(&self.file, &edit(&text, &edits, &[])?)
    }

    /// Adds a profile, for who logs in before there is one. Answers its name.
    pub(crate) fn add_profile(&self, request: &Request) -> anyhow::Result<String> {
        let name = self.unused_name()?;
        sso_profile::write_profile(&name, request, WriteOptions::default(), &self.settings)?;
        Ok(name)
    }

    fn unused_name(&self) -> anyhow::Result<String> {
        let config = AwsConfig::load(&self.settings)?;
        unused(TEMPORARY, |name| config.contains(name))
    }
}

/// The name, or with the first number with which it isn't taken.
pub(super) fn unused(name: &str, is_taken: impl Fn(&str) -> bool) -> anyhow::Result<String> {
    let numbered = (2..u32::MAX).map(|number| format!("{name}-{number}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    names.find(|name| !is_taken(name)).with_context(|| format!("every name like `{name}` is taken"))
}

/// The config file that gets a profile.
pub(crate) fn config_file(settings: &Settings) -> anyhow::Result<PathBuf> {
    let nowhere = || {
        Fault::new(Exit::Config, "AWS_CONFIG_FILE is set and empty: there is no file to write")
            .hint("unset AWS_CONFIG_FILE")
    };
    Ok(sso_profile::config_file::config_path(settings)?.ok_or_else(nowhere)?)
}

/// A folder of a set-up's own in the state directory, which goes with this value.
#[derive(Debug)]
pub(crate) struct Folder {
    dir: TempDir,
    /// Held: a folder that nobody holds is swept.
    _lock: File,
}

impl Folder {
    pub(crate) fn new(settings: &Settings) -> anyhow::Result<Self> {
        let state = settings.state_dir()?;
        loop {
            let dir = state_dir::private_folder(&state, PREFIX)?;
            let lock = match File::open(dir.path()) {
                Err(err) if err.kind() == ErrorKind::NotFound => continue,
                opened => opened.with_context(|| format!("cannot open {}", dir.path().display()))?,
            };
            let tried =
                flock::exclusive(&lock).with_context(|| format!("cannot lock {}", dir.path().display()))?;
            // A sweep between the two has taken it for one that was left behind.
            if matches!(tried, Try::Got | Try::Unsupported) && dir.path().exists() {
                return Ok(Self { dir, _lock: lock });
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }
}

/// Removes the folders of set-ups that were killed, where `may_go` says so.
pub(crate) fn sweep(settings: &Settings, may_go: impl Fn(&Path) -> bool) -> anyhow::Result<()> {
    for entry in fs::read_dir(settings.state_dir()?).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        // Locked until it is gone, so that nobody takes it for their own meanwhile.
        let Ok(lock) = File::open(entry.path()) else { continue };
        if is_left_behind(&lock) && may_go(&entry.path()) {
            // One that can't be removed is in nobody's way.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}

/// Whether nobody uses a folder. Where a file system has no locks, a day tells.
fn is_left_behind(folder: &File) -> bool {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let modified = || folder.metadata().and_then(|metadata| metadata.modified());
    match flock::shared(folder) {
        Ok(Try::Got) => true,
        Ok(Try::Unsupported) => {
            modified().and_then(|at| at.elapsed().map_err(io::Error::other)).is_ok_and(|age| age > DAY)
        }
        _ => false,
    }
}
