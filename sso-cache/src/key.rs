//! The names of cache files: SHA-1 hashes, in lower-case hex, of what a file is about. They are the
//! AWS CLI's, so that a login by one tool is seen by all (AWS-FORMATS 1 to 3).

use serde_json::{Map, Value};
use sha1::{Digest as _, Sha1};
use sha2::Sha256;
use sso_tool::hex::hex;

use crate::python::{Separators, dumps, sorted};

/// What a profile signs in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Session<'a> {
    /// The name of an `sso-session`.
    Named(&'a str),
    /// The start URL of a legacy profile, exactly as configured: a slash more is another key.
    Legacy(&'a str),
}

/// What a client registration is for.
#[derive(Clone, Copy, Debug)]
pub struct Registrant<'a> {
    /// The SSO region.
    pub region: &'a str,
    /// The scopes in configured order; `None` if none are configured.
    pub scopes: Option<&'a [String]>,
    /// The session's name; `None` for a legacy profile.
    pub session_name: Option<&'a str>,
    /// The start URL exactly as configured.
    pub start_url: &'a str,
    /// Who registered. The AWS CLI is `botocore`; another value is another file (AWS-FORMATS 2).
    pub tool: &'a str,
}

/// The key of a token file.
pub fn token(session: Session<'_>) -> String {
    let (Session::Named(text) | Session::Legacy(text)) = session;
    sha1(text)
}

/// The key of a client registration. The grant type isn't part of it.
pub fn registration(registrant: Registrant<'_>) -> String {
    let mut object = Map::new();
    object.insert("region".to_owned(), registrant.region.into());
    object.insert("scopes".to_owned(), registrant.scopes.map_or(Value::Null, Value::from));
    object.insert("session_name".to_owned(), registrant.session_name.map_or(Value::Null, Value::from));
    object.insert("startUrl".to_owned(), registrant.start_url.into());
    object.insert("tool".to_owned(), registrant.tool.into());
    sha1(&dumps(&object, Separators::Spaced))
}

/// The key of an SSO role's credentials. `account_id` is the configured text, leading zeros and all.
pub fn role(account_id: &str, role_name: &str, session: Session<'_>) -> String {
    let (key, value) = match session {
        Session::Named(name) => ("sessionName", name),
        Session::Legacy(start_url) => ("startUrl", start_url),
    };
    let mut object = Map::new();
    object.insert("accountId".to_owned(), account_id.into());
    object.insert("roleName".to_owned(), role_name.into());
    object.insert(key.to_owned(), value.into());
    sha1(&dumps(&object, Separators::Compact))
}

/// The key of `AssumeRole` credentials, from the arguments of the call that the user configured.
pub fn assume_role(arguments: &Map<String, Value>) -> String {
    sha1(&dumps(&sorted(arguments), Separators::Spaced))
}

/// The key of the console credentials of `aws login`, from the profile's `login_session` (AWS-FORMATS 11).
pub fn console_session(login_session: &str) -> String {
    hex(&Sha256::digest(login_session))
}

fn sha1(text: &str) -> String {
    hex(&Sha1::digest(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const URL: &str = "https://d-1234567890.awsapps.com/start";

    #[test]
    fn token_keys_are_those_of_the_aws_cli() {
        assert_eq!(token(Session::Named("my")), "3ece1471f44f63177cbc35ba0b904e0c096b6783");
        assert_eq!(token(Session::Named("é")), "bf15be717ac1b080b4f1c456692825891ff5073d");
        assert_eq!(token(Session::Legacy(URL)), "7487b5b67d5fa1132cf33fa93ae51ef38cc37752");
        // A reader may write the URL in many ways; each is a file of its own.
        for (end, expected) in [
            ("/", "ae4321de83751a696d13fbefb87d776773c41e1c"),
            ("#/", "a1c75994a810c1c468d3bd565eda2836303e6659"),
            ("/#/", "2204fb11035095b06f2b5121a8a18debcc89f4cb"),
        ] {
            assert_eq!(token(Session::Legacy(&format!("{URL}{end}"))), expected, "{end}");
        }
    }

    #[test]
    fn registration_keys_are_those_of_the_aws_cli() {
        let scopes = ["sso:account:access".to_owned()];
        for (session_name, scopes, expected) in [
            (Some("my"), Some(&scopes[..]), "d4bd9b730be541f8dec04c80d04f20fb73065f62"),
            (Some("my"), None, "7ebb6e6bb04c96c840fda5867e9bf099389254ca"),
            (None, None, "365414a68be7c9bfc776c660981dbdbd942acea4"),
            (Some("é"), Some(&scopes[..]), "6761af1577fbe49f1c2c45b0e49381bb1ed1db90"),
        ] {
            let registrant =
                Registrant { region: "us-east-1", scopes, session_name, start_url: URL, tool: "botocore" };
            assert_eq!(registration(registrant), expected, "{session_name:?}");
            assert_ne!(registration(Registrant { tool: "ours", ..registrant }), expected);
        }
    }

    #[test]
    fn role_keys_are_those_of_the_aws_cli() {
        let named = role("111122223333", "R", Session::Named("my"));
        assert_eq!(named, "c705eaaebba69abf485f080150ad5bc55801158f");
        let legacy = role("111122223333", "R", Session::Legacy(URL));
        assert_eq!(legacy, "6c8b347e92efa9898565d02e60f0532125b88165");
        let accented = role("000000000001", "Admin", Session::Named("é"));
        assert_eq!(accented, "0869c107ce09ff553a46315a3cc488376663ba06");
    }

    #[test]
    fn assume_role_keys_are_those_of_the_aws_cli_whatever_the_order() {
        let key = |arguments: Value| assume_role(arguments.as_object().unwrap());
        let short = json!({"RoleArn": "arn:aws:iam::444455556666:role/T"});
        assert_eq!(key(short), "82551adc2509b1188e2713bf1099dcc270ce0a2d");
        let long = json!({
            "RoleSessionName": "me", "SerialNumber": "arn:aws:iam::1:mfa/u", "ExternalId": "x",
            "RoleArn": "arn:aws:iam::444455556666:role/T", "DurationSeconds": 3600,
        });
        assert_eq!(key(long), "63ef43b0837c580b5dcf737ef0423c1a89368226");
    }
}
