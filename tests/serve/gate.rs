//! Who may ask at all, and what of.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use super::serving::{APP, Serving};
use crate::login::bench::Bench;

#[test]
fn a_name_that_leads_here_by_rebinding_gets_nothing_not_even_by_get() {
    let bench = Bench::logged_in("");
    let serving = Serving::start(&bench, "--credentials demo", &APP);
    let token = serving.token_of("demo");
    let port = serving.host.rsplit(':').next().unwrap().to_owned();
    for host in
        [format!("evil.example:{port}"), "evil.example".to_owned(), "127.0.0.1:1".to_owned(), String::new()]
    {
        for path in
            ["/", "/healthz", "/.well-known/jwks.json", "/api/auth/me", "/credentials/demo", "/nowhere"]
        {
            let reply = serving.get(path, &[("Host", &host), ("Authorization", &token)]);
            reply.refuses(403, "forbidden", "host");
        }
        serving.ask("POST", "/api/auth/aws-login", &[("Host", &host)], "").refuses(403, "forbidden", "host");
    }
    assert_eq!(serving.get("/healthz", &[("Host", &format!("localhost:{port}"))]).status, 200);
    // The host of the request line counts, too.
    let absolute = format!(
        "GET http://evil.example/healthz HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        serving.host
    );
    assert_eq!(serving.raw(&absolute).status, 403);
    assert_eq!(bench.count("RegisterClient"), 0);
}

#[test]
fn pages_of_others_are_refused_and_listed_ones_are_answered() {
    let bench = Bench::start("");
    let serving = Serving::start(&bench, "--origin http://localhost:3000", &APP);
    let path = "/api/auth/register-client";
    for headers in
        [[("Origin", "http://evil.example")], [("Origin", "null")], [("Sec-Fetch-Site", "cross-site")]]
    {
        serving.ask("POST", path, &headers, "").refuses(403, "forbidden", "--origin");
        assert_eq!(serving.get("/", &headers).status, 403);
    }
    assert_eq!(bench.count("RegisterClient"), 0);
    let own = format!("http://{}", serving.host);
    let reply = serving.ask("POST", path, &[("Origin", &own), ("Sec-Fetch-Site", "same-origin")], "");
    reply.is(200);
    assert!(!reply.headers.contains("access-control-allow-origin"), "{reply:?}");
    let listed = [("Origin", "http://localhost:3000"), ("Sec-Fetch-Site", "same-site")];
    let reply = serving.ask("POST", path, &listed, "");
    reply.has("access-control-allow-origin: http://localhost:3000").is(200);
    let reply = serving.ask("OPTIONS", "/api/auth/token", &listed, "");
    assert_eq!(reply.status, 204);
    reply.has("access-control-allow-headers: authorization, content-type").has("vary: origin");
    assert_eq!(serving.ask("OPTIONS", "/credentials/demo", &listed, "").status, 403);
}

#[test]
fn bodies_are_json_small_and_objects() {
    let bench = Bench::start("");
    let serving = Serving::start(&bench, "", &APP);
    let path = "/api/auth/token";
    let form = serving.ask("POST", path, &[("Content-Type", "application/x-www-form-urlencoded")], "a=b");
    form.refuses(415, "invalid_request", "JSON");
    serving.ask("POST", path, &[("Content-Type", "text/plain")], "{}").refuses(
        415,
        "invalid_request",
        "JSON",
    );
    serving.post(path, &json!([1])).refuses(400, "invalid_request", "a JSON object");
    serving.post(path, &json!({"client_id": 5})).refuses(400, "invalid_request", "client_id");
    serving.ask("POST", path, &[("Content-Type", "application/json")], r#"{"a":1,"a":2}"#).refuses(
        400,
        "invalid_request",
        "JSON",
    );
    serving.post(path, &json!({"client_id": "x".repeat(20_000)})).refuses(413, "too_large", "16 KiB");
    serving.get("/nowhere", &[]).refuses(404, "not_found", "");
    serving.get("/api/auth/token", &[]).refuses(405, "method_not_allowed", "");
}

