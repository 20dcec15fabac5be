//! The tokens: what signs them, what they say, and what ends them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use rustix::fs::{FlockOperation, flock};
use rustix::process::Signal;
use serde_json::{Value, json};

use super::serving::{APP, Serving};
use crate::login::bench::Bench;
use crate::support::NOW;

const SECRET: &str = "4k7Qm1xZ9pV2sW8rT6yB3nH5jL0dF-uCgE_aXoKi";

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn signed(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", encode(header), encode(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(hmac::sign(&key, text.as_bytes())))
}

fn is_good(serving: &Serving, token: &str) -> bool {
    let reply = serving.with("GET", "/api/auth/verify", token);
    if reply.status == 204 {
        reply.has("x-auth-user: aroasandbox");
        return true;
    }
    reply.has("www-authenticate: bearer").refuses(401, "invalid_token", "Could not validate credentials");
    false
}

fn state(bench: &Bench) -> PathBuf {
    bench.home().join(".aws/sso-renewer/serve")
}

#[test]
fn a_token_says_who_for_whom_and_until_when() {
    let bench = Bench::start("--pending 0 --role-lifetime 20m");
    let serving = Serving::start(&bench, "", &APP);
    let answer = serving.sign_in();
    let token = answer["access_token"].as_str().unwrap();
    let (header, claims) = (part(token, 0), part(token, 1));
    assert_eq!((&header["alg"], &header["typ"]), (&json!("ES256"), &json!("JWT")));
    let now = chrono::DateTime::parse_from_rfc3339(NOW).unwrap().timestamp();
    assert_eq!((&claims["iat"], &claims["nbf"]), (&json!(now), &json!(now)));
    // Never past the AWS credentials, which end after 20 minutes here.
    assert_eq!((&claims["exp"], &answer["expires_in"]), (&json!(now + 1200), &json!(1200)));
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!("sso-login"), &json!("111122223333/Developer")));
    assert_eq!((&claims["sub"], &claims["sub"]), (&answer["user"]["id"], &json!("AROASANDBOX22223333:user")));
    let keys = serving.get("/.well-known/jwks.json", &[]).is(200);
    assert_eq!(keys["keys"][0]["kid"], header["kid"]);
    assert!(keys["keys"][0].get("d").is_none(), "{keys}");
    let mode = fs::metadata(state(&bench).join("keys.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(is_good(&serving, token));
    let again = serving.with("POST", "/api/auth/refresh", token).is(200);
    let renewed = part(again["access_token"].as_str().unwrap(), 1);
    assert_eq!((&renewed["sid"], &renewed["exp"]), (&claims["sid"], &claims["exp"]));
    assert_ne!(renewed["jti"], claims["jti"]);
    assert!(serving.get("/api/auth/me", &[]).is(401)["detail"] == "Could not validate credentials");
}

#[test]
fn no_other_key_or_algorithm_makes_a_token() {
    let bench = Bench::start("--pending 0");
    let serving = Serving::start(&bench, "", &APP);
    let answer = serving.sign_in();
    let token = answer["access_token"].as_str().unwrap();
    let (header, claims) = (part(token, 0), part(token, 1));
    let public = serving.get("/.well-known/jwks.json", &[]);
    let key = &public.json()["keys"][0];
    let point = ["x", "y"].map(|name| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap()).concat();
    let point = [&[4], point.as_slice()].concat();
    let with = |algorithm: &str| json!({"alg": algorithm, "typ": "JWT", "kid": header["kid"]});
    // The public key as an HMAC secret, in every form that it has; no signature; a foreign key.
    for secret in [public.text.as_bytes(), key.to_string().as_bytes(), &point, &point[1..], b""] {
        assert!(!is_good(
            &serving,
            &signed(&with("HS256"), &claims, if secret.is_empty() { b"x" } else { secret })
        ));
        assert!(!is_good(
            &serving,
            &signed(&with("ES256"), &claims, if secret.is_empty() { b"x" } else { secret })
        ));
    }
    for algorithm in ["none", "None", "RS256", "EdDSA", "ES384", ""] {
        let unsigned = signed(&with(algorithm), &claims, b"x");
        assert!(!is_good(&serving, &unsigned));
        assert!(!is_good(&serving, &format!("{}.", unsigned.rsplit_once('.').unwrap().0)));
    }
    let [head, body, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("{token}") };
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let unknown = encode(&json!({"alg": "ES256", "typ": "JWT", "kid": "unknown"}));
    let without = encode(&json!({"alg": "ES256", "typ": "JWT"}));
    let mut other = claims.clone();
    other["sub"] = json!("somebody-else");
    for forged in [
        format!("{unknown}.{body}.{signature}"),
        format!("{without}.{body}.{signature}"),
        format!("{head}.{}.{signature}", encode(&other)),
        format!("{head}.{body}"),
        format!("{head}.{body}.{signature}.x"),
        String::new(),
        "x".to_owned(),
    ] {
        assert!(!is_good(&serving, &forged), "{forged}");
    }
    assert!(is_good(&serving, token));
}

#[test]
fn claims_that_lack_something_or_do_not_hold_are_no_token() {
    let bench = Bench::start("--pending 0");
    let serving = Serving::start(&bench, "", &[APP.as_slice(), &[("SECRET_KEY", SECRET)]].concat());
    assert_eq!(serving.get("/.well-known/jwks.json", &[]).is(200), json!({"keys": []}));
    let answer = serving.sign_in();
    let token = answer["access_token"].as_str().unwrap();
    let (header, claims) = (part(token, 0), part(token, 1));
    assert_eq!(header["alg"], "HS256");
    let now = claims["iat"].as_i64().unwrap();
    let changed = |key: &str, value: Value| {
        let mut claims = claims.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(key)
        } else {
            claims.as_object_mut().unwrap().insert(key.to_owned(), value)
        };
        signed(&header, &claims, SECRET.as_bytes())
    };
    assert!(is_good(&serving, &changed("note", json!("the control"))));
    for key in ["iss", "aud", "exp", "sub", "sid"] {
        assert!(!is_good(&serving, &changed(key, Value::Null)), "without {key}");
    }
    for (key, value) in [
        ("iss", json!("somebody")),
        ("aud", json!("111122223333/Administrator")),
        ("aud", json!(["somebody"])),
        ("exp", json!(now)),
        ("exp", json!(now - 1)),
        ("exp", json!("soon")),
        ("nbf", json!(now + 60)),
        ("iat", json!(now + 60)),
        ("sub", json!("")),
        ("sid", json!("guess")),
    ] {
        assert!(!is_good(&serving, &changed(key, value.clone())), "{key} = {value}");
    }
    // A clock that is a few seconds ahead, as two hosts' clocks are.
    assert!(is_good(&serving, &changed("nbf", json!(now + 20))));
    assert!(!is_good(&serving, &signed(&json!({"alg": "HS512"}), &claims, SECRET.as_bytes())));
}

