//! What strace writes about a command: its calls by their numbers, as `inject=…:when=N` counts them, and its stop.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Child;

/// A system call.
#[derive(Clone, Copy, Debug)]
pub struct Call<'t> {
    pub thread: &'t str,
    pub name: &'t str,
    /// How many of that name the same thread has made, this one among them.
    pub number: usize,
    pub arguments: &'t str,
}

/// The calls in a trace of `strace -f`.
pub fn calls(trace: &str) -> Vec<Call<'_>> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let begun = trace.lines().filter(|line| !line.contains(" --- ") && !line.contains("resumed>"));
    let parts = begun.filter_map(|line| {
        let (thread, call) = line.split_once(char::is_whitespace)?;
        let (name, arguments) = call.trim_start().split_once('(')?;
        Some((thread, name, arguments))
    });
    let numbered = parts.map(|(thread, name, arguments)| {
        let number = counts.entry((thread, name)).or_default();
        *number += 1;
        Call { thread, name, number: *number, arguments }
    });
    numbered.collect()
}

/// Waits for the process that `inject=…:signal=SIGSTOP` stopped; none if the command ended before.
#[track_caller]
pub fn stopped(child: &mut Child, trace: &Path) -> Option<i32> {
    let mut found = None;
    super::until("a stop or an end", || {
        let text = fs::read_to_string(trace).unwrap_or_default();
        let line = text.lines().find(|line| line.ends_with("--- stopped by SIGSTOP ---"));
        found = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        found.is_some() || child.try_wait().unwrap().is_some()
    });
    found
}
