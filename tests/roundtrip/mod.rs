//! `sso-login key-set`: a key is stored only if it works, and what fails leaves nothing behind.

mod failures;
mod flags;
mod hangup;
mod machine;
mod meanwhile;
mod prompts;
mod vaults;
mod watcher;
