//! Pruning by a listing of `sso-login accounts`: only by a whole one.

use serde_json::{Value, json};

use crate::organisation::{read, three, with_config, write};

const AT: &str = "2026-11-21T12:00:00Z";

/// The documents as `sso-login accounts` lists them at a time.
fn listed(documents: Vec<Value>, at: &str) -> Vec<Value> {
    let with_time = |mut document: Value| {
        document["listedAt"] = json!(at);
        document
    };
    documents.into_iter().map(with_time).collect()
}

fn end_of(session: &str, at: &str) -> Value {
    json!({"event": "listed", "ssoSession": session, "listedAt": at, "count": 3})
}

/// What is left of the three profiles.
fn pruned_by(documents: &[Value], flags: &str) -> (i32, usize) {
    let sandbox = with_config("");
    write(&sandbox, "", &three()).exits(0);
    let before = read(&sandbox);
    let ended = write(&sandbox, &format!("--prune {flags}"), documents);
    if ended.code == 65 {
        assert_eq!(read(&sandbox), before);
        assert!(ended.stdout.is_empty() && ended.stderr.contains("has no end"), "{}", ended.stderr);
    }
    (ended.code, read(&sandbox).matches("[profile ").count())
}

#[test]
fn a_listing_that_was_cut_short_removes_nothing() {
    let cut = listed(three()[..1].to_vec(), AT);
    assert_eq!(pruned_by(&cut, ""), (65, 3));
    assert_eq!(pruned_by(&cut, "--dry-run"), (65, 3));
    assert_eq!(pruned_by(&cut, "--complete"), (0, 1));
    // Without --prune there is nothing to lose.
    let sandbox = with_config("");
    write(&sandbox, "", &cut).exits(0);
}

#[test]
fn a_whole_listing_and_documents_of_ones_own_prune() {
    let mut whole = listed(three()[..1].to_vec(), AT);
    whole.push(end_of("corp", AT));
    assert_eq!(pruned_by(&whole, ""), (0, 1));
    assert_eq!(pruned_by(&three()[..2], ""), (0, 2));
}

#[test]
fn the_end_of_another_listing_counts_for_nothing() {
    let cut = listed(three()[..1].to_vec(), AT);
    for end in
        [end_of("other", AT), end_of("corp", "2026-11-20T12:00:00Z"), json!({"event": "x", "listedAt": AT})]
    {
        let mut documents = cut.clone();
        documents.push(end.clone());
        assert_eq!(pruned_by(&documents, ""), (65, 3), "{end}");
    }
    // One whole listing doesn't make up for another one that was cut short.
    let mut documents = listed(three()[..1].to_vec(), "2026-11-20T12:00:00Z");
    documents.extend(listed(three()[1..2].to_vec(), AT));
    documents.push(end_of("corp", AT));
    assert_eq!(pruned_by(&documents, ""), (65, 3));
}
