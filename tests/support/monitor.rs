//! A running `sso-… --every`, read tick by tick.

use std::io::{BufRead as _, BufReader, Lines, Read as _, Write as _};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::support::Sandbox;

pub struct Monitor {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    errors: BufReader<ChildStderr>,
}

impl Monitor {
    /// Starts it, and hands it its whole input.
    pub fn start(sandbox: &Sandbox, line: &str, input: &str) -> Self {
        let mut command = sandbox.tool(line);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let errors = BufReader::new(child.stderr.take().unwrap());
        Self { child, lines, errors }
    }

    /// The next document, whenever it comes.
    pub fn next(&mut self) -> Value {
        serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap()
    }

    /// The first document from now on that is as wanted: how many ticks pass before it doesn't matter.
    pub fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let document = self.next();
            if wanted(&document) {
                return document;
            }
        }
    }

    /// The next line of its stderr, whenever it comes.
    pub fn complaint(&mut self) -> String {
        let mut line = String::new();
        self.errors.read_line(&mut line).unwrap();
        line
    }

    /// Sends it a signal. It ends with 0, although its stdout stays open.
    #[track_caller]
    pub fn ends_by(mut self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
        assert_eq!(self.child.wait().unwrap().code(), Some(0), "{signal}");
    }

    /// Goes away as its reader. It ends with 0; the rest of its stderr is the answer.
    #[track_caller]
    pub fn ends(self) -> String {
        let Self { mut child, lines, mut errors } = self;
        drop(lines);
        let mut said = String::new();
        errors.read_to_string(&mut said).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{said}");
        said
    }
}
