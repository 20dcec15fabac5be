//! Pruning by a listing of `sso-login accounts`: only by a whole one.

use serde_json::{Value, json};

use crate::bulk::organisation::{HAND, read, sum, three, with_config, write};

const AT: &str = "2026-11-21T12:00:00Z";

/// The documents as `sso-login accounts` lists them at a time.
fn listed(documents: Vec<Value>, at: &str) -> Vec<Value> {
    let with_time = |mut document: Value| {
        document["listedAt"] = json!(at);
        document
    };
    documents.into_iter().map(with_time).collect()
}

/// The document that says of an empty listing that it is whole, and once ended every listing.
fn end_of(session: &str, at: &str, count: usize) -> Value {
    json!({"event": "listed", "ssoSession": session, "listedAt": at, "count": count})
}

/// The last document says how many there are.
fn whole(documents: Vec<Value>, count: usize) -> Vec<Value> {
    let mut documents = listed(documents, AT);
    documents.last_mut().unwrap()["listed"] = json!(count);
    documents
}

/// What is left of the three profiles.
fn pruned_by(documents: &[Value], flags: &str) -> (i32, usize) {
    let sandbox = with_config("");
    write(&sandbox, "", &three()).exits(0);
    let before = read(&sandbox);
    let ended = write(&sandbox, &format!("--prune {flags}"), documents);
    if ended.code == 65 {
        assert_eq!(read(&sandbox), before);
        assert!(ended.stdout.is_empty() && ended.stderr.contains("give --complete"), "{}", ended.stderr);
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
    assert_eq!(pruned_by(&whole(three()[..1].to_vec(), 1), ""), (0, 1));
    let mut older = listed(three()[..1].to_vec(), AT);
    older.push(end_of("corp", AT, 1));
    assert_eq!(pruned_by(&older, ""), (0, 1));
    assert_eq!(pruned_by(&three()[..2], ""), (0, 2));
    // Of two profiles of one session, within a second; and in another order.
    let mut twice = whole(three()[..2].to_vec(), 2);
    twice.extend(twice.clone());
    assert_eq!(pruned_by(&twice, ""), (0, 2));
    assert_eq!(pruned_by(&twice[..3], ""), (65, 3));
    twice.reverse();
    assert_eq!(pruned_by(&twice, ""), (0, 2));
}

#[test]
fn a_listing_that_lost_some_on_its_way_removes_nothing() {
    assert_eq!(pruned_by(&whole(three()[..1].to_vec(), 3), ""), (65, 3));
    assert_eq!(pruned_by(&whole(three()[..1].to_vec(), 3), "--complete"), (0, 1));
    let mut older = listed(three()[..1].to_vec(), AT);
    older.push(end_of("corp", AT, 3));
    assert_eq!(pruned_by(&older, ""), (65, 3));
    assert_eq!(pruned_by(&older[1..], ""), (65, 3));
    // Nothing came of a session that has roles: that is no word about them, even if it is all that is wanted.
    assert_eq!(pruned_by(&older[1..], "--complete"), (0, 3));
}

#[test]
fn a_document_that_came_twice_makes_up_for_none_that_was_dropped() {
    let roles = whole(three(), 3);
    assert_eq!(pruned_by(&[roles[0].clone(), roles[0].clone(), roles[2].clone()], ""), (65, 3));
    // Nor does an end that doesn't say how many there are, or one that takes some back.
    let end = |count: Value| {
        let mut end = end_of("corp", AT, 0);
        end["count"] = count;
        end
    };
    assert_eq!(pruned_by(&[roles[0].clone(), end(Value::Null)], ""), (65, 3));
    assert_eq!(pruned_by(&[roles[0].clone(), end(json!(2)), end(json!(-1))], ""), (65, 3));
}

#[test]
fn an_empty_listing_of_elsewhere_removes_nothing() {
    let of = |key: &str, value: &str| {
        let mut end = end_of("corp", AT, 0);
        end[key] = json!(value);
        vec![end]
    };
    for (end, code, left) in [
        (of("startUrl", "https://d-9999999999.awsapps.com/start"), 65, 3),
        (of("host", "box"), 65, 3),
        // The same portal, as a browser shows it.
        (of("startUrl", "https://d-1234567890.awsapps.com/start/#/?tab=accounts"), 0, 0),
    ] {
        let sandbox = with_config("");
        write(&sandbox, "", &three()).exits(0);
        let before = read(&sandbox);
        // Whoever says that the documents are all there is doesn't say of which portal.
        for flags in ["--prune --complete", "--prune"] {
            let ended = write(&sandbox, flags, &end).exits(code);
            assert_eq!(read(&sandbox).matches("[profile ").count(), left, "{end:?}");
            if code == 65 {
                assert_eq!((ended.stdout.as_str(), read(&sandbox)), ("", before.clone()), "{end:?}");
            }
        }
        // Without --prune it is an event on its way.
        write(&sandbox, "", &end).exits(0);
    }
}

#[test]
fn an_empty_listing_removes_the_profiles_of_its_session() {
    let sandbox = with_config(HAND);
    write(&sandbox, "", &three()).exits(0);
    let mut other = three().remove(0);
    other["ssoSession"] = json!("other");
    write(&sandbox, "--name-template {session}-{role}", &[other]).exits(0);
    let end = end_of("corp", AT, 0);
    // Without --prune it is an event like any other.
    let passed = write(&sandbox, "", std::slice::from_ref(&end)).exits(0).documents();
    assert_eq!(passed, std::slice::from_ref(&end));
    let documents = write(&sandbox, "--prune", &[end]).exits(0).documents();
    assert_eq!(sum(&documents, "removed"), 3);
    let text = read(&sandbox);
    assert!(text.starts_with(HAND) && text.contains("[profile other-Admin]"), "{text}");
    assert_eq!(text.matches("# written by").count(), 1);
    let mut nameless = end_of("", AT, 0);
    nameless["startUrl"] = json!("https://d-1234567890.awsapps.com/start");
    write(&sandbox, "--prune", std::slice::from_ref(&nameless)).exits(65).says("it has no `ssoSession`");
    let pruned = write(&sandbox, "--prune --sso-session other", &[nameless]).exits(0).documents();
    assert_eq!(sum(&pruned, "removed"), 1);
}

#[test]
fn a_listing_that_failed_writes_and_removes_nothing() {
    let sandbox = with_config("");
    write(&sandbox, "", &three()).exits(0);
    let before = read(&sandbox);
    // As the filter `accounts` hands on the profile whose session is over.
    let mut failed = crate::bulk::organisation::role("111122223333", "", "Other");
    failed["profile"] = json!("demo");
    failed["error"] = json!("the session is over\u{1b}[2J");
    let mut midway = whole(three()[..2].to_vec(), 2);
    midway.insert(1, failed.clone());
    let mut as_list = failed.clone();
    as_list["error"] = json!({"code": 500});
    for documents in [vec![failed.clone()], midway, vec![as_list]] {
        for flags in ["", "--prune", "--prune --complete --replace", "--dry-run"] {
            let ended =
                write(&sandbox, flags, &documents).exits(65).says(" has an error, so nothing is written: ");
            assert_eq!((ended.stdout.as_str(), read(&sandbox)), ("", before.clone()), "{flags}");
            assert!(
                !ended.stderr.contains('\u{1b}') && ended.stderr.lines().count() == 2,
                "{}",
                ended.stderr
            );
        }
    }
    // No error is none.
    let mut fine = three();
    fine[0]["error"] = Value::Null;
    write(&sandbox, "", &fine).exits(0);
    failed["reason"] = json!("no token");
    failed["hint"] = json!("sso-login demo");
    // One alone is no profile either, whatever name it is given.
    for line in
        ["sso-profile write", "sso-profile write zz", "sso-profile write zz --role-name Admin --replace"]
    {
        let ended = sandbox.feed(line, &failed.to_string()).exits(65).says("the session is over: no token\n");
        assert!(ended.stderr.ends_with("sso-profile: hint: sso-login demo\n"), "{}", ended.stderr);
        assert_eq!((ended.stdout.as_str(), read(&sandbox)), ("", before.clone()), "{line}");
    }
}

#[test]
fn a_choice_of_a_listing_is_not_its_end() {
    let roles = whole(three(), 3);
    let sandbox = with_config("");
    let document = sandbox.feed("sso-profile write one", &roles[2].to_string()).exits(0).document();
    assert_eq!(
        (document.get("listed"), &document["listedAt"], &document["seen"]),
        (None, &json!(AT), &json!(7))
    );
    // A whole listing goes on as one.
    let documents = write(&sandbox, "", &roles).exits(0).documents();
    assert_eq!(documents[2]["listed"], 3);
}

#[test]
fn the_end_of_another_listing_counts_for_nothing() {
    let cut = listed(three()[..1].to_vec(), AT);
    for end in [
        end_of("other", AT, 1),
        end_of("corp", "2026-11-20T12:00:00Z", 1),
        json!({"event": "x", "ssoSession": "corp", "listedAt": AT, "listed": 1}),
    ] {
        let mut documents = cut.clone();
        documents.push(end.clone());
        assert_eq!(pruned_by(&documents, ""), (65, 3), "{end}");
    }
    // One whole listing doesn't make up for another one that was cut short.
    let mut documents = listed(three()[..1].to_vec(), "2026-11-20T12:00:00Z");
    documents.extend(whole(three()[1..2].to_vec(), 1));
    assert_eq!(pruned_by(&documents, ""), (65, 3));
}
