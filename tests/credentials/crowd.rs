//! Many at once: one call, one refresh.

use std::process::{Child, Stdio};

use crate::login::bench::{Bench, after};
use crate::support::Ended;

fn crowd(bench: &Bench, count: usize, line: &str, seconds: u32) -> Vec<Ended> {
    let start = |_| {
        let mut command = bench.command(line);
        command.env("SSO_NOW", after(seconds)).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let crowd: Vec<Child> = (0..count).map(start).collect();
    crowd
        .into_iter()
        .map(|child| Ended::of(&child.wait_with_output().unwrap(), "one of a crowd").exits(0))
        .collect()
}

#[test]
fn fifty_with_one_expired_role_make_one_call() {
    let bench = Bench::logged_in("");
    bench.run("sso-login credentials demo").exits(0);
    bench.forward(3000);
    let all = crowd(&bench, 50, "sso-login credentials demo", 3000);
    assert!(all.iter().all(|ended| ended.stdout == all[0].stdout));
    assert_eq!(bench.count("GetRoleCredentials"), 2);
}

#[test]
fn twenty_make_one_refresh_of_a_token_that_is_good_once() {
    let bench = Bench::logged_in("");
    for hour in 1..=3 {
        bench.forward(3600);
        crowd(&bench, 20, "sso-login refresh demo", hour * 3600);
        assert_eq!(bench.counts()[1], u64::from(hour));
    }
    assert_eq!(bench.counts()[0], 0, "nobody logged in again");
}

#[test]
fn a_crowd_of_commands_of_all_kinds_makes_one_refresh() {
    let bench = Bench::logged_in("");
    bench.forward(3600);
    let lines = [
        "sso-login credentials demo",
        "sso-login credentials demo-admin",
        "sso-login whoami demo",
        "sso-login exec demo -- true",
        "sso-login demo --no-browser",
        "sso-login refresh demo-admin",
    ];
    std::thread::scope(|scope| {
        for line in lines {
            let bench = &bench;
            scope.spawn(move || crowd(bench, 3, line, 3600));
        }
    });
    assert_eq!(bench.counts()[1], 1);
    assert_eq!(bench.count("GetRoleCredentials"), 2);
}
