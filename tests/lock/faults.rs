//! Kills and failures at every system call, injected by strace.

use std::fs;
use std::path::Path;

use crate::lock::{age, boot_id, forge, owner};
use crate::support::{self, Ended, Sandbox, end, names, peer};

/// What the strace tests do to a lock: its name; how to prepare it, which gives the input; the command.
type Scene = (&'static str, fn(&Sandbox) -> String, &'static str);

const SCENES: [Scene; 6] = [
    ("take and release", |_| String::new(), "run x -- true"),
    ("take over here", |sandbox| dead_for(sandbox, 0, &boot_id()), "run x -- true"),
    ("take over from elsewhere", |sandbox| dead_for(sandbox, 61, "another"), "run x -- true"),
    ("break", |sandbox| dead_for(sandbox, 0, &boot_id()), "break x"),
    ("acquire", |_| String::new(), "acquire x"),
    ("release", |sandbox| sandbox.run("sso-lock acquire x").exits(0).stdout, "release"),
];

fn dead_for(sandbox: &Sandbox, seconds: i64, boot: &str) -> String {
    age(&forge(sandbox, "x", &owner(boot).to_string()), seconds);
    String::new()
}

/// Afterwards the next one gets the lock and cleans up; a token that was shown may hold it, and releases it.
#[track_caller]
fn is_obtainable_after(sandbox: &Sandbox, input: &str, ended: &Ended, case: &str) {
    let token = format!("{input}{}", ended.stdout);
    let next = sandbox.run("sso-lock run x -- true");
    if next.code == 75 && !token.is_empty() {
        sandbox.feed("sso-lock release", &token).exits(0);
        sandbox.run("sso-lock run x -- true").exits(0);
    } else {
        assert_eq!((next.code, next.stderr.as_str()), (0, ""), "{case}");
    }
    assert_eq!(names(sandbox.state()), [""; 0], "{case}");
}

/// The system calls that change files.
const CHANGING: [&str; 9] =
    ["mkdir", "flock", "write", "rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir"];

/// Runs sso-lock with a fault injected by strace.
fn inject(sandbox: &Sandbox, strace: &Path, fault: &str, line: &str, input: &str) -> Ended {
    let mut command = sandbox.command(strace);
    let (calls, _) = fault.split_once(':').unwrap();
    command.args([
        "-q",
        "-o",
        "/dev/null",
        "-e",
        &format!("trace={calls}"),
        "-e",
        &format!("inject={fault}"),
    ]);
    command.arg(support::tool("sso-lock")).args(line.split(' '));
    end(command, input)
}

#[test]
fn killed_at_any_step_it_leaves_an_obtainable_lock() {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    let mut kills = 0;
    for (what, prepare, line) in SCENES {
        for call in CHANGING.iter().chain(&["openat", "clone3"]) {
            let sandbox = Sandbox::new();
            for when in 1.. {
                let input = prepare(&sandbox);
                let ended =
                    inject(&sandbox, &strace, &format!("{call}:signal=KILL:when={when}"), line, &input);
                let case = format!("{what}, {call} {when}: {}", ended.stderr);
                is_obtainable_after(&sandbox, &input, &ended, &case);
                if ended.code != 137 {
                    assert_eq!(ended.code, 0, "{case}");
                    break;
                }
                kills += 1;
            }
        }
    }
    assert!(kills > 100, "{kills}");
}

#[test]
fn a_failing_file_system_gives_an_error_and_no_lock() {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    for (what, prepare, line) in SCENES {
        for call in CHANGING {
            for error in ["ENOSPC", "EIO"] {
                let sandbox = Sandbox::new();
                for when in 1..4 {
                    let input = prepare(&sandbox);
                    let fault = format!("{call}:error={error}:when={when}");
                    let ended = inject(&sandbox, &strace, &fault, line, &input);
                    let case = format!("{what}, {call} {when} {error}: {} {}", ended.code, ended.stderr);
                    assert!([0, 74].contains(&ended.code), "{case}");
                    assert!(ended.code == 0 || complaints(&ended) == 1, "{case}");
                    is_obtainable_after(&sandbox, &input, &ended, &case);
                }
            }
        }
    }
}

#[test]
fn without_renameat2_mkdir_decides() {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    let sandbox = Sandbox::new();
    for (what, prepare, line) in SCENES {
        let input = prepare(&sandbox);
        let ended = inject(&sandbox, &strace, "renameat2:error=EINVAL", line, &input).exits(0);
        is_obtainable_after(&sandbox, &input, &ended, what);
    }
    fs::create_dir(sandbox.state().join("x.lock")).unwrap();
    inject(&sandbox, &strace, "renameat2:error=EINVAL", "run x -- true", "").exits(75);
}

#[test]
fn without_flock_the_lease_decides() {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    let sandbox = Sandbox::new();
    let fault = "flock:error=EOPNOTSUPP";
    inject(&sandbox, &strace, fault, "run x -- true", "").exits(0);
    let path = forge(&sandbox, "x", &owner(&boot_id()).to_string());
    inject(&sandbox, &strace, fault, "run x -- true", "").exits(75);
    age(&path, 61);
    inject(&sandbox, &strace, fault, "run x -- true", "").exits(0);
    assert_eq!(names(sandbox.state()), [""; 0]);
}

/// Lines of stderr beside hints.
fn complaints(ended: &Ended) -> usize {
    ended.stderr.lines().filter(|line| !line.contains(": hint: ")).count()
}
