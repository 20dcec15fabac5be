//! Whether the watcher and the monitor are alive.

use chrono::TimeDelta;
use sso_lock::{Lock, LockState};
use sso_signal::heartbeat;
use sso_tool::recipe::Recipe;
use sso_tool::time;

use super::finding::Finding;
use super::scope::Scope;

const WATCHER: &str = "watcher";
const MONITOR: &str = "monitor";
/// A monitor looks every minute; three missed looks are a silence.
const SILENCE: TimeDelta = TimeDelta::minutes(3);

pub(super) fn check(scope: &Scope<'_>) -> Vec<Finding> {
    vec![watcher(scope), monitor(scope)]
}

fn watcher(scope: &Scope<'_>) -> Finding {
    match Lock::of(scope.settings, WATCHER).and_then(|lock| lock.state()) {
        Ok(LockState::Held(owner)) => {
            let who = owner.map_or_else(String::new, |owner| format!(" ({})", owner.in_words()));
            Finding::ok(WATCHER, format!("a watcher runs{who}"))
        }
        Ok(LockState::Free) => {
            Finding::skipped(WATCHER, format!("no watcher runs: {}, or {}", Recipe::Watch, Recipe::Install))
        }
        Ok(_) => Finding::warning(
            WATCHER,
            "the watcher died",
            format!("{} || {{ {}; }}", Recipe::Restart, Recipe::Watch),
        ),
        Err(err) => Finding::skipped(WATCHER, format!("{err:#}")),
    }
}

fn monitor(scope: &Scope<'_>) -> Finding {
    let seen = match heartbeat::seen(scope.settings) {
        Ok(seen) => seen,
        Err(err) => return Finding::skipped(MONITOR, format!("{err:#}")),
    };
    let Some(last) = seen.first() else { return Finding::skipped(MONITOR, "no monitor was ever seen here") };
    let words = format!("the monitor `{}` was last seen at {}", last.source, time::format(last.at));
    if scope.now - last.at > SILENCE {
        return Finding::warning(MONITOR, words, Recipe::Monitor.to_string());
    }
    Finding::ok(MONITOR, words)
}
