use proptest::prelude::*;
use serde_json::json;
use sso_profile::{Kind, Sso};
use sso_tool::sanitize::is_deceptive;

use super::*;

fn profile(name: &str) -> Profile {
    Profile {
        sso: Some(Sso {
            session: Some("corp".to_owned()),
            start_url: "https://d-1234567890.awsapps.com/start".to_owned(),
            region: "us-east-1".to_owned(),
            scopes: None,
        }),
        account_id: Some("111122223333".to_owned()),
        role_name: Some("Developer".to_owned()),
        ..Profile::elsewhere(name, Kind::SsoSession)
    }
}

fn question(name: &str, document: &Document) -> Question {
    let settings = Settings::new("sso-login");
    Question::new(&settings, &profile(name), document, None, Duration::from_secs(120)).unwrap()
}

#[test]
fn it_says_who_where_why_and_what_comes_next() {
    let document = Document::new()
        .with("reason", "Credentials expired")
        .with("source", "sso-monitor-container")
        .with("accountId", "999988887777")
        .with("sessionProfiles", json!(["corp", "a", "b", "c", "d", "e", "f"]));
    let question = question("corp", &document);
    assert_eq!(
        question.text,
        "Profile \"corp\" needs an AWS SSO login.\n\n\
         Account: 111122223333, role Developer\n\
         Session: \"corp\" at https://d-1234567890.awsapps.com/start\n\
         Also for: \"a\", \"b\", \"c\", \"d\" and 2 more\n\
         Reason: Credentials expired\nRaised by: sso-monitor-container\n\n\
         Refresh now, snooze, or disable reminders?\n\
         If you close this or don't answer within 2m, you are asked again in 10m."
    );
    assert_eq!(
        question.warning,
        "Reminders for session \"corp\" stop until its next login expires.\n\n\
         To log in later, run one of:\nsso-login corp | sso-signal settle\naws sso login --profile corp"
    );
    // Not the signal's word: the config's.
    assert_eq!(question.document.text("accountId").unwrap(), Some("111122223333"));
}

#[test]
fn the_time_is_that_of_the_persons_clock_and_says_how_long_ago() {
    let at = |text: &str| time::parse(text).unwrap();
    let now = at("2026-11-21T12:00:00Z");
    let local = |text: &str, form: &str| at(text).with_timezone(&Local).format(form).to_string();
    for (since, form, ago) in [
        ("2026-11-21T12:00:00Z", "%H:%M", " (just now)"),
        ("2026-11-21T11:57:00Z", "%H:%M", " (3m ago)"),
        ("2026-11-18T11:00:00Z", "%Y-%m-%d %H:%M", " (3days 1h ago)"),
        ("2026-11-21T12:05:00Z", "%H:%M", ""),
    ] {
        assert_eq!(moment(at(since), now), format!("{}{ago}", local(since, form)));
    }
}

#[test]
fn names_that_deceive_are_set_apart() {
    assert_eq!(quoted("c\u{43e}rp"), "\"c\\u{43e}rp\"");
    assert_eq!(quoted("büro"), "\"büro\"");
    assert_eq!(quoted("日本"), "\"日本\"");
    assert_eq!(quoted("corp\". Press Refresh"), "\"corp'. Press Refresh\"");
    assert_eq!(quoted(&"x".repeat(65)), format!("\"{}…\"", "x".repeat(64)));
}

proptest! {
    #[test]
    fn no_text_of_a_stranger_does_harm(
        name in any::<String>(), reason in any::<String>(), source in any::<String>(), time in any::<String>(),
    ) {
        let document = Document::new()
            .with("reason", reason)
            .with("source", source)
            .with("timestamp", time)
            .with("sessionProfiles", json!([name, 1, null]));
        let question = question(&name, &document);
        for text in [&question.text, &question.snooze, &question.warning] {
            prop_assert!(text.chars().all(|c| c == '\n' || !c.is_control() && !is_deceptive(c)));
            prop_assert!(text.lines().count() <= 12 && text.lines().all(|line| line.chars().count() < 800));
        }
        for key in ["reason", "source"] {
            let text = question.document.text(key).unwrap().unwrap();
            prop_assert!(text.chars().all(|c| !c.is_control() && !is_deceptive(c)));
        }
    }
}
