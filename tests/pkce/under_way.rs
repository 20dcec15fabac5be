//! A login that waits for its browser.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::login::bench::Bench;
use crate::sandbox::served::fetch;
use crate::support::Ended;

/// `sso-login --via pkce demo`, started; no browser opens by itself.
pub struct UnderWay {
    /// Until it ended.
    child: Option<Child>,
    stdout: BufReader<ChildStdout>,
    /// The lines of stdout so far.
    seen: String,
    /// The document with the URL.
    pub event: Value,
}

impl UnderWay {
    pub fn start(bench: &Bench) -> Self {
        Self::of(bench.command("sso-login --via pkce demo"))
    }

    pub fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut login = Self { child: Some(child), stdout, seen: String::new(), event: Value::Null };
        login.next_event();
        login
    }

    /// Waits for the next document with a URL.
    pub fn next_event(&mut self) {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        self.event = serde_json::from_str(&line).unwrap_or_else(|err| {
            let mut said = String::new();
            self.child.as_mut().unwrap().stderr.take().unwrap().read_to_string(&mut said).unwrap();
            panic!("{err}: {line:?}; stderr: {said}")
        });
        assert_eq!(self.event["event"], "authorize", "{line}");
        self.seen += &line;
    }

    pub fn url(&self) -> &str {
        self.event["url"].as_str().unwrap()
    }

    pub fn port(&self) -> u16 {
        self.event["port"].as_u64().unwrap().try_into().unwrap()
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// The `state` of the login.
    pub fn state(&self) -> &str {
        let (_, rest) = self.url().split_once("&state=").unwrap();
        rest.split('&').next().unwrap()
    }

    /// Where the service sends a browser that goes to the URL: path and query.
    pub fn answer(&self) -> String {
        let location = fetch(self.url()).location;
        let origin = format!("http://127.0.0.1:{}", self.port());
        location.strip_prefix(&origin).unwrap_or_else(|| panic!("{location:?}")).to_owned()
    }

    /// A connection to the port.
    pub fn connect(&self) -> TcpStream {
        connect(self.port())
    }

    /// What the port answers a GET of `target` with, whole.
    pub fn get(&self, target: &str) -> String {
        self.ask(&format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAccept: */*\r\n\r\n", self.port()))
    }

    pub fn ask(&self, request: &str) -> String {
        let mut stream = self.connect();
        // It may answer, and close, before it has read all of it.
        let _ = stream.write_all(request.as_bytes());
        read(stream)
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(i32::try_from(self.pid()).unwrap()).unwrap(), signal).unwrap();
    }

    /// Waits for the end.
    pub fn end(mut self) -> Ended {
        self.stdout.read_to_string(&mut self.seen).unwrap();
        let mut output = self.child.take().unwrap().wait_with_output().unwrap();
        output.stdout = std::mem::take(&mut self.seen).into_bytes();
        Ended::of(&output, "sso-login --via pkce")
    }
}

/// After a failed test.
impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

pub fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

/// All that comes until the end of a connection.
pub fn read(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset after the answer is an end, too.
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8(bytes).unwrap()
}
