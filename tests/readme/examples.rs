//! Each file of `docs/examples` does what it says, with a profile `corp` whose session is valid.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use crate::login::bench::Bench;
use crate::readme::{blocks, project};
use crate::support::{Ended, end, peer, tool};

const TOOLS: [&str; 5] = ["sso-signal", "sso-lock", "sso-cache", "sso-profile", "sso-login"];

fn example(name: &str) -> String {
    fs::read_to_string(project("docs/examples").join(name)).unwrap()
}

/// A sandbox with a session, a profile `corp`, and the tools where `just install` puts them.
fn installed() -> Bench {
    let bench = Bench::logged_in("");
    bench.shell("sso-profile show demo | sso-profile write corp").exits(0);
    let bin = bench.home().join(".local/bin");
    fs::create_dir_all(&bin).unwrap();
    for name in TOOLS {
        symlink(tool(name), bin.join(name)).unwrap();
    }
    bench
}

/// Puts a script below HOME.
fn script(bench: &Bench, path: &str, text: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let path = bench.home().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[track_caller]
fn run_as_cron_does(bench: &Bench, line: &str) -> Ended {
    let mut command = bench.command("/bin/sh -c");
    command.arg(line).env("PATH", "/usr/bin:/bin");
    end(command, "")
}

#[test]
fn every_line_of_the_crontab_runs_with_the_path_of_cron() {
    let bench = installed();
    script(&bench, "bin/nightly-backup", "test -n \"$AWS_ACCESS_KEY_ID\" && echo ran");
    let text = example("crontab");
    let lines: Vec<_> = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert_eq!(lines.len(), 2);
    let mut said = String::new();
    for line in lines {
        let command = line.split_whitespace().skip(5).collect::<Vec<_>>().join(" ");
        said += &run_as_cron_does(&bench, &command).exits(0).stdout;
    }
    assert_eq!(said, "ran\n");
}

/// The shell line of a setting of a unit, as systemd runs it for the user of the sandbox.
fn unit_line(bench: &Bench, unit: &str, setting: &str) -> String {
    let text = example(unit);
    let value = text.lines().find_map(|line| line.strip_prefix(setting)?.strip_prefix('=')).unwrap();
    value.replace("%h", bench.home().to_str().unwrap()).replace("$$", "$")
}

#[test]
fn the_unit_runs_the_job_with_the_profile_and_raises_a_signal_where_nobody_is_logged_in() {
    let bench = installed();
    script(&bench, "bin/report", "echo \"$AWS_PROFILE ${AWS_ACCESS_KEY_ID-none}\"");
    let start = unit_line(&bench, "systemd/report.service", "ExecStart");
    assert_eq!(run_as_cron_does(&bench, &start).exits(0).stdout, "corp none\n");
    bench.shell("sso-login logout corp > /dev/null").exits(0);
    let ended = run_as_cron_does(&bench, &start);
    assert_eq!(ended.code, 77, "{}", ended.stderr);
    let after = unit_line(&bench, "systemd/report.service", "ExecStopPost");
    run_as_cron_does(&bench, &format!("export EXIT_STATUS=77; {after}")).exits(0);
    assert_eq!(bench.run("sso-signal read corp").exits(0).document()["source"], "report");
}

#[test]
fn systemd_takes_the_pair() {
    let Some(analyze) = peer("SSO_TEST_SYSTEMD_ANALYZE", "systemd-analyze") else { return };
    let bench = installed();
    script(&bench, "bin/report", "true");
    let folder = bench.home().join("units");
    fs::create_dir(&folder).unwrap();
    for name in ["report.service", "report.timer"] {
        let text = example(&format!("systemd/{name}")).replace("%h", bench.home().to_str().unwrap());
        fs::write(folder.join(name), text).unwrap();
    }
    let mut command = bench.command(analyze.to_str().unwrap());
    command.env("XDG_RUNTIME_DIR", bench.home()).args(["verify", "--user"]);
    command.arg(folder.join("report.service")).arg(folder.join("report.timer"));
    end(command, "").exits(0);
}

#[test]
fn the_compose_file_mounts_nothing_that_can_be_written() {
    let Some(python) = crate::support::python() else { return };
    let bench = installed();
    let mut command = bench.command(python.to_str().unwrap());
    command.args(["-c", "import json, sys, yaml; json.dump(yaml.safe_load(open(sys.argv[1])), sys.stdout)"]);
    command.arg(project("docs/examples/compose.yaml"));
    let document = end(command, "").exits(0).document();
    let volumes = document["services"]["consumer"]["volumes"].as_array().unwrap().clone();
    assert_eq!(volumes.len(), 2);
    assert!(volumes.iter().all(|volume| volume.as_str().unwrap().ends_with(":ro")), "{volumes:?}");
}

#[test]
fn the_alerts_are_about_gauges_that_there_are() {
    let Some(python) = crate::support::python() else { return };
    let bench = installed();
    let mut command = bench.command(python.to_str().unwrap());
    command.args(["-c", "import json, sys, yaml; json.dump(yaml.safe_load(open(sys.argv[1])), sys.stdout)"]);
    command.arg(project("docs/examples/prometheus-rules.yaml"));
    let document = end(command, "").exits(0).document();
    let gauges = bench.shell("sso-profile list | sso-cache check --prometheus").exits(0).stdout;
    let rules = document["groups"][0]["rules"].as_array().unwrap().clone();
    assert_eq!(rules.len(), 2);
    for rule in rules {
        let words =
            rule["expr"].as_str().unwrap().split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        let named: Vec<_> = words.filter(|word| word.starts_with("sso_")).map(str::to_owned).collect();
        assert!(!named.is_empty(), "{rule}");
        for name in named {
            assert!(gauges.contains(&format!("# TYPE {name} gauge")), "{name} isn't in\n{gauges}");
        }
    }
}

#[test]
fn terraform_gets_the_profile() {
    let bench = installed();
    bench.program("terraform", "echo \"$* with $AWS_PROFILE\"");
    let text = example("terraform/main.tf");
    let line = text.lines().find_map(|line| line.strip_prefix("#   ")).unwrap();
    // A note on stderr may say that the end of the session is not known.
    assert_eq!(bench.shell(line).exits_somehow(0).stdout, "apply with corp\n");
}

#[test]
fn starship_shows_the_profile_and_the_time_left() {
    let Some(python) = crate::support::python() else { return };
    let bench = installed();
    let mut command = bench.command(python.to_str().unwrap());
    let read =
        "import sys, tomllib; print(tomllib.load(open(sys.argv[1], 'rb'))['custom']['aws_sso']['command'])";
    command.args(["-c", read]).arg(project("docs/examples/starship.toml"));
    let line = end(command, "").exits(0).stdout;
    let ended = bench.shell(&format!("export AWS_PROFILE=corp; {line}")).exits(0);
    assert_eq!(ended.stdout, "corp 1h\n");
}

#[test]
fn the_prompt_of_bash_shows_the_session_and_awsp_switches() {
    let bench = installed();
    let file = project("docs/examples/bashrc");
    let file = file.to_str().unwrap();
    let shown =
        bench.shell(&format!(". '{file}'; AWS_PROFILE=corp; export AWS_PROFILE; sso_prompt")).exits(0);
    assert_eq!(shown.stdout.trim_end(), "corp 1h");
    assert_eq!(bench.shell(&format!(". '{file}'; sso_prompt")).exits(0).stdout, "");
}

#[test]
fn direnv_selects_the_profile_and_nothing_that_beats_it() {
    let bench = installed();
    let file = project("docs/examples/envrc");
    let line = format!(
        "export AWS_ACCESS_KEY_ID=old BACKLOG_AWS_PROFILE=old; . '{}'; echo \"$AWS_PROFILE ${{AWS_ACCESS_KEY_ID-none}} ${{BACKLOG_AWS_PROFILE-none}}\"",
        file.display()
    );
    assert_eq!(bench.shell(&line).exits(0).stdout, "corp none none\n");
}

#[test]
fn mise_runs_the_tasks() {
    let Some(mise) = peer("SSO_TEST_MISE", "mise") else { return };
    let bench = installed();
    bench.program("terraform", "echo \"$1 as ${AWS_ACCESS_KEY_ID:+somebody}\"");
    let folder = bench.home().join("project");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("mise.toml"), example("mise.toml")).unwrap();
    for (task, said) in [("plan", "plan as somebody"), ("whoami", "\"accountId\":\"111122223333\"")] {
        let mut command = bench.command(mise.to_str().unwrap());
        command.args(["run", "--quiet", task]).current_dir(&folder);
        command.env("MISE_TRUSTED_CONFIG_PATHS", &folder).env("MISE_OFFLINE", "1");
        let ended = end(command, "");
        assert!(ended.code == 0 && ended.stdout.contains(said), "{task}: {} {}", ended.stdout, ended.stderr);
    }
}

