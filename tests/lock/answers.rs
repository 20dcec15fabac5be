//! What the tool answers: status, help, refusals.

use std::fs;

use serde_json::json;

use crate::lock::{HOLD, Holder};
use crate::support::{NOW, Sandbox, end, names};

#[test]
fn status_tells_free_held_and_stale_apart() {
    let sandbox = Sandbox::new();
    let free = json!({"name": "x", "held": false, "owner": null, "stale": false});
    assert_eq!(sandbox.run("sso-lock status x").exits(1).document(), free);
    assert_eq!(sandbox.run("sso-lock status").exits(1).stdout, "");

    let holder = Holder::start(&sandbox, "x", HOLD);
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let who = json!({"pid": holder.child.id(), "host": host.trim(), "command": "sh", "since": NOW});
    let held = json!({"name": "x", "held": true, "owner": who, "stale": false});
    assert_eq!(sandbox.run("sso-lock status x").exits(0).document(), held);
    sandbox.run("sso-lock break x").exits(75).says("`x` is held by pid ");
    holder.die();

    let stale = json!({"name": "x", "held": false, "owner": who, "stale": true});
    assert_eq!(sandbox.run("sso-lock status x").exits(1).document(), stale);
    fs::create_dir(sandbox.state().join("b.lock")).unwrap();
    let foreign = json!({"name": "b", "held": true, "owner": null, "stale": false});
    assert_eq!(sandbox.run("sso-lock status").exits(0).documents(), [foreign, stale]);
    let text = sandbox.run("sso-lock status --text").exits(0).stdout;
    assert!(
        text.starts_with("b: held by a process that left no owner.json\nx: left behind by pid "),
        "{text}"
    );

    sandbox.run("sso-lock break x").exits(0);
    sandbox.run("sso-lock break x").exits(1);
    assert_eq!(names(sandbox.state()), ["b.lock"]);
    fs::remove_dir(sandbox.state().join("b.lock")).unwrap();
    assert_eq!(sandbox.run("sso-lock status --text").exits(1).stdout, "no lock is held\n");
    assert_eq!(sandbox.run("sso-lock status").exits(1).stdout, "");
}

#[test]
fn names_that_are_no_plain_entry_are_refused() {
    let sandbox = Sandbox::new();
    for name in ["", ".", "..", "../x", "a/b", ".hidden", "-x", "a b", "ä", &"x".repeat(65)] {
        for action in ["acquire", "status", "break", "run"] {
            let mut command = sandbox.tool(&format!("sso-lock {action}"));
            command.args(["--", name]);
            assert_eq!(end(command, "").code, 2, "{action} {name:?}");
        }
    }
    sandbox.run("sso-lock run x").exits(2);
    sandbox.run("sso-lock run x true").exits(2);
    assert_eq!(names(sandbox.state()), [""; 0]);
}

#[test]
fn every_help_has_examples_and_exit_statuses() {
    let sandbox = Sandbox::new();
    for subcommand in ["", "run ", "acquire ", "release ", "status ", "break "] {
        let long = sandbox.run(&format!("sso-lock {subcommand}--help")).exits(0).stdout;
        assert!(long.contains("Examples:\n  sso-lock ") && long.contains("Exit status:\n"), "{long}");
        let short = sandbox.run(&format!("sso-lock {subcommand}-h")).exits(0).stdout;
        assert!(short.len() < long.len(), "{short}");
    }
}

#[test]
fn the_log_says_what_was_taken_and_released_and_never_a_token() {
    let sandbox = Sandbox::new();
    let run = |line: &str, input: &str| {
        let mut command = sandbox.tool(line);
        command.env("SSO_LOG", "debug");
        end(command, input)
    };
    let lock = sandbox.state().join("x.lock");
    let lock = lock.display();
    let ran = run("sso-lock run x -- false CANARY", "").exits_somehow(1);
    let expected = format!(
        "sso-lock: debug: took {lock} for false\nsso-lock: debug: false ended with 1; {lock} is released\n"
    );
    assert_eq!(ran.stderr, expected);
    let acquired = run("sso-lock acquire x --ttl 10m", "").exits_somehow(0);
    assert_eq!(
        acquired.stderr,
        format!("sso-lock: debug: took {lock} for 10m, or until its token releases it\n")
    );
    let wrong = run("sso-lock release x --token CANARY", "").exits_somehow(1);
    assert_eq!(
        wrong.stderr,
        format!("sso-lock: debug: left alone, since that token doesn't hold it: {lock}\n")
    );
    let released = run("sso-lock release", &acquired.stdout).exits_somehow(0);
    assert_eq!(released.stderr, format!("sso-lock: debug: released {lock}\n"));
}