#[test]
fn a_line_for_each_request_has_no_query_body_or_path_of_a_stranger() {
    let bench = Bench::start("");
    let serving = Serving::start(&bench, "", &APP);
    serving.get("/api/auth/me?token=CANARY", &[("Authorization", "Bearer CANARY")]);
    serving.post(
        "/api/auth/token",
        &json!({"client_id": "CANARY", "client_secret": "CANARY", "device_code": "CANARY"}),
    );
    serving.get("/CANARY", &[]);
    let log = serving.log();
    for line in ["GET /api/auth/me 401 ", "POST /api/auth/token 400 ", "GET - 404 "] {
        assert!(log.lines().any(|found| found.contains(line) && found.ends_with("ms")), "{log}");
    }
    assert!(!log.contains("CANARY"), "{log}");
}

#[test]
fn a_client_that_sends_slowly_or_nothing_is_let_go() {
    let bench = Bench::start("");
    let serving = Serving::start(&bench, "", &APP);
    let slow: Vec<_> = ["", "GET / HTTP/1.1\r\nHost:", "POST /api/auth/token HTTP/1.1\r\n"]
        .map(|text| {
            let mut stream = TcpStream::connect(&serving.host).unwrap();
            stream.write_all(text.as_bytes()).unwrap();
            stream
        })
        .into();
    let mut body = TcpStream::connect(&serving.host).unwrap();
    let head = format!(
        "POST /api/auth/token HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{",
        serving.host
    );
    body.write_all(head.as_bytes()).unwrap();
    // Others are answered meanwhile.
    assert_eq!(serving.get("/healthz", &[]).status, 200);
    let mut text = String::new();
    body.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    body.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 408"), "{text}");
    for mut stream in slow {
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        // Closed, or told why and closed: either way it ends.
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
    }
}

#[test]
fn clients_that_say_nothing_keep_nobody_out() {
    let bench = Bench::start("");
    let serving = Serving::start(&bench, "", &APP);
    let head = format!(
        "POST /api/auth/token HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{",
        serving.host
    );
    // More than the server holds, half of them with a body that doesn't end.
    let silent: Vec<_> = (0..600)
        .map(|n| {
            let mut stream = TcpStream::connect(&serving.host).unwrap();
            if n % 2 == 0 {
                stream.write_all(head.as_bytes()).unwrap();
            }
            stream
        })
        .collect();
    assert_eq!(serving.get("/healthz", &[]).status, 200);
    // The first went without an answer, to make room; by its own time it would have got one.
    let mut first = &silent[0];
    first.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut rest = String::new();
    let _ = first.read_to_string(&mut rest);
    assert_eq!(rest, "");
}

#[test]
fn a_signal_lets_requests_end_and_the_status_is_0() {
    let bench = Bench::start("--hang RegisterClientx1");
    for signal in [Signal::TERM, Signal::INT] {
        let serving = Serving::start(&bench, "", &APP);
        let mut idle = TcpStream::connect(&serving.host).unwrap();
        idle.write_all(format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", serving.host).as_bytes())
            .unwrap();
        let mut first = [0; 12];
        idle.read_exact(&mut first).unwrap();
        assert_eq!(serving.stop(signal), Some(0), "an idle connection must not keep it");
    }
}

#[test]
fn a_busy_port_is_named_with_its_holder() {
    let bench = Bench::start("");
    let serving = Serving::start(&bench, "", &APP);
    let ended = bench.run(&format!("sso-login serve --listen {}", serving.host));
    let ended = ended.exits(75).says("is in use");
    assert!(ended.stdout.is_empty());
    if cfg!(target_os = "linux") {
        assert!(ended.stderr.contains(&format!("sso-login (process {})", serving.id())), "{}", ended.stderr);
    }
}

#[test]
fn off_loopback_a_secret_is_needed() {
    let bench = Bench::start("");
    bench.run("sso-login serve --listen 0.0.0.0:0").exits(78).says("is not loopback");
    let file = bench.file("secret");
    for (text, mode, says) in
        [("short", 0o600, "16 bytes"), ("a-secret-that-is-long-enough", 0o644, "by others")]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let line = format!("sso-login serve --listen 0.0.0.0:0 --aws-login-secret-file {}", file.display());
        bench.run(&line).exits(78).says(says);
    }
    // As the hint says; then which names are answered is said.
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let mut command = bench
        .command(&format!("sso-login serve --listen 0.0.0.0:0 --aws-login-secret-file {}", file.display()));
    command.envs(APP);
    let serving = Serving::of(&bench, command);
    assert!(serving.log().contains("only requests for loopback's names"), "{}", serving.log());
    drop(serving);
    bench.run("sso-login serve --listen nonsense").exits(2).says("an address");
    bench.run("sso-login serve --origin nonsense").exits(2).says("an origin");
}
