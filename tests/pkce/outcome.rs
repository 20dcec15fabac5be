//! How it ends: what is written, what is said, and that nothing is left.

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::login::bench::{Bench, TOKEN, after};
use crate::pkce::under_way::{UnderWay, read};
use crate::support::{end, names};

#[test]
fn a_login_opens_the_browser_and_keeps_what_it_brings() {
    let bench = Bench::start("");
    let mut command = bench.command("sso-login --via pkce demo");
    command.env("BROWSER", bench.served.document["export"]["BROWSER"].as_str().unwrap());
    let ended = end(command, "");
    let last = ended.succeeds("success");
    assert_eq!((&last["via"], &last["expiresAt"]), (&json!("pkce"), &json!(after(3600))));

    let event = &ended.documents()[0];
    let port = event["port"].as_u64().unwrap();
    let redirect_uri = format!("http://127.0.0.1:{port}/oauth/callback");
    let url = event["url"].as_str().unwrap();
    let notice = "AWS will ask you to allow access for sso-login-sandbox: it is the first login of session sandbox \
                  here, as far as the cache knows.";
    assert_eq!(
        event,
        &json!({"event": "authorize", "profile": "demo", "ssoSession": "sandbox", "via": "pkce", "url": url,
                "port": port, "redirectUri": redirect_uri, "expiresAt": event["expiresAt"], "registration": "new",
                "registrationReason": "first", "notice": notice})
    );
    assert_eq!(
        ended.stderr,
        format!(
            "{notice}\nTo log in as profile demo, use the browser that opens now. If none opens, open this page in a browser on \
             this machine (it returns to port {port}):\n\n    {url}\n\n"
        )
    );
    let (base, query) = url.split_once('?').unwrap();
    assert_eq!(base, bench.served.url("oidcUrl", "/authorize"));
    let (keys, values): (Vec<_>, Vec<_>) = query.split('&').map(|pair| pair.split_once('=').unwrap()).unzip();
    assert_eq!(
        keys,
        [
            "response_type",
            "client_id",
            "redirect_uri",
            "state",
            "code_challenge_method",
            "scopes",
            "code_challenge"
        ]
    );
    assert_eq!(
        [values[0], values[2], values[4], values[5]],
        [
            "code",
            &format!("http%3A%2F%2F127.0.0.1%3A{port}%2Foauth%2Fcallback"),
            "S256",
            "sso%3Aaccount%3Aaccess"
        ]
    );
    assert_eq!((values[3].len(), values[6].len()), (36, 43));

    let token = bench.token();
    let keys: Vec<_> = token.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "startUrl",
            "region",
            "accessToken",
            "expiresAt",
            "clientId",
            "clientSecret",
            "registrationExpiresAt",
            "refreshToken"
        ]
    );
    assert_eq!(token["clientId"], values[1]);
    for name in names(bench.cache()) {
        assert_eq!(fs::metadata(bench.cache().join(name)).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // Once there is a session, nobody is asked anything.
    bench.run("sso-login --via pkce demo").exits(0);
    assert_eq!(bench.counts()[0], 1);
    assert!(bench.served.admin("/sandbox/log").text.contains("\"clientName\":\"sso-login-sandbox\""));
}

#[test]
fn the_page_says_so_only_once_the_token_is_kept() {
    let bench = Bench::start("");
    let login = UnderWay::start(&bench);
    let page = login.get(&login.answer());
    // Read before the process ended.
    assert!(bench.cache().join(TOKEN).exists());
    assert!(
        page.contains("The AWS session <strong>sandbox</strong> is ready.<br>You can close this window."),
        "{page}"
    );
    login.end().succeeds("success");
}

#[test]
fn a_token_that_cant_be_kept_is_no_success() {
    let bench = Bench::start("");
    let login = UnderWay::start(&bench);
    fs::create_dir(bench.cache().join(TOKEN)).unwrap();
    let page = login.get(&login.answer());
    assert!(page.contains("The login did not work"), "{page}");
    let ended = login.end();
    assert_eq!(ended.code, 74, "{}", ended.stderr);
    assert!(ended.complaint().contains(TOKEN), "{}", ended.stderr);
}

#[test]
fn a_denial_is_told_apart() {
    let bench = Bench::start("--deny");
    let login = UnderWay::start(&bench);
    let page = login.get(&login.answer());
    assert!(page.contains("The login was denied"), "{page}");
    let last = login.end().fails(77, "failed", "access_denied", "the login was denied");
    assert_eq!(last["via"], "pkce");
    assert_eq!((bench.count("CreateToken"), bench.cache().join(TOKEN).exists()), (0, false));
}

#[test]
fn a_code_that_is_no_good_is_told_apart() {
    // Invented, expired, or used already: the service says the same of all.
    let bench = Bench::start("--expire");
    let login = UnderWay::start(&bench);
    let page = login.get(&login.answer());
    assert!(page.contains("The login did not work") && page.contains("Your terminal says why"), "{page}");
    let ended = login.end();
    ended.fails(77, "failed", "invalid_grant", "the service doesn't accept the code");
    assert!(ended.complaint().contains("hint: check that the start URL"), "{}", ended.stderr);

    let login = UnderWay::start(&bench);
    login.get(&format!("/oauth/callback?code=invented&state={}", login.state()));
    login.end().fails(77, "failed", "invalid_grant", "the service doesn't accept the code");
    assert!(!bench.cache().join(TOKEN).exists());
}

#[test]
fn a_service_that_fails_is_told_apart() {
    let bench = Bench::start("");
    bench.faults(&json!({"fail": ["RegisterClient=503"]}));
    bench.run("sso-login --via pkce demo").fails(69, "failed", "unreachable", "can't be reached");
    bench.served.forget("/sandbox/faults");
    let login = UnderWay::start(&bench);
    bench.faults(&json!({"fail": ["CreateToken=503"]}));
    let page = login.get(&login.answer());
    assert!(page.contains("The login did not work"), "{page}");
    login.end().fails(69, "failed", "unreachable", "can't be reached");
}

#[test]
fn nobody_is_waited_for_longer_than_the_deadline() {
    let bench = Bench::start("");
    let is_shown = |ended: &crate::support::Ended| ended.stdout.contains("authorize");
    let ended = bench.run_out("sso-login --via pkce demo", &[], is_shown);
    let port = ended.documents()[0]["port"].as_u64().unwrap().try_into().unwrap();
    ended.fails(124, "timeout", "", "the browser did not return in time; its page no longer works");
    assert!(ended.complaint().contains("hint: sso-login --via device"), "{}", ended.stderr);
    assert!(TcpStream::connect::<(&str, u16)>(("127.0.0.1", port)).is_err());
    assert_eq!(bench.state(), [""; 0]);

    let silent = Bench::start("--hang RegisterClient");
    let ended = silent.run("sso-login --via pkce demo --timeout 700ms");
    ended.fails(124, "timeout", "", "the SSO service did not answer in time");
}

#[test]
fn a_longer_deadline_than_ten_minutes_is_ten_minutes() {
    let bench = Bench::start("");
    let login = UnderWay::of(bench.command("sso-login --via pkce demo --timeout 5h"));
    let expires_at = login.event["expiresAt"].as_str().unwrap();
    assert!(*expires_at <= *after(600) && *expires_at >= *after(590), "{expires_at}");
    login.signal(Signal::TERM);
    login.end();
}

#[test]
fn an_interrupted_login_leaves_nothing() {
    let bench = Bench::start("");
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let login = UnderWay::start(&bench);
        let port = login.port();
        // Somebody is connected, too.
        let _silent = login.connect();
        login.signal(signal);
        let last = login.end().fails(code, "failed", "interrupted", "the login was interrupted");
        assert_eq!(last["via"], "pkce");
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
        assert_eq!(bench.state(), [""; 0]);
        // The registration is good for the next try.
        assert_eq!((names(bench.cache()).len(), bench.count("RegisterClient")), (1, 1));
    }
}

