//! `sso-login sandbox`, whole: an AWS SSO on loopback that real clients take for one.

mod browser;
mod command;
mod errors;
mod peers;
pub mod served;

use serde_json::{Value, json};
use served::{Client, Served};

#[test]
fn a_registration_is_as_the_service_gives_it() {
    let served = Served::start("");
    let reply = served.register(&json!({}));
    let body = reply.json();
    assert!((1000..2000).contains(&body["clientSecret"].as_str().unwrap().len()));
    let (issued, expires) =
        (body["clientIdIssuedAt"].as_i64().unwrap(), body["clientSecretExpiresAt"].as_i64().unwrap());
    assert_eq!(expires - issued, 90 * 24 * 3600);
    assert!(body.as_object().unwrap().contains_key("tokenEndpoint") && body["tokenEndpoint"].is_null());
    assert!(!reply.request_id.is_empty());
}

#[test]
fn scopes_decide_whether_a_token_can_be_refreshed() {
    let served = Served::start("");
    let with_scopes = served.log_in(&served.client()).json();
    assert_eq!((&with_scopes["expiresIn"], &with_scopes["tokenType"]), (&json!(3600), &json!("Bearer")));
    assert!(with_scopes["refreshToken"].is_string());

    let without = served.log_in(&Client::of(&served.register(&json!({})))).json();
    assert_eq!(without["expiresIn"], 8 * 3600);
    assert!(without.as_object().unwrap().contains_key("refreshToken") && without["refreshToken"].is_null());

    let never = Served::start("--no-refresh-token --token-lifetime 30s");
    let token = never.log_in(&never.client()).json();
    assert_eq!((&token["expiresIn"], &token["refreshToken"]), (&json!(30), &Value::Null));
}

#[test]
fn a_refresh_token_is_good_once_and_as_long_as_the_sign_in() {
    let served = Served::start("--session-lifetime 90m");
    let client = served.client();
    let first = served.log_in(&client).text_of("refreshToken");
    let refresh = |token: &str| served.token(&client, "refresh_token", &json!({"refreshToken": token}));
    let second = refresh(&first);
    assert_eq!(second.status, 200);
    refresh(&first).refuses(400, "invalid_grant", "InvalidGrantException");

    served.tell("/sandbox/clock", &json!({"forwardSeconds": 3600}));
    let third = refresh(&second.text_of("refreshToken"));
    assert_eq!(third.json()["expiresIn"], 1800);
    served.tell("/sandbox/clock", &json!({"forwardSeconds": 1800}));
    refresh(&third.text_of("refreshToken")).refuses(400, "invalid_grant", "InvalidGrantException");

    let fourth = served.log_in(&client).text_of("refreshToken");
    let stranger = served.token(&served.client(), "refresh_token", &json!({"refreshToken": fourth}));
    stranger.refuses(400, "invalid_grant", "InvalidGrantException");
    served.tell("/sandbox/sign-out", &json!({}));
    refresh(&fourth).refuses(400, "invalid_grant", "InvalidGrantException");
}

#[test]
fn role_credentials_say_who_they_are_until_they_expire() {
    let served = Served::start("--role-lifetime 20m");
    let token = served.access_token();
    let reply = served.portal("/federation/credentials?role_name=Developer&account_id=111122223333", &token);
    let credentials = &reply.json()["roleCredentials"];
    let (key, session) =
        (credentials["accessKeyId"].as_str().unwrap(), credentials["sessionToken"].as_str().unwrap());
    assert_eq!(credentials["expiration"], 1_795_263_600_000_i64);
    let identity = served.identity(key, session);
    assert_eq!(identity.status, 200);
    assert!(identity.text.contains("<Arn>arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Developer_"));
    assert!(identity.text.contains("<Account>111122223333</Account>"));

    for (key, session) in [(key, "wrong"), ("ASIAUNKNOWN", session)] {
        let reply = served.identity(key, session);
        assert!(reply.status == 403 && reply.text.contains("<Code>InvalidClientTokenId</Code>"), "{reply:?}");
    }
    // They outlive the sign-in, as AWS's do, but not their own time.
    assert_eq!(served.logout(&token).status, 200);
    served.portal("/assignment/accounts", &token).denies(401, "UnauthorizedException");
    assert_eq!(served.identity(key, session).status, 200);
    served.tell("/sandbox/clock", &json!({"forwardSeconds": 1200}));
    let expired = served.identity(key, session);
    assert!(expired.status == 403 && expired.text.contains("<Code>ExpiredToken</Code>"), "{expired:?}");
}

