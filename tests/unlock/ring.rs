//! A person's keys, and an AWS CLI v2 that writes down what it is asked.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::login::bench::{Bench, TOKEN};
use crate::sandbox::served::Served;
use crate::support::warm_aws::aws_warm;
use crate::support::{self, Ended, end};
use crate::watcher::running::project;

/// Keys of two envs: `dev` has two of one session and a variable, `prod` has another session, `ci` has none.
const KEYS: [(&str, &str, &str, &str); 6] = [
    ("dev", "A", "aws.iam.sso", "demo"),
    ("dev", "B", "aws.iam.sso", "demo-admin"),
    ("dev", "TOKEN", "env", "TOKEN"),
    ("prod", "A", "aws.iam.sso", "other"),
    ("ci", "TOKEN", "env", "TOKEN"),
    ("ci", "A", "aws.static", "robot"),
];

pub struct Ring {
    pub bench: Bench,
    just: PathBuf,
    aws: PathBuf,
}

impl Ring {
    /// By the clock of this machine, since the AWS CLI knows no other. `None`, with a named skip, if a peer is missing.
    pub fn new(flags: &str) -> Option<Self> {
        let (just, aws) = (support::peer("SSO_TEST_JUST", "just")?, aws_warm()?);
        let bench = Bench { served: Served::start_at(flags, None) };
        let argv = bench.file("argv");
        let script = format!(
            "[ \"$1\" = --version ] || echo \"$*\" >> '{}'\nexec '{}' \"$@\"",
            argv.display(),
            aws.display()
        );
        let aws = bench.program("aws-recorded", &script);
        bench.program("dialog", &format!("echo asked >> '{}'", bench.file("questions").display()));
        bench.configure(|text| {
            text + "\n[profile robot]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = canary\n"
        });
        let ring = Self { bench, just, aws };
        for (env, key, vault, reference) in KEYS {
            ring.run(&format!("sso-profile key set --env {env} --key {key} --vault {vault} {reference}"))
                .exits(0);
        }
        Some(ring)
    }

    /// The environment of a person whom a wrong turn would lead to another profile, or to our own flow.
    fn dress(&self, command: &mut Command) {
        let path = format!("{}:{}", self.just.parent().unwrap().display(), self.bench.served.sandbox.path());
        command
            .env("PATH", path)
            .env("CARGO_TARGET_DIR", support::tools().parent().unwrap())
            .env("SSO_AWS", &self.aws)
            .env("SSO_DIALOG", self.bench.file("bin/dialog"))
            .env("SSO_LOGIN_VIA", "device")
            .env("AWS_PROFILE", "other")
            .env("BROWSER", "/bin/true")
            .env("TOKEN", "canary")
            .env_remove("SSO_NOW");
    }

    pub fn command(&self, recipe: &str) -> Command {
        let mut command = self.bench.command("just --justfile");
        command.arg(project().join("justfile")).args(recipe.split(' '));
        self.dress(&mut command);
        command
    }

    pub fn just(&self, recipe: &str) -> Ended {
        end(self.command(recipe), "")
    }

    /// A recipe that ends well; what people are told on the way may be on stderr.
    #[track_caller]
    pub fn unlock(&self, recipe: &str) -> Ended {
        let ended = self.just(recipe);
        assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
        assert!(!ended.stderr.contains("sso-") && !ended.stderr.contains("error"), "{}", ended.stderr);
        ended
    }

    pub fn run(&self, line: &str) -> Ended {
        self.feed(line, "")
    }

    pub fn feed(&self, line: &str, input: &str) -> Ended {
        let mut command = self.bench.command(line);
        self.dress(&mut command);
        end(command, input)
    }

    /// What the AWS CLI was asked so far, and the service: registrations, device authorizations, logins.
    #[track_caller]
    pub fn asked(&self, argv: &[&str], counts: [u64; 3]) {
        assert_eq!(self.bench.text("argv").lines().collect::<Vec<_>>(), argv);
        let found = [
            self.bench.count("RegisterClient"),
            self.bench.count("StartDeviceAuthorization"),
            self.bench.counts()[0],
        ];
        assert_eq!(found, counts, "registrations, authorizations, logins");
        assert_eq!(self.bench.text("questions"), "", "nobody is asked");
    }

    /// The state of every key, by slug.
    pub fn states(&self) -> Value {
        let documents = self.run("sso-profile key list").exits(0).documents();
        let states =
            documents.iter().map(|key| (key["slug"].as_str().unwrap().to_owned(), key["state"].clone()));
        json!(states.collect::<serde_json::Map<_, _>>())
    }

    /// The session that `demo` and `demo-admin` share is over, for good.
    pub fn expire(&self) {
        let mut token = self.bench.token();
        token["expiresAt"] = "2020-01-01T00:00:00Z".into();
        token.as_object_mut().unwrap().remove("refreshToken");
        self.bench.set_token(&token);
    }

    /// Every file of the cache, with its content.
    pub fn cache(&self) -> Vec<(String, String)> {
        let read = |name: String| {
            let text = fs::read_to_string(self.bench.cache().join(&name)).unwrap();
            (name, text)
        };
        support::names(self.bench.cache()).into_iter().map(read).collect()
    }

    /// Whether there is a token of the session that `demo` and `demo-admin` share.
    pub fn has_token(&self) -> bool {
        self.bench.cache().join(TOKEN).exists()
    }
}
