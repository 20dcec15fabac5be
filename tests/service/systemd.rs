//! systemd, played by a fake systemctl.

use std::fs;

use serde_json::json;

use crate::service::fakes::{INSTALL, dotenv, linux, mark, told};

const UNIT: &str = "sso-watcher.service";

#[test]
fn installing_twice_starts_once_and_a_changed_setting_restarts() {
    let sandbox = linux();
    let document = sandbox.run(INSTALL).exits(0).document();
    let unit = sandbox.home().join(".config/systemd/user").join(UNIT);
    let log = sandbox.home().join(".local/state/sso-watcher.log");
    assert_eq!((&document["file"], &document["log"]), (&json!(unit), &json!(log)));
    assert_eq!((&document["running"], &document["pid"]), (&json!(true), &json!(4242)));
    let reenable = format!("--user --quiet reenable {UNIT}");
    let restart = format!("--user restart {UNIT}");
    assert_eq!(told(&sandbox), ["--user daemon-reload", &reenable, &restart]);

    assert_eq!(sandbox.run(INSTALL).exits(0).document()["changed"], false);
    assert_eq!(told(&sandbox), [reenable.clone(), format!("--user start {UNIT}")]);

    dotenv(&sandbox, "SSO_POLL_SECONDS=9\n");
    assert_eq!(sandbox.run(INSTALL).exits(0).document()["changed"], true);
    assert_eq!(told(&sandbox), ["--user daemon-reload", &reenable, &restart]);
    assert!(fs::read_to_string(unit).unwrap().contains("Environment=\"SSO_POLL_SECONDS=9\""));
}

#[test]
fn the_monitor_is_a_service_beside_the_watcher() {
    let sandbox = linux();
    let monitor = sandbox.program("sso-monitor", "#!/bin/sh\n");
    let install = format!("sso-signal service install --monitor {} -- just sso-watch", monitor.display());
    let document = sandbox.run(&install).exits(0).document();
    assert_eq!(document["monitor"]["label"], "sso-monitor.service");
    let units = sandbox.home().join(".config/systemd/user");
    assert_eq!(crate::support::names(&units), ["sso-monitor.service", UNIT]);
    let unit = fs::read_to_string(units.join("sso-monitor.service")).unwrap();
    assert!(unit.contains(&format!("ExecStart=\"{}\" \"--log\"", monitor.display())), "{unit}");
    assert!(unit.contains("Description=SSO monitor: ") && unit.contains("/sso-monitor.log\n"), "{unit}");
    let status = sandbox.run("sso-signal service status").exits(0).document();
    assert_eq!((&status["installed"], &status["monitor"]["installed"]), (&json!(true), &json!(true)));
    told(&sandbox);
    sandbox.run("sso-signal service restart").exits(0);
    let restarted: Vec<_> = told(&sandbox).into_iter().filter(|line| line.contains(" restart ")).collect();
    assert_eq!(restarted, ["--user restart sso-watcher.service", "--user restart sso-monitor.service"]);
    // Watcher alone: the monitor goes.
    let alone = install.replace("--monitor", "--watcher-only --monitor");
    sandbox.run(&alone).exits(0);
    assert_eq!(crate::support::names(&units), [UNIT]);
    sandbox.run(&install).exits(0);
    sandbox.run("sso-signal service uninstall").exits(0);
    assert_eq!(crate::support::names(&units), [""; 0]);
}

#[test]
fn on_a_desktop_the_service_comes_and_goes_with_it_and_knows_its_display() {
    let sandbox = linux();
    mark(&sandbox, "desktop");
    let mut install = sandbox.tool(INSTALL);
    install.env("WAYLAND_DISPLAY", "wayland-0");
    if rustix::process::geteuid().is_root() {
        return; // Root on a desktop is refused: `refusals` has that.
    }
    crate::support::end(install, "").exits(0);
    assert!(told(&sandbox).contains(&"--user import-environment WAYLAND_DISPLAY".to_owned()));
}

#[test]
fn a_desktop_session_is_what_wants_the_unit() {
    let sandbox = linux();
    // Without CMD: the scripts, and each file by its name.
    sandbox.program("sso-watch", "#!/bin/sh\n");
    sandbox.program("sso-monitor", "#!/bin/sh\n");
    let both = sandbox.run("sso-signal service install --print").exits(0).stdout;
    for part in ["/sso-watch", "/sso-monitor", "# ", "/sso-watcher.service\n", "/sso-monitor.service\n"] {
        assert!(both.contains(part), "{part}: {both}");
    }
    let print = "sso-signal service install --print -- just sso-watch";
    assert!(sandbox.run(print).exits(0).stdout.contains("WantedBy=default.target"));
    mark(&sandbox, "desktop");
    let unit = sandbox.run(print).exits(0).stdout;
    assert!(
        unit.contains("WantedBy=graphical-session.target")
            && unit.contains("PartOf=graphical-session.target")
    );
    assert!(!sandbox.home().join(".config").exists());
}

#[test]
fn uninstalling_twice_is_fine() {
    let sandbox = linux();
    sandbox.run(INSTALL).exits(0);
    told(&sandbox);
    assert_eq!(sandbox.run("sso-signal service uninstall").exits(0).document()["removed"], true);
    assert_eq!(
        told(&sandbox),
        [
            format!("--user --quiet disable --now {UNIT}"),
            "--user daemon-reload".to_owned(),
            format!("--user reset-failed {UNIT}")
        ]
    );
    assert_eq!(sandbox.run("sso-signal service uninstall --text").exits(0).stdout, "not installed\n");
}

#[test]
fn another_programs_unit_stays() {
    let sandbox = linux();
    let foreign =
        sandbox.write(".config/systemd/user/sso-watcher.service", "[Service]\nExecStart=/opt/theirs\n");
    sandbox.run(INSTALL).exits(78).says("another program's");
    assert_eq!(fs::read_to_string(foreign).unwrap(), "[Service]\nExecStart=/opt/theirs\n");
    let sandbox = linux();
    mark(&sandbox, "elsewhere");
    sandbox.run(INSTALL).exits(78).says("/usr/lib/systemd/user/sso-watcher.service");
}
