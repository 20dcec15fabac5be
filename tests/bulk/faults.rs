//! A bulk write that is killed or fails at any system call leaves the old content or the new one.

use std::fs;

use crate::bulk::organisation::{HAND, many, stream, with_config};
use crate::support::{end, names, peer};

#[test]
fn a_fault_at_any_step_leaves_all_or_nothing() {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    let input = stream(&many(40));
    let new = {
        let sandbox = with_config(HAND);
        sandbox.feed("sso-profile write --all --text", &input).exits(0);
        fs::read_to_string(sandbox.config()).unwrap()
    };
    let (mut killed, mut failed) = (0, 0);
    for call in ["write", "fsync", "rename", "renameat", "renameat2", "fchmod"] {
        for fault in ["error=ENOSPC", "error=EIO", "signal=SIGKILL"] {
            for when in 1..=2 {
                let sandbox = with_config(HAND);
                let mut command = sandbox.command(&strace);
                command
                    .args(["-f", "-qq", "-o", "/dev/null", "-e"])
                    .arg(format!("trace={call}"))
                    .arg("-e")
                    .arg(format!("inject={call}:{fault}:when={when}"))
                    .arg(crate::support::tool("sso-profile"))
                    .args(["write", "--all", "--text"]);
                let ended = end(command, &input);
                let content = fs::read_to_string(sandbox.config()).unwrap();
                assert!(content == HAND || content == new, "{call} {fault} {when}");
                killed += usize::from(ended.code == 137 && content == HAND);
                failed += usize::from(ended.code == 74 && content == HAND);
                // Whatever was left, the next writer succeeds and sweeps it.
                sandbox.feed("sso-profile write --all --text", &input).exits(0);
                assert_eq!(fs::read_to_string(sandbox.config()).unwrap(), new);
                assert_eq!(names(sandbox.home().join(".aws")), [".config.sso-lock", "cli", "config", "sso"]);
            }
        }
    }
    assert!(killed >= 2 && failed >= 2, "the faults hit nothing: {killed} {failed}");
}
