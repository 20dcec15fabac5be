//! Installing, restarting and removing the service. Each can be done twice.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use crate::folder;
use sso_tool::exit::{Exit, Fault};
use sso_tool::settings::Settings;
use sso_tool::state_dir;
use sso_tool::stream::{Document, Output};

use super::aws::{self, Aws};
use super::manager::{Kind, Manager, Standing, needed, read, write};
use super::plan::{self, Plan};
use super::{permit, report};

/// What to install.
#[derive(Debug)]
pub struct Wish {
    /// The command that the service runs, say `just sso-watch`.
    pub command: Vec<String>,
    /// Do without an AWS CLI.
    pub without_aws: bool,
    /// Take the place of another checkout's service.
    pub replace: bool,
    /// Print what would be written instead of installing.
    pub print: bool,
}

/// Installs the service and starts it. A second time with the same settings changes nothing.
pub fn install(settings: &Settings, wish: &Wish, as_text: bool, output: &mut Output) -> anyhow::Result<Exit> {
    permit::not_root(settings)?;
    let manager = needed(settings)?;
    let standing = manager.standing()?;
    let aws = if wish.without_aws { None } else { Some(aws::find()?) };
    let plan = Plan::new(settings, &wish.command, aws.as_ref(), manager.kind())?;
    let content = manager.content(&plan)?;
    if wish.print {
        output.text(content.trim_end())?;
        return Ok(Exit::Done);
    }
    refuse_foreign(manager.as_ref(), &standing, &plan, wish)?;

    let state_dir = settings.state_dir()?;
    state_dir::make_private(&state_dir)?;
    folder::Folder::new(settings)?.make()?;
    for log in [&plan.log, &plan.error_log] {
        let parent = sso_tool::atomic_write::parent(Path::new(log));
        fs::create_dir_all(&parent).with_context(|| format!("cannot make {}", parent.display()))?;
    }
    let is_changed = write(manager.file(), &content)?;
    let later = manager.start(is_changed || !standing.is_installed)?;

    if as_text {
        tell(manager.file(), &plan, aws.as_ref(), is_changed, later.as_deref(), output)?;
        return Ok(Exit::Done);
    }
    let mut document = report::describe(settings, manager.kind(), Some(manager.as_ref()))?;
    document.set("changed", is_changed);
    if let Some(aws) = &aws {
        document.set("aws", aws.path.display().to_string());
        document.set("awsVersion", aws.version.as_str());
    }
    if let Some(later) = &later {
        document.set("note", later.as_str());
    }
    output.document(&document)?;
    Ok(Exit::Done)
}

/// Says what is installed, for a person.
fn tell(
    file: &Path,
    plan: &Plan,
    aws: Option<&Aws>,
    is_changed: bool,
    later: Option<&str>,
    output: &mut Output,
) -> anyhow::Result<()> {
    let what = if is_changed { "installed" } else { "installed already, nothing changed" };
    output.text(&format!("{what}: {}", file.display()))?;
    let value = |name: &str| {
        plan.environment
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .unwrap_or_default()
    };
    for (label, value) in [
        ("Directory", plan.working_directory.as_str()),
        ("AWS profile", value("AWS_PROFILE")),
        ("Login mode", value("SSO_LOGIN_MODE")),
        ("Cooldown", &format!("{}s", value("SSO_COOLDOWN_SECONDS"))),
        ("Poll interval", &format!("{}s", value("SSO_POLL_SECONDS"))),
        (
            "AWS CLI",
            &aws.map_or("none".to_owned(), |aws| format!("{} (v{})", aws.path.display(), aws.version)),
        ),
        ("Log", &plan.log),
    ] {
        output.text(&format!("  {label:14}{}", sso_tool::sanitize::sanitize(value)))?;
    }
    if let Some(later) = later {
        output.text(&format!("  {:14}{later}", "Note"))?;
    }
    Ok(())
}

/// Two watchers would fight over one signal: another program's service stays, and nothing is put beside it.
fn refuse_foreign(
    manager: &dyn Manager,
    standing: &Standing,
    plan: &Plan,
    wish: &Wish,
) -> anyhow::Result<()> {
    if let Some(foreign) = &standing.foreign {
        return Err(Fault::new(
            Exit::Config,
            format!("another program's watcher is installed under that name: {foreign}"),
        )
        .hint(how_to_remove(manager, foreign))
        .into());
    }
    let Some(old) = read(manager.file())?.filter(|_| standing.is_installed && !wish.replace) else {
        return Ok(());
    };
    // Ours, but of another checkout?
    let (before, now) = (directory(&old), directory(&manager.content(plan)?));
    if before == now {
        return Ok(());
    }
    let before = before.unwrap_or_default();
    Err(Fault::new(
        Exit::Config,
        format!("the watcher is installed from another directory: {}", sso_tool::sanitize::sanitize(&before)),
    )
    .hint("just sso-uninstall && just sso-install")
    .into())
}

/// The line of a service file that says where the service runs.
fn directory(content: &str) -> Option<String> {
    let mut lines = content.lines().skip_while(|line| !line.contains("WorkingDirectory"));
    let line = lines.next()?;
    Some(if line.contains('=') { line } else { lines.next()? }.trim().to_owned())
}

fn how_to_remove(manager: &dyn Manager, foreign: &str) -> String {
    match manager.kind() {
        Kind::Launchd => format!("launchctl bootout gui/$(id -u)/{}; rm '{foreign}'", super::LABEL),
        _ => format!("systemctl --user disable --now {}; rm '{foreign}'", super::UNIT),
    }
}

/// Stops the service and removes its file. State and logs stay.
pub fn uninstall(settings: &Settings, as_text: bool, output: &mut Output) -> anyhow::Result<Exit> {
    let manager = needed(settings)?;
    let standing = manager.standing()?;
    if let Some(foreign) = &standing.foreign {
        return Err(Fault::new(Exit::Config, format!("that watcher is another program's: {foreign}"))
            .hint(how_to_remove(manager.as_ref(), foreign))
            .into());
    }
    manager.stop()?;
    let is_removed = folder::remove(manager.file())?;
    if is_removed {
        manager.forget()?;
    }
    if as_text {
        output.text(if is_removed {
            "uninstalled; ~/.aws and the logs stay as they are"
        } else {
            "not installed"
        })?;
    } else {
        output
            .document(&Document::new().with("service", manager.kind().word()).with("removed", is_removed))?;
    }
    Ok(Exit::Done)
}

/// Stops and starts it.
pub fn restart(settings: &Settings, as_text: bool, output: &mut Output) -> anyhow::Result<Exit> {
    let manager = needed(settings)?;
    let standing = manager.standing()?;
    if !standing.is_installed {
        return Err(Fault::new(Exit::Config, "the watcher is not installed").hint("just sso-install").into());
    }
    let later = manager.start(true)?;
    if as_text {
        output.text(later.as_deref().unwrap_or("restarted"))?;
    } else {
        output.document(&report::describe(settings, manager.kind(), Some(manager.as_ref()))?)?;
    }
    Ok(Exit::Done)
}

/// The logs of the service, wherever it runs.
pub(super) fn logs(settings: &Settings) -> anyhow::Result<[std::path::PathBuf; 2]> {
    let kind = super::manager::find(settings)?.map_or(Kind::Nobody, |manager| manager.kind());
    plan::logs(settings, kind).map(Into::into)
}
