//! Whom a document is about: decided here, for every tool and every stage of a pipe (DESIGN 2).
//!
//! A stage gets a [`Subject`] from [`filter`](crate::filter::filter) and matches on it. No other code looks at `event`,
//! `slug`, `error` or `host` of a document to decide whether the document is its to answer: a stage that forgets the host
//! of a document answers for the wrong machine.

use crate::document::Document;
use crate::failure::FailureKind;

/// Whom a document is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Nobody: a progress report (`event`) on its way to a later tool, or a key (`slug`) without a profile, which must not
    /// stand for the profile that the environment chooses. Every stage passes it on as it is.
    Nobody,
    /// Nobody either: an earlier stage failed (`error` without `outcome`). Every stage passes it on and answers nothing
    /// about it.
    Failure(FailureKind),
    /// A profile or session of another host, never of this machine: nothing local is read, handed out or ended for it.
    Remote(Remote),
    /// A session that no profile stands for (`ssoSession` without `profile`).
    Session {
        /// The name of its `sso-session` section.
        name: String,
        /// The role of it that the document names.
        role: AskedRole,
    },
    /// A profile of this machine.
    Profile {
        /// The profile's name.
        name: String,
        /// The role that the document names beside it, which may differ from the profile's own.
        role: AskedRole,
    },
    /// No profile and no session are named: the profile is the one that the environment chooses.
    Chosen {
        /// The role that the document names.
        role: AskedRole,
    },
}

/// A profile or session of another host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// The host, as ssh takes it.
    pub host: String,
    /// The profile there, if the document names one.
    pub profile: Option<String>,
    /// The session there, if the document names one.
    pub session: Option<String>,
}

/// The role that a document names by `accountId` and `roleName`. One of the two alone asks for nothing, but must agree with
/// the profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AskedRole {
    /// `accountId`.
    pub account_id: Option<String>,
    /// `roleName`.
    pub role_name: Option<String>,
}

impl AskedRole {
    /// Account and role, if the document names both: exactly that role is asked for.
    pub fn both(&self) -> Option<(&str, &str)> {
        self.account_id.as_deref().zip(self.role_name.as_deref())
    }

    /// Whether what the document names is this account and this role.
    pub fn agrees_with(&self, account_id: Option<&str>, role_name: Option<&str>) -> bool {
        let agrees = |asked: &Option<String>, own: Option<&str>| asked.is_none() || asked.as_deref() == own;
        agrees(&self.account_id, account_id) && agrees(&self.role_name, role_name)
    }

    /// Whether the document names neither.
    pub fn is_empty(&self) -> bool {
        self.account_id.is_none() && self.role_name.is_none()
    }
}

impl Remote {
    /// The host that a document comes from, with what it names there. An event of another host's listing has one, too,
    /// although it is about nobody. White space and invisible characters, which no host can be called, are another host as
    /// well: such a document must not fall through to this machine's profile of the same name.
    pub fn of(document: &Document) -> anyhow::Result<Option<Self>> {
        Ok(match text(document, "host")? {
            Some(host) => Some(Self {
                host,
                profile: text(document, "profile")?,
                session: text(document, "ssoSession")?,
            }),
            None => None,
        })
    }
}

/// Whether a document is a progress report, which a person or a program is told of and no tool answers.
pub fn is_event(document: &Document) -> bool {
    document.contains_key("event")
}

impl Subject {
    /// Reads the subject out of a document. What is null or empty counts as absent. Status 65: a key has the wrong type.
    pub fn of(document: &Document) -> anyhow::Result<Self> {
        let is_there = |key: &str| document.get(key).is_some_and(|value| !value.is_null());
        if is_event(document) || (is_there("slug") && !is_there("profile")) {
            return Ok(Self::Nobody);
        }
        if is_there("error") && !is_there("outcome") {
            return Ok(Self::Failure(FailureKind::of_error(document)));
        }
        if let Some(remote) = Remote::of(document)? {
            return Ok(Self::Remote(remote));
        }
        let role =
            AskedRole { account_id: text(document, "accountId")?, role_name: text(document, "roleName")? };
        Ok(match (text(document, "profile")?, text(document, "ssoSession")?) {
            (Some(name), _) => Self::Profile { name, role },
            (None, Some(name)) => Self::Session { name, role },
            (None, None) => Self::Chosen { role },
        })
    }

