//! Where there is no terminal.

use std::process::Command;

use serde_json::json;

use crate::support::screen::{roles, stream};
use crate::support::{Ended, Sandbox, end, peer, tool};

/// Runs it in a session of its own, which has no terminal whatever the test has.
fn choose(arguments: &[&str], input: &str) -> Option<Ended> {
    let setsid = peer("SSO_TEST_SETSID", "setsid")?;
    let sandbox = Sandbox::new();
    let mut command: Command = sandbox.command(setsid);
    command.arg("--wait").arg(tool("sso-profile")).arg("choose").args(arguments);
    Some(end(command, input))
}

#[test]
fn without_a_terminal_the_flag_to_use_instead_is_named() {
    let Some(ended) = choose(&[], &stream(&roles(3))) else { return };
    ended
        .exits(2)
        .says("there is no terminal to ask on")
        .says("--pick accountId=111122223333 --pick roleName=Developer");
}

#[test]
fn what_the_flags_leave_is_the_choice() {
    let mut roles = roles(4);
    roles[3]["number"] = json!(7);
    roles.insert(0, json!({"event": "listed"}));
    let mut documents = roles.clone();
    // One choice is no listing: its end isn't handed on.
    documents[4]["listedAt"] = json!("2026-11-21T12:00:00Z");
    roles[4]["listedAt"] = documents[4]["listedAt"].clone();
    documents[4]["listed"] = json!(4);
    documents.push(json!({"event": "listed", "listedAt": "2026-11-21T12:00:00Z", "count": 4}));
    let input = stream(&documents);
    for picks in [
        &["--pick", "accountId=111122220003"][..],
        &["--pick", "roleName=ReadOnly", "--pick", "accountName=Account 3"],
        &["--pick=number=7"],
    ] {
        let Some(ended) = choose(picks, &input) else { return };
        assert_eq!(ended.exits(0).stdout, stream(&[roles[0].clone(), roles[4].clone()]), "{picks:?}");
    }
}

#[test]
fn flags_that_leave_none_or_several_are_errors() {
    let input = stream(&roles(4));
    let Some(ended) = choose(&["--pick", "roleName=Admin"], &input) else { return };
    ended.exits(2).says("2 documents have roleName=Admin");
    let none = choose(&["--pick", "roleName=Nobody", "--pick", "x=y"], &input).unwrap();
    assert!(none.stdout.is_empty());
    none.exits(78).says("none of 4 documents has roleName=Nobody and x=y");
    choose(&["--pick", "a=b"], "").unwrap().exits(78).says("nothing to choose from");
    choose(&["--pick", "nothing"], &input).unwrap().exits(2);
    choose(&["--pick", "a=b"], "{\"a\":\"b\"}\n{").unwrap().exits(65);
}

#[test]
fn a_dumb_terminal_is_none() {
    let Some(setsid) = peer("SSO_TEST_SETSID", "setsid") else { return };
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(setsid);
    command.arg("--wait").arg(tool("sso-profile")).arg("choose").env("TERM", "dumb");
    end(command, &stream(&roles(1))).exits(2).says("--pick");
}
