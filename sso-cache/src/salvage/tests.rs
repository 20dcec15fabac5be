//! Every way to damage a file, and what is made of it.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

const TOKEN: &str = concat!(
    r#"{"startUrl": "https://d-1234567890.awsapps.com/start", "region": "eu-west-1", "accessToken": "aoa-1", "#,
    r#""expiresAt": "2026-11-21T13:00:00Z", "clientId": "id", "clientSecret": "cs", "#,
    r#""registrationExpiresAt": "2027-01-01T00:00:00Z", "refreshToken": "aor-1"}"#
);
const REGISTRATION: &str = r#"{"clientId": "id", "clientSecret": "cs", "expiresAt": "2027-01-01T00:00:00Z"}"#;
const ROLE: &str = concat!(
    r#"{"ProviderType": "sso", "Credentials": {"AccessKeyId": "A", "SecretAccessKey": "S", "#,
    r#""SessionToken": "T", "Expiration": "2026-11-21T13:00:00Z", "AccountId": "111122223333"}}"#
);

fn saved(place: FileKind, text: &str) -> Option<&str> {
    match judge(place, text.as_bytes()) {
        Verdict::Torn(_, Some(whole)) => Some(&text[whole.range]),
        Verdict::Torn(_, None) => None,
        Verdict::Good(_) => panic!("{text} is good"),
    }
}

fn object(text: &[u8]) -> Map<String, Value> {
    serde_json::from_slice(text).unwrap()
}

#[test]
fn whole_files_are_good() {
    for (place, text, kind) in [
        (FileKind::Token, TOKEN, "token"),
        (FileKind::Token, REGISTRATION, "registration"),
        (FileKind::Role, ROLE, "role-credentials"),
        (FileKind::Foreign, TOKEN, "token"),
    ] {
        let verdict = judge(place, text.as_bytes());
        assert!(matches!(&verdict, Verdict::Good(Some(whole)) if whole.kind == kind), "{verdict:?}");
    }
    for text in ["[]", "{}", "1", r#"{"accessToken": 1}"#, r#"{"a": 1, "a": 2}"#] {
        assert_eq!(judge(FileKind::Foreign, text.as_bytes()), Verdict::Good(None), "{text}");
        assert_eq!(saved(FileKind::Token, text), None, "{text}");
        assert_eq!(saved(FileKind::Role, text), None, "{text}");
    }
    assert_eq!(saved(FileKind::Role, TOKEN), None);
    assert_eq!(saved(FileKind::Token, ROLE), None);
}

#[test]
fn the_shapes_of_two_writers_are_saved() {
    for tail in ["}", "\"}", "aor-other\"}", "Z\", \"clientId\": \"id\"}", " \0\0", "\u{feff}", "{"] {
        for (place, text) in
            [(FileKind::Token, TOKEN), (FileKind::Token, REGISTRATION), (FileKind::Role, ROLE)]
        {
            assert_eq!(saved(place, &format!("{text}{tail}")), Some(text), "{tail}");
        }
        assert_eq!(saved(FileKind::Foreign, &format!("{TOKEN}{tail}")), Some(TOKEN), "{tail}");
    }
    for head in ["\0\0\0", r#"{"startUrl": "https://d-12"#, r#"{"startUrl": "#, "}", "\u{feff}"] {
        assert_eq!(saved(FileKind::Token, &format!("{head}{TOKEN}")), Some(TOKEN), "{head}");
        assert_eq!(saved(FileKind::Foreign, &format!("{head}{TOKEN}")), None, "{head}");
    }
}

#[test]
fn of_several_tokens_the_one_that_lasts_longest_is_saved() {
    let later = TOKEN.replace("13:00:00Z", "14:00:00Z").replace("aoa-1", "aoa-2");
    let bare = r#"{"startUrl": "https://d-1234567890.awsapps.com/start", "region": "eu-west-1", "accessToken": "x", "expiresAt": "2026-11-21T13:00:00Z"}"#;
    let other = TOKEN.replace("aoa-1", "aoa-3");
    for (first, second, expected) in [
        (TOKEN, &*later, &*later),
        (&later, TOKEN, &later),
        (bare, TOKEN, TOKEN),
        (TOKEN, bare, TOKEN),
        (TOKEN, &other, &other),
    ] {
        assert_eq!(saved(FileKind::Token, &format!("{first}{second}")), Some(expected));
        assert_eq!(saved(FileKind::Token, &format!("{first}\n{second}\"}}")), Some(expected));
    }
}

