//! One call to twenty boxes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::remote::metta::Metta;
use crate::support::end;

#[test]
fn every_box_is_accounted_for_though_some_are_dead_and_one_hangs() {
    let Some(metta) = Metta::start() else { return };
    // Longer lines than a pipe keeps whole: nothing of two boxes may be mixed.
    let section = |n: usize| format!("\n[profile {}{n}]\nsso_session = sandbox\n", "x".repeat(100));
    let many: Vec<_> = (0..40).map(section).collect();
    metta.configure(&many.concat());
    let mut boxes: Vec<String> = (1..=17).map(|n| format!("metta{n}")).collect();
    boxes.extend(["dead", "dead2", "hanging"].map(str::to_owned));
    let hosts = metta.bench.file("hosts.txt");
    std::fs::write(&hosts, format!("# the fleet\n\n{}  # the last\n", boxes.join("\n"))).unwrap();

    // The recipe's line, as `just` has it.
    let sed = r"sed 's/^[[:space:]]*//; s/[[:space:]]*\(#.*\)*$//; /^$/d'";
    let line = format!(
        "{sed} -- {} | tr '\\n' '\\0' | xargs -0 -P 8 -I %HOST% sso-login inspect --timeout 8s %HOST%",
        hosts.display()
    );
    let ended = end(metta.shell(&line), "");
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));

    let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for document in ended.documents() {
        found.entry(document["host"].as_str().unwrap().to_owned()).or_default().push(document);
    }
    assert_eq!(found.keys().cloned().collect::<BTreeSet<_>>(), boxes.into_iter().collect());
    for (host, documents) in &found {
        let (last, profiles) = documents.split_last().unwrap();
        match host.as_str() {
            "dead" | "dead2" => assert_eq!(last["error"], "unreachable", "{last}"),
            "hanging" => assert_eq!(last["error"], "timeout", "{last}"),
            _ => {
                assert_eq!(
                    (&last["event"], last["profiles"].as_u64()),
                    (&"inspected".into(), Some(43)),
                    "{last}"
                );
                assert_eq!(profiles.len(), 43);
                assert!(profiles.iter().all(|profile| profile["loginRequired"].is_boolean()), "{profiles:?}");
                continue;
            }
        }
        assert!(last["reason"].is_string() && profiles.is_empty(), "{documents:?}");
    }
}

#[test]
fn a_box_without_the_tools_says_so() {
    let Some(metta) = Metta::with("", "bin:/usr/bin:/bin") else { return };
    let ended = answer(&metta, "metta1", 78);
    assert_eq!((&ended["error"], &ended["host"]), (&"no-tools".into(), &"metta1".into()), "{ended}");
    let ended = answer(&metta, "dead", 69);
    assert_eq!(ended["error"], "unreachable", "{ended}");
}

fn answer(metta: &Metta, host: &str, code: i32) -> Value {
    let ended = end(metta.command(&format!("sso-login inspect -e {host}")), "");
    assert_eq!((ended.code, ended.stderr.as_str()), (code, ""));
    ended.document()
}

/// The fleet in the words of Prometheus: who asked, and what is known of the ends of sessions on each host.
#[test]
fn the_fleet_gives_gauges_with_its_hosts() {
    let bench = crate::login::bench::Bench::start("");
    let far = bench.file("far");
    std::fs::create_dir_all(far.join(".aws")).unwrap();
    std::fs::copy(bench.home().join(".aws/config"), far.join(".aws/config")).unwrap();
    let home = format!("export HOME='{}' SSO_SESSION_LENGTH=8h", far.display());
    bench.shell(&format!("{home}; sso-login demo --via device --no-browser > /dev/null 2>&1")).exits(0);
    bench.program("ssh", &format!("for last; do :; done; {home}; exec sh -c \"$last\""));
    let hosts = bench.file("hosts.txt");
    std::fs::write(&hosts, "metta1\nmetta2\n").unwrap();
    let line = format!("xargs -n 1 sso-login inspect < {} | sso-cache check --prometheus", hosts.display());
    let gauges = bench.shell(&line).exits(0).stdout;
    for host in ["metta1", "metta2"] {
        for gauge in [
            "sso_token_expiry_timestamp_seconds",
            "sso_session_expiry_timestamp_seconds",
            "sso_login_required",
        ] {
            let sample = format!("{gauge}{{profile=\"demo\",session=\"sandbox\",host=\"{host}\"}} ");
            assert!(gauges.contains(&sample), "{sample} isn't in\n{gauges}");
        }
    }
}
