//! The variables of this process.

use std::env;

/// A variable of the environment; `None` if it is unset, empty or not UTF-8.
pub fn from_environment(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
