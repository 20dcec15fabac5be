//! `sso-login --via pkce`, whole: a browser that comes back, whatever else comes to its port.
#![expect(unreachable_pub, reason = "modules of a test see each other's functions")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a failing test panics")]

#[path = "login/bench.rs"]
#[expect(dead_code, reason = "the tests of the other logins use the rest")]
mod bench;
#[path = "pkce/browser.rs"]
mod browser;
#[path = "pkce/choice.rs"]
mod choice;
#[path = "pkce/faults.rs"]
mod faults;
#[path = "pkce/hostile.rs"]
mod hostile;
#[path = "pkce/outcome.rs"]
mod outcome;
#[path = "pkce/peers.rs"]
mod peers;
#[path = "pkce/registration.rs"]
mod registration;
#[path = "sandbox/served.rs"]
#[expect(dead_code, reason = "the sandbox's own tests use the rest")]
mod served;
mod support;
#[path = "pkce/under_way.rs"]
mod under_way;
#[path = "pkce/webdriver.rs"]
mod webdriver;
