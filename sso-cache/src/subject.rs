//! What a document on stdin is about.

use sso_tool::exit::{Exit, Fault};
use sso_tool::shell::shell_word;
use sso_tool::stream::Document;

use crate::key::Session;

/// What there is to check.
#[derive(Debug, PartialEq, Eq)]
pub enum Subject<'a> {
    /// A progress report of another tool, or a key without a profile: not about a profile's state.
    Event,
    /// A profile that can't be resolved, and why. Nobody is to be woken for a mistake in the config.
    Unresolved(String),
    /// A profile that doesn't use SSO, by its kind.
    Other(&'a str),
    /// A profile that signs in with SSO.
    Sso {
        /// What names the token file.
        session: Session<'a>,
        /// Account and role, if the profile has both.
        role: Option<(&'a str, &'a str)>,
    },
}

impl<'a> Subject<'a> {
    /// Reads a document of `sso-profile`. Status 65: a key has the wrong type, or there is neither profile
    /// data nor an `error` in it.
    pub fn of(document: &'a Document) -> anyhow::Result<Self> {
        if document.is_about_no_profile() {
            return Ok(Self::Event);
        }
        if let Some(error) = document.get("error").filter(|error| !error.is_null()) {
            return Ok(Self::Unresolved(error.as_str().map_or_else(|| error.to_string(), str::to_owned)));
        }
        let text = |key| Ok::<_, anyhow::Error>(document.text(key)?.filter(|text| !text.is_empty()));
        let session = match (text("ssoSession")?, text("startUrl")?) {
            (Some(name), _) => Session::Named(name),
            (None, Some(start_url)) => Session::Legacy(start_url),
            (None, None) => return without_session(document),
        };
        Ok(Self::Sso { session, role: text("accountId")?.zip(text("roleName")?) })
    }
}

fn without_session(document: &Document) -> anyhow::Result<Subject<'_>> {
    match document.text("kind")? {
        Some(kind) if !kind.starts_with("sso") => Ok(Subject::Other(kind)),
        _ => Err(Fault::new(Exit::Data, "the document has no `ssoSession` (nor `startUrl`)")
            .hint(hint(document.text("profile")?))
            .into()),
    }
}

fn hint(profile: Option<&str>) -> String {
    match profile {
        Some(name) => format!("sso-profile show {} | sso-cache check", shell_word(name)),
        None => "sso-profile list | sso-cache check".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sso_tool::exit::{hint_of, status_of};
    use sso_tool::stream::parse;

    #[track_caller]
    fn check(text: &str, expected: &Subject<'_>) {
        let document = parse(text.as_bytes(), "input").unwrap();
        assert_eq!(&Subject::of(&document).unwrap(), expected, "{text}");
    }

    #[test]
    fn a_session_name_comes_before_the_start_url() {
        let session = Session::Named("corp");
        check(r#"{"ssoSession":"corp","startUrl":"https://x"}"#, &Subject::Sso { session, role: None });
        let role = Some(("1", "R"));
        check(r#"{"ssoSession":"corp","accountId":"1","roleName":"R"}"#, &Subject::Sso { session, role });
    }

    #[test]
    fn without_a_session_the_start_url_names_the_token() {
        let session = Session::Legacy("https://x");
        for text in
            [r#"{"startUrl":"https://x"}"#, r#"{"ssoSession":null,"startUrl":"https://x","error":null}"#]
        {
            check(text, &Subject::Sso { session, role: None });
        }
        check(r#"{"startUrl":"https://x","accountId":"1"}"#, &Subject::Sso { session, role: None });
    }

    #[test]
    fn events_errors_and_other_profiles_are_told_apart() {
        check(r#"{"event":"authorize","error":"x"}"#, &Subject::Event);
        check(r#"{"slug":"dev.TOKEN","vault":"env","state":"granted"}"#, &Subject::Event);
        check(
            r#"{"error":"no such session","ssoSession":"x"}"#,
            &Subject::Unresolved("no such session".to_owned()),
        );
        check(r#"{"profile":"p","kind":"static"}"#, &Subject::Other("static"));
    }

    #[test]
    fn a_document_without_profile_data_names_the_missing_key_and_the_next_command() {
        for (text, hint) in [
            (r#"{"profile":"x"}"#, "sso-profile show x | sso-cache check"),
            (r#"{"profile":"it's","kind":"sso-session"}"#, r"sso-profile show 'it'\''s' | sso-cache check"),
            ("{}", "sso-profile list | sso-cache check"),
        ] {
            let document = parse(text.as_bytes(), "input").unwrap();
            let err = Subject::of(&document).unwrap_err();
            assert_eq!((status_of(&err), hint_of(&err)), (Exit::Data, Some(hint)), "{text}");
            assert!(err.to_string().contains("`ssoSession`"), "{err}");
        }
        let document = parse(br#"{"ssoSession":1}"#, "input").unwrap();
        assert_eq!(status_of(&Subject::of(&document).unwrap_err()), Exit::Data);
    }
}
