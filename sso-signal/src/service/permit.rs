//! Whether a watcher may run here at all, and what it starts with.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt as _;

use crate::mode;
use sso_tool::exit::{Exit, Fault};
use sso_tool::recipe::Recipe;
use sso_tool::settings::{Settings, from_environment};
use sso_tool::stream::{Document, Output};

/// Prints what the watcher starts with, as an event for the log. Status 78: it must not, or can't, run so.
pub(crate) fn permit(settings: &Settings, output: &mut Output) -> anyhow::Result<Exit> {
    not_root(settings)?;
    let state_dir = settings.state_dir()?;
    output.document(
        &Document::new()
            .with("event", "start")
            .with("profile", settings.profile())
            .with("mode", mode::current(settings, &state_dir).0.word())
            .with("signalFile", settings.signal_file()?.display().to_string())
            .with("cooldownSeconds", settings.cooldown().as_secs())
            .with("pollSeconds", settings.poll_interval()?.as_secs()),
    )?;
    Ok(Exit::Done)
}

/// Root on a desktop would open root's browser and leave files in the user's home that the user can't change.
/// Root in a container is just the user there.
pub(super) fn not_root(settings: &Settings) -> anyhow::Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let is_set = |name: &&str| from_environment(name).is_some();
    let because =
        if let Some(name) = ["SUDO_USER", "DOAS_USER", "PKEXEC_UID"].iter().find(|name| is_set(name)) {
            format!("{name} is set")
        } else if let Some(name) = ["DISPLAY", "WAYLAND_DISPLAY"].iter().find(|name| is_set(name)) {
            format!("there is a desktop ({name})")
        } else if env::consts::OS == "macos" {
            "this is a Mac".to_owned()
        } else if fs::metadata(settings.home()?).is_ok_and(|home| home.uid() != 0) {
            "HOME belongs to another user".to_owned()
        } else {
            return Ok(());
        };
    Err(Fault::new(Exit::Config, format!("the watcher doesn't run as root on a desktop: {because}"))
        .hint(format!("run it as yourself: {}", Recipe::Watch))
        .into())
}
