//! A cache that can't be written: nothing that is good for one use is used up for it.

use std::path::Path;
use std::process::Command;

use crate::login::bench::{Bench, TOKEN, after};
use crate::support::{Ended, end, names, peer, unshare, until};

/// Makes the directory `$1` read-only.
const READ_ONLY: &str = "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\"";
/// Makes the directories of role credentials and of locks below `$1` full.
const FULL: &str = "for full in cli/cache sso-renewer; do mkdir -p \"$1/$full\"; \
                    mount -t tmpfs -o size=4k,nr_inodes=1 none \"$1/$full\"; done";

/// Runs a line of the shell where the cache is read-only.
fn read_only(bench: &Bench, unshare: &Path, line: &str) -> Ended {
    end(mounted(bench, unshare, READ_ONLY, &bench.cache(), line), "")
}

/// A line of the shell after this change of `place`, in a mount namespace of its own.
fn mounted(bench: &Bench, unshare: &Path, change: &str, place: &Path, line: &str) -> Command {
    let mut command = bench.command(unshare.to_str().unwrap());
    command.args(["-rm", "bash", "-c", &format!("{change} && eval \"$2\""), "bash"]).arg(place).arg(line);
    command
}

#[test]
fn what_cannot_be_written_is_named_the_state_directory_too() {
    let Some(unshare) = unshare() else { return };
    let bench = Bench::logged_in("");
    let state = bench.home().join(".aws/sso-renewer");
    std::fs::create_dir_all(&state).unwrap();
    let refresh = "sso-login refresh demo --before 2h";
    let said = format!("nothing can be written to {}; run where it can: ", state.display());
    end(mounted(&bench, &unshare, READ_ONLY, &state, refresh), "").exits(77).says(&said);
    let said = format!("nothing can be written to {}; run where it can: ", bench.cache().display());
    read_only(&bench, &unshare, refresh).exits(77).says(&said);
}

#[test]
fn a_refresh_token_is_not_used_up_where_its_successor_has_no_place() {
    let Some(unshare) = unshare() else { return };
    let bench = Bench::logged_in("");
    let mut token = bench.token();
    token["expiresAt"] = "2026-11-21T11:00:00Z".into();
    bench.set_token(&token);
    let before = bench.counts();
    let elsewhere = "run where it can: sso-login refresh demo";
    read_only(&bench, &unshare, "sso-login refresh demo").exits(77).says(elsewhere);
    read_only(&bench, &unshare, "sso-login credentials demo").exits(77).says(elsewhere);
    assert_eq!((bench.counts(), bench.token()), (before, token));
    bench.run("sso-login refresh demo").exits(0);
}

#[test]
fn nobody_is_asked_to_log_in_where_the_token_has_no_place() {
    let Some(unshare) = unshare() else { return };
    let bench = Bench::logged_in("");
    let before = bench.counts();
    for via in ["device", "pkce"] {
        let line = format!("sso-login demo --force --no-browser --via {via}");
        let ended = read_only(&bench, &unshare, &line).exits(74).says("Read-only file system");
        assert_eq!(ended.stdout, "");
    }
    assert_eq!(bench.counts(), before);
    let tokens = bench.count("CreateToken");
    let steps = "sso-login register demo | sso-login authorize | sso-login token --wait --save";
    let ended = read_only(&bench, &unshare, &format!("set -o pipefail; {steps}")).exits(74);
    assert!(ended.stderr.contains("Read-only file system"), "{}", ended.stderr);
    assert_eq!(bench.count("CreateToken"), tokens);
}

#[test]
fn the_doctor_sees_that_nothing_can_be_kept() {
    let Some(unshare) = unshare() else { return };
    let bench = Bench::logged_in("");
    let text = read_only(&bench, &unshare, "sso-login doctor demo --text").stdout;
    assert!(text.contains("read-only here"), "{text}");
}