#[test]
fn where_there_is_doubt_nothing_is_saved() {
    for second in [
        TOKEN.replace("d-1234567890", "d-0987654321"),
        TOKEN.replace("eu-west-1", "us-east-1"),
        REGISTRATION.to_owned(),
    ] {
        assert_eq!(saved(FileKind::Token, &format!("{TOKEN}{second}")), None, "{second}");
    }
    // A token within something else is that thing's.
    assert_eq!(saved(FileKind::Token, &format!(r#"{{"corp": {TOKEN}}}x"#)), None);
}

#[test]
fn of_a_truncated_file_nothing_is_saved() {
    for (place, text) in [(FileKind::Token, TOKEN), (FileKind::Token, REGISTRATION), (FileKind::Role, ROLE)] {
        for length in 0..text.len() {
            assert_eq!(saved(place, &text[..length]), None, "{length}");
        }
    }
}

/// What is left of a damaged file may be less than it was, but is never something else.
fn check_damage(place: FileKind, text: &str, damaged: &[u8], at: usize) {
    let original = object(text.as_bytes());
    match judge(place, damaged) {
        // The damage is within a value, where nothing tells it from a change; every reader takes it, too.
        Verdict::Good(_) | Verdict::Torn(_, None) => {}
        Verdict::Torn(_, Some(whole)) => {
            for (key, value) in object(&damaged[whole.range]) {
                assert_eq!(original.get(&key), Some(&value), "{at}: {}", String::from_utf8_lossy(damaged));
            }
        }
    }
}

#[test]
fn no_change_of_one_byte_makes_another_token() {
    for (place, text) in [(FileKind::Token, TOKEN), (FileKind::Token, REGISTRATION), (FileKind::Role, ROLE)] {
        for at in 0..text.len() {
            for byte in 0..=u8::MAX {
                let mut damaged = text.as_bytes().to_vec();
                damaged[at] = byte;
                check_damage(place, text, &damaged, at);
            }
            let mut shorter = text.as_bytes().to_vec();
            shorter.remove(at);
            check_damage(place, text, &shorter, at);
        }
    }
}

#[test]
fn hostile_files_take_no_time() {
    let before = computed();
    for text in [
        "{".repeat(LONGEST),
        "{\"".repeat(LONGEST / 2),
        "{}".repeat(LONGEST / 2),
        "{\"a\":".repeat(LONGEST / 5),
    ] {
        assert_eq!(saved(FileKind::Token, &text), None);
    }
    assert!(computed() - before < 20_000_000_000, "{before}");
}

/// The nanoseconds that this thread has computed, which no other process adds to; 0 where the kernel doesn't say.
fn computed() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    stat.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or_default()
}

proptest! {
    #[test]
    fn two_writers_of_any_length_never_make_a_third_token(
        first in "[a-zA-Z0-9\\\\{}\" ]{0,40}", second in "[a-zA-Z0-9\\\\{}\" ]{0,40}", refreshable in any::<[bool; 2]>(),
    ) {
        let token = |access: &str, is_refreshable: bool| {
            let mut token = json!({"startUrl": "u", "region": "r", "accessToken": format!("x{access}"),
                "expiresAt": "2026-11-21T13:00:00Z"});
            if is_refreshable {
                token["refreshToken"] = json!(access);
            }
            token.to_string()
        };
        let (over, under) = (token(&first, refreshable[0]), token(&second, refreshable[1]));
        // The last writer's bytes, and what they left of the one before.
        let mut bytes = over.clone().into_bytes();
        bytes.extend(under.as_bytes().iter().skip(over.len()));
        match judge(FileKind::Token, &bytes) {
            Verdict::Good(_) => prop_assert!(bytes == over.as_bytes()),
            Verdict::Torn(_, whole) => {
                let whole = whole.map(|whole| bytes[whole.range].to_vec());
                prop_assert_eq!(whole, Some(over.into_bytes()));
            }
        }
    }

    #[test]
    fn any_bytes_are_judged_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for place in [FileKind::Token, FileKind::Role, FileKind::Foreign] {
            let _ = judge(place, &bytes);
        }
    }

    #[test]
    fn any_brackets_are_judged_without_panic(text in "[\\[\\]{}:,\"\\\\a1 .-]{0,60}") {
        let _ = judge(FileKind::Token, text.as_bytes());
    }
}
