//! A cache that can't be written: nothing that is good for one use is used up for it.

use std::path::Path;
use std::process::Command;

use crate::bench::Bench;
use crate::support::{Ended, end, peer};

/// Runs a line of the shell where the cache is read-only: in a mount namespace of its own.
fn read_only(bench: &Bench, unshare: &Path, line: &str) -> Ended {
    let script = "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" && eval \"$2\"";
    let mut command = bench.command(unshare.to_str().unwrap());
    command.args(["-rm", "bash", "-c", script, "bash"]).arg(bench.cache()).arg(line);
    end(command, "")
}

/// `unshare`, where this user may have a mount namespace.
fn unshare() -> Option<std::path::PathBuf> {
    let unshare = peer("SSO_TEST_UNSHARE", "unshare")?;
    let can = Command::new(&unshare).args(["-rm", "mount", "--bind", "/tmp", "/tmp"]).output().unwrap();
    if !can.status.success() {
        eprintln!("SKIPPED: no mount namespace: {}", String::from_utf8_lossy(&can.stderr));
        return None;
    }
    Some(unshare)
}

#[test]
fn a_refresh_token_is_not_used_up_where_its_successor_has_no_place() {
    let Some(unshare) = unshare() else { return };
    let bench = Bench::logged_in("");
    let mut token = bench.token();
    token["expiresAt"] = "2026-11-21T11:00:00Z".into();
    bench.set_token(&token);
    let before = bench.counts();
    read_only(&bench, &unshare, "sso-login refresh demo").exits(74).says("Read-only file system");
    read_only(&bench, &unshare, "sso-login credentials demo").exits(74).says("Read-only file system");
    assert_eq!((bench.counts(), bench.token()), (before, token));
    bench.run("sso-login refresh demo").exits(0);
}

#[test]
fn nobody_is_asked_to_log_in_where_the_token_has_no_place() {
    let Some(unshare) = unshare() else { return };
    let bench = Bench::logged_in("");
    let before = bench.counts();
    for via in ["device", "pkce"] {
        let line = format!("sso-login demo --force --no-browser --via {via}");
        let ended = read_only(&bench, &unshare, &line).exits(74).says("Read-only file system");
        assert_eq!(ended.stdout, "");
    }
    assert_eq!(bench.counts(), before);
    let tokens = bench.count("CreateToken");
    let steps = "sso-login register demo | sso-login authorize | sso-login token --wait --save";
    let ended = read_only(&bench, &unshare, &format!("set -o pipefail; {steps}")).exits(74);
    assert!(ended.stderr.contains("Read-only file system"), "{}", ended.stderr);
    assert_eq!(bench.count("CreateToken"), tokens);
}

#[test]
fn the_doctor_sees_that_nothing_can_be_kept() {
    let Some(unshare) = unshare() else { return };
    let bench = Bench::logged_in("");
    let text = read_only(&bench, &unshare, "sso-login doctor demo --text").stdout;
    assert!(text.contains("read-only here"), "{text}");
}
