//! `check --format`: a line for a prompt.

use std::str::FromStr;

use serde_json::Value;
use sso_tool::sanitize::sanitize;
use sso_tool::stream::Document;
use sso_tool::time::{self, Moment, seconds_left, whole_minutes};
use sso_tool::token_state::TokenState;

/// A line with fields of a checked document in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Field(Field),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Profile,
    Session,
    State,
    Left,
    Expires,
    End,
    Account,
    Role,
    Region,
}

impl Field {
    const ALL: [(&'static str, Self); 9] = [
        ("profile", Self::Profile),
        ("session", Self::Session),
        ("state", Self::State),
        ("left", Self::Left),
        ("expires", Self::Expires),
        ("end", Self::End),
        ("account", Self::Account),
        ("role", Self::Role),
        ("region", Self::Region),
    ];

    /// What a checked document says; empty where it says nothing.
    fn of(self, document: &Document) -> String {
        let token = |key: &str| document.get("token").and_then(|token| token.get(key));
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(sanitize).unwrap_or_default();
        match self {
            Self::Profile => text(document.get("profile")),
            Self::Session => text(document.get("ssoSession").or_else(|| document.get("startUrl"))),
            Self::State => text(token("state")),
            Self::Left if document.get("token").is_none() => String::new(),
            Self::Left => {
                let moment = |value: Option<&Value>| value.and_then(time::from_value);
                left(moment(End::of(document).at(document)), moment(document.get("observedAt")))
            }
            Self::Expires => text(End::of(document).at(document)),
            Self::End if End::of(document).at(document).is_none() => String::new(),
            Self::End => End::of(document).word().to_owned(),
            Self::Account => text(document.get("accountId")),
            Self::Role => text(document.get("roleName")),
            Self::Region => text(document.get("region")),
        }
    }
}

/// Whose end a line shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The session's, which no renewal prolongs.
    Session,
    /// The access token's, where nothing is known of the session's, or where no session would renew it.
    Token,
}

impl End {
    fn of(document: &Document) -> Self {
        let token = |key: &str| document.get("token").and_then(|token| token.get(key));
        let lives = token("state").and_then(Value::as_str).and_then(TokenState::of_word);
        let is_renewed = token("refreshable").is_some_and(|value| value == true);
        let moment = |value: Option<&Value>| value.and_then(time::from_value);
        let (session, end) = (moment(Self::Session.at(document)), moment(token("expiresAt")));
        match (session, lives) {
            (Some(_), Some(TokenState::Refreshable)) => Self::Session,
            (Some(session), Some(TokenState::Valid | TokenState::Ending))
                if is_renewed || end.is_none_or(|end| session < end) =>
            {
                Self::Session
            }
            _ => Self::Token,
        }
    }

    fn at(self, document: &Document) -> Option<&Value> {
        match self {
            Self::Session => document.get("session").and_then(|session| session.get("endsAt")),
            Self::Token => document.get("token").and_then(|token| token.get("expiresAt")),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Token => "token",
        }
    }
}

/// The time left, to the minute; `expired` for a token that has expired or isn't there.
fn left(end: Option<Moment>, now: Option<Moment>) -> String {
    let left = end.zip(now).map(|(end, now)| seconds_left(end, now)).filter(|left| *left > 0);
    let Some(left) = left else { return TokenState::Expired.word().to_owned() };
    let minutes = whole_minutes(left);
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes}m"),
        (hours, 0) => format!("{hours}h"),
        (hours, minutes) => format!("{hours}h{minutes}m"),
    }
}

impl FromStr for Template {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, brace) = rest.split_at(at);
            plain.push_str(before);
            if let Some(after) = brace.strip_prefix("{{").or_else(|| brace.strip_prefix("}}")) {
                plain.extend(brace.chars().next());
                rest = after;
                continue;
            }
            let field = brace.strip_prefix('{').and_then(|brace| brace.split_once('}'));
            let Some((name, after)) = field else {
                return Err("a single brace: write `{{` or `}}` for a literal brace".to_owned());
            };
            let Some((_, field)) = Field::ALL.iter().find(|(known, _)| *known == name) else {
                let known = Field::ALL.map(|(name, _)| format!("{{{name}}}")).join(", ");
                return Err(format!("there is no field {{{name}}}; the fields are {known}"));
            };
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
            pieces.push(Piece::Field(*field));
            rest = after;
        }
        plain.push_str(rest);
        pieces.push(Piece::Text(plain));
        Ok(Self(pieces))
    }
}

impl Template {
    /// The line of a checked document.
    pub fn line(&self, document: &Document) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Field(field) => field.of(document),
        };
        self.0.iter().map(piece).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sso_tool::stream::parse;

    #[test]
    fn a_line_has_the_fields_and_the_time_left_in_short() {
        let document = |end: &str| {
            let text = format!(
                r#"{{"profile":"dev","ssoSession":"corp","accountId":"1","roleName":"R","region":"eu-west-1",
                "token":{{"state":"valid","expiresAt":"2026-11-21T{end}Z"}},"observedAt":"2026-11-21T12:00:00.000Z"}}"#
            );
            parse(text.as_bytes(), "input").unwrap()
        };
        let all = "{profile} {session} {state} {left} {expires} {account} {role} {region} {{}}";
        assert_eq!(
            all.parse::<Template>().unwrap().line(&document("12:42:30")),
            "dev corp valid 42m 2026-11-21T12:42:30Z 1 R eu-west-1 {}"
        );
        for (end, expected) in [
            ("15:10:00", "3h10m"),
            ("14:00:00", "2h"),
            ("12:00:59", "0m"),
            ("12:00:00", "expired"),
            ("11:00:00", "expired"),
        ] {
            assert_eq!("{left}".parse::<Template>().unwrap().line(&document(end)), expected);
        }
        let absent = parse(br#"{"profile":"p","kind":"static"}"#, "input").unwrap();
        assert_eq!("{profile}:{left}:{role}".parse::<Template>().unwrap().line(&absent), "p::");
        let foreseen = |state: &str, refreshable: bool| {
            let text = format!(
                r#"{{"ssoSession":"corp","token":{{"state":"{state}","refreshable":{refreshable},"expiresAt":"2026-11-21T12:30:00Z"}},
                "session":{{"endsAt":"2026-11-21T16:00:00Z"}},"observedAt":"2026-11-21T12:00:00Z"}}"#
            );
            let document = parse(text.as_bytes(), "input").unwrap();
            "{left} {end} {expires}".parse::<Template>().unwrap().line(&document)
        };
        assert_eq!(foreseen("valid", true), "4h session 2026-11-21T16:00:00Z");
        assert_eq!(foreseen("refreshable", true), "4h session 2026-11-21T16:00:00Z");
        assert_eq!(foreseen("valid", false), "30m token 2026-11-21T12:30:00Z");
        assert_eq!(foreseen("expired", false), "30m token 2026-11-21T12:30:00Z");
        for wrong in ["{nope}", "{profile", "}", "{}"] {
            assert!(wrong.parse::<Template>().is_err(), "{wrong}");
        }
    }
}
