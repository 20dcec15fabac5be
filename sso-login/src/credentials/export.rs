//! Credentials as text: the formats of `aws configure export-credentials`, byte for byte but for the zone of a time
//! (`Z`, which every SDK reads; AWS-FORMATS 8), and a document.

use clap::ValueEnum;
use serde_json::{Map, Value};
use sso_cache::python::{Separators, dumps};
use sso_profile::Profile;
use sso_tool::secret::Secret;
use sso_tool::shell::shell_word;
use sso_tool::stream::Document;
use sso_tool::time;

use crate::credentials::signing_keys::Credentials;

/// How credentials are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The form that an SDK expects from a `credential_process`
    Process,
    /// `export NAME=value`
    Env,
    /// `NAME=value`
    EnvNoExport,
    /// `$Env:NAME="value"`
    Powershell,
    /// `set NAME=value`
    WindowsCmd,
    /// `set -gx NAME "value"`
    Fish,
    /// `{"Credentials": {…}}`, as STS answers: for a coding agent's `awsCredentialExport`
    Sts,
    /// One document, with the profile, account, role and region
    Json,
}

impl Format {
    /// The text, with its line feed. A value is quoted only if it has a character that no key of AWS has, and that a shell would
    /// take for more: the AWS CLI quotes none.
    pub fn text(self, credentials: &Credentials) -> String {
        let line: fn(&str, &str) -> String = match self {
            Self::Process | Self::Json => return process(credentials),
            Self::Sts => return sts(credentials),
            Self::Env => |name, value| {
                format!(
                    "export {name}={}\n",
                    if is_plain(value) { value.to_owned() } else { shell_word(value) }
                )
            },
            Self::EnvNoExport => |name, value| format!("{name}={value}\n"),
            Self::Powershell => |name, value| {
                let double = |value: &str| format!("\"{value}\"");
                let single = |value: &str| format!("'{}'", value.replace('\'', "''"));
                format!("$Env:{name}={}\n", if is_plain(value) { double(value) } else { single(value) })
            },
            Self::WindowsCmd => |name, value| {
                let pair = format!("{name}={value}");
                format!("set {}\n", if is_plain(value) { pair } else { format!("\"{pair}\"") })
            },
            Self::Fish => |name, value| {
                let double = |value: &str| format!("\"{value}\"");
                let single = |value: &str| format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"));
                format!("set -gx {name} {}\n", if is_plain(value) { double(value) } else { single(value) })
            },
        };
        variables(credentials).into_iter().map(|(name, value)| line(name, &value)).collect()
    }
}

/// Whether no shell takes a character for more than itself.
fn is_plain(value: &str) -> bool {
    value.chars().all(|c| c.is_alphanumeric() || "/+=._:-".contains(c))
}

/// The variables that carry credentials, in the AWS CLI's order.
pub fn variables(credentials: &Credentials) -> Vec<(&'static str, String)> {
    let secret = |secret: &Secret| secret.expose().to_owned();
    let mut variables = vec![
        ("AWS_ACCESS_KEY_ID", secret(&credentials.access_key_id)),
        ("AWS_SECRET_ACCESS_KEY", secret(&credentials.secret_access_key)),
    ];
    variables.extend(credentials.session_token.as_ref().map(|token| ("AWS_SESSION_TOKEN", secret(token))));
    variables.extend(credentials.expires_at.map(|at| ("AWS_CREDENTIAL_EXPIRATION", time::format(at))));
    variables
}

/// Adds version, keys, token and expiry by the names every SDK knows, so that the document is good for a
/// `credential_process` too; then what the profile says about them.
pub fn add_to(document: &mut Document, credentials: &Credentials, profile: &Profile) {
    document.set("Version", 1);
    for (name, value) in keys(credentials) {
        document.set(name, value);
    }
    let about =
        [("accountId", &profile.account_id), ("roleName", &profile.role_name), ("region", &profile.region)];
    for (name, value) in about {
        if let Some(value) = value {
            document.set(name, value.as_str());
        }
    }
}

