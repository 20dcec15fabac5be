//! The programs that a login needs: the AWS CLI v2, a browser, a dialog.

use std::env;
use std::path::Path;
use std::time::Duration;

use sso_tool::aws_cli::{self, WITH_SESSIONS};
use sso_tool::exit::Exit;
use sso_tool::process::on_path;
use sso_tool::settings::from_environment;
use sso_tool::shell::shell_word;

use super::finding::Finding;
use super::scope::Scope;
use crate::ask::NO_DIALOG;
use crate::flows::surroundings::why_no_browser;
use crate::session::login_options::after;

const AWS_CLI: &str = "aws-cli";
const BROWSER: &str = "browser";
const DIALOG: &str = "dialog";

pub(super) fn aws(scope: &Scope<'_>) -> Vec<Finding> {
    let found = aws_cli::find(scope.settings, after(Duration::MAX));
    if found.interrupted.is_some() {
        scope.interrupted.set(found.interrupted);
        return Vec::new();
    }
    let before = found.others.join("; ");
    let Some(aws) = found.aws else {
        let seen = match before.as_str() {
            "" => "there is no AWS CLI v2; sso-login logs in by itself".to_owned(),
            others => format!("there is no AWS CLI v2 ({others}); sso-login logs in by itself"),
        };
        return vec![Finding::warning(AWS_CLI, seen, aws_cli::how_to_install())];
    };
    let path = aws.path.display();
    let mut findings = Vec::new();
    if aws.version < WITH_SESSIONS {
        findings.push(Finding::warning(AWS_CLI, aws_cli::without_sessions(&aws), aws_cli::how_to_install()));
    }
    if !before.is_empty() {
        let seen = format!("{before}; it comes first on PATH, before AWS CLI {} at {path}", aws.version);
        let fix = format!("export PATH={}:\"$PATH\"", shell_word(&parent(&aws.path)));
        findings.push(Finding::warning(AWS_CLI, seen, fix));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(AWS_CLI, format!("AWS CLI {} at {path}", aws.version)));
    }
    let with =
        |finding: Finding| finding.with("path", path.to_string()).with("version", aws.version.to_string());
    findings.into_iter().map(with).collect()
}

fn parent(path: &Path) -> String {
    path.parent().map(|parent| parent.display().to_string()).unwrap_or_default()
}

pub(super) fn browser(_: &Scope<'_>) -> Vec<Finding> {
    let listed = from_environment("BROWSER").unwrap_or_default();
    let entries: Vec<_> = listed.split(':').map(str::trim).filter(|entry| !entry.is_empty()).collect();
    vec![match entries.as_slice() {
        [] => match why_no_browser() {
            Some(why) => Finding::skipped(
                BROWSER,
                format!("{why}: a login shows a URL and a code, for a browser anywhere"),
            ),
            None => Finding::ok(BROWSER, "a browser can be opened here"),
        },
        entries => entries
            .iter()
            .find_map(|entry| trouble(entry))
            .unwrap_or_else(|| Finding::ok(BROWSER, format!("BROWSER is {listed}"))),
    }]
}

/// What is wrong with an entry of `BROWSER`. Python waits for a command until it ends, if there is no `&` behind it, and
/// for the browsers of a terminal; and the AWS CLI only then serves the page that the browser comes back to
/// (AWS-FORMATS 4). A program that nobody knows may return at once.
fn trouble(entry: &str) -> Option<Finding> {
    /// Browsers that stay until they are left.
    const IN_TERMINAL: [&str; 5] = ["www-browser", "links", "elinks", "lynx", "w3m"];
    let program = entry.split_whitespace().next()?;
    let is_there =
        if program.contains('/') { Path::new(program).is_file() } else { on_path(program).is_some() };
    if !is_there {
        let seen = format!("BROWSER names `{program}`, which doesn't exist");
        let fix = "unset BROWSER";
        return Some(Finding::error(BROWSER, Exit::Config, seen, fix));
    }
    let is_bare = entry.split_whitespace().count() == 1;
    let name = Path::new(program).file_name()?.to_str()?;
    if entry.ends_with('&') || (is_bare && !IN_TERMINAL.contains(&name)) {
        return None;
    }
    let seen = format!(
        "`aws sso login` waits until the command in BROWSER ends (`{entry}`), and serves no page until then"
    );
    let command = if is_bare { format!("{entry} %s") } else { entry.to_owned() };
    Some(Finding::warning(BROWSER, seen, format!("export BROWSER='{command} &'")))
}

pub(super) fn dialog(scope: &Scope<'_>) -> Vec<Finding> {
    // The shorter names are words for those built in.
    const BUILT_IN: [&str; 4] = ["osascript", "zenity", "kdialog", "terminal"];
    if let Some(line) = from_environment("SSO_DIALOG") {
        if line == NO_DIALOG {
            let seen = "SSO_DIALOG is none: no dialog asks anybody; log in yourself, or use mode auto";
            return vec![Finding::ok(DIALOG, seen)];
        }
        let program = line.split_whitespace().next().unwrap_or_default().to_owned();
        let is_file = Path::new(&line).is_file() || (program.contains('/') && Path::new(&program).is_file());
        if is_file || on_path(&program).is_some() || BUILT_IN.contains(&program.as_str()) {
            return vec![Finding::ok(DIALOG, format!("SSO_DIALOG is {line}"))];
        }
        let seen = format!(
            "SSO_DIALOG names `{program}`, which doesn't exist: nobody is asked, and every reminder is \
             postponed"
        );
        return vec![Finding::error(DIALOG, Exit::Config, seen, "unset SSO_DIALOG")];
    }
    let has_display = ["WAYLAND_DISPLAY", "DISPLAY"].iter().any(|name| from_environment(name).is_some());
    let found = BUILT_IN
        .iter()
        .take(3)
        .find(|name| on_path(name).is_some() && (has_display || **name == "osascript"));
    let mode = sso_signal::mode::current(scope.settings, &scope.settings.state_dir().unwrap_or_default()).0;
    vec![match found {
        Some(name) => Finding::ok(DIALOG, format!("{name} asks")),
        None if has_display => {
            let seen = format!("there is a display, but no program for dialogs (mode {mode})");
            let fix = if env::consts::OS == "linux" {
                "sudo apt-get install zenity"
            } else {
                "export SSO_DIALOG=terminal"
            };
            Finding::warning(DIALOG, seen, fix)
        }
        None => Finding::skipped(
            DIALOG,
            "there is no display: questions are asked on a terminal, if there is one",
        ),
    }]
}
