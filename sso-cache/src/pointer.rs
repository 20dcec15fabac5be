//! What names the token file and the role's file in a profile's document.

use sso_tool::exit::{Exit, Fault};
use sso_tool::shell::shell_word;
use sso_tool::stream::Document;

use crate::key::Session;

/// What a document of `sso-profile` points at in the cache.
#[derive(Debug, PartialEq, Eq)]
pub enum Pointer<'a> {
    /// The cache of `aws login`: a profile with credentials of it, or a role that stands on one.
    Console {
        /// `login_session`, which names the cache file.
        login_session: &'a str,
        /// The profile that has it.
        profile: &'a str,
    },
    /// Nothing: a profile that doesn't use SSO, by its kind.
    Other(&'a str),
    /// A profile or session that signs in with SSO.
    Sso {
        /// What names the token file.
        session: Session<'a>,
        /// Account and role, if the document has both.
        role: Option<(&'a str, &'a str)>,
    },
}

impl<'a> Pointer<'a> {
    /// Reads a document. Status 65: a key has the wrong type, or there is no profile data in it.
    pub fn of(document: &'a Document) -> anyhow::Result<Self> {
        let text = |key| Ok::<_, anyhow::Error>(document.text(key)?.filter(|text| !text.is_empty()));
        let session = match (text("ssoSession")?, text("startUrl")?) {
            (Some(name), _) => Session::Named(name),
            (None, Some(start_url)) => Session::Legacy(start_url),
            (None, None) => return without_session(document),
        };
        Ok(Self::Sso { session, role: text("accountId")?.zip(text("roleName")?) })
    }
}

fn without_session(document: &Document) -> anyhow::Result<Pointer<'_>> {
    let text = |key| Ok::<_, anyhow::Error>(document.text(key)?.filter(|text| !text.is_empty()));
    if let Some(login_session) = text("loginSession")? {
        let profile = text("sourceProfile")?.or(text("profile")?).unwrap_or("default");
        return Ok(Pointer::Console { login_session, profile });
    }
    match document.text("kind")? {
        Some(kind) if !kind.starts_with("sso") => Ok(Pointer::Other(kind)),
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
    fn check(text: &str, expected: &Pointer<'_>) {
        let document = parse(text.as_bytes(), "input").unwrap();
        assert_eq!(&Pointer::of(&document).unwrap(), expected, "{text}");
    }

    #[test]
    fn a_session_name_comes_before_the_start_url() {
        let session = Session::Named("corp");
        check(r#"{"ssoSession":"corp","startUrl":"https://x"}"#, &Pointer::Sso { session, role: None });
        let role = Some(("1", "R"));
        check(r#"{"ssoSession":"corp","accountId":"1","roleName":"R"}"#, &Pointer::Sso { session, role });
    }

    #[test]
    fn without_a_session_the_start_url_names_the_token() {
        let session = Session::Legacy("https://x");
        for text in
            [r#"{"startUrl":"https://x"}"#, r#"{"ssoSession":null,"startUrl":"https://x","error":null}"#]
        {
            check(text, &Pointer::Sso { session, role: None });
        }
        check(r#"{"startUrl":"https://x","accountId":"1"}"#, &Pointer::Sso { session, role: None });
    }

    #[test]
    fn a_profile_without_sso_points_at_nothing() {
        let console = Pointer::Console { login_session: "arn", profile: "p" };
        check(r#"{"profile":"p","kind":"login","loginSession":"arn"}"#, &console);
        check(
            r#"{"profile":"role","kind":"assume-role","sourceProfile":"p","loginSession":"arn"}"#,
            &console,
        );
        check(r#"{"profile":"p","kind":"static"}"#, &Pointer::Other("static"));
    }

    #[test]
    fn a_document_without_profile_data_names_the_missing_key_and_the_next_command() {
        for (text, hint) in [
            (r#"{"profile":"x"}"#, "sso-profile show x | sso-cache check"),
            (r#"{"profile":"it's","kind":"sso-session"}"#, r"sso-profile show 'it'\''s' | sso-cache check"),
            ("{}", "sso-profile list | sso-cache check"),
        ] {
            let document = parse(text.as_bytes(), "input").unwrap();
            let err = Pointer::of(&document).unwrap_err();
            assert_eq!((status_of(&err), hint_of(&err)), (Exit::Data, Some(hint)), "{text}");
            assert!(err.to_string().contains("`ssoSession`"), "{err}");
        }
        let document = parse(br#"{"ssoSession":1}"#, "input").unwrap();
        assert_eq!(status_of(&Pointer::of(&document).unwrap_err()), Exit::Data);
    }
}
