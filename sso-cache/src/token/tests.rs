use super::*;
use proptest::prelude::*;
use serde_json::json;

const NOW: &str = "2026-11-21T12:00:00Z";

fn at(text: &str) -> Moment {
    time::parse(text).unwrap()
}

fn token(value: Value) -> Entry<Token> {
    let Value::Object(object) = value else { panic!("no object") };
    Token::from_object(object)
}

fn full(expires_at: impl Into<Value>) -> Value {
    json!({
        "startUrl": "https://d-1234567890.awsapps.com/start", "region": "eu-west-1", "accessToken": "aoa-CANARY",
        "expiresAt": expires_at.into(), "clientId": "client", "clientSecret": "cs-CANARY",
        "registrationExpiresAt": "2027-01-01T00:00:00Z", "refreshToken": "aor-CANARY", "note": "n-CANARY",
    })
}

#[test]
fn every_timestamp_form_gives_every_state() {
    for (form, offset) in [
        ("%Y-%m-%dT%H:%M:%SZ", 0),
        ("%Y-%m-%dT%H:%M:%SUTC", 0),
        ("%Y-%m-%dT%H:%M:%S.360Z", 0),
        ("%Y-%m-%dT%H:%M:%S.123456789Z", 0),
        ("%Y-%m-%dT%H:%M:%S+00:00", 0),
        ("%Y-%m-%dT%H:%M:%S+02:00", 2),
        ("%Y-%m-%dT%H:%M:%S", 0),
        ("%s", 0),
    ] {
        let write = |hours: i64| {
            let text = (at(NOW) + chrono::TimeDelta::hours(hours + offset)).format(form).to_string();
            text.parse::<i64>().map_or(Value::from(text), Value::from)
        };
        let check = |hours: i64, value: &dyn Fn(Value) -> Value, expected: TokenState| {
            let token = token(value(write(hours))).whole().unwrap();
            assert_eq!(token.state(at(NOW)), expected, "{form} {hours}");
        };
        check(1, &full, TokenState::Valid);
        check(-1, &full, TokenState::Refreshable);
        for missing in ["refreshToken", "clientId", "clientSecret", "registrationExpiresAt"] {
            let without = |moment: Value| {
                let mut value = full(moment);
                value[missing] = Value::Null;
                value
            };
            check(1, &without, TokenState::Valid);
            check(-1, &without, TokenState::Expired);
        }
        let registration = |hours| {
            let over = write(hours);
            move |_: Value| {
                let mut value = full("2026-11-21T11:00:00Z");
                value["registrationExpiresAt"] = over.clone();
                value
            }
        };
        check(0, &registration(-1), TokenState::Expired);
        check(0, &registration(1), TokenState::Refreshable);
    }
}

#[test]
fn a_token_is_over_at_the_second_it_names() {
    let token = token(full(NOW)).whole().unwrap();
    assert_eq!(token.state(at(NOW)), TokenState::Refreshable);
    assert_eq!(token.state(at("2026-11-21T11:59:59Z")), TokenState::Valid);
}

#[test]
fn without_token_or_expiry_a_file_is_corrupt() {
    for (key, bad) in [
        ("accessToken", json!(null)),
        ("accessToken", json!("")),
        ("accessToken", json!(5)),
        ("expiresAt", json!(null)),
        ("expiresAt", json!("soon")),
        ("expiresAt", json!("")),
        ("expiresAt", json!([])),
        ("expiresAt", json!(true)),
    ] {
        let mut value = full(NOW);
        value[key] = bad;
        assert!(matches!(token(value), Entry::Corrupt(why) if why.contains(key)), "{key}");
    }
    assert!(matches!(token(json!({})), Entry::Corrupt(_)));
}

#[test]
fn a_written_token_is_the_aws_clis_line_with_unknown_keys_behind() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(".aws/sso/cache/x.json");
    let mut value = full("2026-11-21T13:00:00.360Z");
    value["startUrl"] = "https://é".into();
    let written = token(value).whole().unwrap();
    written.write(&path).unwrap();
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        concat!(
            r#"{"startUrl": "https://\u00e9", "region": "eu-west-1", "accessToken": "aoa-CANARY", "#,
            r#""expiresAt": "2026-11-21T13:00:00Z", "clientId": "client", "clientSecret": "cs-CANARY", "#,
            r#""registrationExpiresAt": "2027-01-01T00:00:00Z", "refreshToken": "aor-CANARY", "note": "n-CANARY"}"#
        )
    );
    let read = Token::read(&path).unwrap().whole().unwrap();
    assert_eq!(read.to_object(), written.to_object());
}

#[test]
fn a_refresh_without_a_new_refresh_token_keeps_the_old_one() {
    let old = token(full(NOW)).whole().unwrap();
    let expires_at = at("2026-11-21T13:00:00Z");
    let renewal = Renewal { access_token: "new".into(), expires_at, refresh_token: None };
    let kept = old.clone().renewed(renewal.clone()).to_object();
    assert_eq!((&kept["accessToken"], &kept["refreshToken"]), (&json!("new"), &json!("aor-CANARY")));
    assert_eq!((&kept["expiresAt"], &kept["note"]), (&json!("2026-11-21T13:00:00Z"), &json!("n-CANARY")));
    let rotated = old.renewed(Renewal { refresh_token: Some("next".into()), ..renewal });
    assert_eq!(rotated.to_object()["refreshToken"], "next");
}

#[test]
fn debug_shows_no_secret() {
    let token = token(full(NOW)).whole().unwrap();
    assert!(!format!("{token:?} {:?}", token.grant(at(NOW))).contains("CANARY"));
}

proptest! {
    #[test]
    fn what_was_written_reads_back_whatever_else_is_in_it(
        texts in prop::array::uniform4(".+"),
        seconds in 0_i64..4_000_000_000,
        unknown in prop::collection::btree_map("[a-z]{1,3}", any::<String>(), 0..4),
    ) {
        let expires_at = chrono::DateTime::from_timestamp(seconds, 0).unwrap();
        let [start_url, access, client_id, refresh] = texts;
        let mut token = Token::new(access.into(), expires_at);
        token.start_url = Some(start_url);
        token.client_id = Some(client_id);
        token.refresh_token = Some(refresh.into());
        token.unknown = unknown.into_iter().map(|(key, text)| (key, Value::from(text))).collect();
        prop_assert_eq!(Token::from_object(token.to_object()), Entry::Whole(token));
    }
}
