//! Who runs services here: launchd, systemd or nobody. Decided at run time, by what answers.

use sso_tool::exit::{Exit, Fault};
use sso_tool::process::on_path;
use sso_tool::recipe::Recipe;
use sso_tool::settings::Settings;

use super::launchd::Launchd;
use super::manager::{Manager, run};
use super::role::Role;
use super::systemd::Systemd;

/// The manager of this machine.
pub(super) fn find(settings: &Settings, role: Role) -> anyhow::Result<Option<Box<dyn Manager>>> {
    if on_path("launchctl").is_some() {
        return Ok(Some(Box::new(Launchd::new(settings, role)?)));
    }
    if on_path("systemctl").is_some() && run("systemctl", &["--user", "show-environment"])?.is_good() {
        return Ok(Some(Box::new(Systemd::new(settings, role)?)));
    }
    Ok(None)
}

/// What a manager is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Install,
    Restart,
    Uninstall,
}

impl Act {
    /// What to run where nobody runs services.
    fn by_hand(self) -> String {
        match self {
            Self::Install | Self::Restart => {
                format!("run both yourself: {} > /dev/null & {}", Recipe::Monitor, Recipe::Watch)
            }
            Self::Uninstall => format!("nothing is installed; to see what runs: {}", Recipe::Status),
        }
    }
}

/// The manager, or the message with the command to run instead.
pub(super) fn needed(settings: &Settings, role: Role, act: Act) -> anyhow::Result<Box<dyn Manager>> {
    find(settings, role)?.ok_or_else(|| {
        Fault::new(
            Exit::Unavailable,
            "no service manager runs for this user here (no launchd, no systemd user manager: for example \
             in a container, or over ssh without a session bus)",
        )
        .hint(act.by_hand())
        .into()
    })
}

/// The manager whose file can be shown: the one of this machine, else the usual one of this system.
pub(super) fn shown(settings: &Settings, role: Role) -> anyhow::Result<Box<dyn Manager>> {
    Ok(match find(settings, role)? {
        Some(manager) => manager,
        None if std::env::consts::OS == "macos" => Box::new(Launchd::new(settings, role)?),
        None => Box::new(Systemd::new(settings, role)?),
    })
}
