//! What happens without anybody's command: a plain login ends its own reminders.

use crate::login::bench::Bench;
use serde_json::json;

#[test]
fn a_plain_login_settles_its_own_reminders() {
    let bench = Bench::start("--pending 0");
    bench.run("sso-signal write demo").exits(0);
    bench.run("sso-signal snooze demo 1h").exits(0);
    bench.device("demo");
    assert_eq!(bench.run("sso-signal read --all").stdout, "", "the signal is gone");
    // The snooze, too: the next end of the session is told at once.
    bench.run("sso-login logout demo").exits(0);
    bench.run("sso-signal write demo").exits(0);
    let due = bench.run("sso-signal wait --timeout 0s").exits(0).document();
    assert_eq!(due["profile"], json!("demo"));
}

#[test]
fn a_login_that_nobody_was_reminded_of_leaves_no_state() {
    let bench = Bench::start("--pending 0");
    bench.device("demo");
    assert!(!bench.state().contains(&"state.json".to_owned()), "{:?}", bench.state());
}
