//! The wrong account is never picked: the newest file of the cache is no answer to "which profile?".

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::login::bench::{Bench, after};
use crate::support::{end, names};

fn key_of(bench: &Bench, file: &str) -> String {
    let text = fs::read_to_string(bench.home().join(".aws/cli/cache").join(file)).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    file["Credentials"]["AccessKeyId"].as_str().unwrap().to_owned()
}

#[test]
fn the_newest_file_of_the_cache_is_never_taken_for_the_profiles_own() {
    // B-c3
    let bench = Bench::logged_in("");
    bench.device("other").succeeds("success");
    bench.run("sso-login credentials demo").exits(0);
    let mine = names(bench.home().join(".aws/cli/cache"));
    bench.run("sso-login credentials other").exits(0);
    let all = names(bench.home().join(".aws/cli/cache"));
    let others: Vec<_> = all.iter().filter(|name| !mine.contains(name)).collect();
    let newest =
        File::options().append(true).open(bench.home().join(".aws/cli/cache").join(others[0])).unwrap();
    newest.set_modified(SystemTime::now() + Duration::from_secs(3600)).unwrap();
    let (demo, other) = (key_of(&bench, &mine[0]), key_of(&bench, others[0]));
    assert_ne!(demo, other);

    for (variables, key, account) in [
        (&[("BACKLOG_AWS_PROFILE", "demo"), ("AWS_PROFILE", "other")][..], &demo, "111122223333"),
        (&[("AWS_PROFILE", "other")], &other, "444455556666"),
    ] {
        let run = |words: &[&str]| {
            let mut command = bench.command("sso-login");
            command.args(words).envs(variables.iter().copied());
            end(command, "").exits(0)
        };
        assert_eq!(run(&["exec", "--", "sh", "-c", "echo $AWS_ACCESS_KEY_ID"]).stdout.trim(), key);
        assert_eq!(run(&["credentials", "--format", "json"]).document()["AccessKeyId"], key.as_str());
        assert_eq!(run(&["whoami"]).document()["accountId"], account);
    }
}

#[test]
fn a_profile_without_credentials_does_not_get_those_of_another() {
    // B-c3
    let bench = Bench::logged_in("");
    bench.run("sso-login credentials demo").exits(0);
    for line in ["exec other -- true", "credentials other", "whoami other"] {
        bench.run(&format!("sso-login {line}")).exits(77);
    }
    // Its own, once over, are no better; nor those of another role in the same account.
    bench.run("sso-login credentials demo-admin").exits(0);
    bench.forward(9 * 3600);
    for line in ["exec demo -- true", "credentials demo"] {
        let mut command = bench.command(&format!("sso-login {line}"));
        command.env("SSO_NOW", after(9 * 3600));
        end(command, "").exits(77);
    }
}