#[test]
fn a_secret_that_can_be_guessed_is_refused() {
    let bench = Bench::start("");
    let long = "a".repeat(64);
    for secret in ["short", "changeme", "your-secret-key-here-change-in-production", &long, &SECRET[..31]] {
        bench
            .run_with("sso-login serve --listen 0", &[("SECRET_KEY", secret)])
            .exits(78)
            .says("SECRET_KEY is too weak");
    }
}

#[test]
fn after_a_restart_tokens_hold_and_what_was_ended_stays_so() {
    let bench = Bench::start("--pending 0");
    let serving = Serving::start(&bench, "", &APP);
    let (kept, ended) = (serving.sign_in(), serving.sign_in());
    let [kept, ended] = [&kept, &ended].map(|answer| answer["access_token"].as_str().unwrap());
    // One of its tokens logged out ends all of a sign-in.
    let renewed = serving.with("POST", "/api/auth/refresh", ended).is(200);
    serving.with("POST", "/api/auth/logout", renewed["access_token"].as_str().unwrap()).is(200);
    assert!(!is_good(&serving, ended));
    assert_eq!(serving.with("POST", "/api/auth/refresh", ended).status, 401);
    assert_eq!(serving.stop(Signal::KILL), None);
    let serving = Serving::start(&bench, "", &APP);
    assert!(is_good(&serving, kept));
    assert!(!is_good(&serving, ended));
    // A server of another application says nothing about them.
    let other =
        APP.map(|(name, value)| (name, if name == "AWS_SSO_ROLE_NAME" { "Administrator" } else { value }));
    assert!(!is_good(&Serving::start(&bench, "", &other), kept));
}

#[test]
fn a_sign_in_that_ended_at_one_server_is_ended_at_every_one() {
    let bench = Bench::start("--pending 0");
    let (one, other) = (Serving::start(&bench, "", &APP), Serving::start(&bench, "", &APP));
    let answer = one.sign_in();
    let token = answer["access_token"].as_str().unwrap();
    assert!(is_good(&one, token) && is_good(&other, token));
    one.with("POST", "/api/auth/logout", token).is(200);
    assert!(!is_good(&one, token) && !is_good(&other, token));
}

