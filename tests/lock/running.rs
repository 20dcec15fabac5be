//! Holding a lock while a command runs.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;

use crate::lock::{HOLD, Holder, is_obtainable, library_lock};
use crate::support::{self, NOW, Sandbox, end, names, peer, python};

#[test]
fn second_holder_is_told_who_has_it_and_to_try_later() {
    let sandbox = Sandbox::new();
    let holder = Holder::start(&sandbox, "login", HOLD);
    let pid = holder.child.id();
    for line in [
        "sso-lock run login -- touch ran",
        "sso-lock run --wait 20ms login -- touch ran",
        "sso-lock acquire login",
    ] {
        let busy = sandbox.run(line).exits(75).says(&format!("`login` is held by pid {pid} on "));
        assert!(busy.stderr.contains(&format!("(sh) since {NOW}")), "{}", busy.stderr);
        assert!(busy.stderr.ends_with("sso-lock: hint: sso-lock status login\n"), "{}", busy.stderr);
        assert_eq!(busy.stdout, "");
    }
    assert!(!sandbox.root().join("work/ran").exists());
    sandbox.run("sso-lock run other -- true").exits(0);
    assert_eq!(holder.end(), 0);
    is_obtainable(&sandbox, "login");
}

#[test]
fn a_hundred_contenders_take_turns() {
    let sandbox = Sandbox::new();
    let counter = sandbox.root().join("work/f");
    fs::write(&counter, "0\n").unwrap();
    let children: Vec<_> = (0..100)
        .map(|_| {
            let mut command = sandbox.tool("sso-lock run --wait 60s c --");
            command.args(["sh", "-c", "n=$(cat f); sleep 0.002; echo $((n+1)) > f"]);
            command.spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(fs::read_to_string(counter).unwrap(), "100\n");
    assert_eq!(names(sandbox.state()), [""; 0]);
}

#[test]
fn signals_reach_the_command_and_its_status_comes_back() {
    let sandbox = Sandbox::new();
    for signal in ["TERM", "INT", "HUP", "QUIT", "USR1", "USR2"] {
        let script = format!("trap 'echo {signal}; exit 7' {signal}; echo set; while :; do sleep 0.01; done");
        let mut holder = Holder::start(&sandbox, "x", &script);
        assert_eq!(holder.line(), "set");
        holder.send(signal);
        assert_eq!(holder.line(), signal);
        assert_eq!(holder.status(), 7, "{signal}");
    }
    let mut holder = Holder::start(&sandbox, "x", "exec sleep 100");
    holder.send("TERM");
    assert_eq!(holder.status(), 143);
    is_obtainable(&sandbox, "x");
}

#[test]
fn the_lock_is_held_until_a_signalled_command_has_ended() {
    let sandbox = Sandbox::new();
    let script = "trap 'echo caught' TERM; echo set; while ! read line; do :; done; exit 3";
    let mut holder = Holder::start(&sandbox, "x", script);
    assert_eq!(holder.line(), "set");
    holder.send("TERM");
    assert_eq!(holder.line(), "caught");
    sandbox.run("sso-lock run x -- true").exits(75);
    holder.child.stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
    assert_eq!(holder.end(), 3);
}

#[test]
fn ctrl_c_is_not_sent_to_the_command_twice() {
    let sandbox = Sandbox::new();
    let (Some(python), Some(strace)) = (python(), peer("SSO_TEST_STRACE", "strace")) else { return };
    // The terminal signals the whole foreground group; our own kill(2) would be a second one.
    let script = r#"
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
seen = b""
while b"set" not in seen:
    seen += os.read(terminal, 1000)
os.write(terminal, b"\x03")
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.exit(status)
"#;
    let log = sandbox.root().join("kills");
    let mut command = sandbox.command(python);
    command.args(["-c", script]).arg(strace).args(["-f", "-e", "trace=kill", "-o"]).arg(&log);
    command.arg(support::tool("sso-lock")).args(["run", "x", "--", "sh", "-c"]);
    command.arg("trap 'exit 9' INT; echo set; while :; do sleep 0.01; done");
    end(command, "").exits(9);
    let log = fs::read_to_string(log).unwrap();
    assert!(log.contains("SIGINT") && !log.contains("kill("), "{log}");
}

#[test]
fn an_ignored_signal_stays_ignored_for_the_command() {
    let sandbox = Sandbox::new();
    let line = "trap '' HUP; sso-lock run x -- grep SigIgn /proc/self/status";
    let mask = end(sandbox.shell(line), "").exits(0).stdout;
    let mask = u64::from_str_radix(mask.split_whitespace().nth(1).unwrap(), 16).unwrap();
    assert_eq!(mask & 1, 1);
}

#[test]
fn the_commands_streams_and_status_are_its_own() {
    let sandbox = Sandbox::new();
    let both = end(sandbox.shell("sso-lock run x -- sh -c 'cat; echo err >&2; exit 42'"), "in\n");
    assert_eq!((both.code, both.stdout.as_str(), both.stderr.as_str()), (42, "in\n", "err\n"));
    sandbox.run("sso-lock run x -- sso-lock-nowhere").exits(127).says("cannot run sso-lock-nowhere: ");
    sandbox.run("sso-lock run x -- /").exits(126).says("cannot run /: Permission denied");
    let mut killed = sandbox.tool("sso-lock run x -- sh -c");
    killed.arg("kill -KILL $$");
    end(killed, "").exits(137);
    let inner = end(sandbox.shell("sso-lock run x -- ls -l /proc/self/fd"), "").exits(0);
    assert!(!inner.stdout.contains(".lock"), "{}", inner.stdout);
    assert_eq!(names(sandbox.state()), [""; 0]);
}

#[test]
fn arguments_of_the_command_are_told_to_nobody() {
    let sandbox = Sandbox::new();
    let holder = Holder::start(&sandbox, "x", ": canary; cat > /dev/null");
    let content = fs::read_to_string(sandbox.state().join("x.lock/owner.json")).unwrap();
    assert!(!content.contains("canary") && content.contains(r#""command":"sh""#), "{content}");
    let mode = |path: &str| fs::metadata(sandbox.state().join(path)).unwrap().mode() & 0o777;
    assert_eq!((mode(""), mode("x.lock"), mode("x.lock/owner.json")), (0o700, 0o700, 0o600));
    assert_eq!(holder.end(), 0);
}

#[test]
fn a_panic_releases_the_lock() {
    let sandbox = Sandbox::new();
    let lock = library_lock(&sandbox);
    let panicked = std::panic::catch_unwind(|| {
        let _guard = lock.try_acquire("test").unwrap();
        panic!("on purpose");
    });
    assert!(panicked.is_err());
    assert_eq!(names(sandbox.state()), [""; 0]);
}
