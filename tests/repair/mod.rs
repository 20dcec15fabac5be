//! `sso-cache repair` and `prune`: torn files are mended or put aside, nothing else is touched, whoever writes meanwhile.

mod names;
mod prune;
mod races;
mod torn;

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::Sandbox;
use serde_json::{Value, json};
use sso_cache::folder::Cache;
use sso_cache::key::Session;

const URL: &str = "https://d-1234567890.awsapps.com/start";
const BEFORE: &str = "2026-11-21T11:00:00Z";
const AFTER: &str = "2026-11-21T13:00:00Z";
const LATER: &str = "2026-11-21T14:00:00Z";

/// A token file's content as the AWS CLI writes it.
fn token(access_token: &str, expires_at: &str) -> String {
    format!(
        concat!(
            r#"{{"startUrl": "{}", "region": "eu-west-1", "accessToken": "{}", "expiresAt": "{}", "clientId": "id", "#,
            r#""clientSecret": "cs-CANARY", "registrationExpiresAt": "2027-01-01T00:00:00Z", "refreshToken": "aor-CANARY"}}"#
        ),
        URL, access_token, expires_at
    )
}

fn registration() -> String {
    r#"{"clientId": "id", "clientSecret": "cs-CANARY", "expiresAt": "2027-01-01T00:00:00Z"}"#.to_owned()
}

fn role(expires_at: &str) -> String {
    json!({"ProviderType": "sso", "Credentials": {"AccessKeyId": "ASIACANARY", "SecretAccessKey": "s-CANARY",
        "SessionToken": "t-CANARY", "Expiration": expires_at, "AccountId": "111122223333"}})
    .to_string()
}

fn token_file(sandbox: &Sandbox, session: &str) -> PathBuf {
    Cache::of_home(sandbox.home()).token(Session::Named(session))
}

fn role_file(sandbox: &Sandbox, session: &str) -> PathBuf {
    Cache::of_home(sandbox.home()).role("111122223333", "R", Session::Named(session))
}

fn put(path: &Path, content: impl AsRef<[u8]>) {
    fs::write(path, content).unwrap();
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).unwrap()
}

/// What a file's document says of `key`.
#[track_caller]
fn of<'a>(documents: &'a [Value], path: &Path, key: &str) -> &'a Value {
    let file = path.to_string_lossy();
    let found = documents.iter().find(|document| document["file"] == *file);
    &found.unwrap_or_else(|| panic!("{file} is not in {documents:?}"))[key]
}
