//! What a profile says about credentials that don't come from SSO: static keys, and the keys of
//! `credential_process`, `role_arn` and their kind, as botocore's other providers read them.

use sso_tool::exit::{Exit, Fault};
use sso_tool::secret::Secret;

use crate::aws_config::AwsConfig;
use crate::config::Keys;
use crate::ini::Value;

/// Access keys of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticKeys {
    /// `aws_access_key_id`.
    pub access_key_id: Secret,
    /// `aws_secret_access_key`.
    pub secret_access_key: Secret,
    /// `aws_session_token` (or the older `aws_security_token`), of temporary keys that somebody put there.
    pub session_token: Option<Secret>,
}

impl AwsConfig {
    /// The text of any key of a profile; the credentials file wins (AWS-FORMATS 7). Status 78 if it is
    /// no text.
    pub fn text(&self, profile: &str, key: &str) -> anyhow::Result<Option<&str>> {
        self.keys(profile)
            .text(key)
            .map_err(|why| Fault::new(Exit::Config, format!("profile `{profile}`: {why}")).into())
    }

    /// The static keys of a profile: those of the credentials file, else those of the config file, never a
    /// mixture. `None` if neither has an access key id; status 78 if one has it and no secret.
    pub fn static_keys(&self, profile: &str) -> anyhow::Result<Option<StaticKeys>> {
        let keys = self.keys(profile);
        let has_id = |keys: &&Keys| keys.contains_key("aws_access_key_id");
        let Some(file) = keys.credentials.filter(has_id).or(keys.config.filter(has_id)) else {
            return Ok(None);
        };
        let secret = |key: &str| match file.get(key) {
            Some(Value::Text(text)) => Some(Secret::from(text.as_str())),
            _ => None,
        };
        let Some((access_key_id, secret_access_key)) =
            secret("aws_access_key_id").zip(secret("aws_secret_access_key"))
        else {
            let message =
                format!("profile `{profile}` has half a static key: aws_secret_access_key is missing");
            return Err(Fault::new(Exit::Config, message).into());
        };
        let session_token = secret("aws_session_token").or_else(|| secret("aws_security_token"));
        Ok(Some(StaticKeys { access_key_id, secret_access_key, session_token }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn static_keys_are_whole_or_a_fault() {
        let config = AwsConfig::of_text(
            "[profile a]\naws_access_key_id = A\naws_secret_access_key = S\n\
             [profile b]\naws_access_key_id = A\n[profile c]\nregion = x\n",
        )
        .unwrap();
        let keys = config.static_keys("a").unwrap().unwrap();
        assert_eq!((keys.access_key_id.expose(), keys.session_token), ("A", None));
        assert!(config.static_keys("b").is_err());
        assert_eq!(config.static_keys("c").unwrap(), None);
        assert_eq!(config.text("c", "region").unwrap(), Some("x"));
    }
}
