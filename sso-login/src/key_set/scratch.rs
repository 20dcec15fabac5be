//! The config file that a set-up logs in with: a copy of the person's with one profile more.
//!
//! Theirs is not touched before the profile is known. The session has its final name, so that the profile will need
//! neither another registration nor another consent.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use sso_profile::snapshot::Snapshot;
use sso_profile::{AwsConfig, Sso};
use sso_signal::settings::Settings;
use tempfile::TempDir;

use super::site::Site;
use super::tools::{Call, Tools};

/// The profile that logs in before there is one; with a number if the person has one of that name.
const TEMPORARY: &str = "sso-key-set";

/// The folder's name, before what tells it from others.
const PREFIX: &str = "set-up-";

/// The file, which goes with this value.
pub(super) struct Scratch {
    pub(super) config: PathBuf,
    pub(super) profile: String,
    dir: TempDir,
}

impl Scratch {
    /// In the state directory, where what a killed set-up left is found and removed: the caller holds the lock of set-ups.
    pub(super) fn new(
        site: &Site,
        own: &Path,
        settings: &Settings,
        tools: &Tools<'_>,
    ) -> anyhow::Result<Self> {
        let state = settings.state_dir()?;
        sweep(&state)?;
        let make = || tempfile::Builder::new().prefix(PREFIX).tempdir_in(&state);
        let dir = make().with_context(|| format!("cannot make a folder in {}", state.display()))?;
        let profile = free_name(&AwsConfig::load(settings)?);
        let config = dir.path().join("config");
        let text = Snapshot::take(own)?;
        fs::write(&config, text.text()).with_context(|| format!("cannot write {}", config.display()))?;
        let arguments = [&["write"], site.flags().as_slice(), &["--", &profile]].concat();
        tools.with_config(&config).run(&Call::of("sso-profile", &arguments))?.good()?;
        Ok(Self { config, profile, dir })
    }

    /// What a login with it is for; its scopes are part of a registration's name.
    pub(super) fn sso(&self) -> anyhow::Result<Sso> {
        let name = self.config.display();
        let text = fs::read_to_string(&self.config).with_context(|| format!("cannot read {name}"))?;
        let profile = AwsConfig::of_text(&text)?.known_profile(&self.profile)?;
        profile.sso.with_context(|| format!("{name} has no session"))
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

fn sweep(state: &Path) -> anyhow::Result<()> {
    let entries = fs::read_dir(state).with_context(|| format!("cannot read {}", state.display()))?;
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            // What can't be removed is in nobody's way.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}
