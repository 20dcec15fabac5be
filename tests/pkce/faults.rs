//! A login that is killed, or whose disk fails, at any step of what it writes: the old files or the new ones, whole.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::login::bench::{Bench, TOKEN};
use crate::support::{end, names, peer, tool};

/// A forced login with this fault; the browser comes by itself.
fn log_in(bench: &Bench, strace: Option<(&Path, &str)>) -> i32 {
    let mut command = match strace {
        None => bench.command("sso-login"),
        Some((strace, fault)) => {
            let mut command = bench.command(strace.to_str().unwrap());
            // Not `-f`: the login's own thread writes, its browser is another process.
            command.args(["-qq", "-o", "/dev/null", "-e", fault]).arg(tool("sso-login"));
            command
        }
    };
    command.args(["--via", "pkce", "--force", "demo", "--timeout", "20s"]);
    command.env("BROWSER", bench.served.document["export"]["BROWSER"].as_str().unwrap());
    end(command, "").code
}

#[test]
fn a_fault_at_any_step_leaves_whole_files_and_the_next_login_works() {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    let (mut old_kept, mut new_kept) = (0, 0);
    // The lock's owner, the registration and the token are synced and renamed, in this order.
    for call in ["fsync", "/^rename"] {
        for fault in ["error=ENOSPC", "error=EIO", "signal=SIGKILL"] {
            for when in 1..=3 {
                let bench = Bench::start("");
                assert_eq!(log_in(&bench, None), 0);
                let old = bench.token_text();
                // A registration is written, too.
                for name in names(bench.cache()).iter().filter(|name| *name != TOKEN) {
                    fs::remove_file(bench.cache().join(name)).unwrap();
                }
                let what = format!("inject={call}:{fault}:when={when}");
                let code = log_in(&bench, Some((&strace, &what)));
                let found = bench.token_text();
                let token: Value = serde_json::from_str(&found).unwrap();
                assert!(
                    token["accessToken"].is_string() && token["refreshToken"].is_string(),
                    "{what}: {found}"
                );
                let is_old = found == old;
                // A status of success means the new token.
                assert!(code != 0 || !is_old, "{what}: {code}");
                old_kept += usize::from(is_old);
                new_kept += usize::from(!is_old);
                for name in names(bench.cache()).iter().filter(|name| name.len() == TOKEN.len()) {
                    let text = fs::read_to_string(bench.cache().join(name)).unwrap();
                    assert!(serde_json::from_str::<Value>(&text).is_ok(), "{what}: {name}: {text}");
                }
                assert_eq!(log_in(&bench, None), 0, "{what}");
                assert_eq!(bench.run("sso-login demo").exits(0).document()["outcome"], "valid");
                assert_eq!(names(bench.cache()).len(), 2, "{what}: {:?}", names(bench.cache()));
            }
        }
    }
    assert!(old_kept >= 6 && new_kept >= 1, "{old_kept} {new_kept}");
}
