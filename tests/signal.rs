//! `sso-signal` as a process.

mod support;

use support::Sandbox;

#[test]
fn a_raised_signal_is_read_back() {
    let sandbox = Sandbox::new();
    sandbox.run("sso-signal write corp --reason expired").exits(0);
    let signal = sandbox.run("sso-signal read corp").exits(0).document();
    assert_eq!(signal["reason"], "expired");
    assert_eq!(signal["timestamp"], support::NOW);
    sandbox.run("sso-signal read other").exits(1);
}
