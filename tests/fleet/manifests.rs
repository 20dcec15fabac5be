//! The manifests of the fleet page, before those who run them.

use std::path::PathBuf;
use std::process::Command;

use crate::support::{Sandbox, end, peer};

fn manifest(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/fleet").join(name)
}

#[test]
fn systemd_takes_the_timer_and_what_it_starts() {
    let Some(analyze) = peer("SSO_TEST_SYSTEMD_ANALYZE", "systemd-analyze") else { return };
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(analyze);
    command.env("XDG_RUNTIME_DIR", sandbox.root()).args(["verify", "--user"]);
    command.args(["sso-fleet.service", "sso-fleet.timer"].map(manifest));
    end(command, "").exits(0);
}

#[test]
fn kubernetes_takes_the_cron_job_and_nothing_in_it_is_unknown() {
    let Some(python) = peer("SSO_TEST_PYTHON", "python3") else { return };
    let has = Command::new(&python).args(["-c", "import kubernetes_validate"]).output();
    if !has.is_ok_and(|output| output.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "kubernetes-validate is needed for this test");
        crate::support::skip(&format!("{} has no kubernetes-validate", python.display()));
        return;
    }
    let mut command = Command::new(python);
    command.args(["-m", "kubernetes_validate", "--strict", "--quiet"]).arg(manifest("cronjob.yaml"));
    assert_eq!(end(command, "").code, 0);
}
