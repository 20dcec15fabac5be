//! The systemd manager of this user, through systemctl(1).

use std::env;
use std::path::{Path, PathBuf};

use sso_tool::settings::{Settings, from_environment};

use super::kind::ManagerKind;
use super::manager::{self, Manager, Standing, must, run};
use super::plan::Plan;
use super::role::Role;
use super::unit;

/// What a dialog needs to know of the desktop session.
const DISPLAY: [&str; 5] =
    ["DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_CURRENT_DESKTOP", "DBUS_SESSION_BUS_ADDRESS"];

/// The user unit.
pub(super) struct Systemd {
    role: Role,
    file: PathBuf,
}

impl Systemd {
    pub(super) fn new(settings: &Settings, role: Role) -> anyhow::Result<Self> {
        let config =
            match from_environment("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute()) {
                Some(config) => config,
                None => settings.home()?.join(".config"),
            };
        Ok(Self { role, file: config.join("systemd/user").join(role.unit()) })
    }
}

impl Manager for Systemd {
    fn role(&self) -> Role {
        self.role
    }

    fn kind(&self) -> ManagerKind {
        ManagerKind::Systemd
    }

    fn file(&self) -> &Path {
        &self.file
    }

    fn content(&self, plan: &Plan) -> anyhow::Result<String> {
        let has_desktop =
            run("systemctl", &["--user", "is-active", "--quiet", "graphical-session.target"])?.is_good();
        unit::fill(plan, self.role, has_desktop)
    }

    fn standing(&self) -> anyhow::Result<Standing> {
        let content = manager::read(&self.file)?;
        let said =
            run("systemctl", &["--user", "show", self.role.unit(), "--property=MainPID,FragmentPath"])?;
        let value = |key: &str| {
            said.stdout
                .lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
                .filter(|value| !value.is_empty())
        };
        let is_ours = content.as_deref().is_some_and(manager::is_ours);
        let foreign = if content.is_some() && !is_ours {
            Some(self.file.display().to_string())
        } else {
            value("FragmentPath").filter(|path| Path::new(path) != self.file).map(str::to_owned)
        };
        Ok(Standing {
            is_installed: is_ours,
            pid: value("MainPID").and_then(|pid| pid.parse().ok()).filter(|pid| *pid > 0),
            foreign,
        })
    }

    fn start(&self, is_changed: bool) -> anyhow::Result<Option<String>> {
        let set: Vec<&str> = DISPLAY.into_iter().filter(|name| env::var_os(name).is_some()).collect();
        if !set.is_empty() {
            // Desktops do so at login; a bare window manager may not. Nothing depends on it but dialogs.
            let _ = run("systemctl", &[&["--user", "import-environment"], set.as_slice()].concat())?;
        }
        if is_changed {
            must("systemctl", &["--user", "daemon-reload"])?;
        }
        // An unchanged unit may be wanted by another target than before, or by none.
        must("systemctl", &["--user", "--quiet", "reenable", self.role.unit()])?;
        let act = if is_changed { "restart" } else { "start" };
        must("systemctl", &["--user", act, self.role.unit()])?;
        Ok(None)
    }

    fn stop(&self) -> anyhow::Result<()> {
        if self.file.exists() {
            must("systemctl", &["--user", "--quiet", "disable", "--now", self.role.unit()])?;
        }
        Ok(())
    }

    fn forget(&self) -> anyhow::Result<()> {
        must("systemctl", &["--user", "daemon-reload"])?;
        // A unit that failed would still be listed.
        let _ = run("systemctl", &["--user", "reset-failed", self.role.unit()])?;
        Ok(())
    }
}
