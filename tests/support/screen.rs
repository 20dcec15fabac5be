//! A terminal of tmux with a shell line in it, and a person who looks and types.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Sandbox, peer, tools};

/// Long enough for a busy machine; a screen that is as expected is seen at once.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Screen {
    pub sandbox: Sandbox,
    tmux: PathBuf,
}

/// A question of a guide: what is to be seen of it, and the keys that answer it.
pub struct Question {
    pub sees: &'static str,
    pub keys: &'static [&'static str],
}

/// Documents as `sso-login accounts` writes them.
pub fn roles(count: usize) -> Vec<Value> {
    (0..count)
        .map(|n| {
            json!({
                "ssoSession": "corp", "startUrl": "https://d-1234567890.awsapps.com/start", "ssoRegion": "us-east-1",
                "accountId": format!("{:012}", 111_122_220_000 + n), "accountName": format!("Account {n}"),
                "roleName": if n % 2 == 0 { "Admin" } else { "ReadOnly" }, "mine": {"kept": n}
            })
        })
        .collect()
}

pub fn stream(documents: &[Value]) -> String {
    documents.iter().flat_map(|document| [document.to_string(), "\n".to_owned()]).collect()
}

impl Screen {
    /// Waits for a question, and answers those before it. That at `login` is the page of a login, which `approve` lets
    /// pass.
    pub fn walk(&self, questions: &[Question], until: usize, login: usize, approve: impl Fn()) {
        for (at, question) in questions.iter().enumerate().take(until + 1) {
            if at == login {
                self.waits("page", || self.text("errors").contains("/device"));
            } else {
                self.sees(question.sees);
            }
            if at == until {
                return;
            }
            if at == login { approve() } else { self.types(question.keys) }
        }
    }

    /// Runs a line of bash; `$OUT` and `$CODE` tell what it put out and how it ended.
    pub fn show(documents: &[Value], line: &str) -> Option<Self> {
        Self::show_with(documents, &[], line)
    }

    /// The same with other variables; an empty one is none.
    pub fn show_with(documents: &[Value], variables: &[(String, String)], line: &str) -> Option<Self> {
        let screen = Self { tmux: peer("SSO_TEST_TMUX", "tmux")?, sandbox: Sandbox::new() };
        fs::write(screen.file("roles"), stream(documents)).unwrap();
        let script = format!(
            "stty -g > before\n{{ {line}; }} > out 2> errors\necho $? > code\nstty -g > after\n\
             echo BACK AGAIN; mv code done; exec sleep 60\n"
        );
        fs::write(screen.file("script"), script).unwrap();
        let shell = screen.sandbox.command("bash");
        let mut command = screen.tmux(&["-f", "/dev/null", "new-session", "-d", "-x", "110", "-y", "20"]);
        command
            .args(["bash", "-uo", "pipefail", "script"])
            .env_clear()
            .envs(shell.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .env("PATH", format!("{}:/usr/bin:/bin", tools().display()))
            .env("TERM", "xterm")
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .current_dir(screen.sandbox.root().join("work"));
        let Output { status, stderr, .. } = command.output().unwrap();
        assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
        Some(screen)
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.sandbox.root().join("work").join(name)
    }

    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_default()
    }

    /// What is to be seen now.
    pub fn lines(&self) -> String {
        String::from_utf8(self.tmux(&["capture-pane", "-p"]).output().unwrap().stdout).unwrap()
    }

    /// Waits until a text is to be seen.
    #[track_caller]
    pub fn sees(&self, text: &str) {
        self.waits(&format!("{text:?}"), || self.lines().contains(text));
    }

    #[track_caller]
    pub fn waits(&self, what: &str, is_there: impl Fn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_there() {
            assert!(Instant::now() < deadline, "no {what}:\n{}{}", self.lines(), self.text("errors"));
            sleep(Duration::from_millis(10));
        }
    }

    /// Types keys by tmux's names, or text.
    pub fn types(&self, keys: &[&str]) {
        assert!(self.tmux(&["send-keys"]).args(keys).status().unwrap().success());
    }

    pub fn resizes(&self, width: u16, height: u16) {
        let (width, height) = (width.to_string(), height.to_string());
        self.tmux(&["resize-window", "-x", &width, "-y", &height]).status().unwrap();
    }

    /// Waits for the end; the terminal is as it was before. Answers the status.
    #[track_caller]
    pub fn leaves(&self) -> i32 {
        self.waits("end", || self.file("done").exists());
        self.sees("BACK AGAIN");
        assert_eq!(self.text("after"), self.text("before"), "the modes of the terminal");
        let flags = self.tmux(&["display-message", "-p", "#{alternate_on} #{cursor_flag}"]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&flags.stdout).trim(), "0 1", "the other screen, the cursor");
        assert!(!self.lines().contains("Account 0"), "{}", self.lines());
        self.text("done").trim().parse().unwrap()
    }

    /// The one document that came out.
    #[track_caller]
    pub fn document(&self) -> Value {
        serde_json::from_str(&self.text("out")).unwrap_or_else(|err| panic!("{err}: {:?}", self.text("out")))
    }

    fn tmux(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.tmux);
        command.arg("-S").arg(self.file("tmux")).args(arguments).env("LC_ALL", "C.UTF-8").env_remove("TMUX");
        command
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.tmux(&["kill-server"]).output();
    }
}
