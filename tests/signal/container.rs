//! Writers besides each other: containers that see one folder, hosts that share no lock, many at once.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::signal::clock::{expired, feed_after, profiles, raise};
use crate::support::{self, Sandbox, names};

#[test]
fn files_are_private_and_so_is_their_folder() {
    let sandbox = Sandbox::new();
    fs::remove_dir(sandbox.token_dir()).unwrap();
    for profile in ["corp", "other"] {
        raise(&sandbox, profile, "one");
    }
    sandbox.run("sso-signal mode auto").exits(0);
    crate::signal::clock::settle(&sandbox, 0, &json!({"profile": "corp", "outcome": "dismissed"}));
    let mode = |path: &str| fs::metadata(sandbox.state().join(path)).unwrap().permissions().mode() & 0o7777;
    for folder in ["", "signals"] {
        assert_eq!(mode(folder), 0o700, "{folder}");
    }
    for file in ["login-required.json", "signals/other.json", "mode", "state.json", "last-login-at.txt"] {
        assert_eq!(mode(file), 0o600, "{file}");
    }
}

#[test]
fn a_container_that_sees_only_the_signals_folder_raises_there_and_mends_its_own_torn_file() {
    let sandbox = Sandbox::new();
    let mounted = sandbox.root().join("mnt/signals");
    fs::create_dir_all(&mounted).unwrap();
    let write = |input: &str| {
        let mut command = sandbox.tool("sso-signal write");
        command.env("SSO_SIGNAL_FILE", mounted.join("box.json")).env("HOME", sandbox.root().join("none"));
        support::end(command, input)
    };
    write(&expired("corp", "one").to_string()).exits(0);
    write(&expired("other", "one").to_string()).exits(0);
    assert_eq!(names(&mounted), ["box.json", "other.json"]);
    assert!(!sandbox.root().join("none").exists(), "a container has no state of the host's to make");
    fs::write(mounted.join("box.json"), "{\"profile\":\"co").unwrap();
    write(&expired("corp", "one").to_string()).says("moved to");
    assert_eq!(names(&mounted), ["box.json", "other.json"]);
}

#[test]
fn containers_that_share_no_lock_with_the_host_lose_nothing_to_it() {
    let sandbox = Sandbox::new();
    let signals = sandbox.state().join("signals");
    fs::create_dir_all(&signals).unwrap();
    let boxes = ["a", "b", "c"];
    std::thread::scope(|scope| {
        for name in boxes {
            let (sandbox, signals) = (&sandbox, &signals);
            scope.spawn(move || {
                for episode in 0..20 {
                    let mut command = sandbox.tool("sso-signal write --source box");
                    command
                        .env("SSO_SIGNAL_FILE", signals.join("box.json"))
                        .env("HOME", sandbox.root().join("none"));
                    support::end(command, &expired(name, &episode.to_string()).to_string()).exits(0);
                }
            });
        }
        scope.spawn(|| {
            for n in 0..20_i64 {
                feed_after(&sandbox, n * 31, "sso-signal wait --follow --timeout 0s", "").exits(124);
                let outcome = json!({"profile": boxes[usize::try_from(n).unwrap() % 3], "outcome": "snoozed", "seconds": 1});
                feed_after(&sandbox, n * 31, "sso-signal settle", &outcome.to_string()).exits(0);
            }
        });
    });
    assert_eq!(profiles(&sandbox), boxes);
    let hidden: Vec<_> = names(&signals).into_iter().filter(|name| name.starts_with('.')).collect();
    assert_eq!(hidden, [".monitor-box"]);
}

#[test]
fn fifty_writers_at_once_lose_nothing() {
    let sandbox = Sandbox::new();
    std::thread::scope(|scope| {
        for n in 0..50 {
            let sandbox = &sandbox;
            scope.spawn(move || raise(sandbox, &format!("p{}", n % 25), "one"));
        }
    });
    assert_eq!(profiles(&sandbox).len(), 25);
    assert_eq!(names(sandbox.state().join("signals")).len(), 24);
}
