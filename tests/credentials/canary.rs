//! Secrets on their way: through every subcommand, success and failure, with the log on, none is seen where it
//! doesn't belong: in arguments, in the environment of a helper, on stderr, in documents, in the state directory.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::login::bench::{Bench, after};
use crate::support::{Ended, end};

/// Every secret that the caches hold now.
fn secrets(bench: &Bench) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for dir in [".aws/sso/cache", ".aws/cli/cache"] {
        let Ok(entries) = fs::read_dir(bench.home().join(dir)) else { continue };
        for entry in entries {
            let file: Value = serde_json::from_slice(&fs::read(entry.unwrap().path()).unwrap()).unwrap();
            for holder in [&file, &file["Credentials"]] {
                for key in ["accessToken", "refreshToken", "clientSecret", "SecretAccessKey", "SessionToken"]
                {
                    found.extend(holder[key].as_str().map(str::to_owned));
                }
            }
        }
    }
    found
}

fn below(dir: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(dir).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text += &below(&path);
        } else {
            text += &String::from_utf8_lossy(&fs::read(path).unwrap_or_default());
        }
    }
    text
}

#[test]
fn no_subcommand_shows_a_secret_where_it_does_not_belong() {
    let bench = Bench::logged_in("--approve auto");
    let mut seen = secrets(&bench);
    let mut outputs: Vec<(String, Ended)> = Vec::new();
    let mut run = |line: &str, seconds: u32, input: &str| {
        let mut command = bench.command(line);
        command.env("SSO_LOG", "debug").env("SSO_NOW", after(seconds));
        let ended = end(command, input);
        seen.extend(secrets(&bench));
        outputs.push((line.to_owned(), ended));
    };
    let mut seconds = 0;
    // A good session, a refreshable one, a portal that refuses, one that is away, a session that is over.
    for (faults, forward) in [
        (json!({}), 0),
        (json!({}), 3601),
        (
            json!({"error": ["GetRoleCredentials=ForbiddenException", "ListAccounts=UnauthorizedException"]}),
            3601,
        ),
        (
            json!({"error": [], "fail": ["GetRoleCredentials=500", "CreateToken=500", "ListAccounts=500", "Logout=500"]}),
            3601,
        ),
        (json!({"fail": []}), 9 * 3600),
    ] {
        bench.faults(&faults);
        bench.forward(forward);
        seconds += forward;
        for line in [
            "sso-login refresh demo",
            "sso-login refresh",
            "sso-login whoami demo",
            "sso-login whoami demo --text",
            "sso-login accounts demo",
            "sso-login exec demo --text -- true",
            "sso-login exec demo --renewing -- env",
            "sso-login demo --no-browser",
            "sso-login logout demo",
        ] {
            run(line, seconds, if line.ends_with("refresh") { "{\"profile\":\"demo\"}" } else { "" });
        }
        bench.faults(&json!({"error": [], "fail": []}));
        run("sso-login --via device --no-browser demo", seconds, "");
    }
    assert!(seen.len() >= 12, "{}", seen.len());
    for (line, ended) in &outputs {
        for secret in &seen {
            assert!(!ended.stderr.contains(secret.as_str()), "{line}: stderr");
            assert!(!ended.stdout.contains(secret.as_str()), "{line}: stdout");
        }
    }
    let state = below(&bench.home().join(".aws/sso-renewer"));
    assert!(seen.iter().all(|secret| !state.contains(secret.as_str())));
}

#[test]
fn what_hands_out_secrets_says_nothing_of_them_on_stderr() {
    let bench = Bench::logged_in("");
    for line in [
        "sso-login credentials demo",
        "sso-login credentials demo --format json",
        "sso-login exec demo --text -- env",
    ] {
        let mut command = bench.command(line);
        command.env("SSO_LOG", "debug");
        let ended = end(command, "");
        let secrets = secrets(&bench);
        assert!(secrets.iter().any(|secret| ended.stdout.contains(secret.as_str())), "{line}");
        assert!(!secrets.iter().any(|secret| ended.stderr.contains(secret.as_str())), "{line}");
    }
}

#[test]
fn no_secret_is_an_argument_while_it_is_in_use() {
    let bench = Bench::logged_in("--hang GetRoleCredentials");
    let mut command = bench.command("sso-login credentials demo");
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while bench.count("GetRoleCredentials") == 0 {
        std::thread::yield_now();
    }
    // In the middle of the call, with the token in memory.
    let secrets = secrets(&bench);
    for name in ["cmdline", "environ"] {
        let text = fs::read(format!("/proc/{}/{name}", child.id())).unwrap();
        let text = String::from_utf8_lossy(&text);
        assert!(!secrets.iter().any(|secret| text.contains(secret.as_str())), "{name}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
}
