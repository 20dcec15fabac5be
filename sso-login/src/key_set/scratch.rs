//! The config file that a set-up logs in with: a copy of the person's with one profile more.
//!
//! Theirs is not touched before the profile is known. The session has its final name, so that the profile will need
//! neither another registration nor another consent (H15).

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use sso_profile::{AwsConfig, Sso};
use tempfile::TempDir;

use super::site::Site;
use super::tools::{Call, Tools};

/// The profile that logs in before there is one.
pub(super) const TEMPORARY: &str = "sso-key-set";

/// The file, which goes with this value.
pub(super) struct Scratch {
    pub(super) config: PathBuf,
    _dir: TempDir,
}

impl Scratch {
    pub(super) fn new(site: &Site, own: &Path, tools: &Tools<'_>) -> anyhow::Result<Self> {
        let builder = || tempfile::Builder::new().prefix("sso-key-set-").tempdir();
        let dir = builder().context("cannot make a temporary folder")?;
        let config = dir.path().join("config");
        match fs::read(own) {
            Ok(bytes) => fs::write(&config, bytes),
            Err(err) if err.kind() == ErrorKind::NotFound => Ok(()),
            Err(err) => Err(err),
        }
        .with_context(|| format!("cannot copy {}", own.display()))?;
        let arguments = [&["write"], site.flags().as_slice(), &["--", TEMPORARY]].concat();
        tools.with_config(&config).run(&Call::of("sso-profile", &arguments))?.good()?;
        Ok(Self { config, _dir: dir })
    }

    /// What a login with it is for; its scopes are part of a registration's name.
    pub(super) fn sso(&self) -> anyhow::Result<Sso> {
        let name = self.config.display();
        let text = fs::read_to_string(&self.config).with_context(|| format!("cannot read {name}"))?;
        let profile = AwsConfig::of_text(&text)?.known_profile(TEMPORARY)?;
        profile.sso.with_context(|| format!("{name} has no session"))
    }
}
