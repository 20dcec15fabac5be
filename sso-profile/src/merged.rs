//! A profile's keys from the config and the credentials file, as one.

use crate::config::Keys;
use crate::ini::Value;
use crate::kind::Kind;
use crate::unusable::Unusable;

/// A profile's keys from both files; the credentials file wins, key by key (AWS-FORMATS 7).
#[derive(Clone, Copy)]
pub(crate) struct Merged<'c> {
    pub(crate) config: Option<&'c Keys>,
    pub(crate) credentials: Option<&'c Keys>,
}

impl<'c> Merged<'c> {
    pub(crate) fn value(self, key: &str) -> Option<&'c Value> {
        let of = |keys: Option<&'c Keys>| keys.and_then(|keys| keys.get(key));
        of(self.credentials).or_else(|| of(self.config))
    }

    /// The text of a key. A nested block where text belongs is no usable value.
    pub(crate) fn text(self, key: &str) -> Result<Option<&'c str>, Unusable> {
        text_of(self.value(key), key)
    }

    /// Whether neither file has the profile.
    pub(crate) fn is_absent(self) -> bool {
        self.config.is_none() && self.credentials.is_none()
    }

    pub(crate) fn has(self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// The first provider of botocore's chain that takes it.
    pub(crate) fn kind(self) -> Kind {
        let secret = "aws_access_key_id";
        if self.has("role_arn") {
            let token_file = self.has("web_identity_token_file");
            return if token_file { Kind::WebIdentity } else { Kind::AssumeRole };
        }
        if self.has("sso_account_id") || self.has("sso_role_name") {
            return if self.has("sso_session") { Kind::SsoSession } else { Kind::SsoLegacy };
        }
        if self.credentials.is_some_and(|keys| keys.contains_key(secret)) {
            return Kind::Static;
        }
        if self.has("login_session") {
            return Kind::Login;
        }
        if self.has("credential_process") {
            return Kind::Process;
        }
        if self.has(secret) {
            return Kind::Static;
        }
        if self.has("sso_session") {
            return Kind::SsoToken;
        }
        // `aws sso login` wants no account or role (AWS-FORMATS 7).
        if self.has("sso_start_url") { Kind::SsoLegacy } else { Kind::None }
    }
}

/// The text of a value. A nested block where text belongs is no usable one.
pub(crate) fn text_of<'v>(value: Option<&'v Value>, key: &str) -> Result<Option<&'v str>, Unusable> {
    match value {
        None => Ok(None),
        Some(Value::Text(text)) => Ok(Some(text)),
        Some(Value::Block(_)) => Err(Unusable::new(format!("`{key}` is a nested block, not text"))),
    }
}
