//! Services that need credentials, whole: one command starts them, and each way to choose a profile is the same. The
//! numbers in comments (B4 …) are the lines of the Backlog toolkit's document, in its order.
#![expect(unreachable_pub, reason = "modules of a test see each other's functions")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a failing test panics")]

#[path = "services/account.rs"]
mod account;
#[path = "services/aws.rs"]
mod aws;
#[path = "login/bench.rs"]
#[expect(dead_code, reason = "the tests of the login use the rest")]
mod bench;
#[path = "services/choice.rs"]
mod choice;
#[path = "services/ci.rs"]
mod ci;
#[path = "services/place.rs"]
mod place;
#[path = "services/recipe.rs"]
mod recipe;
#[path = "services/renewal.rs"]
mod renewal;
#[path = "sandbox/served.rs"]
#[expect(dead_code, reason = "the sandbox's own tests use the rest")]
mod served;
mod support;
#[path = "services/terminal.rs"]
mod terminal;
#[path = "services/unit.rs"]
mod unit;
#[path = "services/warning.rs"]
mod warning;
