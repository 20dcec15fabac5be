//! `sso-login serve` under load: containers that ask for cached credentials, beside sign-ins whose polls AWS doesn't answer.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

/// Requests in a second, by all connections together.
const RATE: u32 = 2_000;
/// Connections that stay, as SDKs keep them.
const CONNECTIONS: u32 = 8;
const LENGTH: Duration = Duration::from_secs(8);
/// Polls that wait for AWS meanwhile.
const POLLS: usize = 60;

/// A server that ends with this value.
struct Server {
    child: Child,
    host: String,
    token: String,
    _documents: BufReader<ChildStdout>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(tools: &Path) -> Result<Self> {
        let mut command = super::command(tools, "sso-login serve --listen 127.0.0.1:0 --credentials demo");
        command.envs([
            ("AWS_SSO_START_URL", "https://d-1234567890.awsapps.com/start"),
            ("AWS_SSO_REGION", "us-east-1"),
            ("AWS_SSO_ACCOUNT_ID", "111122223333"),
            ("AWS_SSO_ROLE_NAME", "Developer"),
        ]);
        let log = fs::File::create(super::home()?.join("serve.log"))?;
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().context("cannot serve")?;
        let mut documents = BufReader::new(child.stdout.take().context("the server has no output")?);
        let mut line = String::new();
        documents.read_line(&mut line)?;
        let listening: Value = serde_json::from_str(&line)?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let token = fs::read_to_string(text(&listening["credentials"][0]["tokenFile"]))?;
        let host = text(&listening["url"]).trim_start_matches("http://").to_owned();
        Ok(Self { child, host, token, _documents: documents })
    }

    /// The most memory that it ever had, in MiB.
    fn memory(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib / 1024.0)
    }
}

/// A connection that stays.
struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
}

impl Connection {
    fn open(host: &str) -> Result<Self> {
        let stream = TcpStream::connect(host).context("cannot connect")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), host: host.to_owned() })
    }

    /// The status and the body of the answer.
    fn ask(&mut self, line: &str, header: &str, body: &str) -> Result<(u16, Vec<u8>)> {
        let request = format!(
            "{line} HTTP/1.1\r\nHost: {}\r\n{header}\r\nContent-Length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let (mut status, mut length) = (0, 0);
        loop {
            let mut line = String::new();
            ensure!(self.stream.read_line(&mut line)? > 0, "the server closed the connection");
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(rest) = line.strip_prefix("http/1.1 ") {
                status = rest.get(..3).unwrap_or_default().parse()?;
            } else if let Some(rest) = line.strip_prefix("content-length: ") {
                length = rest.parse()?;
            } else if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok((status, body))
    }

    fn post(&mut self, path: &str, body: &Value) -> Result<Value> {
        let body = body.to_string();
        let (_, answer) =
            self.ask(&format!("POST /api/auth/{path}"), "Content-Type: application/json", &body)?;
        Ok(serde_json::from_slice(&answer)?)
    }
}

/// Prints one table.
pub(crate) fn measure(out: &mut impl Write, tools: &Path) -> Result<()> {
    super::output(tools, "sso-login demo --via device --no-browser")?;
    super::output(tools, "sso-login credentials demo")?;
    let server = Server::start(tools)?;
    let flows = (0..POLLS).map(|_| begin(&server.host)).collect::<Result<Vec<_>>>()?;
    fault(&json!({"hang": ["CreateToken"]}))?;
    let polls: Vec<_> = flows
        .into_iter()
        .map(|(mut connection, flow)| thread::spawn(move || connection.post("token", &flow)))
        .collect();
    // AWS holds each of them.
    thread::sleep(Duration::from_millis(500));
    let begin = Instant::now();
    let askers: Vec<_> = (0..CONNECTIONS)
        .map(|number| {
            let (host, token) = (server.host.clone(), server.token.clone());
            thread::spawn(move || load(&host, &token, number, begin))
        })
        .collect();
    let mut times = Vec::new();
    for asker in askers {
        times.extend(asker.join().map_err(|_| anyhow::anyhow!("a thread failed"))??);
    }
    let seconds = begin.elapsed().as_secs_f64();
    let pending = polls.iter().filter(|poll| !poll.is_finished()).count();
    times.sort_unstable();
    let at = |part: f64| -> f64 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let index = (times.len() as f64 * part) as usize;
        times.get(index.min(times.len() - 1)).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    };
    writeln!(out, "| `GET /credentials/PROFILE` | a second | median | p99 | p99.9 | maximum | memory |")?;
    writeln!(out, "|--:|--:|--:|--:|--:|--:|--:|")?;
    #[expect(clippy::cast_precision_loss)]
    let rate = times.len() as f64 / seconds;
    writeln!(
        out,
        "| {} beside {pending} pending polls | {rate:.0} | {:.2} ms | {:.2} ms | {:.2} ms | {:.2} ms | {:.1} MiB |",
        times.len(),
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0),
        server.memory()?
    )?;
    fault(&json!({"hang": []}))
}

/// A sign-in that nobody has approved yet, and the connection it was begun on.
fn begin(host: &str) -> Result<(Connection, Value)> {
    let mut connection = Connection::open(host)?;
    let client = connection.post("register-client", &json!({}))?;
    let mut flow = json!({"client_id": client["client_id"], "client_secret": client["client_secret"]});
    let device = connection.post("device-authorization", &flow)?;
    flow["device_code"] = device["device_code"].clone();
    ensure!(flow["device_code"].is_string(), "no sign-in began: {client} {device}");
    Ok((connection, flow))
}

/// One connection's share of the load. A time begins when the request was due, whether or not it could be sent then.
fn load(host: &str, token: &str, number: u32, begin: Instant) -> Result<Vec<Duration>> {
    let mut connection = Connection::open(host)?;
    let header = format!("Authorization: {token}");
    let pause = Duration::from_secs(1) * CONNECTIONS / RATE;
    let mut due = begin + pause * number / CONNECTIONS;
    let mut times = Vec::new();
    while due < begin + LENGTH {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let (status, _) = connection.ask("GET /credentials/demo", &header, "")?;
        ensure!(status == 200, "the server answered {status}");
        times.push(due.elapsed());
        due += pause;
    }
    Ok(times)
}

/// Tells the sandbox how to behave.
fn fault(faults: &Value) -> Result<()> {
    let url = std::env::var("SSO_SANDBOX_URL").context("this runs in a sandbox")?;
    let mut connection = Connection::open(url.trim_start_matches("http://"))?;
    let (status, _) =
        connection.ask("POST /sandbox/faults", "Content-Type: application/json", &faults.to_string())?;
    ensure!(status == 200, "the sandbox answered {status}");
    Ok(())
}
