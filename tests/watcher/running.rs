//! Recipes on a person's machine, in the background where they don't end.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::login::bench::Bench;
use crate::support::{self, Ended, end, until_or};

/// The project's folder.
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// A desk: a machine, and a person who answers by a script.
pub struct Desk {
    pub bench: Bench,
    just: PathBuf,
}

impl Desk {
    /// `None`, with a named skip, if there is no `just`.
    pub fn new(flags: &str) -> Option<Self> {
        let just = support::peer("SSO_TEST_JUST", "just")?;
        let desk = Self { bench: Bench::start(flags), just };
        desk.answers("refresh");
        Some(desk)
    }

    /// From now on the person says that.
    pub fn answers(&self, answer: &str) {
        let script =
            format!("cat >> {}; echo '{{\"answer\":\"{answer}\"}}'", self.bench.file("questions").display());
        self.bench.program("dialog", &script);
    }

    pub fn questions(&self) -> usize {
        self.bench.text("questions").lines().count()
    }

    /// The environment of a person who has the tools of this build.
    pub fn dress(&self, command: &mut Command) {
        let path = format!("{}:{}", self.just.parent().unwrap().display(), self.bench.served.sandbox.path());
        command
            .env("PATH", path)
            .env("CARGO_TARGET_DIR", support::tools().parent().unwrap())
            .env("SSO_DIALOG", self.bench.file("bin/dialog"))
            .env("SSO_LOGIN_VIA", "device")
            .env("SSO_POLL_SECONDS", "1")
            .env("AWS_PROFILE", "demo")
            .env("BROWSER", "/bin/true");
    }

    pub fn command(&self, recipe: &str) -> Command {
        let mut command = self.bench.command("just --justfile");
        command.arg(project().join("justfile")).args(recipe.split(' ').filter(|word| !word.is_empty()));
        self.dress(&mut command);
        command
    }

    pub fn just(&self, recipe: &str) -> Ended {
        end(self.command(recipe), "")
    }

    pub fn state(&self) -> PathBuf {
        self.bench.home().join(".aws/sso-renewer")
    }

    pub fn signals(&self) -> Vec<String> {
        let ended = self.bench.run("sso-signal read --all");
        ended.documents().iter().map(|signal| signal["profile"].as_str().unwrap().to_owned()).collect()
    }

    /// Starts a recipe; its streams go into `<name>.log` and `<name>.err`.
    pub fn start(&self, name: &str, mut command: Command) -> Running {
        let file = |suffix: &str| fs::File::create(self.bench.file(&format!("{name}.{suffix}"))).unwrap();
        let child = command.stdin(Stdio::null()).stdout(file("log")).stderr(file("err")).spawn().unwrap();
        Running {
            child,
            log: self.bench.file(&format!("{name}.log")),
            errors: self.bench.file(&format!("{name}.err")),
        }
    }

    /// Starts the watcher, and waits until it watches.
    pub fn watch(&self) -> Running {
        let watcher = self.start("watcher", self.command("sso-watch"));
        watcher.logs(": watching ", 0);
        watcher
    }
}

/// A recipe at work. Ends, with all it started, when it is dropped.
pub struct Running {
    child: Child,
    log: PathBuf,
    errors: PathBuf,
}

impl Running {
    pub fn text(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    pub fn errors(&self) -> String {
        fs::read_to_string(&self.errors).unwrap()
    }

    /// Waits until the log, from a position on, has that text. Answers its length then.
    #[track_caller]
    pub fn logs(&self, wanted: &str, from: usize) -> usize {
        let wanted = wanted.trim_start_matches(": ");
        until_or(
            || self.text()[from..].contains(wanted),
            || format!("no `{wanted}` in:\n{}\nerrors:\n{}", self.text(), self.errors()),
        );
        self.text().len()
    }

    /// The processes that it started, below each other, with their command lines.
    pub fn family(&self) -> Vec<(i32, String)> {
        family(i32::try_from(self.child.id()).unwrap())
    }

    /// Waits for a process of the family whose command line begins so.
    #[track_caller]
    pub fn member(&self, line: &str) -> i32 {
        let find =
            || self.family().into_iter().find(|(_, command)| command.starts_with(line)).map(|(pid, _)| pid);
        until_or(|| find().is_some(), || format!("no `{line}` in {:?}", self.family()));
        find().unwrap()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    pub fn code(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let family = self.family();
        let _ = self.child.kill();
        let _ = self.child.wait();
        for (pid, _) in family {
            kill(pid);
        }
    }
}

pub fn kill(pid: i32) {
    // It may have ended by itself.
    let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
}

/// The processes below one, with their command lines; zombies have none.
pub fn family(root: i32) -> Vec<(i32, String)> {
    let mut all = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<i32>() else { continue };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let Some(parent) =
            stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)?.parse::<i32>().ok())
        else {
            continue;
        };
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        all.push((pid, parent, String::from_utf8_lossy(&line).replace('\0', " ")));
    }
    let mut found: Vec<(i32, String)> = Vec::new();
    let mut parents = vec![root];
    while let Some(parent) = parents.pop() {
        for (pid, _, line) in all.iter().filter(|(_, above, _)| *above == parent) {
            parents.push(*pid);
            if !line.is_empty() {
                found.push((*pid, line.clone()));
            }
        }
    }
    found
}