/// Python's `json.dumps(…, indent=2)`.
fn process(credentials: &Credentials) -> String {
    let mut text = "{\n  \"Version\": 1".to_owned();
    for (name, value) in keys(credentials) {
        let pair = dumps(&Map::from_iter([(name.to_owned(), Value::from(value))]), Separators::Spaced);
        text = format!("{text},\n  {}", pair.trim_start_matches('{').trim_end_matches('}'));
    }
    text + "\n}\n"
}

/// The part of an STS answer that has the credentials, on one line.
fn sts(credentials: &Credentials) -> String {
    let keys = keys(credentials).into_iter().map(|(name, value)| (name.to_owned(), Value::from(value)));
    let answer = Map::from_iter([("Credentials".to_owned(), Value::Object(keys.collect()))]);
    Value::Object(answer).to_string() + "\n"
}

fn keys(credentials: &Credentials) -> Vec<(&'static str, String)> {
    let secret = |secret: &Secret| secret.expose().to_owned();
    let mut keys = vec![
        ("AccessKeyId", secret(&credentials.access_key_id)),
        ("SecretAccessKey", secret(&credentials.secret_access_key)),
    ];
    keys.extend(credentials.session_token.as_ref().map(|token| ("SessionToken", secret(token))));
    keys.extend(credentials.expires_at.map(|at| ("Expiration", time::format(at))));
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(is_temporary: bool) -> Credentials {
        Credentials {
            access_key_id: "AK".into(),
            secret_access_key: "S/+\"é".into(),
            session_token: is_temporary.then(|| "T".into()),
            expires_at: is_temporary.then(|| time::parse("2026-11-21T13:00:00Z").unwrap()),
        }
    }

    #[test]
    fn each_format_is_the_aws_clis() {
        assert_eq!(
            Format::Process.text(&credentials(true)),
            "{\n  \"Version\": 1,\n  \"AccessKeyId\": \"AK\",\n  \"SecretAccessKey\": \"S/+\\\"\\u00e9\",\n  \
             \"SessionToken\": \"T\",\n  \"Expiration\": \"2026-11-21T13:00:00Z\"\n}\n"
        );
        for (format, line) in [
            (Format::Env, "export AWS_SESSION_TOKEN=T\n"),
            (Format::EnvNoExport, "AWS_CREDENTIAL_EXPIRATION=2026-11-21T13:00:00Z\n"),
            (Format::Powershell, "$Env:AWS_ACCESS_KEY_ID=\"AK\"\n"),
            (Format::WindowsCmd, "set AWS_ACCESS_KEY_ID=AK\n"),
            (Format::Fish, "set -gx AWS_ACCESS_KEY_ID \"AK\"\n"),
        ] {
            assert!(format.text(&credentials(true)).contains(line), "{format:?}");
        }
        assert_eq!(Format::Env.text(&credentials(false)).lines().count(), 2);
        assert_eq!(
            Format::Sts.text(&credentials(true)),
            "{\"Credentials\":{\"AccessKeyId\":\"AK\",\"SecretAccessKey\":\"S/+\\\"é\",\"SessionToken\":\"T\",\
             \"Expiration\":\"2026-11-21T13:00:00Z\"}}\n"
        );
    }

    #[test]
    fn what_a_shell_would_take_for_more_is_quoted() {
        let mut hostile = credentials(false);
        hostile.secret_access_key = Secret::from("a'$(b)\\".to_owned());
        for (format, line) in [
            (Format::Env, r"export AWS_SECRET_ACCESS_KEY='a'\''$(b)\'"),
            (Format::Powershell, r"$Env:AWS_SECRET_ACCESS_KEY='a''$(b)\'"),
            (Format::WindowsCmd, "set \"AWS_SECRET_ACCESS_KEY=a'$(b)\\\""),
            (Format::Fish, r"set -gx AWS_SECRET_ACCESS_KEY 'a\'$(b)\\'"),
        ] {
            let text = format.text(&hostile);
            assert!(text.lines().any(|found| found == line), "{text} isn't {line}");
        }
    }
}
