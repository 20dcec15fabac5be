//! The config file that a login is undone with: a copy of the person's, which for a set-up has one profile more.
//!
//! Theirs is not touched before the profile is known. The session has its final name, so that the profile will need
//! neither another registration nor another consent.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use sso_profile::snapshot::Snapshot;
use sso_profile::{AwsConfig, Sso, WriteOptions};
use sso_tool::settings::Settings;
use sso_tool::state_dir;
use tempfile::TempDir;

use super::site::Site;

/// The profile that logs in before there is one; with a number if the person has one of that name.
const TEMPORARY: &str = "sso-key-set";

/// The folder's name, before what tells it from others.
const PREFIX: &str = "set-up-";

/// The file, which goes with this value.
pub(super) struct Scratch {
    config: PathBuf,
    pub(super) profile: String,
    dir: TempDir,
}

impl Scratch {
    /// With a temporary profile of the site.
    pub(super) fn new(site: &Site, own: &Path, settings: &Settings) -> anyhow::Result<Self> {
        let profile = free_name(&AwsConfig::load(settings)?);
        let scratch = Self::copy(&profile, own, settings)?;
        let settings = scratch.settings(settings);
        sso_profile::write_profile(&profile, &site.request(), WriteOptions::default(), &settings)?;
        Ok(scratch)
    }

    /// With a profile that is there: it can be logged out with this though somebody removes it meanwhile.
    pub(super) fn copy(profile: &str, own: &Path, settings: &Settings) -> anyhow::Result<Self> {
        let dir = folder(settings)?;
        let config = dir.path().join("config");
        let text = Snapshot::take(own)?;
        state_dir::write_private(&config, text.text())?;
        Ok(Self { config, profile: profile.to_owned(), dir })
    }

    /// The settings with this config.
    pub(super) fn settings(&self, settings: &Settings) -> Settings {
        settings.with_config_file(&self.config)
    }

    /// What a login with it is for; its scopes are part of a registration's name.
    pub(super) fn sso(&self, settings: &Settings) -> anyhow::Result<Sso> {
        let profile = AwsConfig::load(&self.settings(settings))?.known_profile(&self.profile)?;
        profile.sso.with_context(|| format!("{} has no session", self.config.display()))
    }

    /// A file beside it, for a config of which it is only to be known what becomes of it.
    pub(super) fn rehearsal(&self) -> PathBuf {
        self.dir.path().join("rehearsal")
    }
}

fn free_name(config: &AwsConfig) -> String {
    let numbered = (2..u32::MAX).map(|number| format!("{TEMPORARY}-{number}"));
    let mut names = std::iter::once(TEMPORARY.to_owned()).chain(numbered);
    names.find(|name| !config.contains(name)).unwrap_or_else(|| TEMPORARY.to_owned())
}

/// A folder in the state directory, where what a killed round trip left is found.
pub(super) fn folder(settings: &Settings) -> anyhow::Result<TempDir> {
    state_dir::private_folder(&settings.state_dir()?, PREFIX)
}

/// Removes the folders of round trips that were killed; `each` has a look before. The caller holds the lock of set-ups.
pub(super) fn sweep(settings: &Settings, each: impl Fn(&Path)) -> anyhow::Result<()> {
    let state = settings.state_dir()?;
    let entries = fs::read_dir(&state).with_context(|| format!("cannot read {}", state.display()))?;
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            each(&entry.path());
            // What can't be removed is in nobody's way.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}
