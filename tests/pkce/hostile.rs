//! Everything that isn't the browser: it neither ends the login nor holds it up.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::process::Stdio;

use crate::login::bench::Bench;
use crate::pkce::under_way::{UnderWay, connect, read};

/// Asserts that the login is still to be had, by having it.
#[track_caller]
fn goes_on(login: UnderWay) {
    let page = login.get(&login.answer());
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("You are logged in"), "{page}");
    login.end().succeeds("success");
}

#[test]
fn what_lacks_the_state_changes_nothing() {
    let bench = Bench::start("");
    let login = UnderWay::start(&bench);
    let state = login.state();
    let other = "1b4e28ba-2fa1-41d2-883f-0016d3cca427";
    for query in [
        String::new(),
        "?".to_owned(),
        "?code=x".to_owned(),
        "?error=access_denied".to_owned(),
        "?error=access_denied&error_description=no&state=".to_owned(),
        format!("?code=x&state={other}"),
        format!("?error=access_denied&state={other}"),
        format!("?code=x&state={}", &state[..35]),
        format!("?code=x&state={state}0"),
        format!("?code=x&state={}", state.to_uppercase()),
        // Two answers are none.
        format!("?state={state}"),
        format!("?code=&state={state}"),
        format!("?code=x&code=y&state={state}"),
        format!("?code=x&state={state}&state={other}"),
        format!("?code=x&state={state}&state={state}"),
        format!("?code=x&error=access_denied&state={state}"),
    ] {
        let page = login.get(&format!("/oauth/callback{query}"));
        assert!(page.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{query}: {page}");
        assert!(page.contains("not the login that is under way"), "{query}: {page}");
    }
    goes_on(login);
    assert_eq!(bench.count("CreateToken"), 1);
}

#[test]
fn other_places_and_methods_change_nothing() {
    let bench = Bench::start("");
    let login = UnderWay::start(&bench);
    let good = format!("/oauth/callback?code=x&state={}", login.state());
    for (target, status) in [
        ("/", "404 Not Found"),
        ("/favicon.ico", "404 Not Found"),
        ("/oauth/callback/", "404 Not Found"),
        ("/oauth/../oauth/callback", "404 Not Found"),
        (&good.replace("callback", "Callback"), "404 Not Found"),
        (&good.replace("/oauth", "//oauth"), "404 Not Found"),
        (&good.replace("/oauth", "http://127.0.0.1/x/oauth"), "404 Not Found"),
        (&good.replace("/oauth", "oauth"), "400 Bad Request"),
    ] {
        let page = login.get(target);
        assert!(page.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{target}: {page}");
    }
    for method in ["HEAD", "POST", "PUT", "OPTIONS", "get"] {
        let page = login.ask(&format!("{method} {good} HTTP/1.1\r\nContent-Length: 0\r\n\r\n"));
        assert!(page.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"), "{method}: {page}");
        assert!(page.contains("\r\nAllow: GET\r\n"), "{page}");
    }
    for request in
        ["\r\n\r\n", "GET\r\n\r\n", "GET /oauth/callback\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
    {
        assert!(login.ask(request).starts_with("HTTP/1.1 400 Bad Request\r\n"), "{request:?}");
    }
    goes_on(login);
    assert_eq!(bench.count("CreateToken"), 1);
}

#[test]
fn nothing_that_a_request_says_is_on_a_page() {
    let bench = Bench::start("");
    let login = UnderWay::start(&bench);
    let canary = "%3Cscript%3Ecanary%3C/script%3E";
    let mut pages = vec![
        login.get(&format!("/oauth/callback?error={canary}&error_description={canary}&state={canary}")),
        login.get("/canary<script>"),
        login.ask("CANARY /oauth/callback HTTP/1.1\r\ncanary: canary\r\n\r\n"),
    ];
    pages.push(login.get(&format!("/oauth/callback?error={canary}&state={}", login.state())));
    for page in pages {
        assert!(!page.to_lowercase().contains("canary"), "{page}");
        for header in [
            "Content-Security-Policy: default-src 'none'; style-src 'sha256-",
            "Cache-Control: no-store",
            "X-Content-Type-Options: nosniff",
            "Referrer-Policy: no-referrer",
            "Connection: close",
        ] {
            assert!(page.contains(&format!("\r\n{header}")), "{header}: {page}");
        }
    }
    let ended = login.end();
    assert_eq!(ended.code, 77);
    // What came with the right state is the service's word, but for the terminal's sake not more than that.
    assert!(!ended.stderr.contains('\u{1b}'));
}

#[test]
fn a_head_without_end_is_cut_off() {
    let bench = Bench::start("");
    let login = UnderWay::start(&bench);
    let long = "x".repeat(1 << 20);
    for request in [
        format!("GET /oauth/callback?code={long}&state={} HTTP/1.1\r\n\r\n", login.state()),
        format!("GET / HTTP/1.1\r\nX: {long}\r\n\r\n"),
        long.clone(),
    ] {
        let page = login.ask(&request);
        assert!(page.is_empty() || page.starts_with("HTTP/1.1 431 "), "{page}");
    }
    // A body is never read, and never waited for.
    let with_body = "POST /x HTTP/1.1\r\nContent-Length: 1000000000\r\nExpect: 100-continue\r\n\r\n";
    assert!(login.ask(with_body).starts_with("HTTP/1.1 404 "));
    goes_on(login);
}

#[test]
fn silent_and_slow_clients_keep_nobody_out() {
    let bench = Bench::start("");
    let login = UnderWay::start(&bench);
    let port = login.port();
    // More than there is room for, each with a part of a request.
    let mut crowd: Vec<_> = (0..300).map(|_| connect(port)).collect();
    for (index, stream) in crowd.iter_mut().enumerate() {
        // Those that had to make room are gone.
        let _ = stream.write_all(&b"GET /oauth/callback?code=x"[..index % 26]);
    }
    let page = login.get(&login.answer());
    assert!(page.contains("You are logged in"), "{page}");
    login.end().succeeds("success");
    // The oldest were closed, and the process didn't wait for the others.
    assert!(crowd.into_iter().all(|stream| read(stream).is_empty()));
}

#[test]
fn a_scan_of_ports_is_nothing() {
    let bench = Bench::start("");
    let login = UnderWay::start(&bench);
    for bytes in [
        &b""[..],
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\0\0\0\0\r\n\r\n",
        b"SSH-2.0-scan\r\n",
        b"\n\n",
    ] {
        let mut stream = login.connect();
        stream.write_all(bytes).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let page = read(stream);
        assert!(page.is_empty() || page.starts_with("HTTP/1.1 400 "), "{bytes:?}: {page}");
    }
    goes_on(login);
}

#[test]
fn a_process_that_hammers_the_port_with_errors_ends_nothing() {
    let bench = Bench::start("");
    let login = UnderWay::start(&bench);
    // Another process, as fast as it can, until its pipe breaks.
    let script = format!(
        "while exec 3<>/dev/tcp/127.0.0.1/{}; do
             printf 'GET /oauth/callback?error=access_denied&state=%s HTTP/1.1\\r\\n\\r\\n' $RANDOM >&3
             echo; exec 3>&-
         done",
        login.port()
    );
    let mut command = bench.command("bash");
    let mut hammer =
        command.args(["-c", &script]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut blows = std::io::BufReader::new(hammer.stdout.take().unwrap());
    let mut line = String::new();
    for _ in 0..50 {
        std::io::BufRead::read_line(&mut blows, &mut line).unwrap();
    }
    goes_on(login);
    drop(blows);
    hammer.wait().unwrap();
}

#[test]
fn who_asks_again_sees_the_same_end_and_no_second_token_is_asked_for() {
    let bench = Bench::start("--fail CreateToken=503x1");
    let login = UnderWay::start(&bench);
    let answer = login.answer();
    // The service fails once, so the token takes a moment, and both wait for it.
    let [first, second] = [(); 2].map(|()| {
        let mut stream = login.connect();
        stream.write_all(format!("GET {answer} HTTP/1.1\r\n\r\n").as_bytes()).unwrap();
        stream
    });
    for stream in [first, second] {
        let page = read(stream);
        assert!(page.contains("You are logged in"), "{page}");
    }
    login.end().succeeds("success");
    assert_eq!(bench.counts()[0], 1);
}

#[test]
fn the_port_is_on_loopback_only_and_closed_afterwards() {
    let bench = Bench::start("");
    let login = UnderWay::start(&bench);
    let port = login.port();
    let listening = |table: &str| -> Vec<String> {
        let text = fs::read_to_string(format!("/proc/net/{table}")).unwrap_or_default();
        // sl, local address, remote address, state (0A: listening).
        let rows = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        rows.filter(|row| row.get(3) == Some(&"0A"))
            .filter_map(|row| row.get(1)?.strip_suffix(&format!(":{port:04X}")).map(str::to_owned))
            .collect()
    };
    if fs::exists("/proc/net/tcp").unwrap() {
        assert_eq!((listening("tcp"), listening("tcp6")), (vec!["0100007F".to_owned()], vec![]));
    }
    // Not reachable by another address of this machine's loopback either.
    assert!(std::net::TcpStream::connect(("127.0.0.2", port)).is_err());
    goes_on(login);
    assert!(TcpListener::bind(("127.0.0.1", port)).is_ok());
}

#[test]
fn connections_that_stay_open_leave_the_login_the_files_that_it_needs() {
    let bench = Bench::start("");
    let mut command = bench.command("bash -c");
    command.arg("ulimit -n 64; exec sso-login --via pkce demo");
    let login = UnderWay::of(command);
    // Answered, and none of them hung up; then silent ones.
    let crowd: Vec<_> = (0..120)
        .map(|number| {
            let mut stream = login.connect();
            let request = if number < 60 { "GET /favicon.ico HTTP/1.1\r\n\r\n" } else { "" };
            let _ = stream.write_all(request.as_bytes());
            stream
        })
        .collect();
    goes_on(login);
    assert!(bench.token()["accessToken"].is_string());
    drop(crowd);
}
