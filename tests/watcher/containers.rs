//! The monitor in a container: the cache read-only, and nothing of the state but `signals/`.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};

use serde_json::json;

use crate::login::bench::Bench;
use crate::support::{self, end};

/// What the compose file of `docs/` gives the monitor: a view with the config and the cache, which it can't change,
/// and the folder of signals, which it can.
#[test]
fn a_monitor_that_can_write_signals_only_raises_clears_and_is_seen() {
    let bench = Bench::start("");
    let view = bench.file("view");
    let signals = bench.home().join(".aws/sso-renewer/signals");
    fs::create_dir_all(view.join(".aws/sso")).unwrap();
    fs::create_dir_all(&signals).unwrap();
    std::os::unix::fs::symlink(bench.home().join(".aws/config"), view.join(".aws/config")).unwrap();
    std::os::unix::fs::symlink(bench.cache(), view.join(".aws/sso/cache")).unwrap();
    let is_root = rustix::process::geteuid().is_root();
    let monitor = || {
        let mut command = bench.command(if is_root {
            "setpriv --reuid=65534 --regid=65534 --clear-groups bash"
        } else {
            "bash"
        });
        command.args(["-euo", "pipefail", "-c"]);
        command.arg("sso-profile list | sso-cache check | sso-signal write --source sso-monitor-container");
        command
            .env("HOME", &view)
            .env_remove("SSO_STATE_DIR")
            .env("AWS_CONFIG_FILE", view.join(".aws/config"))
            .env("SSO_STATE_DIR", "/nonexistent")
            .env("SSO_SIGNAL_FILE", signals.join("monitor.json"));
        end(command, "")
    };
    if is_root {
        for path in [
            bench.served.sandbox.root(),
            &bench.home(),
            &bench.home().join(".aws"),
            &bench.home().join(".aws/sso-renewer"),
        ] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        fs::set_permissions(bench.home().join(".aws/config"), fs::Permissions::from_mode(0o644)).unwrap();
        chown(&signals, Some(65534), Some(65534)).unwrap();
        let tools = support::tools();
        if tools.ancestors().any(|dir| fs::metadata(dir).unwrap().permissions().mode() & 0o001 == 0) {
            crate::support::skip(&format!("another user can't reach {}", tools.display()));
            return;
        }
    }
    monitor().exits(0);
    let profiles = || {
        let ended = bench.run("sso-signal read --all");
        let mut names: Vec<_> =
            ended.documents().iter().map(|s| s["profile"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(profiles(), ["demo", "demo-admin", "other"]);
    assert_eq!(
        support::names(bench.home().join(".aws/sso-renewer")),
        ["signals"],
        "the host's state is not its own"
    );

    bench.device("demo").succeeds("success");
    fs::set_permissions(bench.home().join(".aws/sso"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(bench.cache(), fs::Permissions::from_mode(0o755)).unwrap();
    for name in support::names(bench.cache()) {
        fs::set_permissions(bench.cache().join(name), fs::Permissions::from_mode(0o644)).unwrap();
    }
    monitor().exits(0);
    assert_eq!(profiles(), ["other"]);
    let joined = end(bench.command("sso-signal status -"), "{}").exits(0).document();
    assert_eq!(joined["monitors"][0]["source"], "sso-monitor-container");

    // A cache that may not be read is no expiry.
    if is_root {
        fs::set_permissions(bench.cache(), fs::Permissions::from_mode(0o700)).unwrap();
        let documents = monitor().documents();
        assert!(
            documents.iter().all(|document| document.get("loginRequired") != Some(&json!(true))),
            "{documents:?}"
        );
        assert_eq!(profiles(), ["other"]);
    }
}

#[test]
fn the_compose_file_mounts_nothing_writable_but_the_signals() {
    let text =
        fs::read_to_string(crate::watcher::running::project().join("docs/containers/compose.yaml")).unwrap();
    let mounts: Vec<_> = text.lines().map(str::trim).filter(|line| line.starts_with("- ${HOME}")).collect();
    assert_eq!(mounts.len(), 5, "the monitor's, and the consumer's");
    let writable: Vec<_> = mounts.iter().filter(|mount| !mount.ends_with(":ro")).collect();
    assert_eq!(writable, [&"- ${HOME}/.aws/sso-renewer/signals:/signals:rw"]);
    let pipe = "sso-profile list --every 60s | sso-cache check --ahead | sso-signal write --source sso-monitor-container";
    assert!(text.contains(pipe), "{text}");
    let consumer = text.split_once("\n  consumer:\n").map(|(_, rest)| rest).unwrap();
    assert!(consumer.contains("sso-login whoami"), "{consumer}");
}