    /// Whether every stage passes the document on as it is: it asks for nothing, or for nothing any more.
    pub fn is_passed_on(&self) -> bool {
        matches!(self, Self::Nobody | Self::Failure(_))
    }
}

fn text(document: &Document, key: &str) -> anyhow::Result<Option<String>> {
    Ok(document.text(key)?.filter(|text| !text.is_empty()).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::{Exit, status_of};
    use crate::stream::parse;

    fn of(text: &str) -> anyhow::Result<Subject> {
        Subject::of(&parse(text.as_bytes(), "input").unwrap())
    }

    fn asked(account_id: &str, role_name: &str) -> AskedRole {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        AskedRole { account_id: text(account_id), role_name: text(role_name) }
    }

    fn profile(name: &str, role: AskedRole) -> Subject {
        Subject::Profile { name: name.to_owned(), role }
    }

    fn session(name: &str, role: AskedRole) -> Subject {
        Subject::Session { name: name.to_owned(), role }
    }

    fn remote(profile: Option<&str>, session: Option<&str>) -> Subject {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Subject::Remote(Remote { host: "h".to_owned(), profile: owned(profile), session: owned(session) })
    }

    #[test]
    fn every_row_of_the_table_of_design_1() {
        let none = AskedRole::default;
        for (text, expected) in [
            (r#"{"event":"authorize","profile":"p","error":"x","host":"h"}"#, Subject::Nobody),
            (r#"{"slug":"dev.TOKEN","vault":"env"}"#, Subject::Nobody),
            (r#"{"slug":"dev.TOKEN","profile":"p"}"#, profile("p", none())),
            (r#"{"profile":"p","error":"expired","host":"h"}"#, Subject::Failure(FailureKind::Expired)),
            (r#"{"profile":"p","error":"no such session"}"#, Subject::Failure(FailureKind::Config)),
            (r#"{"profile":"p","error":"x","outcome":"failed"}"#, profile("p", none())),
            (r#"{"profile":"p","error":null}"#, profile("p", none())),
            (r#"{"profile":"p","host":"h","ssoSession":"s"}"#, remote(Some("p"), Some("s"))),
            (r#"{"ssoSession":"s","host":"h"}"#, remote(None, Some("s"))),
            (r#"{"host":"h"}"#, remote(None, None)),
            (r#"{"profile":"p","host":""}"#, profile("p", none())),
            (r#"{"profile":"p","host":null}"#, profile("p", none())),
            (r#"{"profile":"p","ssoSession":"s"}"#, profile("p", none())),
            (r#"{"profile":"p","accountId":"1","roleName":"R"}"#, profile("p", asked("1", "R"))),
            (r#"{"profile":"p","accountId":"1"}"#, profile("p", asked("1", ""))),
            (r#"{"ssoSession":"s","accountId":"1","roleName":"R"}"#, session("s", asked("1", "R"))),
            (r#"{"ssoSession":"s","profile":""}"#, session("s", none())),
            (r#"{"roleName":"R"}"#, Subject::Chosen { role: asked("", "R") }),
            ("{}", Subject::Chosen { role: none() }),
        ] {
            assert_eq!(of(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn a_key_of_the_wrong_type_is_bad_data() {
        for text in [r#"{"host":5}"#, r#"{"profile":["p"]}"#, r#"{"ssoSession":{}}"#, r#"{"accountId":1}"#] {
            assert_eq!(status_of(&of(text).unwrap_err()), Exit::Data, "{text}");
        }
    }
}
