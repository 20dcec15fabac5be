//! The AWS CLI that the service would use, and whether it is v2.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use sso_tool::exit::{Exit, Fault};
use sso_tool::process::Program;
use sso_tool::settings::from_environment;

/// Python starts slowly on a cold machine.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Where else it is, if not in PATH.
const ELSEWHERE: [&str; 2] = ["/usr/local/bin", "/opt/homebrew/bin"];

/// An AWS CLI v2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Aws {
    /// The program.
    pub(super) path: PathBuf,
    /// What it says of itself: `2.22.1`.
    pub(super) version: String,
    /// Whether `SSO_AWS` names it.
    pub(super) is_named: bool,
}

/// Finds the AWS CLI v2: `SSO_AWS`, else the first one in PATH that is v2. Status 78 if there is none, naming what
/// was found instead.
pub(super) fn find() -> anyhow::Result<Aws> {
    if let Some(named) = from_environment("SSO_AWS").map(PathBuf::from) {
        return match version(&named) {
            Some(version) if version.starts_with("2.") => Ok(Aws { path: named, version, is_named: true }),
            _ => Err(missing(&format!("SSO_AWS names {}, which isn't an AWS CLI v2", named.display()))),
        };
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let mut others = Vec::new();
    for folder in env::split_paths(&path).chain(ELSEWHERE.map(PathBuf::from)) {
        let path = folder.join("aws");
        if !folder.is_absolute() || !path.is_file() {
            continue;
        }
        match version(&path) {
            Some(version) if version.starts_with("2.") => return Ok(Aws { path, version, is_named: false }),
            Some(version) => others.push(format!("{} is v{version}", path.display())),
            None => others.push(format!("{} doesn't run", path.display())),
        }
    }
    others.dedup();
    let others = if others.is_empty() { String::new() } else { format!(" ({})", others.join("; ")) };
    Err(missing(&format!("there is no AWS CLI v2 in PATH{others}")))
}

fn missing(what: &str) -> anyhow::Error {
    Fault::new(Exit::Config, what)
        .hint(
            "install the AWS CLI v2, or name it in SSO_AWS; with --without-aws you log in with a URL \
               and a code instead",
        )
        .into()
}

/// The version that a program says it is; `None` if it is no AWS CLI.
fn version(path: &Path) -> Option<String> {
    let mut command = Command::new(path);
    command.arg("--version");
    // It reads them even for that, and a line that it can't parse would hide that it is an AWS CLI.
    for file in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"] {
        command.env(file, "/dev/null");
    }
    let output = Program::new(command).until(Instant::now() + TIMEOUT).output().ok()?;
    // Old ones say it on stderr.
    let text = format!("{}{}", output.stdout, output.stderr);
    let version = text.split_once("aws-cli/")?.1.split_whitespace().next()?;
    Some(version.chars().filter(|c| c.is_ascii_alphanumeric() || ".+-".contains(*c)).collect())
}
