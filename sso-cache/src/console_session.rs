//! The cache of `aws login`: console credentials, which the AWS CLI renews and hands out and no SSO login does
//! (AWS-FORMATS 11). Only looked at, never written.

use std::path::Path;

use serde_json::{Map, Value};
use sso_tool::shell::shell_word;
use sso_tool::time::{self, Moment};

use crate::entry::{self, Entry, take_moment, take_secret};
use sso_tool::token_state::TokenState;

/// What the cache file of a `login_session` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsoleSession {
    /// When its credentials expire.
    pub expires_at: Moment,
    /// Whether the file has what the AWS CLI renews them with.
    pub is_renewable: bool,
}

impl ConsoleSession {
    /// Reads a file. Status 74 if it can't be read.
    pub fn read(path: &Path) -> anyhow::Result<Entry<Self>> {
        Ok(entry::read(path)?.and_then(Self::from_object))
    }

    fn from_object(mut object: Map<String, Value>) -> Entry<Self> {
        let expires_at = match object.get_mut("accessToken") {
            Some(Value::Object(credentials)) => take_moment(credentials, "expiresAt"),
            _ => None,
        };
        let Some(expires_at) = expires_at else {
            return Entry::Corrupt("has no `accessToken` with `expiresAt`");
        };
        let is_renewable = ["refreshToken", "clientId", "dpopKey"]
            .into_iter()
            .all(|key| take_secret(&mut object, key).is_some());
        Entry::Whole(Self { expires_at, is_renewable })
    }

    /// How good it is at a moment.
    pub fn state(&self, now: Moment) -> TokenState {
        match (now < self.expires_at, self.is_renewable) {
            (true, _) => TokenState::Valid,
            (false, true) => TokenState::Refreshable,
            (false, false) => TokenState::Expired,
        }
    }
}

/// How good the cache file of a `login_session` is.
pub fn state(entry: &Entry<ConsoleSession>, now: Moment) -> TokenState {
    match entry {
        Entry::Whole(session) => session.state(now),
        Entry::Missing => TokenState::Missing,
        Entry::Corrupt(_) => TokenState::Corrupt,
    }
}

/// The state in words, with the command that helps: a login by SSO doesn't.
pub fn reason(entry: &Entry<ConsoleSession>, profile: &str, now: Moment) -> String {
    let command = login_command(profile);
    let words = match entry {
        Entry::Missing => format!("no credentials in the cache: run {command}"),
        Entry::Corrupt(why) => format!("the cache file {why}: run {command}"),
        Entry::Whole(session) => {
            let expiry = time::format(session.expires_at);
            match session.state(now) {
                TokenState::Valid => format!("credentials valid until {expiry}"),
                TokenState::Refreshable => format!(
                    "credentials expired at {expiry}, and the AWS CLI renews them when it is next used; if it can't, run {command}"
                ),
                _ => format!("credentials expired at {expiry}: run {command}"),
            }
        }
    };
    format!("console session of `aws login`: {words}")
}

/// The command that gets new credentials for a profile with `login_session`.
pub fn login_command(profile: &str) -> String {
    match profile {
        // By itself it would be taken for a flag.
        name if name.starts_with('-') => format!("aws login --profile={}", shell_word(name)),
        name => format!("aws login --profile {}", shell_word(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_file_says_when_its_credentials_expire_and_whether_the_aws_cli_renews_them() {
        let now = time::from_value(&json!("2026-11-21T12:00:00Z")).unwrap();
        let whole = json!({"accessToken": {"accessKeyId": "A", "secretAccessKey": "CANARY", "sessionToken": "CANARY",
            "accountId": "111122223333", "expiresAt": "2026-11-21T12:10:00Z"},
            "refreshToken": "CANARY", "clientId": "c", "dpopKey": "CANARY"});
        for (object, expected, words) in [
            (whole.clone(), TokenState::Valid, "valid until 2026-11-21T12:10:00Z"),
            (
                json!({"accessToken": {"expiresAt": "2026-11-21T12:00:00Z"}}),
                TokenState::Expired,
                "run aws login --profile c",
            ),
            (
                json!({"accessToken": {"expiresAt": "2026-11-21T11:00:00Z"}, "refreshToken": "r", "clientId": "c", "dpopKey": "k"}),
                TokenState::Refreshable,
                "run aws login --profile c",
            ),
            (json!({"accessToken": "CANARY"}), TokenState::Corrupt, "run aws login --profile c"),
        ] {
            let Value::Object(map) = object else { unreachable!() };
            let entry = ConsoleSession::from_object(map);
            let said = reason(&entry, "c", now);
            assert_eq!(state(&entry, now), expected, "{said}");
            assert!(said.contains(words) && !said.contains("CANARY"), "{said}");
        }
        assert!(reason(&Entry::Missing, "-x y", now).ends_with("run aws login --profile='-x y'"));
    }
}