#[test]
fn what_needs_no_login_is_handed_out_where_nothing_can_be_kept() {
    let Some(unshare) = unshare() else { return };
    let bench = Bench::logged_in("");
    let aws = bench.home().join(".aws");
    for (change, has_state) in [(READ_ONLY, true), (READ_ONLY, false), (FULL, true)] {
        if has_state {
            std::fs::create_dir_all(aws.join("sso-renewer")).unwrap();
        } else {
            std::fs::remove_dir_all(aws.join("sso-renewer")).unwrap();
        }
        let before = names(aws.join("cli/cache"));
        let run = |line: &str| end(mounted(&bench, &unshare, change, &aws, line), "");
        let keys = run("sso-login credentials demo --format json").exits(0).document();
        assert!(keys["AccessKeyId"].as_str().unwrap().starts_with("ASIA"), "{keys}");
        let key = run("sso-login exec demo -- printenv AWS_ACCESS_KEY_ID").exits(0).stdout;
        assert!(key.starts_with("ASIA"), "{key}");
        let identity = run("sso-login whoami demo").exits(0).document();
        assert!(identity["arn"].as_str().unwrap().contains("AWSReservedSSO_"), "{identity}");
        assert_eq!(run("sso-login accounts demo").exits(0).documents().last().unwrap()["listed"], 6);
        let mut command = mounted(&bench, &unshare, change, &aws, "sso-login credentials demo");
        command.env("SSO_LOG", "debug");
        let stderr = end(command, "").stderr;
        assert!(stderr.contains("the credentials aren't cached: cannot "), "{stderr}");
        assert_eq!(names(aws.join("cli/cache")), before);
        // And who only looks sees what there is.
        let look = "sso-profile show demo | sso-cache check -e";
        assert_eq!(run(look).exits(0).document()["token"]["state"], "valid");
        run("sso-signal status").exits(0);
        run("sso-signal read").exits(1);
        run("sso-profile key get --env dev --key NONE").exits(1);
    }
}

#[test]
fn credentials_that_still_last_are_handed_out_where_the_session_has_no_place() {
    let Some(unshare) = unshare() else { return };
    let bench = Bench::logged_in("");
    bench.run("sso-login credentials demo").exits(0);
    let (before, aws) = (bench.counts(), bench.home().join(".aws"));
    // The token is over and can be renewed; the keys have ten minutes.
    let mut token = bench.token();
    token["expiresAt"] = "2026-11-21T12:10:00Z".into();
    bench.set_token(&token);
    for (seconds, code) in [(3000, 0), (3600, 77)] {
        let mut command = mounted(&bench, &unshare, READ_ONLY, &aws, "sso-login credentials demo");
        command.env("SSO_NOW", after(seconds));
        let ended = end(command, "");
        assert_eq!((ended.code, ended.stdout.is_empty()), (code, code != 0), "{}", ended.stderr);
    }
    assert_eq!(bench.counts(), before);
}

/// Makes the directory `$1` a small disk with the same content.
const SMALL: &str =
    "cp -r \"$1\" \"$1.copy\" && mount -t tmpfs -o size=128k none \"$1\" && cp \"$1.copy\"/* \"$1\"";

#[test]
fn a_disk_that_fills_while_the_service_answers_costs_no_session() {
    let (Some(unshare), Some(strace)) = (unshare(), peer("SSO_TEST_STRACE", "strace")) else { return };
    let tool = crate::support::tool("sso-login");
    for (number, act) in ["refresh demo", "demo --force --via device --no-browser"].iter().enumerate() {
        let bench = Bench::logged_in("");
        bench.forward(3600);
        let before = bench.token();
        // The answer is there, and not written yet: the place that was held for it is gone back to its beginning.
        let line = format!(
            "{} -f -qq -o /dev/null -e inject=lseek:delay_enter=1500000 {} {act} & \
             until [ -e \"$HOME/answered\" ]; do sleep 0.01; done; \
             ! head -c 1m /dev/zero > \"$1/full\" && wait $!; code=$?; cp \"$1/{TOKEN}\" \"$HOME/kept\"; exit $code",
            strace.display(),
            tool.display()
        );
        let mut command = mounted(&bench, &unshare, SMALL, &bench.cache(), &line);
        command.env("SSO_NOW", after(3600));
        let ended = std::thread::scope(|scope| {
            let running = scope.spawn(|| end(command, ""));
            until("the answer of the service", || running.is_finished() || bench.counts()[number ^ 1] == 1);
            std::fs::write(bench.home().join("answered"), "").unwrap();
            running.join().unwrap()
        });
        assert_eq!(ended.code, 0, "{act}: {}", ended.stderr);
        let kept = std::fs::read_to_string(bench.home().join("kept")).unwrap();
        let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
        assert_ne!(kept["refreshToken"], before["refreshToken"], "{act}");
        // It is the one that the service takes now.
        bench.set_token(&kept);
        bench.forward(3600);
        let mut again = bench.command("sso-login refresh demo");
        again.env("SSO_NOW", after(7200));
        end(again, "").exits(0);
    }
}
