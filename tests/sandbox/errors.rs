//! Every error of AWS-FORMATS 4 and 5: as it comes about, and on request.

use serde_json::json;

use crate::sandbox::served::{Client, DEVICE, START_URL, Served};

/// AWS-FORMATS 4.
const OIDC: [(&str, &str, u16); 13] = [
    ("AuthorizationPendingException", "authorization_pending", 400),
    ("SlowDownException", "slow_down", 400),
    ("ExpiredTokenException", "expired_token", 400),
    ("AccessDeniedException", "access_denied", 400),
    ("InvalidGrantException", "invalid_grant", 400),
    ("InvalidClientException", "invalid_client", 401),
    ("UnauthorizedClientException", "unauthorized_client", 400),
    ("UnsupportedGrantTypeException", "unsupported_grant_type", 400),
    ("InvalidScopeException", "invalid_scope", 400),
    ("InvalidRequestException", "invalid_request", 400),
    ("InvalidClientMetadataException", "invalid_client_metadata", 400),
    ("InvalidRedirectUriException", "invalid_redirect_uri", 400),
    ("InternalServerException", "server_error", 500),
];

/// AWS-FORMATS 5.
const PORTAL: [(&str, u16); 5] = [
    ("UnauthorizedException", 401),
    ("ForbiddenException", 403),
    ("InvalidRequestException", 400),
    ("ResourceNotFoundException", 404),
    ("TooManyRequestsException", 429),
];

#[test]
fn every_oidc_error_comes_on_request() {
    let served = Served::start("");
    let client = served.client();
    for (exception, error, status) in OIDC {
        served.tell("/sandbox/faults", &json!({"error": format!("CreateToken={error}x1")}));
        served.token(&client, DEVICE, &json!({"deviceCode": "x"})).refuses(status, error, exception);
        served.tell("/sandbox/faults", &json!({"error": format!("RegisterClient={exception}x1")}));
        served.register(&json!({})).refuses(status, error, exception);
        assert_eq!(served.register(&json!({})).status, 200);
    }
}

#[test]
fn every_portal_error_comes_on_request() {
    let served = Served::start("");
    let token = served.access_token();
    for (exception, status) in PORTAL {
        served.tell("/sandbox/faults", &json!({"error": format!("ListAccounts={exception}x1")}));
        served.portal("/assignment/accounts", &token).denies(status, exception);
        served.tell("/sandbox/faults", &json!({"fail": format!("ListAccounts={status}x1")}));
        served.portal("/assignment/accounts", &token).denies(status, exception);
    }
    assert_eq!(served.portal("/assignment/accounts", &token).status, 200);
}

#[test]
fn polls_are_slowed_down_then_pending_then_approved() {
    let served = Served::start("--slow-down 1 --pending 2");
    let client = served.client();
    let code = json!({"deviceCode": served.authorize_device(&client).text_of("deviceCode")});
    served.token(&client, DEVICE, &code).refuses(400, "slow_down", "SlowDownException");
    for _ in 0..2 {
        let pending = served.token(&client, DEVICE, &code);
        pending.refuses(400, "authorization_pending", "AuthorizationPendingException");
    }
    assert_eq!(served.token(&client, DEVICE, &code).status, 200);
    served.token(&client, DEVICE, &code).refuses(400, "invalid_grant", "InvalidGrantException");
}

#[test]
fn a_login_can_be_denied_expire_and_go_stale() {
    let denied = Served::start("--deny");
    denied.log_in(&denied.client()).refuses(400, "access_denied", "AccessDeniedException");

    let expiring = Served::start("--expire");
    let client = expiring.client();
    expiring.log_in(&client).refuses(400, "expired_token", "ExpiredTokenException");

    let stale = Served::start("--device-expires-in 1m");
    let client = stale.client();
    let device = stale.authorize_device(&client);
    assert_eq!(device.json()["expiresIn"], 60);
    stale.tell("/sandbox/clock", &json!({"forwardSeconds": 60}));
    let code = json!({"deviceCode": device.text_of("deviceCode")});
    stale.token(&client, DEVICE, &code).refuses(400, "expired_token", "ExpiredTokenException");
}

