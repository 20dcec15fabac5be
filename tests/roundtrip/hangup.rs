//! A terminal that is gone: nobody will ever answer.

use crate::support::{Sandbox, end, names, python};

#[test]
fn a_terminal_that_hangs_up_ends_the_set_up_also_under_a_leader_that_lives_on() {
    let Some(python) = python() else { return };
    let sandbox = Sandbox::new();
    // The leader of the session alone is told of it by a signal. Nobody closes the terminal in the alarm's time.
    let script = r#"
import os, pty, signal, sys
signal.alarm(int(sys.argv[1]))
pid, terminal = pty.fork()
if pid == 0:
    os.execvp("sh", ["sh", "-c", "trap '' HUP; sso-login key-set AWS_PROFILE dev aws.iam.sso; exit $?"])
seen = b""
while b"Start URL" not in seen:
    seen += os.read(terminal, 1000)
os.close(terminal)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"#;
    let mut command = sandbox.command(python);
    command.args(["-c", script, "60"]).env("TERM", "xterm");
    let ended = end(command, "");
    assert!((1..128).contains(&ended.code), "{}: {}", ended.code, ended.stderr);
    assert!(!sandbox.state().join("key-set.lock").exists());
    assert_eq!(names(sandbox.home().join(".aws")).into_iter().filter(|name| name == "config").count(), 0);
}
