//! `sso-signal service status`: how the service stands, as a document.

use sso_tool::exit::Exit;
use sso_tool::settings::Settings;
use sso_tool::stream::{Document, Output};

use super::choice::find;
use super::kind::ManagerKind;
use super::manager::Manager;
use super::plan;
use super::role::Role;

/// Prints how the service stands.
pub(crate) fn status(settings: &Settings, output: &mut Output) -> anyhow::Result<Exit> {
    let described = |role| {
        let manager = find(settings, role)?;
        let kind = manager.as_ref().map_or(ManagerKind::Nobody, |manager| manager.kind());
        describe(settings, kind, role, manager.as_deref())
    };
    output.document(&described(Role::Watcher)?.with("monitor", described(Role::Monitor)?))?;
    Ok(Exit::Done)
}

pub(super) fn describe(
    settings: &Settings,
    kind: ManagerKind,
    role: Role,
    manager: Option<&dyn Manager>,
) -> anyhow::Result<Document> {
    let mut document = Document::new().with("service", kind.word());
    if let Some(manager) = manager {
        let standing = manager.standing()?;
        document.set("label", if kind == ManagerKind::Launchd { role.label() } else { role.unit() });
        document.set("installed", standing.is_installed);
        document.set("running", standing.pid.is_some());
        if let Some(pid) = standing.pid {
            document.set("pid", pid);
        }
        document.set("file", manager.file().display().to_string());
        if let Some(foreign) = standing.foreign {
            document.set("foreign", foreign);
        }
    } else {
        document.set("installed", false);
        document.set("running", false);
    }
    let (log, error_log) = plan::logs(settings, kind, role)?;
    Ok(document.with("log", log.display().to_string()).with("errorLog", error_log.display().to_string()))
}
