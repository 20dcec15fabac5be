//! Fuzz target: any cache file is a token, a registration, credentials of a role, or refused.

use crate::entry::{self, Entry};
use crate::registration::Registration;
use crate::salvage::{FileKind, Verdict, judge};
use crate::token::Token;

/// What is saved from a torn file stands in it; what is read is written and read again as itself.
#[test]
fn token_files() {
    bolero::check!().for_each(|bytes: &[u8]| {
        for place in [FileKind::Token, FileKind::Role, FileKind::Foreign] {
            let (Verdict::Good(whole) | Verdict::Torn(_, whole)) = judge(place, bytes);
            if let Some(whole) = whole {
                let kept = &bytes[whole.range];
                assert!(matches!(judge(place, kept), Verdict::Good(_)), "{}", String::from_utf8_lossy(kept));
            }
        }
        let Entry::Whole(object) = entry::parse(bytes) else { return };
        if let Entry::Whole(token) = Token::from_object(object.clone()) {
            let Entry::Whole(again) = Token::from_object(token.to_object()) else {
                panic!("a token is lost")
            };
            assert!(again.is_same(&token));
        }
        if let Entry::Whole(registration) = Registration::from_object(object) {
            assert!(matches!(Registration::from_object(registration.to_object()), Entry::Whole(_)));
        }
    });
}
