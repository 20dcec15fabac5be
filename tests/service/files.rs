//! The files themselves, as the judges read them: Python's plistlib and systemd.

use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::service::fakes::{dotenv, linux, mac, mark};
use crate::support::{self, Sandbox};

const PRINT: &str = "sso-signal service install --print -- just sso-watch";
/// What a hostile `.env` may have in a value.
const HOSTILE: &str = "a\"b'c&<d>|e%f%%h $HOME ${X} `id` \\n\nline two\ttab ]]> {{LOG}} é";

fn hostile_env(sandbox: &Sandbox) {
    let quoted = HOSTILE.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$").replace('`', "\\`");
    dotenv(sandbox, &format!("AWS_PROFILE=\"{quoted}\"\nSSO_AUTO_PROFILES=\"{quoted}\"\n"));
}

/// The service file, with hostile arguments and settings.
fn printed(sandbox: &Sandbox) -> String {
    hostile_env(sandbox);
    let mut command = sandbox.tool("sso-signal service install --print -- just");
    command.args(["--justfile", "/a b/$x/%h/\"q\"/justfile", "sso-watch"]);
    support::end(command, "").exits(0).stdout
}

/// The plist as Python reads it.
fn read_plist(sandbox: &Sandbox, text: &str) -> Option<Value> {
    let python = support::python()?;
    let script = "import json, plistlib, sys; json.dump(plistlib.loads(sys.stdin.buffer.read()), sys.stdout)";
    let mut command = sandbox.command(python);
    command.args(["-c", script]);
    Some(serde_json::from_str(&support::end(command, text).exits(0).stdout).unwrap())
}

#[test]
fn the_service_gets_what_its_login_depends_on() {
    let sandbox = linux();
    let set = [
        ("SSO_HOSTS", "metta1"),
        ("SSO_LOGIN_VIA", "device"),
        ("SSO_DIALOG", "none"),
        ("HTTPS_PROXY", "http://p"),
    ];
    let mut command = sandbox.tool(PRINT);
    command.envs(set);
    let unit = support::end(command, "").exits(0).stdout;
    for (name, value) in set {
        assert!(unit.contains(&format!("Environment=\"{name}={value}\"\n")), "{name}: {unit}");
    }
}

#[test]
fn the_service_is_for_the_profile_that_is_meant_here() {
    let sandbox = linux();
    let check = |set: &[(&str, &str)], expected: &[&str]| {
        let mut command = sandbox.tool(PRINT);
        command.envs(set.iter().copied());
        let unit = support::end(command, "").exits(0).stdout;
        for line in expected {
            assert_eq!(unit.matches(&format!("Environment=\"{line}\"\n")).count(), 1, "{line}: {unit}");
        }
    };
    let both = [("BACKLOG_AWS_PROFILE", "corp"), ("AWS_PROFILE", "other")];
    check(&both, &["AWS_PROFILE=corp", "BACKLOG_AWS_PROFILE=corp"]);
    let off = [both[0], both[1], ("SSO_PROFILE_VARS", ""), ("SSO_ENV_FILE", "")];
    check(&off, &["AWS_PROFILE=other", "SSO_PROFILE_VARS=", "SSO_ENV_FILE="]);
    check(&[("SSO_PROFILE_VARS", "PATH,AWS_PROFILE"), both[1]], &["SSO_PROFILE_VARS=PATH,AWS_PROFILE"]);
    sandbox.write(".backlog-toolkit-env", "export BACKLOG_AWS_PROFILE=corp\n");
    check(&[both[1]], &["AWS_PROFILE=corp"]);
}

#[test]
fn a_strangers_env_file_is_not_baked_into_the_service() {
    let sandbox = linux();
    let stranger = sandbox.root().join("work/.env");
    fs::write(&stranger, "SSO_LOGIN_MODE=auto\nSSO_AUTO_PROFILES=prod-admin\nAWS_PROFILE=prod-admin\n")
        .unwrap();
    let ended = sandbox.run(PRINT);
    assert!(!ended.stdout.contains("prod-admin") && !ended.stdout.contains("=auto"), "{}", ended.stdout);
    for name in ["SSO_LOGIN_MODE", "SSO_AUTO_PROFILES", "AWS_PROFILE"] {
        assert!(ended.stderr.contains(&format!("{name} in .env")), "{name}: {}", ended.stderr);
    }
    let mut named = sandbox.tool(PRINT);
    named.env("SSO_ENV_FILE", &stranger);
    let unit = support::end(named, "").exits(0).stdout;
    for line in ["SSO_LOGIN_MODE=auto", "SSO_AUTO_PROFILES=prod-admin", "AWS_PROFILE=prod-admin"] {
        assert!(unit.contains(&format!("Environment=\"{line}\"\n")), "{line}: {unit}");
    }
}

#[test]
fn the_agent_has_the_documented_keys_and_no_other() {
    let sandbox = mac();
    let text = sandbox.run(PRINT).exits(0).stdout;
    let Some(plist) = read_plist(&sandbox, &text) else { return };
    let home = sandbox.home();
    let path = plist["EnvironmentVariables"]["PATH"].as_str().unwrap();
    assert!(path.starts_with(&format!("{}/bin:", sandbox.root().display())), "{path}");
    assert!(path.contains(":/opt/homebrew/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"), "{path}");
    assert_eq!(
        plist,
        json!({
            "Label": "com.bazel.sso-watcher",
            "ProgramArguments": [sandbox.root().join("bin/just"), "sso-watch"],
            "WorkingDirectory": sandbox.root().join("work"),
            "EnvironmentVariables": {
                "PATH": path,
                "AWS_PROFILE": "default",
                "SSO_SIGNAL_FILE": home.join(".aws/sso-renewer/login-required.json"),
                "SSO_STATE_DIR": home.join(".aws/sso-renewer"),
                "SSO_COOLDOWN_SECONDS": "600",
                "SSO_POLL_SECONDS": "5",
                "SSO_LOGIN_MODE": "notify",
                "SSO_LOGIN_TIMEOUT": "120"
            },
            "RunAtLoad": true,
            "KeepAlive": true,
            "ThrottleInterval": 30,
            "ProcessType": "Interactive",
            "Nice": 0,
            "StandardOutPath": home.join("Library/Logs/sso-watcher.log"),
            "StandardErrorPath": home.join("Library/Logs/sso-watcher.error.log")
        })
    );
}

#[test]
fn hostile_values_come_through_the_plist() {
    let sandbox = mac();
    let text = printed(&sandbox);
    let Some(plist) = read_plist(&sandbox, &text) else { return };
    assert_eq!(plist["EnvironmentVariables"]["AWS_PROFILE"], HOSTILE);
    assert_eq!(plist["EnvironmentVariables"]["SSO_AUTO_PROFILES"], HOSTILE);
    assert_eq!(plist["ProgramArguments"][2], "/a b/$x/%h/\"q\"/justfile");
}

#[test]
fn systemd_accepts_the_unit_and_hostile_values_come_through_it() {
    let sandbox = linux();
    for desktop in [false, true] {
        if desktop {
            mark(&sandbox, "desktop");
        }
        let unit = printed(&sandbox);
        let Some(dump) = read_unit(&sandbox, &unit) else { return };
        assert!(dump.contains(&format!("Environment: AWS_PROFILE={HOSTILE}\n")), "{dump}");
        assert!(dump.contains(&format!("Environment: SSO_AUTO_PROFILES={HOSTILE}\n")), "{dump}");
        assert!(dump.contains("Restart: always\n") && dump.contains("RestartSec: 30s\n"), "{dump}");
        assert!(
            dump.contains(&format!("WorkingDirectory: {}\n", sandbox.root().join("work").display())),
            "{dump}"
        );
        // The dump escapes as a shell would, and `$$` becomes `$` when the command runs.
        assert!(dump.contains(r#"--justfile "/a b/\$\$x/%h/\"q\"/justfile" sso-watch"#), "{dump}");
    }
}

/// What a systemd user manager makes of the unit; it refuses to be root's.
fn read_unit(sandbox: &Sandbox, unit: &str) -> Option<String> {
    let analyze = support::peer("SSO_TEST_SYSTEMD_ANALYZE", "systemd-analyze")?;
    let root = sandbox.root().join("systemd");
    let (config, run) = (root.join("systemd/user"), root.join("run"));
    fs::create_dir_all(&config).unwrap();
    fs::create_dir_all(&run).unwrap();
    let file = config.join("sso-watcher.service");
    fs::write(&file, unit).unwrap();
    let is_root = rustix::process::geteuid().is_root();
    let as_user = |program: &Path| {
        let mut command = if is_root { sandbox.command("setpriv") } else { sandbox.command(program) };
        if is_root {
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program);
        }
        command.env("HOME", &root).env("XDG_CONFIG_HOME", &root).env("XDG_RUNTIME_DIR", &run);
        command
    };
    if is_root {
        fs::set_permissions(sandbox.root(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        for path in [&root, &root.join("systemd"), &config, &run, &file] {
            chown(path, Some(65534), Some(65534)).unwrap();
        }
    }
    let mut verify: Command = as_user(&analyze);
    verify.args(["verify", "--user"]).arg(&file);
    let verified = support::end(verify, "");
    assert_eq!((verified.code, verified.stderr.as_str()), (0, ""), "{unit}");
    let manager = ["/lib/systemd/systemd", "/usr/lib/systemd/systemd"]
        .map(Path::new)
        .into_iter()
        .find(|path| path.exists())?;
    let mut dump: Command = as_user(manager);
    dump.args(["--user", "--test", "--unit=sso-watcher.service"]);
    let dumped = support::end(dump, "");
    assert_eq!(dumped.code, 0, "{}", dumped.stderr);
    let all = format!("{}{}", dumped.stdout, dumped.stderr);
    all.split("-> Unit ")
        .find(|part| part.starts_with("sso-watcher.service:"))
        .map(|part| part.replace("\t\t", ""))
}
