//! launchd, through launchctl(1): an agent of this user's desktop session.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use sso_tool::exit::{Exit, Fault};
use sso_tool::settings::Settings;

use super::kind::ManagerKind;
use super::manager::{self, Manager, Standing, must, run};
use super::plan::Plan;
use super::plist;
use super::role::Role;

/// A stopped agent is gone a little later; until then it can't be started again.
const TRIES: usize = 50;
const MOMENT: Duration = Duration::from_millis(200);

/// The agent.
pub(super) struct Launchd {
    role: Role,
    file: PathBuf,
    domain: String,
    target: String,
}

impl Launchd {
    pub(super) fn new(settings: &Settings, role: Role) -> anyhow::Result<Self> {
        let domain = format!("gui/{}", rustix::process::getuid().as_raw());
        let label = role.label();
        let file = settings.home()?.join(format!("Library/LaunchAgents/{label}.plist"));
        Ok(Self { role, file, target: format!("{domain}/{label}"), domain })
    }

    /// What launchd says of the agent, if it knows it.
    fn described(&self) -> anyhow::Result<Option<String>> {
        let said = run("launchctl", &["print", &self.target])?;
        Ok(said.is_good().then_some(said.stdout))
    }
}

impl Manager for Launchd {
    fn role(&self) -> Role {
        self.role
    }

    fn kind(&self) -> ManagerKind {
        ManagerKind::Launchd
    }

    fn file(&self) -> &Path {
        &self.file
    }

    fn content(&self, plan: &Plan) -> anyhow::Result<String> {
        plist::fill(plan, self.role)
    }

    fn standing(&self) -> anyhow::Result<Standing> {
        let content = manager::read(&self.file)?;
        let described = self.described()?;
        let loaded_from = described.as_deref().and_then(|text| value(text, "path"));
        let is_ours = content.as_deref().is_some_and(manager::is_ours);
        let foreign = if content.is_some() && !is_ours {
            Some(self.file.display().to_string())
        } else {
            loaded_from.filter(|path| Path::new(path) != self.file).map(str::to_owned)
        };
        Ok(Standing {
            is_installed: is_ours,
            pid: described.as_deref().and_then(|text| value(text, "pid")).and_then(|pid| pid.parse().ok()),
            foreign,
        })
    }

    fn start(&self, is_changed: bool) -> anyhow::Result<Option<String>> {
        if !run("launchctl", &["print", &self.domain])?.is_good() {
            return Ok(Some(
                "there is no desktop session now: launchd starts it at the next login".to_owned(),
            ));
        }
        if self.described()?.is_some() {
            if !is_changed {
                return Ok(None);
            }
            self.stop()?;
        }
        let file = self.file.to_str().ok_or_else(|| Fault::new(Exit::Config, "HOME is not UTF-8"))?;
        for _ in 1..TRIES {
            if run("launchctl", &["bootstrap", &self.domain, file])?.is_good() {
                return Ok(None);
            }
            thread::sleep(MOMENT);
        }
        must("launchctl", &["bootstrap", &self.domain, file]).map(|_| None)
    }

    fn stop(&self) -> anyhow::Result<()> {
        if self.described()?.is_none() {
            return Ok(());
        }
        // It may answer "in progress"; whether the agent is gone decides.
        let said = run("launchctl", &["bootout", &self.target])?;
        for _ in 0..TRIES {
            if self.described()?.is_none() {
                return Ok(());
            }
            thread::sleep(MOMENT);
        }
        let why = sso_tool::sanitize::sanitize(&said.stderr);
        Err(Fault::new(Exit::Unavailable, format!("launchctl bootout {}: {why}", self.target)).into())
    }

    fn forget(&self) -> anyhow::Result<()> {
        Ok(())
    }
}

/// The value of `key = value` in what `launchctl print` says. The outermost one: nested ones come later.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.trim().strip_prefix(key)?.trim_start().strip_prefix('=')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_in_what_launchctl_prints() {
        let text = "gui/501/com.bazel.sso-watcher = {\n\tactive count = 1\n\tpath = /Users/me/x.plist\n\
                    \tstate = running\n\n\tprogram = /opt/just\n\tpid = 4242\n\timmediate reason = inefficient\n}";
        assert_eq!(value(text, "path"), Some("/Users/me/x.plist"));
        assert_eq!(value(text, "pid"), Some("4242"));
        assert_eq!(value(text, "label"), None);
    }
}