#[test]
fn a_key_that_others_could_read_signs_nobody_in() {
    let bench = Bench::start("--pending 0");
    let serving = Serving::start(&bench, "", &APP);
    let answer = serving.sign_in();
    let token = answer["access_token"].as_str().unwrap();
    serving.stop(Signal::TERM);
    let keys = bench.home().join(".aws/sso-renewer/serve/keys.json");
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o644)).unwrap();
    let serving = Serving::start(&bench, "", &APP);
    assert!(!is_good(&serving, token));
    assert!(
        serving.log().contains("keys.json could be read by others; new keys are made"),
        "{}",
        serving.log()
    );
    assert_eq!(fs::metadata(&keys).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_state_directory_that_is_locked_holds_up_nobody_and_keeps_no_sign_in() {
    let bench = Bench::start("--pending 0");
    let serving = Serving::start(&bench, "", &APP);
    let answer = serving.sign_in();
    let token = answer["access_token"].as_str().unwrap();
    let unknown = {
        let rest = token.split_once('.').unwrap().1;
        let header = json!({"alg": "ES256", "typ": "JWT", "kid": "nobodys"});
        format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string()))
    };
    let directory = fs::File::open(bench.home().join(".aws/sso-renewer/serve")).unwrap();
    flock(&directory, FlockOperation::LockExclusive).unwrap();
    let is_answered = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let reply = serving.with("GET", "/api/auth/me", &unknown);
            is_answered.store(true, Ordering::Relaxed);
            reply.status
        });
        let leaving = scope.spawn(|| serving.with("POST", "/api/auth/logout", token).status);
        for _ in 0..20 {
            assert_eq!(serving.get("/healthz", &[]).status, 200);
        }
        assert!(!is_answered.load(Ordering::Relaxed), "others have to be answered meanwhile");
        assert_eq!((asking.join().unwrap(), leaving.join().unwrap()), (500, 500));
    });
    // It couldn't be written down; this server knows all the same.
    assert!(!is_good(&serving, token));
    drop(directory);
}

#[test]
fn an_approval_outlasts_a_state_directory_that_cannot_be_written() {
    let bench = Bench::start("--pending 0");
    let serving = Serving::start(&bench, "", &APP);
    let (asked, _) = serving.begin();
    let directory = fs::File::open(bench.home().join(".aws/sso-renewer/serve")).unwrap();
    flock(&directory, FlockOperation::LockExclusive).unwrap();
    let reply = serving.post("/api/auth/token", &asked);
    assert!(reply.status >= 500 && !reply.text.contains("Problem"), "{reply:?}");
    drop(directory);
    crate::support::until("the sign-in", || serving.post("/api/auth/token", &asked).status == 200);
    assert_eq!(bench.count("CreateToken"), 1, "a person approves once");
}

#[test]
fn keys_by_hand_end_at_64() {
    let bench = Bench::start("");
    let serving = Serving::start(&bench, "", &APP);
    let count = || serving.get("/.well-known/jwks.json", &[]).json()["keys"].as_array().unwrap().len();
    for number in 2..=64 {
        serving.signal(Signal::USR1);
        crate::support::until("a new key", || count() == number);
    }
    serving.signal(Signal::USR1);
    crate::support::until("a word about it", || serving.log().contains("64 keys"));
    assert_eq!(count(), 64);
}

#[test]
fn a_new_key_signs_and_the_old_one_still_checks_under_load() {
    let bench = Bench::start("--pending 0");
    let serving = Serving::start(&bench, "", &APP);
    let answer = serving.sign_in();
    let token = answer["access_token"].as_str().unwrap();
    let count = || serving.get("/.well-known/jwks.json", &[]).json()["keys"].as_array().unwrap().len();
    std::thread::scope(|scope| {
        let asking: Vec<_> =
            (0..4).map(|_| scope.spawn(|| (0..40).all(|_| is_good(&serving, token)))).collect();
        for number in 2..5 {
            serving.signal(Signal::USR1);
            while count() < number {
                std::thread::yield_now();
            }
        }
        assert!(asking.into_iter().all(|asking| asking.join().unwrap()));
    });
    let renewed = serving.with("POST", "/api/auth/refresh", token).is(200);
    assert_ne!(part(renewed["access_token"].as_str().unwrap(), 0)["kid"], part(token, 0)["kid"]);
    assert!(is_good(&serving, renewed["access_token"].as_str().unwrap()));
}

#[test]
fn a_kill_at_any_moment_leaves_keys_and_sign_ins_whole() {
    let bench = Bench::start("--pending 0");
    let mut tokens: Vec<String> = Vec::new();
    for _ in 0..6 {
        let serving = Serving::start(&bench, "", &APP);
        assert!(tokens.iter().all(|token| is_good(&serving, token)));
        tokens.push(serving.sign_in()["access_token"].as_str().unwrap().to_owned());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        // Each of them writes; the last ones find nobody there.
                        let _ = std::net::TcpStream::connect(&serving.host).map(|_| {
                            std::panic::catch_unwind(|| serving.with("POST", "/api/auth/refresh", &tokens[0]))
                        });
                    }
                });
            }
            serving.signal(Signal::USR1);
            serving.signal(Signal::KILL);
        });
    }
    for file in ["keys.json", "sign-ins.json"] {
        let text = fs::read_to_string(state(&bench).join(file)).unwrap();
        assert!(serde_json::from_str::<Value>(&text).is_ok(), "{file}: {text}");
    }
}
