//! `sso-login key-set`: a key is stored only if it works, and what fails leaves nothing behind.
#![expect(unreachable_pub, reason = "modules of a test see each other's functions")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a failing test panics")]

mod support;

#[path = "roundtrip/failures.rs"]
mod failures;
#[path = "roundtrip/flags.rs"]
mod flags;
#[path = "roundtrip/hangup.rs"]
mod hangup;
#[path = "roundtrip/machine.rs"]
mod machine;
#[path = "roundtrip/meanwhile.rs"]
mod meanwhile;
#[path = "roundtrip/prompts.rs"]
mod prompts;
#[path = "choose/screen.rs"]
#[expect(dead_code, reason = "the picker's own tests use the rest")]
mod screen;
#[path = "sandbox/served.rs"]
#[expect(dead_code, reason = "the sandbox's own tests use the rest")]
mod served;
#[path = "roundtrip/vaults.rs"]
mod vaults;
#[path = "roundtrip/watcher.rs"]
mod watcher;