#[test]
fn an_agent_gets_a_session_and_credentials() {
    let bench = installed();
    let settings: serde_json::Value = serde_json::from_str(&example("claude-code.json")).unwrap();
    let line = |key: &str| settings[key].as_str().unwrap().to_owned();
    bench.shell(&line("awsAuthRefresh")).exits(0);
    let document = bench.shell(&line("awsCredentialExport")).exits(0).document();
    for key in ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"] {
        assert!(document["Credentials"][key].is_string(), "{document}");
    }
    let page = fs::read_to_string(project("docs/agents.md")).unwrap();
    for hook in blocks(&page, "sh") {
        bench.shell(&hook).exits(0);
    }
    let shown: serde_json::Value = serde_json::from_str(&blocks(&page, "json")[0]).unwrap();
    assert_eq!(shown, settings);
}

#[test]
fn the_pages_on_ci_and_prompts_show_commands_that_run() {
    let bench = installed();
    script(&bench, "deploy.sh", "exit 0");
    let page = fs::read_to_string(project("docs/ci.md")).unwrap();
    for block in blocks(&page, "sh") {
        bench.shell(&format!("cd \"$HOME\"; {block}")).exits(0);
    }
    let Some(python) = crate::support::python() else { return };
    for block in blocks(&page, "yaml") {
        let mut command = bench.command(python.to_str().unwrap());
        command.args(["-c", "import sys, yaml; assert yaml.safe_load(sys.stdin)"]);
        end(command, &block).exits(0);
    }
    let page = fs::read_to_string(project("docs/prompt.md")).unwrap();
    for block in blocks(&page, "sh") {
        assert_eq!(bench.shell(&block).exits(0).stdout, "corp 1h\n");
    }
}
