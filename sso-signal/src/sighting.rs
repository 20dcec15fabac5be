//! How a session was seen, by whoever knows tokens: what tells of a login that nobody settled.

use serde_json::Value;

use sso_tool::episode;
use sso_tool::stream::Document;
use sso_tool::time::{self, Moment};

/// How a session was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sighting {
    /// Nobody has to log in.
    Valid,
    /// The session runs, and ends soon: a login is asked for, and nothing has expired.
    Ending,
    /// The session has no valid token, and none can be had without a person.
    Over,
}

impl Sighting {
    /// What a document says of its session: `loggedOut` of `sso-login logout`, which is later than a check, else
    /// `loginRequired`. `None` if it says nothing.
    pub(crate) fn of(document: &Document) -> anyhow::Result<Option<Self>> {
        if document.flag("loggedOut")? == Some(true) {
            return Ok(Some(Self::Over));
        }
        let ends = document.get("episode").and_then(Value::as_str).and_then(episode::end_of);
        Ok(document.flag("loginRequired")?.map(|is_required| match ends {
            _ if !is_required => Self::Valid,
            Some(_) => Self::Ending,
            None => Self::Over,
        }))
    }
}

/// When a document's observation was made (`observedAt`). Status 65: it is no time.
pub(crate) fn observed_at(document: &Document) -> anyhow::Result<Option<Moment>> {
    match document.get("observedAt") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match time::from_value(value) {
            Some(at) => Ok(Some(at)),
            None => Err(document.mistyped("observedAt", "a timestamp").into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sso_tool::stream;

    #[test]
    fn a_logout_counts_more_than_an_earlier_check() {
        for (text, expected) in [
            ("{}", None),
            (r#"{"loginRequired":true}"#, Some(Sighting::Over)),
            (r#"{"loginRequired":false}"#, Some(Sighting::Valid)),
            (r#"{"loginRequired":false,"loggedOut":true}"#, Some(Sighting::Over)),
            (r#"{"loggedOut":false}"#, None),
            (r#"{"loginRequired":true,"episode":"ending 2026-11-21T16:00:00Z"}"#, Some(Sighting::Ending)),
            (r#"{"loginRequired":true,"episode":"2026-11-21T16:00:00Z"}"#, Some(Sighting::Over)),
        ] {
            assert_eq!(
                Sighting::of(&stream::parse(text.as_bytes(), "x").unwrap()).unwrap(),
                expected,
                "{text}"
            );
        }
        assert!(Sighting::of(&stream::parse(br#"{"loginRequired":"no"}"#, "x").unwrap()).is_err());
    }
}
