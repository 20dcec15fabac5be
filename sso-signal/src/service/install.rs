//! Installing, restarting and removing the service. Each can be done twice.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use crate::signal_store::SignalStore;
use sso_tool::atomic_write;
use sso_tool::aws_cli::Aws;
use sso_tool::exit::{Exit, Fault};
use sso_tool::process::{beside, on_path};
use sso_tool::recipe::Recipe;
use sso_tool::settings::Settings;
use sso_tool::state_dir;
use sso_tool::stream::{Document, Output};

use super::aws;
use super::choice::{self, Act, needed, shown};
use super::kind::ManagerKind;
use super::manager::{Manager, Standing, read, write};
use super::plan::{self, Plan};
use super::role::Role;
use super::{permit, report};

/// What to install.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct InstallOptions {
    /// The command that the watcher runs, for example `sso-watch 52w`.
    pub(crate) command: Vec<String>,
    /// The program that is the monitor, if one is wanted.
    pub(crate) monitor: Option<String>,
    /// Install no monitor, and remove the one that is installed.
    pub(crate) is_watcher_only: bool,
    /// Do without an AWS CLI.
    pub(crate) without_aws: bool,
    /// Take the place of another checkout's service.
    pub(crate) replace: bool,
    /// Print what would be written instead of installing.
    pub(crate) print: bool,
}

impl InstallOptions {
    /// The same, with the scripts that come with the tools where no command is named.
    fn or_scripts(mut self) -> Self {
        if self.command.is_empty() {
            self.command = vec![script("sso-watch"), "52w".to_owned()];
            self.monitor = self.monitor.or_else(|| Some(script("sso-monitor")));
        }
        self
    }
}

/// A script by its name where that is in PATH, since a link there outlives an update; else beside this tool.
fn script(name: &str) -> String {
    if on_path(name).is_some() {
        return name.to_owned();
    }
    beside(name).and_then(|path| path.to_str().map(str::to_owned)).unwrap_or_else(|| name.to_owned())
}

/// Installs the service and starts it. A second time with the same settings changes nothing.
pub(crate) fn install(
    settings: &Settings,
    options: &InstallOptions,
    as_text: bool,
    output: &mut Output,
) -> anyhow::Result<Exit> {
    permit::not_root(settings)?;
    let options = &options.clone().or_scripts();
    let mut document = one(settings, Role::Watcher, &options.command, options, as_text, output)?;
    if let Some(program) = options.monitor.as_ref().filter(|_| !options.is_watcher_only) {
        // Its documents become a log, which has a line only where something changed.
        let command = [program.clone(), "--log".to_owned()];
        document.set("monitor", one(settings, Role::Monitor, &command, options, as_text, output)?);
    } else if options.is_watcher_only && !options.print {
        let manager = needed(settings, Role::Monitor, Act::Install)?;
        if manager.standing()?.is_installed {
            remove(manager.as_ref())?;
        }
    }
    if !as_text && !options.print {
        output.document(&document)?;
    }
    Ok(Exit::Done)
}

/// Installs one service; answers how it stands.
fn one(
    settings: &Settings,
    role: Role,
    command: &[String],
    options: &InstallOptions,
    as_text: bool,
    output: &mut Output,
) -> anyhow::Result<Document> {
    let manager = if options.print { shown(settings, role)? } else { needed(settings, role, Act::Install)? };
    let aws = if options.without_aws { None } else { Some(aws::find(settings)?) };
    let plan = Plan::new(settings, command, aws.as_ref(), manager.kind(), role)?;
    let content = manager.content(&plan)?;
    if options.print {
        output.text(labelled(manager.as_ref(), &content).trim_end())?;
        return Ok(Document::new());
    }
    let standing = manager.standing()?;
    refuse_foreign(manager.as_ref(), &standing, &plan, options)?;

    let state_dir = settings.state_dir()?;
    state_dir::make_private(&state_dir)?;
    SignalStore::new(settings)?.make()?;
    for log in [&plan.log, &plan.error_log] {
        let parent = sso_tool::atomic_write::parent(Path::new(log));
        fs::create_dir_all(&parent).with_context(|| format!("cannot make {}", parent.display()))?;
    }
    let is_changed = write(manager.file(), &content)?;
    let later = manager.start(is_changed || !standing.is_installed)?;

    if as_text {
        let detail = if role == Role::Watcher { Detail::All } else { Detail::Log };
        tell(settings, manager.file(), &plan, detail, aws.as_ref(), is_changed, later.as_deref(), output)?;
    }
    let mut document = report::describe(settings, manager.kind(), role, Some(manager.as_ref()))?;
    document.set("changed", is_changed);
    if let Some(aws) = &aws {
        document.set("aws", aws.path.display().to_string());
        document.set("awsVersion", aws.version.to_string());
    }
    if let Some(later) = &later {
        document.set("note", later.as_str());
    }
    Ok(document)
}

