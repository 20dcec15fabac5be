//! Static keys in the credentials file under the name of an SSO profile: the JS SDK takes the keys, the others SSO.

use sso_profile::config_file;
use sso_profile::ini::Ini;
use sso_tool::shell::shell_word;

use super::finding::Finding;
use super::scope::Scope;

const CHECK: &str = "static-keys";
const KEY: &str = "aws_access_key_id";

pub(super) fn check(scope: &Scope<'_>) -> Vec<Finding> {
    let Ok(config) = &scope.config else { return vec![Finding::skipped(CHECK, scope.why_none())] };
    let read = config_file::credentials_path(scope.settings).and_then(|path| match path {
        Some(path) => Ok(config_file::read(&path)?.map(|found| (path, found))),
        None => Ok(None),
    });
    let Ok(Some((path, found))) = read else {
        return vec![Finding::skipped(CHECK, "there is no credentials file")];
    };
    let Ok(credentials) = Ini::parse(&found.text) else {
        return vec![Finding::skipped(CHECK, "the credentials file can't be read")];
    };
    let has_key = |entry: &sso_profile::ini::Property<'_>| entry.key.eq_ignore_ascii_case(KEY);
    let is_sso = |name: &str| matches!(config.profile(name), Ok(Some(profile)) if profile.sso.is_some());
    let file = path.display().to_string();
    let mut findings: Vec<_> = credentials
        .sections
        .iter()
        .filter(|section| section.entries.iter().any(has_key) && is_sso(section.header))
        .map(|section| {
            let name = section.header;
            let seen = format!(
                "profile `{name}` logs in with SSO, but {file} has static keys of that name: the JS SDK \
                 uses the keys, the others use SSO"
            );
            Finding::warning(CHECK, seen, without_keys(name, &file)).with("profile", name)
        })
        .collect();
    if findings.is_empty() {
        findings.push(Finding::ok(CHECK, "no SSO profile has static keys as well"));
    }
    findings
}

/// The command that takes the keys out of a section, and leaves a copy of the file.
fn without_keys(name: &str, file: &str) -> String {
    let escaped =
        |c: char| if c.is_alphanumeric() || c == '_' || c == '-' { c.to_string() } else { format!("\\{c}") };
    let pattern: String = name.chars().map(escaped).collect();
    let script = format!("/^\\[{pattern}\\]/,/^\\[/{{/^[[:space:]]*aws_/d;}}");
    format!("sed -i.bak {} {}", shell_word(&script), shell_word(file))
}
