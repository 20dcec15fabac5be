//! What `list` says of every kind of file.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::cache::{AFTER, BEFORE, URL};
use crate::support::Sandbox;

#[test]
fn list_tells_every_kind_and_state() {
    let sandbox = Sandbox::new();
    let token =
        |name: &str, value: Value| fs::write(sandbox.token_dir().join(name), value.to_string()).unwrap();
    token(
        "a.json",
        json!({"accessToken": "CANARY", "expiresAt": AFTER, "startUrl": URL, "region": "eu-west-1"}),
    );
    token(
        "b.json",
        json!({"accessToken": "CANARY", "expiresAt": BEFORE, "clientId": "CANARY", "clientSecret": "CANARY",
        "refreshToken": "CANARY", "registrationExpiresAt": 1_900_000_000}),
    );
    token("c.json", json!({"accessToken": "CANARY", "expiresAt": BEFORE}));
    token("d.json", json!({"accessToken": "CANARY"}));
    token(
        "e.json",
        json!({"clientId": "CANARY", "clientSecret": "CANARY", "expiresAt": "2026-11-21T13:00:00UTC"}),
    );
    token("f.json", json!({"clientId": "CANARY"}));
    token("g.json", json!({"other": "CANARY"}));
    fs::write(sandbox.token_dir().join("h.json"), "{\"CANARY\"").unwrap();
    fs::write(sandbox.token_dir().join("i.json.tmp-1"), "CANARY").unwrap();
    fs::create_dir(sandbox.token_dir().join("j.json")).unwrap();
    let keys = json!({"AccessKeyId": "CANARY", "SecretAccessKey": "CANARY", "SessionToken": "CANARY", "Expiration": AFTER,
        "AccountId": "111122223333"});
    fs::write(
        sandbox.role_dir().join("a.json"),
        json!({"ProviderType": "sso", "Credentials": keys}).to_string(),
    )
    .unwrap();
    fs::write(sandbox.role_dir().join("b.json"), json!({"Credentials": keys}).to_string()).unwrap();
    fs::write(sandbox.role_dir().join("session.db"), "SQLite CANARY").unwrap();

    let ended = sandbox.run("sso-cache list").exits(0);
    assert!(!ended.stdout.contains("CANARY"), "{}", ended.stdout);
    let mut lines = String::new();
    for document in ended.documents() {
        let text = |key: &str| document.get(key).and_then(Value::as_str).unwrap_or("-");
        let name = Path::new(text("file")).file_name().unwrap().to_str().unwrap();
        let rest = ["kind", "state", "expiresAt", "region", "accountId"].map(text).join(" ");
        writeln!(lines, "{name} {rest}").unwrap();
    }
    assert_eq!(
        lines,
        "\
a.json token valid 2026-11-21T13:00:00Z eu-west-1 -
b.json token refreshable 2026-11-21T11:00:00Z - -
c.json token expired 2026-11-21T11:00:00Z - -
d.json token corrupt - - -
e.json registration valid 2026-11-21T13:00:00Z - -
f.json registration corrupt - - -
g.json other - - - -
h.json other corrupt - - -
i.json.tmp-1 other - - - -
a.json role-credentials valid 2026-11-21T13:00:00Z - 111122223333
b.json assume-role valid 2026-11-21T13:00:00Z - 111122223333
session.db other - - - -
"
    );
    assert_eq!(sandbox.run("sso-cache list --text").exits(0).stdout.lines().count(), 13);
}

#[test]
fn no_cache_is_an_empty_list() {
    let sandbox = Sandbox::new();
    fs::remove_dir_all(sandbox.home().join(".aws")).unwrap();
    assert_eq!(sandbox.run("sso-cache list").exits(0).stdout, "");
    assert_eq!(sandbox.run("sso-cache list --text").exits(0).stdout, "");
}
