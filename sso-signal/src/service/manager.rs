//! What launchd and systemd have in common: a file of ours, and a program of their own.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use sso_tool::atomic_write;
use sso_tool::exit::{Exit, Fault};
use sso_tool::process::{self, End, on_path};

use super::kind::ManagerKind;
use super::plan::Plan;
use super::role::Role;

/// Stopping a service waits for it to end.
const TIMEOUT: Duration = Duration::from_secs(120);

/// What a file of ours has in it, and no other's.
const MARK: &str = "Written by `sso-signal service install`";

/// How the service stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// Whether the service's file is there and ours.
    pub(super) is_installed: bool,
    /// The service's process.
    pub(super) pid: Option<u32>,
    /// A file of the same name that isn't ours.
    pub(super) foreign: Option<String>,
}

/// What the managers have in common.
pub(super) trait Manager {
    /// What the service is there for.
    fn role(&self) -> Role;
    /// Which one it is.
    fn kind(&self) -> ManagerKind;
    /// The service's file.
    fn file(&self) -> &Path;
    /// The file's content for a plan.
    fn content(&self, plan: &Plan) -> anyhow::Result<String>;
    /// How the service stands.
    fn standing(&self) -> anyhow::Result<Standing>;
    /// Makes the manager run the file as it is now. Answers why it isn't running yet, if it isn't.
    fn start(&self, is_changed: bool) -> anyhow::Result<Option<String>>;
    /// Stops the service, and makes the manager forget it; no error if it isn't known.
    fn stop(&self) -> anyhow::Result<()>;
    /// After the file is gone.
    fn forget(&self) -> anyhow::Result<()>;
}

/// Writes the service's file if it says anything else. Answers whether it did.
pub(super) fn write(file: &Path, content: &str) -> anyhow::Result<bool> {
    if read(file)?.is_some_and(|old| old == content) {
        return Ok(false);
    }
    let folder = atomic_write::parent(file);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    atomic_write::replace(file, content.as_bytes(), atomic_write::FileMode::Private)?;
    Ok(true)
}

/// The content of a file, `None` if there is none. What is no text is content that isn't ours.
pub(super) fn read(file: &Path) -> anyhow::Result<Option<String>> {
    match fs::read(file) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(err) => Err(err).with_context(|| format!("cannot read {}", file.display())),
    }
}

/// Whether a service file was written here.
pub(super) fn is_ours(content: &str) -> bool {
    content.contains(MARK)
}

/// Runs a manager's own program.
pub(super) fn run(name: &str, arguments: &[&str]) -> anyhow::Result<process::Output> {
    let output = on_path(name).ok_or(io::ErrorKind::NotFound.into()).and_then(|program| {
        let mut command = Command::new(program);
        command.args(arguments);
        process::Program::new(command).until(Instant::now() + TIMEOUT).output()
    });
    let output = match output {
        Ok(process::Output { end: End::TimedOut, .. }) => Err(io::ErrorKind::TimedOut.into()),
        output => output,
    };
    output.with_context(|| format!("cannot run {name} {}", arguments.join(" ")))
}

/// The same, where anything but success is an error.
pub(super) fn must(name: &str, arguments: &[&str]) -> anyhow::Result<process::Output> {
    let said = run(name, arguments)?;
    if said.is_good() {
        return Ok(said);
    }
    let why =
        sso_tool::sanitize::sanitize(if said.stderr.trim().is_empty() { &said.stdout } else { &said.stderr });
    Err(Fault::new(Exit::Unavailable, format!("{name} {}: {why}", arguments.join(" "))).into())
}