#[test]
fn a_browser_that_blocks_or_fails_holds_nothing_up() {
    let bench = Bench::start("");
    // It runs until the test is over.
    let blocking =
        bench.program("blocking", "echo \"$1\" > \"$0.url\"; while [ -e \"$0\" ]; do sleep 0.1; done");
    let failing = bench.program("failing", "exit 1");
    for program in [blocking.to_str().unwrap(), failing.to_str().unwrap(), "/nonexistent/browser"] {
        let mut command = bench.command("sso-login --via pkce --force demo");
        command.env("BROWSER", program);
        let login = UnderWay::of(command);
        let page = login.get(&login.answer());
        assert!(page.contains("You are logged in"), "{page}");
        login.end().succeeds("success");
    }
    fs::remove_file(blocking).unwrap();
}

#[test]
fn many_at_once_are_one_login() {
    let bench = Bench::start("");
    let browser = bench.served.document["export"]["BROWSER"].as_str().unwrap();
    let crowd: Vec<_> = (0..12)
        .map(|index| {
            let profile = if index % 2 == 0 { "demo" } else { "demo-admin" };
            let mut command = bench.command(&format!("sso-login --via pkce {profile}"));
            command.env("BROWSER", browser);
            std::thread::spawn(move || end(command, ""))
        })
        .collect();
    let outcomes: Vec<_> =
        crowd.into_iter().map(|one| one.join().unwrap().last()["outcome"].clone()).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == "success").count(), 1, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == "valid").count(), 11, "{outcomes:?}");
    assert_eq!((bench.counts()[0], bench.count("Authorize")), (1, 1));
}

#[test]
fn a_browser_that_comes_byte_by_byte_is_one() {
    let bench = Bench::start("");
    let login = UnderWay::start(&bench);
    let mut stream = login.connect();
    stream.set_nodelay(true).unwrap();
    for byte in format!("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", login.answer()).bytes() {
        stream.write_all(&[byte]).unwrap();
    }
    let page = read(stream);
    assert!(page.contains("You are logged in"), "{page}");
    login.end().succeeds("success");
}

#[test]
fn no_secret_is_shown_to_anybody() {
    let bench = Bench::start("");
    let mut command = bench.command("sso-login --via pkce demo");
    command.env("SSO_LOG", "debug");
    let login = UnderWay::of(command);
    let command_line = fs::read_to_string(format!("/proc/{}/cmdline", login.pid())).unwrap_or_default();
    let answer = login.answer();
    let page = login.get(&answer);
    let ended = login.end();
    let token = bench.token();
    let code = answer.split_once("code=").unwrap().1.split('&').next().unwrap();
    for secret in
        [code, text(&token["accessToken"]), text(&token["refreshToken"]), text(&token["clientSecret"])]
    {
        for shown in [&ended.stdout, &ended.stderr, &page, &command_line] {
            assert!(!shown.contains(secret));
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
