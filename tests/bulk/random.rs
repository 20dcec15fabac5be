//! Any config, any listing: nothing that was there is lost, a second run changes nothing, pruning undoes.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::Value;
use sso_profile::config::Content;

use crate::bulk::organisation::{read, role, with_config, write};

fn config() -> impl Strategy<Value = String> {
    let line = prop::sample::select(vec![
        "[profile a]",
        "[profile x-R1]",
        "[profile 'b c']",
        "[default]",
        "[sso-session other]",
        "[services s]",
        "[plugins]",
        "region = eu-west-1",
        "output = json  # mine",
        "sso_session = other",
        "s3 =",
        "  k = v",
        "# c",
        "; c",
        "",
        "",
        "# [profile x-R2]",
    ]);
    let end = prop_oneof![6 => Just("\n"), 1 => Just("\r\n")];
    let lines = prop::collection::vec((line, end), 0..14);
    (lines, any::<bool>()).prop_map(|(lines, is_finished)| {
        let text: String = lines.into_iter().flat_map(|(line, end)| [line, end]).collect();
        if is_finished { text } else { text.trim_end().to_owned() }
    })
}

fn listing() -> impl Strategy<Value = Vec<Value>> {
    let one = (0..3_usize, 0..3_usize).prop_map(|(account, number)| {
        role(&format!("11112222333{account}"), ["x", "y z", "Ünï"][account], &format!("R{number}"))
    });
    prop::collection::vec(one, 1..8)
}

#[test]
fn any_listing_can_be_written_again_and_taken_back() {
    let mut runner = TestRunner::new(Config { rng_seed: RngSeed::Fixed(11), ..Config::default() });
    let mut written = 0;
    for _ in 0..120 {
        let (text, documents) = (config(), listing()).new_tree(&mut runner).unwrap().current();
        let Ok(before) = Content::parse(&text) else { continue };
        let sandbox = with_config(&text);
        let ended = write(&sandbox, "--text", &documents);
        if ended.code != 0 {
            // A section of the same name, or lines that no one can tell the meaning of.
            assert_eq!((ended.code, read(&sandbox)), (78, text));
            continue;
        }
        written += 1;
        let first = read(&sandbox);
        assert!(first.starts_with(&text), "{text:?} -> {first:?}");
        let after = Content::parse(&first).unwrap();
        assert!(
            before.profiles.iter().all(|(name, keys)| after.profiles.get(name) == Some(keys)),
            "{text:?}"
        );
        write(&sandbox, "--prune --text", &documents).exits(0);
        assert_eq!(read(&sandbox), first);
        write(&sandbox, "--prune --text", &documents[..1]).exits(0);
        let pruned = read(&sandbox);
        let again = with_config(&text);
        write(&again, "--text", &documents[..1]).exits(0);
        assert_eq!(Content::parse(&pruned), Content::parse(&read(&again)), "{text:?}");
        assert!(pruned.starts_with(&text), "{text:?} -> {pruned:?}");
    }
    assert!(written > 30, "only {written} could be written");
}
