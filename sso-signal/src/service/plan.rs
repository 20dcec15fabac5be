//! What the service is to run: a command with the settings of `.env`, its PATH and its logs.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use sso_tool::aws_cli::Aws;
use sso_tool::exit::{Exit, Fault};
use sso_tool::process::on_path;
use sso_tool::recipe::Recipe;
use sso_tool::settings::{Settings, from_environment};

use super::kind::ManagerKind;
use super::role::Role;

/// Where programs are, after those that the plan needs.
const SYSTEM_PATH: [&str; 7] =
    ["/opt/homebrew/bin", "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin", "/snap/bin"];

/// Variables of the environment that decide what the watcher sees and whom it asks; the service gets those that are
/// set when it is installed.
const PASSED_ON: [&str; 19] = [
    "SSO_AHEAD",
    "SSO_DIALOG",
    "SSO_ENV_FILE",
    "SSO_HOSTS",
    "SSO_LOGIN_VIA",
    "SSO_PROFILE_VARS",
    "SSO_SESSION_LENGTH",
    "BROWSER",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CA_BUNDLE",
    "AWS_ENDPOINT_URL_SSO",
    "AWS_ENDPOINT_URL_SSO_OIDC",
    "HTTPS_PROXY",
    "https_proxy",
    "NO_PROXY",
    "no_proxy",
    "LANG",
    "XDG_STATE_HOME",
];

/// A service, whatever runs it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan {
    /// The program, as an absolute path, and its arguments.
    pub(super) command: Vec<String>,
    /// The command's environment, beside what the manager gives.
    pub(super) environment: Vec<(String, String)>,
    /// Where it runs.
    pub(super) working_directory: String,
    /// What it prints.
    pub(super) log: String,
    /// What its tools complain about.
    pub(super) error_log: String,
}

impl Plan {
    /// The plan for `command` with the current settings. Status 78: a setting that the service could not start with.
    pub(super) fn new(
        settings: &Settings,
        command: &[String],
        aws: Option<&Aws>,
        kind: ManagerKind,
        role: Role,
    ) -> anyhow::Result<Self> {
        let here = env::current_dir().context("cannot tell the working directory")?;
        let (log, error_log) = logs(settings, kind, role)?;
        let mut command = command.to_vec();
        let program = resolved(command.first().map(String::as_str).unwrap_or_default(), &here)?;
        let path = path(&program, aws)?;
        if let Some(first) = command.first_mut() {
            *first = text(&program)?;
        }
        let mut environment = vec![("PATH".to_owned(), path)];
        environment.extend(settled(settings, &here)?);
        if let Some(named) = aws.filter(|_| from_environment("SSO_AWS").is_some()) {
            environment.push(("SSO_AWS".to_owned(), text(&named.path)?));
        }
        // Empty, they switch off what is the default.
        let is_switch = |name: &str| ["SSO_ENV_FILE", "SSO_PROFILE_VARS"].contains(&name);
        let set = |name: &&str| {
            let value = env::var(name).ok().filter(|value| !value.is_empty() || is_switch(name))?;
            Some(((*name).to_owned(), value))
        };
        environment.extend(PASSED_ON.iter().filter_map(set));
        let of_one_session = env::vars_os().filter_map(|(name, value)| {
            let name = name.into_string().ok().filter(|name| name.starts_with("SSO_SESSION_LENGTH_"))?;
            Some((name, value.into_string().ok()?))
        });
        environment.extend(of_one_session);
        // What beats `AWS_PROFILE` here beats it there.
        let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        for name in settings.profile_variables().into_iter().filter(|name| is_name(name)) {
            let is_new = environment.iter().all(|(known, _)| *known != name);
            if let Some(value) = from_environment(&name).filter(|_| is_new) {
                environment.push((name, value));
            }
        }
        Ok(Self {
            command,
            environment,
            working_directory: text(&here)?,
            log: text(&log)?,
            error_log: text(&error_log)?,
        })
    }
}

/// The settings as they hold now, so that the service has them wherever it runs. The mode file isn't among them:
/// the watcher reads it at every poll.
fn settled(settings: &Settings, here: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let absolute = |path: PathBuf| text(&here.join(path));
    let mut values = vec![
        ("AWS_PROFILE", settings.service_profile()),
        ("SSO_SIGNAL_FILE", absolute(settings.signal_file()?)?),
        ("SSO_STATE_DIR", absolute(settings.state_dir()?)?),
        ("SSO_COOLDOWN_SECONDS", settings.cooldown().as_secs().to_string()),
        ("SSO_POLL_SECONDS", settings.poll_interval()?.as_secs().to_string()),
        ("SSO_LOGIN_MODE", crate::mode::wished(settings).0.word().to_owned()),
        ("SSO_LOGIN_TIMEOUT", settings.login_timeout().as_secs().to_string()),
    ];
    if let Some(profiles) = settings.named("SSO_AUTO_PROFILES") {
        values.push(("SSO_AUTO_PROFILES", profiles));
    }
    Ok(values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Where the logs are: the documented place on macOS, the state folder of the XDG base directories else.
pub(super) fn logs(settings: &Settings, kind: ManagerKind, role: Role) -> anyhow::Result<(PathBuf, PathBuf)> {
    let folder = match (kind, from_environment("XDG_STATE_HOME").map(PathBuf::from)) {
        (ManagerKind::Launchd, _) => settings.home()?.join("Library/Logs"),
        (_, Some(state)) if state.is_absolute() => state,
        _ => settings.home()?.join(".local/state"),
    };
    let name = role.word();
    Ok((folder.join(format!("sso-{name}.log")), folder.join(format!("sso-{name}.error.log"))))
}

/// The AWS CLI first, then what the command needs, then the system's folders.
fn path(program: &Path, aws: Option<&Aws>) -> anyhow::Result<String> {
    let own = env::current_exe().context("cannot tell where this program is")?;
    let needed = [aws.map(|aws| aws.path.as_path()), Some(own.as_path()), Some(program)];
    let mut folders: Vec<String> = Vec::new();
    for folder in needed.into_iter().flatten().filter_map(Path::parent) {
        folders.push(text(folder)?);
    }
    folders.extend(SYSTEM_PATH.map(str::to_owned));
    let mut seen = std::collections::BTreeSet::new();
    folders.retain(|folder| !folder.is_empty() && seen.insert(folder.clone()));
    Ok(folders.join(":"))
}

/// The program as an absolute path: a manager doesn't search as a shell does.
fn resolved(program: &str, here: &Path) -> anyhow::Result<PathBuf> {
    if program.contains('/') {
        let path = here.join(program);
        if path.is_file() {
            return Ok(path);
        }
        let message = format!("there is no program {}", path.display());
        return Err(Fault::new(Exit::Config, message).hint(Recipe::Install.to_string()).into());
    }
    on_path(program).ok_or_else(|| {
        Fault::new(Exit::Config, format!("there is no program `{program}` in PATH"))
            .hint(Recipe::Install.to_string())
            .into()
    })
}

fn text(path: &Path) -> anyhow::Result<String> {
    path.to_str().map(str::to_owned).ok_or_else(|| {
        Fault::new(
            Exit::Config,
            format!("the path {} is not UTF-8: no service file can hold it", path.display()),
        )
        .into()
    })
}
