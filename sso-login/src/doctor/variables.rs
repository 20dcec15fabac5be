//! Variables that make programs look elsewhere than at the profile that is meant.

use std::env;
use std::path::Path;

use sso_tool::exit::Exit;
use sso_tool::settings::from_environment;

use super::finding::Finding;
use super::scope::Scope;

const CHECK: &str = "variables";
const KEYS: [&str; 4] =
    ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"];

pub(super) fn check(scope: &Scope<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(home());
    found.extend(keys());
    found.extend(web_identity());
    found.extend(selection(scope));
    found.extend(files(scope));
    found.extend(regions());
    if found.is_empty() {
        found.push(Finding::ok(CHECK, "no variable overrides a profile"));
    }
    found
}

fn is_set(name: &str) -> bool {
    env::var_os(name).is_some_and(|value| !value.is_empty())
}

fn is_empty(name: &str) -> bool {
    env::var_os(name).is_some_and(|value| value.is_empty())
}

/// A home that is another one in every folder.
fn home() -> Option<Finding> {
    let home = from_environment("HOME").filter(|home| !Path::new(home).is_absolute())?;
    let seen =
        format!("HOME is `{home}`, a relative path: every AWS program looks below the working directory");
    let finding = Finding::error(CHECK, Exit::Config, seen, "export HOME=\"$(cd \"$HOME\" && pwd)\"");
    Some(finding.with("variables", vec!["HOME".to_owned()]))
}

fn keys() -> Option<Finding> {
    let set: Vec<_> = KEYS.into_iter().filter(|name| is_set(name)).collect();
    if set.is_empty() {
        return None;
    }
    let fix = format!("unset {}", set.join(" "));
    let (id, secret) = (is_set("AWS_ACCESS_KEY_ID"), is_set("AWS_SECRET_ACCESS_KEY"));
    let names = set.join(", ");
    let finding = if id == secret {
        let seen = format!("{names} set: static keys come before AWS_PROFILE, in every program here");
        Finding::warning(CHECK, seen, fix)
    } else {
        let seen = format!("{names} set without the rest of the key: every AWS program refuses that");
        Finding::error(CHECK, Exit::Config, seen, fix)
    };
    Some(finding.with("variables", set))
}

/// The role of a Kubernetes pod or a CI job.
fn web_identity() -> Option<Finding> {
    const ROLE: &str = "AWS_ROLE_ARN";
    const FILE: &str = "AWS_WEB_IDENTITY_TOKEN_FILE";
    // Without the file the role is nobody's.
    if !is_set(FILE) {
        return None;
    }
    let finding = if is_set(ROLE) {
        let seen =
            format!("{ROLE} and {FILE} are set: that role comes before the SSO of AWS_PROFILE in every SDK");
        Finding::warning(CHECK, seen, format!("unset {ROLE} {FILE}")).with("variables", vec![ROLE, FILE])
    } else {
        let seen = format!("{FILE} is set without {ROLE}: botocore refuses that");
        Finding::error(CHECK, Exit::Config, seen, format!("unset {FILE}")).with("variables", vec![FILE])
    };
    Some(finding)
}

fn selection(scope: &Scope<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    if is_empty("AWS_PROFILE") {
        let seen = "AWS_PROFILE is set and empty: the AWS CLI looks for a profile without a name";
        found.push(
            Finding::error(CHECK, Exit::Config, seen, "unset AWS_PROFILE")
                .with("variables", vec!["AWS_PROFILE"]),
        );
    }
    let (chosen, old) = (from_environment("AWS_PROFILE"), from_environment("AWS_DEFAULT_PROFILE"));
    let names = vec!["AWS_PROFILE", "AWS_DEFAULT_PROFILE"];
    match (chosen, old) {
        (None, Some(_)) => {
            let seen = "AWS_DEFAULT_PROFILE is set: in boto and the AWS CLI v1 it beats AWS_PROFILE, and \
                        the JS and Rust SDKs ignore it";
            let fix = "export AWS_PROFILE=\"$AWS_DEFAULT_PROFILE\"; unset AWS_DEFAULT_PROFILE";
            found.push(Finding::warning(CHECK, seen, fix).with("variables", vec!["AWS_DEFAULT_PROFILE"]));
        }
        (Some(chosen), Some(old)) if chosen != old => {
            let seen = format!(
                "AWS_PROFILE is `{chosen}` and AWS_DEFAULT_PROFILE is `{old}`: boto and the AWS CLI v1 \
                 use the second, and all others use the first"
            );
            found.push(Finding::warning(CHECK, seen, "unset AWS_DEFAULT_PROFILE").with("variables", names));
        }
        _ => {}
    }
    for name in ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"] {
        let Ok(config) = &scope.config else { break };
        if let Ok(profile) = env::var(name)
            && !profile.is_empty()
            && !config.contains(&profile)
        {
            let seen = format!("{name} names `{profile}`, which is in no config file");
            let finding =
                Finding::error(CHECK, Exit::Config, seen, format!("unset {name}; sso-profile list --text"));
            found.push(finding.with("variables", vec![name]));
        }
    }
    found
}

fn files(scope: &Scope<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for name in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"] {
        if is_empty(name) {
            let seen = format!(
                "{name} is set and empty: botocore reads no file, and the JS SDK reads the \
                                usual one"
            );
            found.push(Finding::warning(CHECK, seen, format!("unset {name}")).with("variables", vec![name]));
        }
    }
    let named = scope.settings.env_files();
    if let Some(path) = from_environment("SSO_ENV_FILE")
        && !named.is_empty()
        && !named.iter().any(|file| file.is_file())
    {
        let seen = format!("SSO_ENV_FILE names {path}, which doesn't exist: nothing is read from it");
        found.push(
            Finding::warning(CHECK, seen, "unset SSO_ENV_FILE").with("variables", vec!["SSO_ENV_FILE"]),
        );
    }
    found
}

fn regions() -> Option<Finding> {
    let (newer, older) = (env::var("AWS_REGION").ok()?, env::var("AWS_DEFAULT_REGION").ok()?);
    if newer == older || newer.is_empty() || older.is_empty() {
        return None;
    }
    let seen = format!("AWS_REGION is {newer} and AWS_DEFAULT_REGION is {older}: boto reads only the second");
    let names = vec!["AWS_REGION", "AWS_DEFAULT_REGION"];
    Some(Finding::warning(CHECK, seen, "unset AWS_DEFAULT_REGION").with("variables", names))
}
