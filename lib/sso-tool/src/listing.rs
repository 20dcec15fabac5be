//! Names of profiles, sessions and keys, as `sso-profile` lists them, for the tools that don't read the AWS config.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::process::{Program, of_suite};

/// The variable by which a shell's script asks for completions. `sso-profile` lists names only without it.
pub(crate) const VARIABLE: &str = "COMPLETE";

/// Longer than a person waits for a Tab.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The values of a key in what `sso-profile` lists, each once, in order. Whatever fails lists nothing.
pub fn names(arguments: &[&str], key: &str) -> Vec<String> {
    let mut process = Command::new(of_suite("sso-profile"));
    process.args(arguments).arg("--json").env_remove(VARIABLE);
    let Ok(output) = Program::new(process).until(Instant::now() + TIMEOUT).output() else {
        return Vec::new();
    };
    let mut names: Vec<String> = output
        .stdout
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok()?.get(key)?.as_str().map(str::to_owned))
        .collect();
    names.sort();
    names.dedup();
    names
}
