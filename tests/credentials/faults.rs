//! Whatever fails or dies while credentials or tokens are written, the files are whole, old or new, and the next one
//! goes on.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::login::bench::{Bench, TOKEN, after};
use crate::support::{end, names, peer};

const ROLE: &str = "e4a0dc24a2917f40fd43373c4ce31cb8469d8d3c.json";

fn inject(bench: &Bench, strace: &Path, fault: &str, line: &str, seconds: u32) -> i32 {
    let strace = strace.display();
    let tool = crate::support::tool("sso-login");
    let line = line.strip_prefix("sso-login ").unwrap();
    let mut command =
        bench.command(&format!("{strace} -f -qq -o /dev/null -e inject={fault} {} {line}", tool.display()));
    command.env("SSO_NOW", after(seconds));
    end(command, "").code
}

fn whole(path: &Path) -> Option<Value> {
    let text = fs::read_to_string(path).ok()?;
    Some(serde_json::from_str(&text).unwrap_or_else(|err| panic!("{}: {err}: {text}", path.display())))
}

#[test]
fn a_fault_at_any_step_leaves_whole_role_credentials_and_the_next_one_goes_on() {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    let bench = Bench::logged_in("");
    let path = bench.home().join(".aws/cli/cache").join(ROLE);
    let mut hits = 0;
    for call in ["write", "fsync", "/^rename", "/^fchmod", "mkdir", "flock", "/^utimensat", "/^openat"] {
        for fault in ["error=EIO", "error=ENOSPC", "signal=SIGKILL"] {
            for when in 1..=4 {
                let _ = fs::remove_file(&path);
                let code = inject(
                    &bench,
                    &strace,
                    &format!("{call}:{fault}:when={when}"),
                    "sso-login credentials demo",
                    0,
                );
                hits += u32::from(code != 0);
                whole(&path);
                bench.run("sso-login credentials demo").exits(0);
                assert_eq!(whole(&path).unwrap()["ProviderType"], "sso", "{call} {fault} {when}");
                let left = names(bench.home().join(".aws/cli/cache"));
                assert!(left.len() <= 2, "{call} {fault} {when}: {left:?}");
            }
        }
    }
    assert!(hits >= 20, "{hits}");
    let locks: Vec<_> = names(bench.home().join(".aws/sso-renewer"))
        .into_iter()
        .filter(|name| name.contains(".lock"))
        .collect();
    assert_eq!(locks, [""; 0], "none is left");
}

#[test]
fn a_refresh_that_dies_leaves_the_old_or_the_new_token() {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    let bench = Bench::logged_in("");
    let path = bench.cache().join(TOKEN);
    let mut seconds = 0;
    for call in ["write", "fsync", "/^rename"] {
        for fault in ["error=ENOSPC", "signal=SIGKILL"] {
            let before = whole(&path).unwrap();
            seconds += 3600;
            bench.forward(3600);
            // Each of the later writes of a refresh is one to the token's file, or to a socket.
            for when in [1, 3] {
                inject(
                    &bench,
                    &strace,
                    &format!("{call}:{fault}:when={when}"),
                    "sso-login refresh demo",
                    seconds,
                );
                let after = whole(&path).unwrap();
                for key in ["startUrl", "clientId", "clientSecret"] {
                    assert_eq!(before[key], after[key], "{call} {fault}");
                }
            }
            // A token that was traded in and not written is lost: that takes a login, and only that.
            bench.device_after(seconds, "demo").succeeds_either();
            assert!(names(bench.cache()).len() <= 3, "{call} {fault}: {:?}", names(bench.cache()));
        }
    }
}

trait Succeeds {
    fn succeeds_either(&self);
}

impl Succeeds for crate::support::Ended {
    #[track_caller]
    fn succeeds_either(&self) {
        assert_eq!(self.code, 0, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
    }
}
