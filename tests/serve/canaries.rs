//! AWS's secrets, handles, tokens and keys are on the wire and in the files that are theirs, and nowhere else.

use std::fs;

use serde_json::json;

use super::serving::{APP, Serving};
use crate::login::bench::Bench;
use crate::login::proxy::Proxy;
use crate::login::secrets::{files, secrets, watch};

const SECRET_KEY: &str = "4k7Qm1xZ9pV2sW8rT6yB3nH5jL0dF-uCgE_aXoKi";
const KEYS: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "ASIACANARYCANARY1234"),
    ("AWS_SECRET_ACCESS_KEY", "canary-secret-access-key-of-the-server"),
    ("AWS_SESSION_TOKEN", "canary-session-token-of-the-server"),
];

#[test]
fn no_secret_is_in_the_log_the_documents_the_processes_or_the_state() {
    let bench = Bench::logged_in("--pending 1 --interval 1");
    let proxy = Proxy::start();
    let lines: Vec<_> = APP.iter().chain(&KEYS).map(|(name, value)| format!("{name}={value}")).collect();
    let lines = lines.join("\n");
    let env = format!("{lines}\nSECRET_KEY={SECRET_KEY}\nDEBUG=true\n");
    fs::write(bench.served.sandbox.root().join("work/.env"), env).unwrap();
    let mut token = bench.token();
    token["expiresAt"] = json!("2026-11-21T11:00:00Z");
    bench.set_token(&token);
    let mut command = bench.command("sso-login serve --listen 127.0.0.1:0 --credentials demo");
    command.env_remove("NO_PROXY").env_remove("no_proxy").env("HTTP_PROXY", &proxy.url);
    command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "1");

    let ((serving, answers, handles), processes) = watch(&bench, || {
        let serving = Serving::of(&bench, command);
        let mut answers = String::new();
        // Renews the session and fetches a role, over the wire.
        let role = serving.credentials("demo").is(200);
        let (asked, device) = serving.begin();
        answers += &device.to_string();
        answers += &serving.post("/api/auth/token", &asked).text;
        std::thread::sleep(std::time::Duration::from_secs(1));
        let signed_in = serving.post("/api/auth/token", &asked).is(200);
        answers += &signed_in.to_string();
        let jwt = signed_in["access_token"].as_str().unwrap().to_owned();
        answers += &serving.with("GET", "/api/auth/me", &jwt).text;
        answers += &serving.with("POST", "/api/auth/refresh", &jwt).text;
        answers += &serving.ask("POST", "/api/auth/aws-login", &[], "").text;
        for faults in [
            json!({"deny": true, "pending": 0}),
            json!({"deny": false, "error": ["GetRoleCredentials=ForbiddenException"]}),
            json!({"error": ["CreateToken=invalid_client"]}),
            json!({"error": [], "fail": ["CreateToken=503"]}),
        ] {
            bench.faults(&faults);
            let (asked, _) = serving.begin();
            answers += &serving.post("/api/auth/token", &asked).text;
        }
        bench.faults(&json!({"fail": []}));
        bench.served.tell("/sandbox/sign-out", &json!({}));
        fs::remove_dir_all(bench.home().join(".aws/cli/cache")).unwrap();
        answers += &serving.credentials("demo").text;
        let text = |key: &str| asked[key].as_str().unwrap().to_owned();
        let mut handles = vec![jwt, text("client_secret"), text("device_code")];
        handles.extend(["SecretAccessKey", "Token"].map(|key| role[key].as_str().unwrap().to_owned()));
        handles.push(serving.token_of("demo"));
        (serving, answers, handles)
    });
    let traffic = proxy.traffic();
    let theirs = secrets(&traffic);
    // Of AWS: clients, device codes, a renewed token, two roles.
    assert!(theirs.len() >= 12, "{theirs:?}");
    let log = serving.log();
    assert!(log.contains("debug: token: signed in"), "{log}");
    let documents = format!("{}{}", serving.listening, serving.document());
    let state = bench.home().join(".aws/sso-renewer");
    // Each profile's token has a file of its own, which is meant for it.
    fs::remove_dir_all(state.join("serve/credentials")).unwrap();
    let places = [("log", log), ("documents", documents), ("processes", processes), ("state", files(&state))];
    let ours =
        KEYS.iter().map(|(_, value)| (*value).to_owned()).chain([SECRET_KEY.to_owned()]).chain(handles);
    let all: Vec<_> = theirs.iter().cloned().chain(ours).collect();
    for (place, text) in &places {
        for secret in &all {
            assert!(!text.contains(secret.as_str()), "{place} has {secret}:\n{text}");
        }
    }
    for secret in &theirs {
        assert!(!answers.contains(secret.as_str()), "an answer has {secret}:\n{answers}");
    }
}
