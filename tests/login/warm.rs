//! What a warm call touches: how often it opens which file, counted by strace.

use std::collections::BTreeMap;
use std::fs;

use crate::login::bench::{Bench, TOKEN};
use crate::support::{end, peer, traced};

/// The files that a command opened, by name, and how often.
fn opened(bench: &Bench, strace: &str, line: &str, input: &str) -> BTreeMap<String, usize> {
    let log = bench.file("warm-trace");
    let mut command = bench.command(strace);
    let traced = bench.command(line);
    command.args(["-f", "-qq", "-e", "trace=/^open", "-o"]).arg(&log);
    command.arg(traced.get_program()).args(traced.get_args());
    let ended = end(command, input);
    assert_eq!(ended.code, 0, "{line}: {}", ended.stderr);
    let text = fs::read_to_string(log).unwrap();
    let mut files = BTreeMap::new();
    for call in traced::calls(&text) {
        if let Some((_, rest)) = call.arguments.split_once("/.aws/") {
            let path = rest.split('"').next().unwrap();
            *files.entry(path.rsplit('/').next().unwrap().to_owned()).or_default() += 1;
        }
    }
    files
}

#[test]
fn a_warm_call_reads_each_file_once() {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    let strace = strace.to_str().unwrap();
    let bench = Bench::start("");
    bench.run("sso-login demo --via device --no-browser").exits_somehow(0);
    bench.run("sso-login credentials demo").exits(0);
    let once = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), 1)).collect::<BTreeMap<_, _>>();
    // The first call after a login remembers what it saw.
    bench.run("sso-login demo").exits(0);
    assert_eq!(opened(&bench, strace, "sso-login demo", ""), once(&["config", TOKEN, "sessions.json"]));
    assert_eq!(opened(&bench, strace, "sso-profile show demo", ""), once(&["config"]));
    let shown = bench.run("sso-profile show demo").exits(0).stdout;
    let checked = opened(&bench, strace, "sso-cache check -e", &shown);
    assert!(
        checked.len() == 3 && checked.values().all(|count| *count == 1),
        "token, keys, sessions.json: {checked:?}"
    );
    let keys = opened(&bench, strace, "sso-login credentials demo", "");
    assert_eq!(keys.values().sum::<usize>(), 2, "config and the role's keys: {keys:?}");
}
