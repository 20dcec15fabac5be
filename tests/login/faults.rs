//! Kills and failing disks at every step of a login: the token and registration files are old or new, and whole.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::login::bench::{Bench, TOKEN};
use crate::support::{self, Ended, end, names, peer};

/// The calls that change files, with the error that each may give. (`write` is also how the tool prints.)
const CALLS: [(&str, &str); 4] =
    [("write", "ENOSPC"), ("fsync", "EIO"), ("rename,renameat,renameat2", "EIO"), ("openat", "ENOSPC")];

fn inject(bench: &Bench, strace: &Path, fault: &str, arguments: &str) -> Ended {
    let mut command = bench.command(strace.to_str().unwrap());
    let calls = fault.split(':').next().unwrap();
    command.args([
        "-q",
        "-o",
        "/dev/null",
        "-e",
        &format!("trace={calls}"),
        "-e",
        &format!("inject={fault}"),
    ]);
    command.arg(support::tool("sso-login")).args(["--via", "device", "--no-browser"]);
    command.args(arguments.split(' '));
    end(command, "")
}

/// Every cache file by name; each must be one whole object.
fn cache(bench: &Bench, case: &str) -> BTreeMap<String, Value> {
    let whole = names(bench.cache()).into_iter().filter(|name| {
        // What a killed writer left is no cache file for anybody.
        Path::new(name).extension().is_some_and(|extension| extension == "json")
    });
    whole
        .map(|name| {
            let text = fs::read_to_string(bench.cache().join(&name)).unwrap();
            let value: Value =
                serde_json::from_str(&text).unwrap_or_else(|err| panic!("{case}, {name}: {err}: {text}"));
            assert!(value["clientSecret"].is_string() && value["expiresAt"].is_string(), "{case}: {value}");
            (name, value)
        })
        .collect()
}

#[test]
fn killed_at_any_write_the_files_are_whole_and_the_next_login_works() {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    let bench = Bench::start("");
    let mut kills = 0;
    for (calls, _) in &CALLS[..3] {
        for when in 1.. {
            // The first login of all writes both files.
            let _ = fs::remove_dir_all(bench.cache());
            let ended = inject(&bench, &strace, &format!("{calls}:signal=KILL:when={when}"), "demo");
            let case = format!("{calls} {when}: {}", ended.stderr);
            cache(&bench, &case);
            let next = bench.device("demo");
            assert!(next.code == 0, "{case} {}", next.stderr);
            assert_eq!(cache(&bench, &case).len(), 2, "{case}");
            // A valid session needs no lock: the dead holder's stays for the next who does.
            bench.run("sso-lock run login -- true").exits(0);
            assert_eq!(bench.state(), [""; 0], "{case}");
            if ended.code != 137 {
                assert_eq!(ended.code, 0, "{case}");
                break;
            }
            kills += 1;
        }
    }
    assert!(kills >= 8, "{kills}");
}

#[test]
fn a_failing_disk_leaves_the_old_session() {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    let bench = Bench::logged_in("");
    let mut failures = 0;
    for (calls, error) in CALLS {
        let before = cache(&bench, calls);
        // Reading comes first, so the opening of files is only tried from where writing begins.
        let first = if calls == "openat" { 12 } else { 1 };
        for when in first..first + 12 {
            let ended =
                inject(&bench, &strace, &format!("{calls}:error={error}:when={when}"), "demo --force");
            let case = format!("{calls} {when} {error}: {} {}", ended.code, ended.stderr);
            let after = cache(&bench, &case);
            assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>(), "{case}");
            // No disk: the SDK's runtime wakes itself by a `write`, which can't fail so.
            if ended.code == 0 || ended.stderr.contains("failed to wake I/O driver") {
                continue;
            }
            failures += 1;
            assert!([69, 74, 78].contains(&ended.code), "{case}");
            let lines = ended.stderr.lines().filter(|line| line.starts_with("sso-login: "));
            assert!(lines.filter(|line| !line.contains(": hint: ")).count() <= 1, "{case}");
            assert_eq!(bench.state(), [""; 0], "{case}");
        }
    }
    assert!(failures >= 5, "{failures}");
}

#[test]
fn a_renewal_that_cannot_be_kept_says_so_and_ends_in_a_login() {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    let bench = Bench::logged_in("");
    bench.forward(3600);
    let late = crate::login::bench::after(3600);
    let mut command = bench.command(strace.to_str().unwrap());
    command.args(["-q", "-o", "/dev/null", "-e", "trace=fsync", "-e", "inject=fsync:error=EIO"]);
    command.arg(support::tool("sso-login")).arg("demo").env("SSO_NOW", &late);
    let before = bench.token_text();
    let ended = end(command, "").exits(74);
    assert!(ended.complaint().contains(crate::login::bench::TOKEN), "{}", ended.stderr);
    assert_eq!(bench.token_text(), before);
    // The service gave the refresh token's successor to nobody: only a person helps, and is asked for at once.
    assert_eq!(bench.device_after(3600, "demo").succeeds("success")["via"], "device");
}

#[test]
fn a_folder_in_the_tokens_place_is_told_before_anybody_is_asked() {
    let bench = Bench::start("");
    std::fs::create_dir_all(bench.cache().join(TOKEN)).unwrap();
    for via in ["device", "pkce"] {
        let ended = bench.run(&format!("sso-login demo --via {via} --no-browser"));
        assert_eq!(ended.code, 74, "{}", ended.stderr);
        assert!(ended.stderr.contains(TOKEN) && !ended.stderr.contains("open this page"), "{}", ended.stderr);
        assert!(!ended.stdout.contains("authorize"), "{}", ended.stdout);
    }
    assert_eq!(bench.count("StartDeviceAuthorization"), 0);
}
