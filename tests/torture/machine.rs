//! A machine that is put back after each fault.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::login::bench::Bench;
use crate::support::{Ended, end};

use super::acts::{Act, Prepared};

/// Files by their path below ~/.aws.
pub type Files = BTreeMap<PathBuf, String>;

pub struct Machine {
    pub bench: Bench,
    pub strace: PathBuf,
}

impl Machine {
    pub fn start(strace: &Path) -> Self {
        let bench = Bench::start("");
        copy(&bench.home().join(".aws"), &bench.file("fresh"));
        Self { bench, strace: strace.to_owned() }
    }

    pub fn aws(&self) -> PathBuf {
        self.bench.home().join(".aws")
    }

    /// The machine as the act finds it.
    ///
    /// What only lies on disk is put back from a copy; a session that the service would know as used up is begun anew.
    pub fn prepare(&self, act: &Act) {
        let copied = self.bench.file(&format!("prepared-{}", act.name.replace(' ', "-")));
        if act.prepared == Prepared::Copied && copied.exists() {
            return copy(&copied, &self.aws());
        }
        copy(&self.bench.file("fresh"), &self.aws());
        (act.prepare)(&self.bench);
        copy(&self.aws(), &copied);
    }

    /// The act under strace, with these arguments for it.
    pub fn traced(&self, act: &Act, arguments: &[&str]) -> Ended {
        end(self.traced_command(act, arguments), act.input)
    }

    pub fn traced_command(&self, act: &Act, arguments: &[&str]) -> Command {
        let line = self.bench.command(act.line);
        let mut command = self.bench.command(self.strace.to_str().unwrap());
        command.args(["-f", "-y", "-o"]).arg(self.trace()).args(arguments);
        command.arg(line.get_program()).args(line.get_args());
        command
    }

    pub fn trace(&self) -> PathBuf {
        self.bench.file("trace")
    }

    pub fn files(&self) -> Files {
        fn walk(root: &Path, folder: &Path, files: &mut Files) {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    walk(root, &path, files);
                } else if !entry.file_name().to_string_lossy().starts_with('.') {
                    let text = String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()).into_owned();
                    files.insert(path.strip_prefix(root).unwrap().to_owned(), text);
                }
            }
        }
        let mut files = Files::new();
        walk(&self.aws(), &self.aws(), &mut files);
        files
    }
}

/// Whether one is as good as the other: the same bytes, a time, or objects with the same keys, as a token's successor has.
pub fn is_alike(one: Option<&String>, other: Option<&String>) -> bool {
    let keys = |text: &String| {
        let value: Value = serde_json::from_str(text).ok()?;
        // The state is what counts; its mirror in a signal is for other readers, and is written if that can be.
        Some(value.as_object()?.keys().filter(|key| *key != "nextAttemptAfter").cloned().collect::<Vec<_>>())
    };
    match (one, other) {
        (Some(one), Some(other)) if one.trim().parse::<i64>().is_ok() => other.trim().parse::<i64>().is_ok(),
        (Some(one), Some(other)) => one == other || keys(one).is_some_and(|found| keys(other) == Some(found)),
        (None, None) => true,
        _ => false,
    }
}

pub fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    let copied = Command::new("cp").args(["-a", "-T"]).arg(from).arg(to).status().unwrap();
    assert!(copied.success(), "cp {} {}", from.display(), to.display());
}