/// A service's file with the name that it is to have, as a comment: two of them may be printed.
fn labelled(manager: &dyn Manager, content: &str) -> String {
    let file = manager.file().display().to_string();
    match manager.kind() {
        // Nothing may stand before the declaration, and no `--` in a comment.
        ManagerKind::Launchd => {
            let (declaration, rest) = content.split_once('\n').unwrap_or((content, ""));
            format!("{declaration}\n<!-- {} -->\n{rest}", file.replace("--", "- -"))
        }
        ManagerKind::Systemd | ManagerKind::Nobody => format!("# {file}\n{content}"),
    }
}

/// How much of a service is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    /// The settings, too.
    All,
    /// Nothing: the settings are those of the service told before.
    Log,
}

/// Says what is installed, for a person.
#[expect(clippy::too_many_arguments, reason = "each is a line of what is told")]
fn tell(
    settings: &Settings,
    file: &Path,
    plan: &Plan,
    detail: Detail,
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
    let files: Vec<_> = settings
        .env_files()
        .into_iter()
        .filter(|file| file.is_file())
        .map(|file| file.display().to_string())
        .collect();
    let settings_of = if files.is_empty() { "the environment".to_owned() } else { files.join(", ") };
    for (label, value) in [
        ("Settings of", settings_of.as_str()),
        ("Directory", plan.working_directory.as_str()),
        ("AWS profile", value("AWS_PROFILE")),
        ("Login mode", value("SSO_LOGIN_MODE")),
        ("Cooldown", &format!("{}s", value("SSO_COOLDOWN_SECONDS"))),
        ("Poll interval", &format!("{}s", value("SSO_POLL_SECONDS"))),
        (
            "AWS CLI",
            &aws.map_or("none".to_owned(), |aws| format!("{} (v{})", aws.path.display(), aws.version)),
        ),
        ("May log in", value("SSO_AUTO_PROFILES")),
        ("Log", &plan.log),
    ] {
        if value.is_empty() || (detail == Detail::Log && label != "Log") {
            continue;
        }
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
    options: &InstallOptions,
) -> anyhow::Result<()> {
    if let Some(foreign) = &standing.foreign {
        return Err(Fault::new(
            Exit::Config,
            format!("another program's {} is installed under that name: {foreign}", manager.role().word()),
        )
        .hint(how_to_remove(manager, foreign))
        .into());
    }
    let Some(old) = read(manager.file())?.filter(|_| standing.is_installed && !options.replace) else {
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
        format!(
            "the {} is installed from another directory: {}",
            manager.role().word(),
            sso_tool::sanitize::sanitize(&before)
        ),
    )
    .hint(format!("{} && {}", Recipe::Uninstall, Recipe::Install))
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
        ManagerKind::Launchd => {
            format!("launchctl bootout gui/$(id -u)/{}; rm '{foreign}'", manager.role().label())
        }
        _ => format!("systemctl --user disable --now {}; rm '{foreign}'", manager.role().unit()),
    }
}

/// Stops the services and removes their files. State and logs stay.
pub(crate) fn uninstall(settings: &Settings, as_text: bool, output: &mut Output) -> anyhow::Result<Exit> {
    let monitor = needed(settings, Role::Monitor, Act::Uninstall)?;
    let monitor_standing = monitor.standing()?;
    let had_monitor = monitor_standing.is_installed && remove(monitor.as_ref())?;
    let manager = needed(settings, Role::Watcher, Act::Uninstall)?;
    let standing = manager.standing()?;
    if let Some(foreign) = &standing.foreign {
        return Err(Fault::new(Exit::Config, format!("that watcher is another program's: {foreign}"))
            .hint(how_to_remove(manager.as_ref(), foreign))
            .into());
    }
    let is_removed = remove(manager.as_ref())? || had_monitor;
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

fn remove(manager: &dyn Manager) -> anyhow::Result<bool> {
    manager.stop()?;
    let is_removed = atomic_write::remove(manager.file())?;
    if is_removed {
        manager.forget()?;
    }
    Ok(is_removed)
}

/// Stops the services that are installed, and starts them again. Status 78 if the watcher isn't.
pub(crate) fn restart(settings: &Settings, as_text: bool, output: &mut Output) -> anyhow::Result<Exit> {
    let manager = needed(settings, Role::Watcher, Act::Restart)?;
    let standing = manager.standing()?;
    if !standing.is_installed {
        return Err(Fault::new(Exit::Config, "the watcher is not installed")
            .hint(Recipe::Install.to_string())
            .into());
    }
    let later = manager.start(true)?;
    let monitor = needed(settings, Role::Monitor, Act::Restart)?;
    if monitor.standing()?.is_installed {
        monitor.start(true)?;
    }
    if as_text {
        output.text(later.as_deref().unwrap_or("restarted"))?;
    } else {
        output.document(&report::describe(
            settings,
            manager.kind(),
            Role::Watcher,
            Some(manager.as_ref()),
        )?)?;
    }
    Ok(Exit::Done)
}

/// The logs of the service, wherever it runs.
pub(super) fn logs(settings: &Settings) -> anyhow::Result<[std::path::PathBuf; 2]> {
    let kind = choice::find(settings, Role::Watcher)?.map_or(ManagerKind::Nobody, |manager| manager.kind());
    plan::logs(settings, kind, Role::Watcher).map(Into::into)
}
