//! Names of profiles made from accounts and roles: `{account}-{role}`.

use std::str::FromStr;

use sso_tool::exit::{Exit, Fault};

use crate::ini::words::is_plain;

/// A name with places for what an account and a role are called.
///
/// ```
/// use sso_profile::template::{Names, Template};
///
/// let template: Template = "{account}-{role}".parse().unwrap();
/// let names = Names { account: "Prod (EU)", account_id: "111122223333", role: "Admin", session: "corp", email: "" };
/// assert_eq!(template.name(&names), "Prod-EU-Admin");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Field(Field),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Account,
    AccountId,
    Role,
    Session,
    Email,
}

const FIELDS: [(&str, Field); 5] = [
    ("account", Field::Account),
    ("accountId", Field::AccountId),
    ("role", Field::Role),
    ("session", Field::Session),
    ("email", Field::Email),
];

/// What the fields stand for.
#[derive(Debug, Clone, Copy)]
pub struct Names<'n> {
    /// The account's name; if nothing of it can be part of a profile's name, its id is used.
    pub account: &'n str,
    /// The account's 12 digits.
    pub account_id: &'n str,
    /// The role's name.
    pub role: &'n str,
    /// The sso-session's name.
    pub session: &'n str,
    /// The account's mail address.
    pub email: &'n str,
}

impl Template {
    /// The name, of characters that every SDK reads (AWS-FORMATS 7) and a signal can have.
    pub fn name(&self, names: &Names<'_>) -> String {
        self.0
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.clone(),
                Piece::Field(Field::Account) => Some(slug(names.account))
                    .filter(|name| !name.is_empty())
                    .unwrap_or_else(|| slug(names.account_id)),
                Piece::Field(Field::AccountId) => slug(names.account_id),
                Piece::Field(Field::Role) => slug(names.role),
                Piece::Field(Field::Session) => slug(names.session),
                Piece::Field(Field::Email) => slug(names.email),
            })
            .collect()
    }
}

impl FromStr for Template {
    type Err = Fault;

    /// Status 2 for a field that doesn't exist, or for text that some SDK wouldn't read as part of a name.
    fn from_str(text: &str) -> Result<Self, Fault> {
        let wrong = |why: String| {
            Fault::new(Exit::Usage, format!("the name template `{text}` {why}"))
                .hint("fields are {account}, {accountId}, {role}, {session} and {email}")
        };
        let mut pieces = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (plain, field) =
                rest.split_once('{').map_or((rest, None), |(plain, field)| (plain, Some(field)));
            if plain.contains('}') {
                return Err(wrong("closes a field that isn't open".to_owned()));
            }
            if !plain.is_empty() {
                if !is_plain(plain) {
                    return Err(wrong(format!("has `{plain}`, which not every SDK reads in a name")));
                }
                pieces.push(Piece::Text(plain.to_owned()));
            }
            let Some(field) = field else { break };
            let Some((name, after)) = field.split_once('}') else {
                return Err(wrong("doesn't close its last field".to_owned()));
            };
            let Some((_, field)) = FIELDS.iter().find(|(known, _)| *known == name) else {
                return Err(wrong(format!("has an unknown field `{{{name}}}`")));
            };
            pieces.push(Piece::Field(*field));
            rest = after;
        }
        if pieces.iter().all(|piece| matches!(piece, Piece::Text(_))) {
            return Err(wrong("gives every profile the same name".to_owned()));
        }
        if matches!(pieces.first(), Some(Piece::Text(text)) if text.starts_with('-')) {
            return Err(wrong("begins with `-`, so every command line reads it as a flag".to_owned()));
        }
        Ok(Self(pieces))
    }
}

/// Text with each run of characters that some SDK wouldn't read, or a signal can't have, made a `-`, none at its ends.
fn slug(text: &str) -> String {
    let is_kept = |c: char| c.is_ascii() && c != '%' && is_plain(c.encode_utf8(&mut [0; 4]));
    let mut slug = String::new();
    for word in text.split(|c| !is_kept(c)).map(|word| word.trim_matches('-')).filter(|word| !word.is_empty())
    {
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(word);
    }
    slug
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(template: &str, account: &str, role: &str) -> String {
        let names =
            Names { account, account_id: "111122223333", role, session: "corp", email: "a@b.example" };
        template.parse::<Template>().unwrap().name(&names)
    }

    #[test]
    fn names_have_only_what_every_sdk_reads() {
        assert_eq!(name("{account}-{role}", "Prod", "Admin"), "Prod-Admin");
        assert_eq!(name("{account}/{role}", "  Prod -- (EU) ", "a+=,.@-_b"), "Prod-EU/a+-.@-_b");
        assert_eq!(name("{account}.{role}", "日本", "R"), "111122223333.R");
        assert_eq!(name("{account}", "Zürich", "R"), "Z-rich");
        assert_eq!(name("{account}-{role}", "100% Dev", "R"), "100-Dev-R");
        assert_eq!(name("sso:{session}.{accountId}.{email}", "x", "R"), "sso:corp.111122223333.a@b.example");
        assert_eq!(name("{role}", "x", "--profile"), "profile");
        assert_eq!(name("{account}", "a\n[profile b]", "R"), "a-profile-b");
    }

    #[test]
    fn a_template_that_cannot_work_is_a_usage_error() {
        for text in
            ["", "x", "{account", "account}", "{account} {role}", "{Account}", "-{role}", "{{role}}", "{}"]
        {
            let fault = text.parse::<Template>().unwrap_err();
            assert_eq!(sso_tool::exit::status_of(&fault.into()), Exit::Usage, "{text}");
        }
    }
}
