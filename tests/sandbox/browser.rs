//! The pages, and the authorization code with PKCE.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;

use serde_json::json;

use crate::sandbox::served::{Client, DEVICE, Reply, Served, fetch};
use crate::support::tool;

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const CALLBACK: &str = "http://127.0.0.1:4711/oauth/callback";

fn browser_client(served: &Served) -> Client {
    Client::of(&served.register(&json!({
        "clientName": "Evil <b>\"client\"</b>",
        "scopes": ["sso:account:access"],
        "grantTypes": ["authorization_code", "refresh_token"],
        "redirectUris": ["http://127.0.0.1/oauth/callback"],
    })))
}

fn authorize_url(served: &Served, client: &Client, redirect_uri: &str) -> String {
    let redirect_uri = redirect_uri.replace(':', "%3A").replace('/', "%2F");
    served.url(
        "oidcUrl",
        &format!(
            "/authorize?response_type=code&client_id={}&redirect_uri={redirect_uri}&state=a%26b\
             &code_challenge_method=S256&scopes=sso%3Aaccount%3Aaccess&code_challenge={CHALLENGE}",
            client.id()
        ),
    )
}

fn redeem(served: &Served, client: &Client, location: &str, verifier: &str, redirect_uri: &str) -> Reply {
    let code = location.split_once("?code=").unwrap().1.split('&').next().unwrap();
    let members = json!({"code": code, "codeVerifier": verifier, "redirectUri": redirect_uri});
    served.token(client, "authorization_code", &members)
}

fn form_token(page: &Reply) -> String {
    page.text.split_once("name=\"token\" value=\"").unwrap().1.split('"').next().unwrap().to_owned()
}

#[test]
fn a_code_comes_with_its_state_and_is_good_once_with_its_verifier() {
    let served = Served::start("");
    let client = browser_client(&served);
    let url = authorize_url(&served, &client, CALLBACK);
    let reply = fetch(&url);
    assert_eq!(reply.status, 302);
    assert!(
        reply.location.starts_with(&format!("{CALLBACK}?code=")) && reply.location.ends_with("&state=a%26b")
    );
    let token = redeem(&served, &client, &reply.location, VERIFIER, CALLBACK);
    assert_eq!(token.status, 200, "{token:?}");
    assert!(token.json()["refreshToken"].is_string());
    let again = redeem(&served, &client, &reply.location, VERIFIER, CALLBACK);
    again.refuses(400, "invalid_grant", "InvalidGrantException");

    let wrong_verifier = redeem(&served, &client, &fetch(&url).location, CHALLENGE, CALLBACK);
    wrong_verifier.refuses(400, "invalid_grant", "InvalidGrantException");
    let other_port = "http://127.0.0.1:4712/oauth/callback";
    let wrong_port = redeem(&served, &client, &fetch(&url).location, VERIFIER, other_port);
    wrong_port.refuses(400, "invalid_grant", "InvalidGrantException");
    assert_eq!(served.admin("/sandbox/stats").json()["consents"], 3);
}

#[test]
fn a_link_that_is_no_good_sends_nobody_anywhere() {
    let served = Served::start("");
    let client = browser_client(&served);
    for url in [
        authorize_url(&served, &client, "http://example.com/oauth/callback"),
        authorize_url(&served, &client, "http://127.0.0.1:4711/other"),
        served.url("oidcUrl", "/authorize?client_id=<script>alert(1)</script>"),
        served.url("oidcUrl", "/authorize"),
    ] {
        let reply = fetch(&url.replace('<', "%3C").replace('>', "%3E"));
        assert_eq!((reply.status, reply.location.as_str()), (400, ""), "{url}");
        assert!(!reply.text.contains("<script"));
    }
    // Where the target is trusted, the client learns of its mistake.
    let plain = authorize_url(&served, &client, CALLBACK).replace("S256", "plain");
    assert!(fetch(&plain).location.starts_with(&format!("{CALLBACK}?error=invalid_request&state=")));
    let no_browser = served.client();
    assert_eq!(fetch(&authorize_url(&served, &no_browser, CALLBACK)).status, 400);
}

#[test]
fn a_person_allows_or_denies_in_the_browser() {
    let served = Served::start("--approve ask");
    let client = browser_client(&served);
    let url = authorize_url(&served, &client, CALLBACK);
    let page = fetch(&url);
    assert_eq!(page.status, 200);
    assert!(
        page.text.contains("Evil &lt;b&gt;&quot;client&quot;&lt;/b&gt;") && !page.text.contains("Evil <b>")
    );

    assert_eq!(served.form("/authorize", "token=guess&decision=allow").status, 400);
    let allowed = served.form("/authorize", &format!("token={}&decision=allow", form_token(&page)));
    assert_eq!(allowed.status, 302);
    assert_eq!(redeem(&served, &client, &allowed.location, VERIFIER, CALLBACK).status, 200);
    let twice = served.form("/authorize", &format!("token={}&decision=allow", form_token(&page)));
    assert_eq!(twice.status, 400);

    let denied = served.form("/authorize", &format!("token={}&decision=deny", form_token(&fetch(&url))));
    assert_eq!(denied.location, format!("{CALLBACK}?error=access_denied&state=a%26b"));
}

#[test]
fn a_person_allows_or_denies_a_device() {
    let served = Served::start("--approve ask");
    let client = served.client();
    for (decision, status) in [("allow", 200), ("deny", 400)] {
        let device = served.authorize_device(&client).json();
        let code = json!({"deviceCode": device["deviceCode"]});
        served.token(&client, DEVICE, &code).refuses(
            400,
            "authorization_pending",
            "AuthorizationPendingException",
        );

        let page = fetch(device["verificationUriComplete"].as_str().unwrap());
        let user_code = device["userCode"].as_str().unwrap();
        assert!(page.text.contains(user_code), "{page:?}");
        let typed = user_code.to_lowercase().replace('-', "");
        assert_eq!(fetch(&served.url("oidcUrl", &format!("/device?user_code={typed}"))).text, page.text);

        assert_eq!(served.form("/device", "token=guess&decision=allow").status, 400);
        let done = served.form("/device", &format!("token={}&decision={decision}", form_token(&page)));
        assert_eq!(done.status, 200);
        assert_eq!(served.token(&client, DEVICE, &code).status, status);
    }
    assert_eq!(served.admin("/sandbox/stats").json()["consents"], 1);
    let unknown = fetch(&served.url("oidcUrl", "/device?user_code=%3Cb%3E"));
    assert!(unknown.status == 404 && !unknown.text.contains("<b>"));
    assert_eq!(fetch(&served.url("oidcUrl", "/device")).status, 200);
}

#[test]
fn the_stand_in_for_a_browser_brings_the_code_to_the_callback() {
    let served = Served::start("");
    let client = browser_client(&served);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let callback = format!("http://{}/oauth/callback", listener.local_addr().unwrap());
    let mut command = served.sandbox.command(tool("sso-login"));
    command.args(["sandbox", "--visit", &authorize_url(&served, &client, &callback)]);
    let mut visitor = command.spawn().unwrap();

    let (mut stream, _) = listener.accept().unwrap();
    let mut line = String::new();
    BufReader::new(stream.try_clone().unwrap()).read_line(&mut line).unwrap();
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
    drop(stream);
    assert!(visitor.wait().unwrap().success());
    let target = line.split(' ').nth(1).unwrap();
    assert_eq!(redeem(&served, &client, target, VERIFIER, &callback).status, 200);
}
