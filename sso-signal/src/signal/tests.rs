//! What is a signal, and what stays of it.

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn parse(value: &Value) -> anyhow::Result<Signal> {
    Signal::parse(value.to_string().as_bytes(), "signal")
}

fn sample() -> Value {
    json!({"profile": "bazel", "reason": "expired", "timestamp": "2025-01-15T18:00:00.123456+00:00",
           "source": "monitor", "nextAttemptAfter": 1_736_964_000.5, "note": {"a": "\u{1b}[1mb"}})
}

#[test]
fn the_given_format_is_read_and_unknown_keys_reach_only_those_who_look() {
    let signal = parse(&sample()).unwrap();
    assert_eq!(signal.episode, "2025-01-15T18:00:00Z");
    assert!(!signal.document().contains_key("note"));
    assert_eq!(signal.full_document()["note"], json!({"a": "b"}));
    assert!(signal.line().contains("\\u001b"));
}

#[test]
fn wrong_types_and_names_are_refused() {
    for (key, value) in [
        ("profile", json!(1)),
        ("profile", json!("-x")),
        ("profile", json!("a\nb")),
        ("profile", json!("x\" & (do shell script \"touch /tmp/x\") & \"")),
        ("profile", json!("é")),
        ("profile", json!("x".repeat(129))),
        ("profile", Value::Null),
        ("reason", json!(["x"])),
        ("source", json!(true)),
        ("timestamp", json!("soon")),
        ("timestamp", Value::Null),
        ("nextAttemptAfter", json!("1700000000")),
        ("nextAttemptAfter", json!(true)),
        ("nextAttemptAfter", json!(1e300)),
        ("episode", json!(1)),
        ("host", json!({})),
    ] {
        let mut signal = sample();
        signal[key] = value;
        assert!(parse(&signal).is_err(), "{signal}");
    }
    assert!(Signal::parse(b"{\"profile\":\"\xff\"}", "s").unwrap_err().to_string().contains("UTF-8"));
    assert!(Signal::parse(b"{\"nextAttemptAfter\":NaN}", "s").is_err());
}

#[test]
fn raising_again_keeps_what_a_person_decided_until_the_next_episode() {
    let mut known = sample();
    known["episode"] = json!("one");
    let known = parse(&known).unwrap();
    let fresh = |episode: &str| {
        parse(&json!({"profile": "bazel", "reason": "new", "timestamp": "2026-01-01T00:00:00Z", "source": "monitor", "episode": episode}))
            .unwrap()
    };
    let again = known.raised_again(&fresh("one")).unwrap();
    assert_eq!(Signal::parse(again.line().as_bytes(), "s").unwrap(), again);
    assert_eq!((again.timestamp, again.next_attempt_after), (known.timestamp, known.next_attempt_after));
    assert_eq!(again.document["reason"], json!("new"));
    assert_eq!(again.document["note"], known.document["note"]);

    let next = known.raised_again(&fresh("two")).unwrap();
    assert_eq!(Signal::parse(next.line().as_bytes(), "s").unwrap(), next);
    assert_eq!((next.timestamp, next.next_attempt_after), (fresh("two").timestamp, None));
    assert_eq!(next.document["note"], known.document["note"]);
}

#[test]
fn a_file_that_is_written_is_never_too_large_to_be_read() {
    let mut large = sample();
    large["note"] = json!("");
    large["note"] = json!("x".repeat(LARGEST - large.to_string().len() - 1));
    let large = parse(&large).unwrap();
    assert_eq!(large.line().len(), LARGEST);
    let postponed = large.postponed(time::parse("2099-01-01T00:00:00.5Z").unwrap());
    assert!(postponed.len() <= LARGEST);
    let mut fresh = sample();
    fresh["reason"] = json!("y".repeat(300));
    fresh["host"] = json!("h".repeat(300));
    let again = large.raised_again(&parse(&fresh).unwrap()).unwrap().line();
    assert!(Signal::parse(again.as_bytes(), "s").unwrap().host.is_some());
    assert!(again.len() <= 2000);
}

/// Values that a stranger may put under a key.
fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::collection::vec(any::<String>(), 0..20).prop_map(Value::from),
        Just(json!({"a": {"\u{1b}[1m": ["\u{202e}"]}})),
        Just(json!("2026-01-01T00:00:00Z")),
        Just(json!("corp")),
    ]
}

fn signals() -> impl Strategy<Value = Signal> {
    let episode = prop_oneof![Just(None), Just(Some("one")), Just(Some("two"))];
    let source = prop_oneof![Just(None), Just(Some("a")), Just(Some("b")), Just(Some("c"))];
    (episode, source, "[a-z]{0,3}", 0_i64..4, proptest::option::of(0_i64..1000)).prop_map(
        |(episode, source, reason, second, next)| {
            parse(&json!({"profile": "corp", "timestamp": format!("2026-01-01T00:00:0{second}Z"), "reason": reason,
                "episode": episode, "source": source, "nextAttemptAfter": next}))
            .unwrap()
        },
    )
}

fn texts_of(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(list) => list.iter().flat_map(texts_of).collect(),
        Value::Object(map) => {
            map.iter().flat_map(|(key, value)| std::iter::once(key.as_str()).chain(texts_of(value))).collect()
        }
        _ => Vec::new(),
    }
}

proptest! {
    #[test]
    fn whatever_a_stranger_writes_is_refused_or_harmless(
        key in prop::sample::select([&KNOWN[..], &[FURTHER_SOURCES, "other"]].concat()), value in values(),
    ) {
        let mut document = sample();
        document[key] = value;
        if let Ok(signal) = parse(&document) {
            let full = Value::from(signal.full_document());
            for text in texts_of(&full) {
                prop_assert!(text.chars().all(|c| !c.is_control() && !sso_tool::sanitize::is_deceptive(c)), "{:?}", text);
            }
            // What comes out goes in again.
            prop_assert!(parse(&Value::from(signal.document())).is_ok(), "{}", full);
            prop_assert!(Signal::parse(signal.line().as_bytes(), "s").is_ok());
            prop_assert!(Signal::parse(signal.postponed(signal.timestamp).as_bytes(), "s").is_ok());
        }
    }

    #[test]
    fn raising_twice_is_raising_once(known in signals(), fresh in signals()) {
        let once = known.raised_again(&fresh).unwrap();
        prop_assert_eq!(once.raised_again(&fresh).unwrap().line(), once.line());
    }

    #[test]
    fn a_signal_is_gone_when_all_its_sources_withdrew_it(known in signals(), fresh in prop::collection::vec(signals(), 0..5)) {
        let mut signal = Some(fresh.iter().fold(known, |known, fresh| known.raised_again(fresh).unwrap()));
        for source in ["a", "b", "c", ""] {
            let Some(left) = &signal else { break };
            signal = left.withdrawn_by(source).unwrap();
        }
        prop_assert!(signal.is_none(), "{:?}", signal);
    }
}
