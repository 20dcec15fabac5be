//! A write that is killed or fails at any system call leaves the old content or the new one.

use std::fs;

use crate::support::{Sandbox, end, names, peer};

const OLD: &str = "# mine\n[profile old]\nregion = eu-west-1\n";
const ARGUMENTS: [&str; 7] = [
    "write",
    "corp",
    "--start-url",
    "https://d-1234567890.awsapps.com/start",
    "--sso-region",
    "us-east-1",
    "--text",
];

/// Runs the write under strace with a fault at the nth such call; answers the status, the content, what else is
/// in the folder.
fn injected(strace: &std::path::Path, call: &str, fault: &str, when: usize) -> (i32, String, Vec<String>) {
    let sandbox = Sandbox::new();
    sandbox.write(".aws/config", OLD);
    let mut command = sandbox.command(strace);
    command
        .args(["-f", "-qq", "-o", "/dev/null", "-e"])
        .arg(format!("trace={call}"))
        .arg("-e")
        .arg(format!("inject={call}:{fault}:when={when}"))
        .arg(crate::support::tool("sso-profile"))
        .args(ARGUMENTS);
    let ended = end(command, "");
    let content = fs::read_to_string(sandbox.config()).unwrap();
    let left = names(sandbox.home().join(".aws"));
    // Whatever was left, the next writer succeeds and sweeps it.
    let mut command = sandbox.tool("sso-profile");
    command.args(ARGUMENTS);
    end(command, "").exits(0);
    assert_eq!(names(sandbox.home().join(".aws")), [".config.sso-lock", "cli", "config", "sso"]);
    (ended.code, content, left)
}

fn new_content() -> String {
    let sandbox = Sandbox::new();
    sandbox.write(".aws/config", OLD);
    let mut command = sandbox.tool("sso-profile");
    command.args(ARGUMENTS);
    end(command, "").exits(0);
    fs::read_to_string(sandbox.config()).unwrap()
}

#[test]
fn a_fault_at_any_step_leaves_old_or_new_content() {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    let new = new_content();
    assert!(new.starts_with(OLD) && new.contains("[profile corp]"));
    let (mut killed_before, mut failed) = (0, 0);
    for call in ["write", "fsync", "rename", "renameat", "renameat2", "fchmod", "openat"] {
        for fault in ["error=ENOSPC", "error=EIO", "signal=SIGKILL"] {
            // openat: only the last ones are ours, the first are the loader's.
            let last = if call == "openat" { 14 } else { 2 };
            for when in 1..=last {
                let (code, content, left) = injected(&strace, call, fault, when);
                let what = format!("{call} {fault} {when}: {code}");
                assert!(content == OLD || content == new, "{what}: {content:?}");
                if code == 0 {
                    assert_eq!(content, new, "{what}");
                }
                if fault.starts_with("error") {
                    // A failure cleans up; a killed one can't.
                    assert!(!left.iter().any(|name| name.contains("tmp")), "{what}: {left:?}");
                    failed += usize::from(code == 74);
                } else {
                    killed_before += usize::from(code == 137 && content == OLD);
                }
            }
        }
    }
    assert!(killed_before >= 3 && failed >= 5, "the faults hit nothing: {killed_before} {failed}");
}
