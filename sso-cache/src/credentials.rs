//! Role credentials as the AWS CLI caches them (AWS-FORMATS 3).

use std::path::Path;

use chrono::TimeDelta;
use serde_json::{Map, Value, json};
use sso_tool::secret::Secret;
use sso_tool::time::{self, Moment};

use crate::entry::{self, Entry, take_moment, take_secret, take_text};
use sso_tool::token_state::TokenState;

/// The credentials of a role for an hour or so.
#[derive(Clone, Debug, PartialEq)]
pub struct RoleCredentials {
    /// `ASIA…`. Not secret by itself, and no business of a log either.
    pub access_key_id: Secret,
    pub secret_access_key: Secret,
    /// The token that goes with a temporary key.
    pub session_token: Secret,
    /// When they are over.
    pub expires_at: Moment,
    /// The account, in files of newer CLIs.
    pub account_id: Option<String>,
    /// Whether they come from SSO, not from `AssumeRole`: those are what `aws sso logout` removes.
    pub is_sso: bool,
}

impl RoleCredentials {
    /// Reads a file, of SSO or of `AssumeRole`. Without keys, token or expiry it is corrupt. Errors: lack
    /// of permission and failing disks only, status 74.
    pub fn read(path: &Path) -> anyhow::Result<Entry<Self>> {
        Ok(entry::read(path)?.and_then(Self::from_object))
    }

    /// Credentials out of a file's content.
    pub fn from_object(mut object: Map<String, Value>) -> Entry<Self> {
        let Some(Value::Object(mut inner)) = object.shift_remove("Credentials") else {
            return Entry::Corrupt("has no Credentials");
        };
        let keys = (
            take_secret(&mut inner, "AccessKeyId"),
            take_secret(&mut inner, "SecretAccessKey"),
            take_secret(&mut inner, "SessionToken"),
        );
        let (Some(access_key_id), Some(secret_access_key), Some(session_token)) = keys else {
            return Entry::Corrupt("lacks a part of the key");
        };
        let Some(expires_at) = take_moment(&mut inner, "Expiration") else {
            return Entry::Corrupt("has no Expiration that is a timestamp");
        };
        Entry::Whole(Self {
            access_key_id,
            secret_access_key,
            session_token,
            expires_at,
            account_id: take_text(&mut inner, "AccountId"),
            is_sso: object.get("ProviderType").is_some_and(|provider| provider == "sso"),
        })
    }

    /// Writes the file of an SSO role: atomically, 0600, as AWS-FORMATS 3 says.
    pub fn write_sso(&self, path: &Path) -> anyhow::Result<()> {
        let mut inner = Map::new();
        inner.insert("AccessKeyId".to_owned(), self.access_key_id.expose().into());
        inner.insert("SecretAccessKey".to_owned(), self.secret_access_key.expose().into());
        inner.insert("SessionToken".to_owned(), self.session_token.expose().into());
        inner.insert("Expiration".to_owned(), time::format(self.expires_at).into());
        entry::put(&mut inner, "AccountId", self.account_id.clone());
        let mut object = Map::new();
        object.insert("ProviderType".to_owned(), json!("sso"));
        object.insert("Credentials".to_owned(), Value::Object(inner));
        entry::write(path, &object)
    }

    /// Valid or expired, by the true expiry.
    pub fn state(&self, now: Moment) -> TokenState {
        if now < self.expires_at { TokenState::Valid } else { TokenState::Expired }
    }

    /// Whether they may be handed out: 15 minutes are left, as for the AWS CLI (AWS-FORMATS 3).
    pub fn is_usable(&self, now: Moment) -> bool {
        self.expires_at - now >= TimeDelta::minutes(15)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Moment {
        time::parse(text).unwrap()
    }

    fn credentials() -> RoleCredentials {
        RoleCredentials {
            access_key_id: "ASIACANARY".into(),
            secret_access_key: "s-CANARY".into(),
            session_token: "t-CANARY".into(),
            expires_at: at("2026-11-21T12:15:00Z"),
            account_id: Some("111122223333".to_owned()),
            is_sso: true,
        }
    }

    #[test]
    fn written_credentials_are_the_aws_clis_line_and_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.json");
        credentials().write_sso(&path).unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            concat!(
                r#"{"ProviderType": "sso", "Credentials": {"AccessKeyId": "ASIACANARY", "#,
                r#""SecretAccessKey": "s-CANARY", "SessionToken": "t-CANARY", "#,
                r#""Expiration": "2026-11-21T12:15:00Z", "AccountId": "111122223333"}}"#
            )
        );
        assert_eq!(RoleCredentials::read(&path).unwrap(), Entry::Whole(credentials()));
        assert!(!format!("{:?}", credentials()).contains("CANARY"));
    }

    #[test]
    fn credentials_are_handed_out_while_15_minutes_are_left_and_expire_when_they_say() {
        assert!(credentials().is_usable(at("2026-11-21T12:00:00Z")));
        assert!(!credentials().is_usable(at("2026-11-21T12:00:01Z")));
        assert_eq!(credentials().state(at("2026-11-21T12:14:59Z")), TokenState::Valid);
        assert_eq!(credentials().state(at("2026-11-21T12:15:00Z")), TokenState::Expired);
    }

    #[test]
    fn assume_role_entries_are_read_with_their_own_timestamps() {
        let text = r#"{"Credentials": {"AccessKeyId": "A", "SecretAccessKey": "S", "SessionToken": "T",
            "Expiration": "2026-11-21T12:15:00+00:00"}, "AssumedRoleUser": {}, "ResponseMetadata": {}}"#;
        let read = RoleCredentials::from_object(serde_json::from_str(text).unwrap()).whole().unwrap();
        assert_eq!(
            (read.is_sso, read.account_id, read.expires_at),
            (false, None, at("2026-11-21T12:15:00Z"))
        );
    }

    #[test]
    fn credentials_without_a_part_are_corrupt() {
        for text in [
            "{}",
            r#"{"Credentials": []}"#,
            r#"{"Credentials": {"AccessKeyId": "A", "SecretAccessKey": "S", "Expiration": "2026-11-21T12:15:00Z"}}"#,
            r#"{"Credentials": {"AccessKeyId": "A", "SecretAccessKey": "S", "SessionToken": "T"}}"#,
        ] {
            let entry = RoleCredentials::from_object(serde_json::from_str(text).unwrap());
            assert!(matches!(entry, Entry::Corrupt(_)), "{text}");
        }
    }
}