#[test]
fn a_logout_ends_the_refresh_token_too() {
    let served = Served::start("");
    let client = served.client();
    let token = served.log_in(&client);
    assert_eq!(served.logout(&token.text_of("accessToken")).text, "");
    served.logout(&token.text_of("accessToken")).denies(401, "UnauthorizedException");
    let refresh = json!({"refreshToken": token.text_of("refreshToken")});
    served.token(&client, "refresh_token", &refresh).refuses(400, "invalid_grant", "InvalidGrantException");
}

#[test]
fn accounts_and_roles_come_in_pages() {
    let served = Served::start("--accounts 7 --roles 5");
    let token = served.access_token();
    let mut ids = Vec::new();
    let mut next = String::new();
    loop {
        let page = served.portal(&format!("/assignment/accounts?max_result=3{next}"), &token).json();
        ids.extend(
            page["accountList"].as_array().unwrap().iter().map(|account| account["accountId"].clone()),
        );
        match page["nextToken"].as_str() {
            Some(token) => next = format!("&next_token={token}"),
            None => break,
        }
    }
    assert_eq!((ids.len(), &ids[0], &ids[1]), (7, &json!("111122223333"), &json!("444455556666")));
    let roles = served.portal("/assignment/roles?account_id=444455556666", &token).json();
    assert_eq!(roles["nextToken"], Value::Null);
    assert_eq!(roles["roleList"].as_array().unwrap().len(), 5);
    assert_eq!(roles["roleList"][0], json!({"roleName": "Developer", "accountId": "444455556666"}));
}

#[test]
fn requests_are_counted_and_logged_without_a_secret() {
    let served = Served::start("");
    let client = served.client();
    let token = served.log_in(&client);
    served.portal("/assignment/accounts", &token.text_of("accessToken"));
    served.token(&client, "refresh_token", &json!({"refreshToken": token.text_of("refreshToken")}));
    served.token(&client, "a secret by mistake", &json!({}));

    let stats = served.admin("/sandbox/stats").json();
    assert_eq!(
        (&stats["logins"], &stats["refreshes"], &stats["consents"]),
        (&json!(1), &json!(1), &json!(1))
    );
    assert_eq!(stats["operations"]["CreateToken"], 4);
    assert_eq!(stats["operations"]["Logout"], 0);

    let log = served.admin("/sandbox/log").text;
    let entries: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(entries.len(), 7);
    assert_eq!(
        entries[2],
        json!({"time": crate::support::NOW, "service": "sso-oidc", "operation": "CreateToken", "clientName": "test",
               "grantType": served::DEVICE, "status": 400, "error": "authorization_pending"})
    );
    for secret in [
        token.text_of("accessToken"),
        token.text_of("refreshToken"),
        "by mistake".to_owned(),
        client.id().to_owned(),
    ] {
        assert!(!log.contains(&secret), "{log}");
    }
    served.forget("/sandbox/log");
    assert_eq!(served.admin("/sandbox/stats").json()["requests"], 0);
}

#[test]
fn faults_change_while_it_runs_and_go_back() {
    let served = Served::start("--pending 3");
    let shown = served
        .tell("/sandbox/faults", &json!({"pending": 0, "deny": true, "fail": ["ListAccounts=429x5"]}))
        .json();
    assert_eq!(
        (&shown["pending"], &shown["deny"], &shown["fail"]),
        (&json!(0), &json!(true), &json!(["ListAccounts=429x5"]))
    );
    served.log_in(&served.client()).refuses(400, "access_denied", "AccessDeniedException");

    for (body, text) in
        [(json!({"pending": "x"}), "`pending`"), (json!({"x": 1}), "`x`"), (json!([]), "JSON object")]
    {
        let reply = served.tell("/sandbox/faults", &body);
        assert!(reply.status == 400 && reply.error().contains(text), "{reply:?}");
    }
    assert_eq!(served.admin("/sandbox/faults").json(), shown);
    let back = served.forget("/sandbox/faults").json();
    assert_eq!((&back["pending"], &back["deny"], &back["fail"]), (&json!(3), &json!(false), &json!([])));
}

#[test]
fn a_request_that_hangs_holds_up_nobody_else() {
    let mut served = Served::start("--hang RegisterClientx1");
    let url = served.url("oidcUrl", "/client/register");
    let hanging = std::thread::spawn(move || ureq::post(&url).send("{}").is_err());
    while !served.admin("/sandbox/log").text.contains("\"hangs\":true") {
        std::thread::yield_now();
    }
    assert_eq!(served.register(&json!({})).status, 200);
    assert!(!hanging.is_finished());
    assert_eq!(served.stop(), Some(0));
    assert!(hanging.join().unwrap());
}
