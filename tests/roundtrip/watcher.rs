//! A watcher that logs in unasked keeps quiet about a session that was locked on purpose, and only about that.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::roundtrip::machine::Machine;
use crate::support::until;

/// A monitor and a watcher in mode `auto`, until dropped.
struct Watched<'m> {
    machine: &'m Machine,
    pipes: Vec<Child>,
}

impl<'m> Watched<'m> {
    fn start(machine: &'m Machine) -> Self {
        let path = machine.served.sandbox.root().join("ticks");
        let monitor = format!(
            "sso-profile show demo | sso-cache check --every 1s | sso-signal write --source monitor >> '{}'",
            path.display()
        );
        let watcher =
            "while sso-signal wait --poll 50ms | sso-login - --via aws | sso-signal settle; do :; done";
        let pipes = [monitor.as_str(), watcher].map(|line| {
            use std::os::unix::process::CommandExt as _;
            let tool = machine.command("sso-signal");
            let mut command = Command::new("bash");
            command.env_clear().envs(tool.get_envs().filter_map(|(name, value)| Some((name, value?))));
            command.env("SSO_AUTO_PROFILES", "demo").args(["-uo", "pipefail", "-c", line]);
            command.current_dir(machine.served.sandbox.root().join("work"));
            command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn().unwrap()
        });
        Self { machine, pipes: pipes.into() }
    }

    fn ticks(&self) -> PathBuf {
        self.machine.served.sandbox.root().join("ticks")
    }

    /// Waits for four more looks of the monitor that found the session as said: the first would raise a signal, and the
    /// AWS CLI is up long before the last.
    fn sees(&self, login_required: bool) {
        let looks = || {
            let text = fs::read_to_string(self.ticks()).unwrap_or_default();
            text.matches(&format!("\"loginRequired\":{login_required}")).count()
        };
        let enough = looks() + 4;
        until(&format!("four looks with loginRequired {login_required}"), || looks() >= enough);
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        for pipe in &mut self.pipes {
            let _ = kill_process_group(Pid::from_child(pipe), Signal::KILL);
            let _ = pipe.wait();
        }
    }
}

#[test]
fn a_proof_and_its_relock_wake_no_watcher_and_the_next_expiry_does() {
    let Some(machine) = Machine::start("") else { return };
    machine.run("sso-login demo --via aws").exits_somehow(0);
    machine.run("sso-signal mode auto").exits(0);
    let watched = Watched::start(&machine);
    watched.sees(false);

    machine.key_set("AWS_PROFILE dev aws.iam.sso demo").exits_somehow(0);
    watched.sees(true);
    assert_eq!((machine.counts(), machine.argv().len()), ([1, 1, 1], 1), "the watcher logged in");
    assert_eq!(machine.quiet(), ["sandbox"]);

    // Unlocked, the session is watched again: when it ends by itself the watcher does its work.
    let settled = machine.run("sso-login demo --via aws").stdout;
    crate::support::end(machine.command("sso-signal settle"), &settled).exits(0);
    assert_eq!((machine.counts()[0], machine.quiet()), (2, vec![]));
    watched.sees(false);
    machine.run("sso-login logout demo").exits(0);
    until("login by the watcher", || machine.counts()[0] == 3);
}
