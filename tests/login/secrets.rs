//! Tokens, client secrets and codes are on the wire and in their files, and nowhere else.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::login::bench::Bench;
use crate::login::proxy::Proxy;
use crate::support::{Ended, end, tools};

/// What must not be seen, found in all that passed over the wire.
pub fn secrets(traffic: &str) -> BTreeSet<String> {
    const NAMES: [&str; 9] = [
        "accessToken",
        "refreshToken",
        "clientSecret",
        "deviceCode",
        "codeVerifier",
        "code",
        "idToken",
        "secretAccessKey",
        "sessionToken",
    ];
    let mut secrets = BTreeSet::new();
    for name in NAMES {
        for part in traffic.split(&format!("\"{name}\":\"")).skip(1) {
            secrets.insert(part.split('"').next().unwrap().to_owned());
        }
    }
    secrets.retain(|secret| secret.len() >= 16);
    secrets
}

/// The command lines and environments of all processes of a bench while something runs.
pub fn watch<T>(bench: &Bench, run: impl FnOnce() -> T) -> (T, String) {
    let is_over = AtomicBool::new(false);
    let home = bench.home();
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut seen = BTreeSet::new();
            while !is_over.load(Ordering::SeqCst) {
                for entry in fs::read_dir("/proc").unwrap().flatten() {
                    seen.extend(look(&entry.path(), &home));
                }
            }
            seen.into_iter().collect::<String>()
        });
        let result = run();
        is_over.store(true, Ordering::SeqCst);
        (result, watcher.join().unwrap())
    })
}

fn look(process: &Path, home: &Path) -> Option<String> {
    let environment = fs::read(process.join("environ")).ok()?;
    let environment = String::from_utf8_lossy(&environment).into_owned();
    let line = String::from_utf8_lossy(&fs::read(process.join("cmdline")).ok()?).into_owned();
    environment.contains(&format!("HOME={}", home.display())).then(|| format!("{line}\n{environment}\n"))
}

/// All files below a directory but those that are meant to have secrets.
pub fn files(dir: &Path) -> String {
    let entries = fs::read_dir(dir).map(|entries| entries.flatten().collect::<Vec<_>>()).unwrap_or_default();
    let text = |path: &Path| {
        if path.is_dir() {
            files(path)
        } else {
            String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
        }
    };
    let kept = entries.iter().map(fs::DirEntry::path).filter(|path| !path.ends_with(".aws/sso/cache"));
    kept.map(|path| [path.display().to_string(), text(&path)].join("\n")).collect()
}

#[test]
fn no_secret_is_seen_anywhere_whatever_happens() {
    let bench = Bench::start("--pending 1");
    let proxy = Proxy::start();
    bench.program("browser", "printf '%s\\n' \"$@\" >>$OUT/browser; env >>$OUT/browser; exec sleep 0.3");
    bench.program("dialog", "cat >>$OUT/dialog; env >>$OUT/dialog; echo '{\"answer\":\"refresh\"}'");
    let login = |arguments: &str, seconds: u32, input: &str| -> Ended {
        let mut command = bench.command(&format!("sso-login --via device {arguments}"));
        command.env_remove("NO_PROXY").env_remove("no_proxy").env("HTTP_PROXY", &proxy.url);
        command
            .env("SSO_NOW", crate::login::bench::after(seconds))
            .env("SSO_LOG", "debug")
            .env("DEBUG", "true");
        command.env("BROWSER", "browser").env("SSO_DIALOG", bench.file("bin/dialog"));
        command.env("OUT", bench.served.sandbox.root()).env("RUST_LOG", "trace").env("RUST_BACKTRACE", "1");
        end(command, input)
    };
    let ((), processes) = watch(&bench, || {
        let mut seen = String::new();
        let mut check = |ended: Ended, code: i32| {
            assert_eq!(ended.code, code, "{}", ended.stderr);
            seen = format!("{seen}{}{}", ended.stdout, ended.stderr);
        };
        check(login("demo", 0, ""), 0);
        check(login("demo", 0, ""), 0);
        bench.forward(3600);
        check(login("demo", 3600, ""), 0);
        check(login("demo --force", 3600, ""), 0);
        check(login("-", 3600, "{\"profile\":\"other\",\"mode\":\"notify\"}"), 0);
        for (faults, code) in [
            (json!({"deny": true}), 77),
            (json!({"deny": false, "error": ["CreateToken=invalid_grant"]}), 77),
            (json!({"error": ["CreateToken=invalid_client"]}), 77),
            (json!({"error": ["StartDeviceAuthorization=invalid_request"]}), 77),
            (json!({"error": [], "fail": ["CreateToken=503"]}), 69),
        ] {
            bench.faults(&faults);
            check(login("demo --force --timeout 4s", 3600, ""), code);
        }
        bench.faults(&json!({"fail": [], "error": ["CreateToken=invalid_grantx1"]}));
        bench.forward(3600);
        check(login("demo --timeout 5s", 7200, ""), 0);
        fs::write(bench.file("seen"), seen).unwrap();
    });
    let seen = bench.text("seen");
    assert!(seen.contains("debug: "), "{seen}");
    let secrets = secrets(&proxy.traffic());
    // Two or more tokens, refresh tokens and client secrets, and a device code for each login.
    assert!(secrets.len() >= 12, "{secrets:?}");
    let places = [
        ("output", seen),
        ("processes", processes),
        ("browser", bench.text("browser")),
        ("dialog", bench.text("dialog")),
        ("files", files(&bench.home())),
    ];
    for (place, text) in places {
        assert!(!text.is_empty(), "{place}");
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "a secret in {place}: {secret}");
            // Nor the first half of it.
            assert!(!text.contains(&secret[..secret.len() / 2]), "half a secret in {place}: {secret}");
        }
    }
}

#[test]
fn a_torn_token_file_is_not_quoted() {
    let bench = Bench::start("--deny");
    for content in ["{\"accessToken\": \"CANARY-1", "{\"accessToken\": 5, \"x\": \"CANARY-2\"}", "CANARY-3"] {
        fs::create_dir_all(bench.cache()).unwrap();
        for key in [crate::login::bench::TOKEN, "b2da6ef60cffd6dbc2be3cf8fbabdc1404510282.json"] {
            fs::write(bench.cache().join(key), content).unwrap();
        }
        let ended = bench.run_with("sso-login --via device --no-browser demo", &[("SSO_LOG", "debug")]);
        assert!(!format!("{}{}", ended.stdout, ended.stderr).contains("CANARY"), "{}", ended.stderr);
    }
    let token: Value =
        json!({"accessToken": "x", "expiresAt": "2026-11-21T13:00:00Z", "refreshToken": "CANARY"});
    bench.set_token(&token);
    let ended = bench.run_with("sso-login demo", &[("SSO_LOG", "debug")]);
    assert_eq!(ended.code, 0);
    assert!(!format!("{}{}", ended.stdout, ended.stderr).contains("CANARY"));
    assert!(tools().exists());
}
