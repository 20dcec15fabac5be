//! The commands around the tools that a message names, so that whoever reads it can paste them.
//!
//! `just install` and the packages put `sso-watch` and `sso-monitor` beside the tools; a checkout has recipes; who
//! installed the tools alone has what the scripts are made of. A message that named `just` to everybody would end in
//! "command not found" for most.

use std::env;
use std::fmt;
use std::path::Path;

/// The first login of a person who has a start URL and no profile yet. NAME is the sso-session that it writes.
pub const SETUP: &str = "sso-login setup NAME";

/// What a message tells a person to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipe<'a> {
    /// The watcher, in this terminal.
    Watch,
    /// The monitor, in this terminal.
    Monitor,
    /// What runs, and every session.
    Status,
    /// Watcher and monitor as services.
    Install,
    /// Stop the services and start them again.
    Restart,
    /// Remove the services.
    Uninstall,
    /// The services' logs.
    Logs,
    /// The profiles that need a person.
    Expired,
    /// Log in for the keys of an env.
    Unlock(&'a str),
}

/// What there is beside the tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The scripts, by `just install` or a package.
    Installed,
    /// The recipes of a checkout, whose build folder the tool runs from.
    Checkout,
    /// Neither.
    Alone,
}

impl Place {
    fn here() -> Self {
        env::current_exe().ok().and_then(|tool| tool.parent().map(Self::of)).unwrap_or(Self::Alone)
    }

    /// By the folder that the tool runs from.
    fn of(folder: &Path) -> Self {
        let is_build = ["debug", "release"].iter().any(|name| folder.ends_with(name));
        match folder.join("sso-watch").is_file() {
            true => Self::Installed,
            false if is_build => Self::Checkout,
            false => Self::Alone,
        }
    }
}

impl Recipe<'_> {
    fn at(self, place: Place) -> String {
        let line = match (self, place) {
            (Self::Watch, Place::Installed) => "sso-watch",
            (Self::Watch, Place::Checkout) => "just sso-watch",
            (Self::Watch, Place::Alone) => {
                "while sso-signal wait | sso-login - | sso-signal settle; do :; done"
            }
            (Self::Monitor, Place::Installed) => "sso-monitor",
            (Self::Monitor, Place::Checkout) => "just sso-monitor",
            (Self::Monitor, Place::Alone) => {
                "sso-profile list --every 60s | sso-cache check | sso-login refresh | sso-signal write --source monitor"
            }
            (Self::Status, Place::Installed) => "sso-status",
            (Self::Status, Place::Checkout) => "just sso-status",
            (Self::Install, Place::Installed) => "sso-signal service install",
            (Self::Install, Place::Checkout) => "just sso-install",
            (Self::Install, Place::Alone) => {
                "sso-signal service install -- sh -c 'while sso-signal wait | sso-login - | sso-signal settle; do :; done'"
            }
            (Self::Restart, Place::Checkout) => "just sso-restart",
            (Self::Restart, _) => "sso-signal service restart",
            (Self::Uninstall, Place::Checkout) => "just sso-uninstall",
            (Self::Uninstall, _) => "sso-signal service uninstall",
            (Self::Logs, Place::Checkout) => "just sso-logs",
            (Self::Logs, _) => "sso-signal service logs",
            (Self::Expired, Place::Checkout) => "just sso-expired",
            (Self::Status, Place::Alone) | (Self::Expired, _) => "sso-profile list | sso-cache check --text",
            (Self::Unlock(env), Place::Checkout) => return format!("just sso-key-unlock {env}"),
            (Self::Unlock(env), _) => {
                return format!(
                    "sso-profile key sessions --env {env} | sso-login - --via aws | sso-signal settle"
                );
            }
        };
        line.to_owned()
    }
}

impl fmt::Display for Recipe<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.at(Place::here()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_a_message_names_is_there_where_the_tool_runs() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Place::of(dir.path()), Place::Alone);
        let build = dir.path().join("target/debug");
        fs::create_dir_all(&build).unwrap();
        assert_eq!(Place::of(&build), Place::Checkout);
        fs::write(dir.path().join("sso-watch"), "").unwrap();
        assert_eq!(Place::of(dir.path()), Place::Installed);
        let all = [Recipe::Watch, Recipe::Monitor, Recipe::Install, Recipe::Restart, Recipe::Uninstall];
        for recipe in
            all.into_iter().chain([Recipe::Logs, Recipe::Status, Recipe::Expired, Recipe::Unlock("dev")])
        {
            assert!(recipe.at(Place::Checkout).starts_with("just "));
            for place in [Place::Installed, Place::Alone] {
                assert!(!recipe.at(place).contains("just "), "{recipe:?} {place:?}");
            }
        }
    }
}
