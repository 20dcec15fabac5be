//! A machine where services are started with `just sso-exec`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::login::bench::Bench;
use crate::support::{Ended, end, peer, tools};

pub struct Place {
    pub bench: Bench,
    just: PathBuf,
}

impl Place {
    /// With a session of `demo` and `demo-admin`, and none of `other`. `None` where `just` isn't installed.
    pub fn logged_in(flags: &str) -> Option<Self> {
        let just = peer("SSO_TEST_JUST", "just")?;
        let bench = Bench::logged_in(flags);
        // Whoever looks for a browser, a dialog or the AWS CLI finds these, and leaves a trace.
        for name in ["aws", "browser", "zenity", "kdialog", "osascript"] {
            bench.program(name, &format!("echo \"{name} $*\" >> {}", bench.file("seen").display()));
        }
        Some(Self { bench, just })
    }

    /// `just sso-exec` with arguments, from the folder `work`, as somebody's shell starts it.
    pub fn exec(&self, arguments: &[&str]) -> Command {
        let mut command = self.bench.command(&self.just.display().to_string());
        command.arg("--justfile").arg(project().join("justfile")).arg("sso-exec").args(arguments);
        command.env("CARGO_TARGET_DIR", tools().parent().unwrap());
        command.env("BROWSER", self.bench.file("bin/browser"));
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ended {
        end(self.exec(arguments), "")
    }

    pub fn run_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Ended {
        let mut command = self.exec(arguments);
        command.envs(variables.iter().copied());
        end(command, "")
    }

    /// Writes `~/.backlog-toolkit-env`.
    pub fn toolkit_env(&self, text: &str) {
        std::fs::write(self.bench.home().join(".backlog-toolkit-env"), text).unwrap();
    }

    /// That nobody opened a browser, asked, or ran the AWS CLI.
    #[track_caller]
    pub fn is_undisturbed(&self) {
        assert_eq!(self.bench.text("seen"), "");
    }
}

pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}
