//! What a profile is to be: the flags and the document of `write`, checked.

use serde_json::Value;
use sso_tool::exit::{Exit, Fault};
use sso_tool::sanitize::{is_deceptive, sanitize};
use sso_tool::stream::Document;

use crate::config::Content;
use crate::start_url::StartUrl;
use crate::values::{account_id, output, plain, region, role_name, scope_list, wrong};

/// What a profile and its session are to say; what is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    pub sso_session: Option<String>,
    /// `sso_start_url`.
    pub start_url: Option<String>,
    pub sso_region: Option<String>,
    /// `sso_registration_scopes`, separated by commas.
    pub scopes: Option<String>,
    /// `sso_account_id`.
    pub account_id: Option<String>,
    /// `sso_role_name`.
    pub role_name: Option<String>,
    pub region: Option<String>,
    pub output: Option<String>,
}

/// An account that can be one, from a command line.
pub fn parse_account_id(text: &str) -> Result<String, String> {
    account_id(text).map(|()| text.to_owned()).map_err(|fault| fault.to_string())
}

/// A role's name that can be one, from a command line.
pub fn parse_role_name(text: &str) -> Result<String, String> {
    role_name(text).map(|()| text.to_owned()).map_err(|fault| fault.to_string())
}

impl Request {
    /// What a document asks for, by the names of profile documents or the SDK's (`ssoStartUrl` …).
    ///
    /// Status 65 if one is of the wrong type.
    pub fn of(document: &Document) -> anyhow::Result<Self> {
        let text = |names: &[&str]| -> anyhow::Result<Option<String>> {
            for name in names {
                if let Some(text) = document.text(name)?.filter(|text| !text.is_empty()) {
                    return Ok(Some(text.to_owned()));
                }
            }
            Ok(None)
        };
        Ok(Self {
            sso_session: text(&["ssoSession"])?,
            start_url: text(&["startUrl", "ssoStartUrl"])?,
            sso_region: text(&["ssoRegion"])?,
            scopes: scopes_of(document)?,
            account_id: text(&["accountId", "ssoAccountId"])?,
            role_name: text(&["roleName", "ssoRoleName"])?,
            region: text(&["region"])?,
            output: text(&["output"])?,
        })
    }

    /// The request, with what it leaves open as another one says.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            sso_session: self.sso_session.or(other.sso_session),
            start_url: self.start_url.or(other.start_url),
            sso_region: self.sso_region.or(other.sso_region),
            scopes: self.scopes.or(other.scopes),
            account_id: self.account_id.or(other.account_id),
            role_name: self.role_name.or(other.role_name),
            region: self.region.or(other.region),
            output: self.output.or(other.output),
        }
    }

    /// The request, and what it leaves open of a profile or session that isn't there yet from the settings
    /// `AWS_SSO_START_URL`, `AWS_SSO_REGION`, `AWS_SSO_ACCOUNT_ID` and `AWS_SSO_ROLE_NAME` (the environment, `.env`).
    /// Settings never change what is there.
    #[must_use]
    pub fn for_new(self, name: &str, content: &Content, setting: impl Fn(&str) -> Option<String>) -> Self {
        if content.profiles.contains_key(name) {
            return self;
        }
        let setting = |key| setting(key).filter(|text| !text.is_empty());
        let session = self.sso_session.as_deref().unwrap_or(name);
        let is_new_session = !content.sessions.contains_key(session);
        self.or(Self {
            start_url: setting("AWS_SSO_START_URL").filter(|_| is_new_session),
            sso_region: setting("AWS_SSO_REGION").filter(|_| is_new_session),
            account_id: setting("AWS_SSO_ACCOUNT_ID"),
            role_name: setting("AWS_SSO_ROLE_NAME"),
            ..Self::default()
        })
    }

    /// Whether it says where credentials come from.
    pub(crate) fn names_credentials(&self) -> bool {
        [&self.sso_session, &self.start_url, &self.account_id, &self.role_name]
            .iter()
            .any(|key| key.is_some())
    }

    /// The request as it is written: [`check`](Self::check)ed, with a clean start URL. Status 78.
    pub fn cleaned(&self) -> Result<Self, Fault> {
        self.check()?;
        let start_url = self.start_url.as_deref().map(StartUrl::parse).transpose()?;
        Ok(Self { start_url: start_url.map(|url| url.to_string()), ..self.clone() })
    }

    /// Refuses what no AWS tool would take, and what was copied from a manual. Status 78.
    pub fn check(&self) -> Result<(), Fault> {
        let given = |value: &Option<String>, check: fn(&str) -> Result<(), Fault>| {
            value.as_deref().map_or(Ok(()), |value| plain(value).and_then(|()| check(value)))
        };
        given(&self.sso_session, |name| writable_name("sso-session", name))?;
        if let Some(url) = &self.start_url {
            StartUrl::parse(url)?;
        }
        given(&self.sso_region, |value| region("SSO region", value))?;
        given(&self.scopes, scope_list)?;
        given(&self.account_id, account_id)?;
        given(&self.role_name, role_name)?;
        given(&self.region, |value| region("region", value))?;
        given(&self.output, output)
    }
}

