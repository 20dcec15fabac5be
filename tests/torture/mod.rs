//! Faults at every system call of every command that changes something, and what machines do to it besides.
//!
//! `just torture` runs all of it, for as long as it is told, and writes the tables of docs/reliability.md. Each run of the
//! tests draws a sample of it.

mod acts;
mod faults;
mod machine;
mod plan;
mod report;
mod scenes;

use std::sync::Mutex;
use std::thread;

use self::plan::{Budget, Random};
use self::report::{Cell, Ledger};

/// So many injections of each act in a run of all tests.
const SAMPLE: usize = 2;

#[test]
fn a_sample_of_faults_at_system_calls_loses_nothing() {
    let Some(strace) = crate::support::peer("SSO_TEST_STRACE", "strace") else { return };
    let seed = std::env::var("PROPTEST_RNG_SEED").ok().and_then(|seed| seed.parse().ok());
    let random = Random::new(seed.unwrap_or_else(|| u64::from(std::process::id())));
    let losses = Mutex::new(Vec::new());
    let acts = Mutex::new(acts::ALL.iter().collect::<Vec<_>>());
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let machine = machine::Machine::start(&strace);
                while let Some(act) = { acts.lock().unwrap().pop() } {
                    let course = faults::Course::of(&machine, act);
                    let mut random = random.of(act.name);
                    for job in random.some(course.jobs(), SAMPLE) {
                        losses.lock().unwrap().extend(course.inject(&machine, &job).loss);
                    }
                }
            });
        }
    });
    let losses = losses.into_inner().unwrap();
    assert!(losses.is_empty(), "{}", losses.join("\n"));
}

/// For `just torture`: `SSO_TORTURE` is the folder of the ledger, `SSO_TORTURE_TIME` how long, `SSO_TORTURE_SEED` the first round.
#[test]
#[ignore = "takes minutes to hours: `just torture`"]
fn torture() {
    let strace = crate::support::peer("SSO_TEST_STRACE", "strace").unwrap();
    let budget = Budget::of_environment();
    let ledger = Ledger::open(&budget.folder);
    for round in budget.rounds() {
        let random = Random::new(round);
        for scene in scenes::ALL {
            if !budget.is_used_up() && !ledger.has(round, scene.name) {
                ledger.add(&scenes::play(scene, round, &strace, &mut random.of(scene.name)));
            }
        }
        let acts = acts::ALL.iter().filter(|act| !ledger.has(round, act.name));
        let acts = Mutex::new(acts.rev().collect::<Vec<_>>());
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let machine = machine::Machine::start(&strace);
                    while let Some(act) = { acts.lock().unwrap().pop() } {
                        if budget.is_used_up() {
                            return;
                        }
                        let course = faults::Course::of(&machine, act);
                        let mut cell = Cell::new(round, act.name);
                        for job in course.jobs().into_iter().chain(course.kills(&mut random.of(act.name))) {
                            cell.add(&job.kind, &course.inject(&machine, &job));
                        }
                        ledger.add(&cell);
                    }
                });
            }
        });
        if budget.is_used_up() {
            break;
        }
    }
    report::write(&ledger);
    let losses = ledger.losses();
    assert!(losses.is_empty(), "{}", losses.join("\n"));
}
