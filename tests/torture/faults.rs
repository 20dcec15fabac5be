//! A fault at each system call that touches ~/.aws, and a kill at any other.

use std::collections::BTreeMap;
use std::fs;

use crate::support::{end, traced};

use super::acts::Act;
use super::machine::{Files, Machine, is_alike};
use super::plan::Random;
use super::report::Run;

/// The system calls that open, change and lock files.
const CALLS: &str = "openat,read,write,pwrite64,fsync,fdatasync,ftruncate,fchmod,rename,renameat,renameat2,link,linkat,\
                     mkdir,mkdirat,unlink,unlinkat,rmdir,flock,fcntl";
/// What each of them is made to do.
const FAULTS: [(&str, &str); 4] =
    [("SIGKILL", "signal=KILL"), ("ENOSPC", "error=ENOSPC"), ("EIO", "error=EIO"), ("EINTR", "error=EINTR")];
/// So many kills at any system call whatever, in a round.
const KILLS: usize = 25;

/// One fault: its kind, and how strace is told.
pub struct Job {
    pub kind: String,
    inject: String,
}

/// What an act does undisturbed.
pub struct Course<'a> {
    act: &'a Act,
    old: Files,
    new: Files,
    /// The calls that touch ~/.aws: the name, and how many of that name the same thread made.
    pub calls: Vec<(String, usize)>,
    /// How many calls the busiest thread makes, of any kind.
    all: usize,
}

impl<'a> Course<'a> {
    pub fn of(machine: &Machine, act: &'a Act) -> Self {
        machine.prepare(act);
        let old = machine.files();
        machine.traced(act, &["-qq"]).exits_somehow(0);
        let new = machine.files();
        let trace = fs::read_to_string(machine.trace()).unwrap();
        let mut threads = BTreeMap::new();
        let mut calls = Vec::new();
        for call in traced::calls(&trace) {
            *threads.entry(call.thread).or_insert(0) += 1;
            let is_meant = CALLS.split(',').any(|known| known == call.name);
            let numbered = (call.name.to_owned(), call.number);
            if is_meant && call.arguments.contains("/.aws") && !calls.contains(&numbered) {
                calls.push(numbered);
            }
        }
        assert!(calls.iter().any(|(name, _)| name == "openat"), "{}: {trace}", act.name);
        Self { act, old, new, calls, all: threads.into_values().max().unwrap_or(0) }
    }

    /// Every fault at every call that touches ~/.aws.
    pub fn jobs(&self) -> Vec<Job> {
        let each = self.calls.iter().flat_map(|(name, count)| {
            FAULTS.map(|(kind, fault)| Job {
                kind: kind.to_owned(),
                inject: format!("inject={name}:{fault}:when={count}"),
            })
        });
        each.collect()
    }

    /// Kills at calls that are drawn from all.
    pub fn kills(&self, random: &mut Random) -> Vec<Job> {
        let calls = (0..KILLS).map(|_| 1 + random.below(self.all));
        calls
            .map(|count| Job {
                kind: "SIGKILL".to_owned(),
                inject: format!("inject=all:signal=KILL:when={count}"),
            })
            .collect()
    }

    pub fn inject(&self, machine: &Machine, job: &Job) -> Run {
        machine.prepare(self.act);
        let ended = machine.traced(self.act, &["-qq", "-e", &format!("trace={CALLS}"), "-e", &job.inject]);
        let mut run = self.judge(machine, Some(ended.code));
        if let Some(loss) = &mut run.loss {
            *loss =
                format!("{}, {}: {loss} ({} {})", self.act.name, job.inject, ended.code, ended.stderr.trim());
        }
        run
    }

    /// What came of it, and whether the next call copes. Status 0 says that all was done.
    pub fn judge(&self, machine: &Machine, code: Option<i32>) -> Run {
        let left = machine.files();
        let mut paths: Vec<_> = left.keys().chain(self.old.keys()).chain(self.new.keys()).collect();
        paths.sort();
        paths.dedup();
        let mut loss = None;
        for path in paths {
            let (found, new) = (left.get(path), self.new.get(path));
            // An answer is kept where the signal that it may be about couldn't be read: more is remembered, nothing is lost.
            let is_more = path.ends_with("state.json") && new.is_none() && !self.old.contains_key(path);
            let is_new = is_alike(found, new) || (is_more && found.is_some_and(|text| is_object(text)));
            let is_kept = code == Some(0) && !is_extra(path);
            if !is_new && (is_kept || !is_alike(found, self.old.get(path))) && !is_passing(path) {
                loss = Some(format!("{} is neither as before nor as after: {found:?}", path.display()));
            }
        }
        let (line, codes) = self.act.then;
        let next = end(machine.bench.command(line), if line == self.act.line { self.act.input } else { "" });
        if next.code != 0 && !codes.contains(&next.code) {
            loss = Some(format!("afterwards `{line}` ends with {}: {}", next.code, next.stderr.trim()));
        } else if self.act.then.0 == self.act.line && loss.is_none() {
            let after = machine.files();
            let differs = self.new.iter().find(|(path, new)| {
                !is_passing(path) && !is_extra(path) && !is_alike(after.get(*path), Some(new))
            });
            loss = differs.map(|(path, _)| {
                format!("the next call leaves {} as it is: {:?}", path.display(), after.get(path))
            });
        }
        Run { failed: code.is_some_and(|code| code != 0), loss }
    }
}

fn is_object(text: &str) -> bool {
    serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text).is_ok()
}

/// What a command succeeds without: role credentials are fetched again, and a session's length is learned another time.
fn is_extra(path: &std::path::Path) -> bool {
    path.starts_with("cli/cache") || path.ends_with("sessions.json")
}

/// Locks, paces, folders of set-ups and of broken files: there or not, nothing is lost by it.
fn is_passing(path: &std::path::Path) -> bool {
    let text = path.to_string_lossy();
    text.contains(".lock")
        || text.contains("/set-up-")
        || text.contains("quarantine")
        || text.contains("recovery")
        || text.ends_with("portal.pace")
}
