//! What a token says: who signed in, for whom, and until when.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};
use sso_tool::time::{self, Moment};

use crate::credentials::sts::Identity;

/// Who makes the tokens (`iss`).
pub(crate) const ISSUER: &str = "sso-login";
/// The longest that a token lives.
pub(crate) const LONGEST: Duration = Duration::from_secs(3600);
/// By how much clocks may differ. A token's end isn't put off by it: the credentials behind it end on time, too.
const SKEW: TimeDelta = TimeDelta::seconds(30);

/// Who signed in. The only name that lasts is STS's `UserId`; an account's e-mail address would make one user of all people
/// in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User {
    /// STS's whole `UserId`.
    pub(crate) id: String,
    /// The last part of the ARN.
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) account_id: String,
}

impl User {
    pub(crate) fn of(identity: Identity) -> Self {
        let name = identity.arn.rsplit('/').next().unwrap_or_default().to_owned();
        Self { id: identity.user_id, name, arn: identity.arn, account_id: identity.account_id }
    }

    /// As the front end has it.
    pub(crate) fn document(&self) -> Value {
        let email = Some(&self.name).filter(|name| name.contains('@'));
        json!({
            "id": self.id,
            "username": self.name,
            "email": email,
            "full_name": self.name,
            "is_active": true,
            "arn": self.arn,
            "account_id": self.account_id,
        })
    }
}

/// The claims of a token that was checked.
#[derive(Clone, Debug)]
pub(crate) struct Claims {
    pub(crate) user: User,
    /// The sign-in: every token that came of it has the same.
    pub(crate) sign_in: String,
    pub(crate) ends_at: Moment,
}

impl Claims {
    /// As they are signed.
    pub(crate) fn value(&self, audience: &str, id: &str, now: Moment) -> Value {
        json!({
            "iss": ISSUER,
            "aud": audience,
            "sub": self.user.id,
            "sid": self.sign_in,
            "jti": id,
            "iat": now.timestamp(),
            "nbf": now.timestamp(),
            "exp": self.ends_at.timestamp(),
            "username": self.user.name,
            "arn": self.user.arn,
            "account_id": self.user.account_id,
        })
    }

    /// Reads signed claims; `None` if they lack something, or don't hold at `now`.
    pub(crate) fn of(value: &Value, now: Moment) -> Option<Self> {
        let text = |key: &str| value.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let moment = |key: &str| time::from_epoch(value.get(key)?.as_f64()?);
        let ends_at = moment("exp")?;
        let is_early =
            |key: &str| value.get(key).is_some() && moment(key).is_none_or(|from| from > now + SKEW);
        if ends_at <= now || is_early("nbf") || is_early("iat") {
            return None;
        }
        Some(Self {
            user: User {
                id: text("sub")?,
                name: text("username").unwrap_or_default(),
                arn: text("arn").unwrap_or_default(),
                account_id: text("account_id").unwrap_or_default(),
            },
            sign_in: text("sid")?,
            ends_at,
        })
    }
}
