//! Opening a URL in the person's browser. Never a reason to fail: the URL is on stderr, too.

use std::env;
use std::process::Command;

use sso_tool::process::{Program, on_path};
use sso_tool::settings::{Settings, from_environment};

use crate::aws_api::page_host::{OwnHosts, Page};

/// Opens `url` with the first that there is: `$BROWSER`, then `open` (macOS), `wslview` (WSL), `xdg-open` (where there
/// is a display). Doesn't wait for it. Answers what was started. The caller knows that the page is AWS's or the config's own.
pub(crate) fn open(settings: &Settings, url: &str) -> Option<String> {
    for words in candidates() {
        match start(&words, url) {
            Ok(()) => return words.into_iter().next(),
            Err(err) => settings.debug(|| format!("cannot start {}: {err}", words.join(" "))),
        }
    }
    None
}

/// What becomes of a page: opened by this process, or only shown.
pub(crate) struct Opening {
    /// The URL to hand to the browser.
    url: Option<String>,
    /// The host of a page that isn't opened, since it is a stranger's.
    pub(crate) foreign_host: Option<String>,
}

impl Opening {
    /// Decides about a page. `is_wanted`: a browser may be opened here.
    pub(crate) fn of(page: &str, own: &OwnHosts, is_wanted: bool) -> Self {
        let none = Self { url: None, foreign_host: None };
        if !is_wanted || !is_known() {
            return none;
        }
        match own.judge(page) {
            Page::Own(url) => Self { url: Some(url.into()), ..none },
            Page::Foreign(url) => Self { foreign_host: url.host_str().map(str::to_owned), ..none },
            Page::Unfit(_) => {
                Self { foreign_host: Some("a host that its URL doesn't show".to_owned()), ..none }
            }
        }
    }

    /// Whether a browser opens now.
    pub(crate) fn is_opened(&self) -> bool {
        self.url.is_some()
    }

    /// Opens the page, if that was decided.
    pub(crate) fn open(&self, settings: &Settings) {
        if let Some(url) = &self.url {
            open(settings, url);
        }
    }
}

/// Whether there is a command to try.
pub(crate) fn is_known() -> bool {
    !candidates().is_empty()
}

/// The commands to try, as words. `$BROWSER` is a list separated by colons (as for xdg-open and Python), each maybe
/// with arguments, `%s` for the URL and a trailing `&`.
fn candidates() -> Vec<Vec<String>> {
    let listed = from_environment("BROWSER").unwrap_or_default();
    let mut found: Vec<Vec<String>> = listed
        .split(':')
        .map(|entry| entry.trim().trim_end_matches('&').split_whitespace().map(str::to_owned).collect())
        .filter(|words: &Vec<String>| !words.is_empty())
        .collect();
    if !found.is_empty() {
        return found;
    }
    // Which desktop this is shows at run time: macOS has no display variable and its own `open`.
    if env::consts::OS == "macos" || on_path("launchctl").is_some() {
        found.push(vec!["open".to_owned()]);
    }
    if from_environment("WSL_DISTRO_NAME").is_some() {
        found.push(vec!["wslview".to_owned()]);
    }
    if from_environment("DISPLAY").is_some() || from_environment("WAYLAND_DISPLAY").is_some() {
        found.push(vec!["xdg-open".to_owned()]);
    }
    found
}

fn start(words: &[String], url: &str) -> std::io::Result<()> {
    let [program, arguments @ ..] = words else { return Ok(()) };
    let mut command = Command::new(program);
    let mut placed = false;
    for argument in arguments {
        placed |= argument.contains("%s");
        command.arg(argument.replace("%s", url));
    }
    if !placed {
        command.arg(url);
    }
    // stdout carries documents, and the login goes on meanwhile. Ctrl-C ends the login, not the person's browser.
    Program::new(command).detach()
}