/// The refusal of a document that says why something failed: the rest of it is what was asked for, not an answer. Status 65.
pub(crate) fn failed(document: &Document, what: &str) -> Fault {
    let text = |key: &str| match document.get(key) {
        None | Some(Value::Null) => None,
        Some(Value::String(why)) => Some(sanitize(why)),
        Some(why) => Some(sanitize(&why.to_string())),
    };
    let error = text("error").unwrap_or_default();
    let why = text("reason").map_or(error.clone(), |reason| format!("{error}: {reason}"));
    let hint = text("hint").unwrap_or_else(|| "fix that, then try again".to_owned());
    Fault::new(Exit::Data, format!("{what} has an error, so nothing is written: {why}")).hint(hint)
}

/// What every SDK and every tool of the suite takes.
pub const NAMES: &str = "use letters, digits and - _ . / @ : +, a letter or digit first, 128 at most";

/// Refuses names that no section header can carry, or that no command line should. Status 78.
pub fn writable_name(what: &str, name: &str) -> Result<(), Fault> {
    let why = if name.trim().is_empty() {
        "is empty"
    } else if name.chars().any(|c| c.is_control() || is_deceptive(c)) {
        "has control characters in it"
    } else if name.starts_with('-') {
        "begins with `-`, so every command line reads it as a flag"
    } else if name.trim() != name {
        "begins or ends with a blank"
    } else {
        return Ok(());
    };
    Err(wrong(format!("the {what} name `{name}` {why}")).hint(NAMES))
}

fn scopes_of(document: &Document) -> anyhow::Result<Option<String>> {
    for name in ["scopes", "ssoRegistrationScopes"] {
        let list = match document.get(name) {
            None | Some(Value::Null) => continue,
            Some(Value::Array(list)) => list.iter().map(Value::as_str).collect::<Option<Vec<_>>>(),
            Some(Value::String(list)) => Some(vec![list.as_str()]),
            Some(_) => None,
        };
        let Some(list) = list else {
            return Err(document.mistyped(name, "a list of strings").into());
        };
        return Ok(Some(list.join(",")).filter(|list| !list.is_empty()));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key: &str, value: &str) -> Result<(), String> {
        let request = Request::of(&Document::new().with(key, value)).unwrap();
        request.check().map_err(|fault| fault.to_string())
    }

    #[test]
    fn usable_values_are_taken() {
        for (key, value) in [
            ("startUrl", "https://d-1234567890.awsapps.com/start"),
            ("ssoStartUrl", "https://corp.awsapps.com/start/#/?tab=accounts"),
            ("startUrl", "https://d-xx1234567890.awsapps.com/start"),
            ("startUrl", "https://d-x.example.com/start"),
            ("ssoRegion", "us-gov-west-1"),
            ("region", "eusc-de-east-1"),
            ("scopes", "sso:account:access, x"),
            ("accountId", "111122223333"),
            ("ssoRoleName", "Admin+=,.@-_1"),
            ("output", "yaml-stream"),
            ("ssoSession", "my session"),
        ] {
            assert_eq!(check(key, value), Ok(()), "{key} {value}");
        }
    }

    #[test]
    fn unusable_values_and_placeholders_are_refused() {
        for (key, value) in [
            ("startUrl", "http://d-1234567890.awsapps.com/start"),
            ("startUrl", "https://d-xxxxxxxxxx.awsapps.com/start"),
            ("startUrl", "https://d-xxxxxxxx.awsapps.com/start"),
            ("startUrl", "https://d-X.awsapps.com/start"),
            ("startUrl", "https://d-1234567890.awsapps.com/<start>"),
            ("startUrl", "https://<your-portal>.awsapps.com/start"),
            ("ssoSession", "<session>"),
            ("startUrl", "https://"),
            ("startUrl", "https://me@example.com/start"),
            ("startUrl", "https://a.b/x y"),
            ("ssoRegion", "us-east"),
            ("ssoRegion", "US-EAST-1"),
            ("region", "us-east-1\nk = v"),
            ("region", " us-east-1"),
            ("scopes", " , "),
            ("accountId", "123456789012"),
            ("accountId", "11112222333"),
            ("roleName", "a b"),
            ("output", "xml"),
            ("ssoSession", "-x"),
            ("ssoSession", "a\u{202e}b"),
        ] {
            assert!(check(key, value).is_err(), "{key} {value}");
        }
    }

    #[test]
    fn scopes_may_be_a_list_or_text() {
        let list = Document::new().with("scopes", vec!["a", "b"]);
        assert_eq!(Request::of(&list).unwrap().scopes.as_deref(), Some("a,b"));
        assert!(Request::of(&Document::new().with("scopes", 1)).is_err());
        assert!(Request::of(&Document::new().with("accountId", 111_122_223_333_i64)).is_err());
    }
}
