//! A person's machine with the real AWS CLI v2, beside an AWS SSO on loopback, at the real time: the AWS CLI knows no other.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::sandbox::served::Served;
use crate::support::warm_aws::aws_warm;
use crate::support::{Ended, end, tool};

pub struct Machine {
    pub served: Served,
    aws: PathBuf,
}

/// What a key-set must not leave changed: config, keys and cache.
pub type Files = BTreeMap<String, String>;

impl Machine {
    /// With these flags of the sandbox. `None` if there is no AWS CLI v2 here.
    pub fn start(flags: &str) -> Option<Self> {
        let real = aws_warm()?;
        let pending = if flags.contains("--pending") { "" } else { "--pending 0" };
        let served = Served::start_at(&format!("{flags} {pending}"), None);
        // The words that it was run with, one call a line; asking for its version is no call.
        let argv = served.sandbox.root().join("argv");
        let script = format!(
            "#!/bin/sh\n[ \"$1\" = --version ] || printf '%s\\n' \"$*\" >> '{}'\nexec '{}' \"$@\"\n",
            argv.display(),
            real.display()
        );
        let aws = served.sandbox.program("aws", &script);
        Some(Self { served, aws })
    }

    pub fn home(&self) -> PathBuf {
        self.served.document["home"].as_str().unwrap().into()
    }

    pub fn variables(&self) -> Vec<(String, String)> {
        let export = self.served.document["export"].as_object().unwrap();
        let mut variables: Vec<_> =
            export.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
        // Logins approve themselves; no browser is needed. `:` is one that shows nothing.
        for (name, value) in [("SSO_NOW", ""), ("BROWSER", "true"), ("AWS_PROFILE", "demo-admin")] {
            variables.retain(|(other, _)| other != name);
            variables.push((name.to_owned(), value.to_owned()));
        }
        variables.push(("SSO_AWS".to_owned(), self.aws.to_str().unwrap().to_owned()));
        variables
    }

    /// A command on the machine; words are split at spaces.
    pub fn command(&self, line: &str) -> Command {
        let mut words = line.split_whitespace();
        let mut command = self.served.sandbox.command(tool(words.next().unwrap()));
        command.args(words).envs(self.variables()).env_remove("SSO_NOW");
        command
    }

    pub fn run(&self, line: &str) -> Ended {
        end(self.command(line), "")
    }

    pub fn run_with(&self, line: &str, variables: &[(&str, &str)]) -> Ended {
        let mut command = self.command(line);
        command.envs(variables.iter().copied());
        end(command, "")
    }

    /// `sso-login key-set` with these words.
    pub fn key_set(&self, words: &str) -> Ended {
        self.run(&format!("sso-login key-set {words}"))
    }

    /// How a key of env `dev` stands: the status of `key get`.
    pub fn status(&self, key: &str) -> i32 {
        self.run(&format!("sso-profile key get --env dev --key {key}")).code
    }

    /// What the AWS CLI was run with.
    pub fn argv(&self) -> Vec<String> {
        let text = fs::read_to_string(self.served.sandbox.root().join("argv")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Logins, registrations and logouts so far.
    pub fn counts(&self) -> [u64; 3] {
        let stats = self.served.admin("/sandbox/stats").json();
        let operations = &stats["operations"];
        [&stats["logins"], &operations["RegisterClient"], &operations["Logout"]]
            .map(|count| count.as_u64().unwrap())
    }

    pub fn faults(&self, faults: &Value) {
        let reply = self.served.tell("/sandbox/faults", faults);
        assert_eq!(reply.status, 200, "{reply:?}");
    }

    /// Fails an operation of the service from now on.
    pub fn fail(&self, operation: &str, status: u16) {
        self.faults(&json!({"fail": [format!("{operation}={status}")]}));
    }

    pub fn config(&self) -> String {
        fs::read_to_string(self.home().join(".aws/config")).unwrap()
    }

    pub fn append(&self, text: &str) {
        fs::write(self.home().join(".aws/config"), self.config() + text).unwrap();
    }

    /// Config, keys and both caches.
    pub fn files(&self) -> Files {
        let aws = self.home().join(".aws");
        let mut paths = vec![aws.join("config"), aws.join("sso-renewer/keys.json")];
        for folder in ["sso/cache", "cli/cache"] {
            let entries = fs::read_dir(aws.join(folder));
            paths.extend(entries.into_iter().flatten().map(|entry| entry.unwrap().path()));
        }
        let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        paths.into_iter().filter_map(|path| Some((name(&path), fs::read_to_string(path).ok()?))).collect()
    }

    /// The sessions that are marked as locked on purpose.
    pub fn quiet(&self) -> Vec<String> {
        let state = fs::read(self.home().join(".aws/sso-renewer/state.json")).unwrap_or_default();
        let state: Value = serde_json::from_slice(&state).unwrap_or_default();
        let sessions = state["sessions"].as_object().cloned().unwrap_or_default();
        sessions.into_iter().filter(|(_, entry)| entry["quiet"] == true).map(|(name, _)| name).collect()
    }
}

/// The steps that were told, in order.
pub fn steps(ended: &Ended) -> Vec<String> {
    let documents = ended.documents();
    let steps = documents.iter().filter(|document| document["event"] == "step");
    steps.map(|document| document["step"].as_str().unwrap().to_owned()).collect()
}