#[test]
fn bad_registrations_are_refused_each_for_its_reason() {
    let served = Served::start("");
    let auth = json!(["authorization_code", "refresh_token"]);
    for (members, error, exception) in [
        (json!({"clientName": null}), "invalid_request", "InvalidRequestException"),
        (json!({"scopes": "sso:account:access"}), "invalid_request", "InvalidRequestException"),
        (json!({"clientType": "confidential"}), "invalid_client_metadata", "InvalidClientMetadataException"),
        (json!({"scopes": ["nonsense"]}), "invalid_scope", "InvalidScopeException"),
        (json!({"grantTypes": ["password"]}), "unsupported_grant_type", "UnsupportedGrantTypeException"),
        (json!({"grantTypes": auth}), "invalid_redirect_uri", "InvalidRedirectUriException"),
        (
            json!({"grantTypes": auth, "redirectUris": ["https://example.com/"]}),
            "invalid_redirect_uri",
            "InvalidRedirectUriException",
        ),
        (json!({"grantTypes": [DEVICE, "authorization_code"]}), "invalid_scope", "InvalidScopeException"),
    ] {
        served.register(&members).refuses(400, error, exception);
    }
    served.oidc("/client/register", &json!([])).refuses(400, "invalid_request", "InvalidRequestException");
}

#[test]
fn clients_and_grants_that_do_not_fit_are_refused() {
    let served = Served::start("--registration-lifetime 1h");
    let client = served.client();
    let code = json!({"deviceCode": "unknown"});
    served.token(&client, DEVICE, &code).refuses(400, "invalid_grant", "InvalidGrantException");
    served.token(&client, "password", &json!({})).refuses(
        400,
        "unsupported_grant_type",
        "UnsupportedGrantTypeException",
    );
    served.token(&client, DEVICE, &json!({})).refuses(400, "invalid_request", "InvalidRequestException");
    let code_grant = served.token(&client, "authorization_code", &json!({}));
    code_grant.refuses(400, "unauthorized_client", "UnauthorizedClientException");

    let browser = Client::of(&served.register(&json!({
        "grantTypes": ["authorization_code"], "redirectUris": ["http://127.0.0.1/oauth/callback"],
    })));
    served.authorize_device(&browser).refuses(400, "unauthorized_client", "UnauthorizedClientException");

    let elsewhere = client.request(&json!({"startUrl": "https://sso.example.com/start"}), &json!({}));
    served.oidc("/device_authorization", &elsewhere).refuses(
        400,
        "invalid_request",
        "InvalidRequestException",
    );

    let stranger = json!({"clientId": client.id(), "clientSecret": "wrong", "startUrl": START_URL});
    served.oidc("/device_authorization", &stranger).refuses(401, "invalid_client", "InvalidClientException");
    served.tell("/sandbox/clock", &json!({"forwardSeconds": 3600}));
    served.authorize_device(&client).refuses(401, "invalid_client", "InvalidClientException");
}

#[test]
fn the_portal_refuses_strangers_and_nonsense() {
    let served = Served::start("");
    let token = served.access_token();
    let credentials = "/federation/credentials?account_id=111122223333";
    served.portal("/assignment/accounts", "wrong").denies(401, "UnauthorizedException");
    served.portal(credentials, &token).denies(400, "InvalidRequestException");
    served.portal(&format!("{credentials}&role_name=Nobody"), &token).denies(403, "ForbiddenException");
    served
        .portal("/assignment/roles?account_id=000000000000", &token)
        .denies(404, "ResourceNotFoundException");
    served.portal("/assignment/accounts?max_result=101", &token).denies(400, "InvalidRequestException");

    served.tell("/sandbox/clock", &json!({"forwardSeconds": 3600}));
    served.portal("/assignment/accounts", &token).denies(401, "UnauthorizedException");
}

#[test]
fn an_outage_has_no_exception_and_ends_by_itself() {
    let served = Served::start("--fail CreateToken=503x2 --fail GetCallerIdentity=503x1");
    let client = served.client();
    for _ in 0..2 {
        let reply = served.token(&client, DEVICE, &json!({"deviceCode": "x"}));
        assert_eq!((reply.status, reply.error_type.as_str()), (503, ""));
    }
    assert_eq!(served.token(&client, DEVICE, &json!({"deviceCode": "x"})).status, 400);
    assert!(served.identity("x", "y").text.contains("<Code>ServiceUnavailable</Code>"));
}
