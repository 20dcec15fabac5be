//! A box without a browser: a real sshd in a network of its own, with a HOME of its own, beside a person's machine.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::login::bench::Bench;
use crate::support::{self, NOW, peer, until};

/// The box `metta1`, its network and the way from there to the service.
pub struct Metta {
    pub bench: Bench,
    network: Child,
    relays: Vec<Child>,
}

impl Metta {
    /// `None`, by name, where there is no sshd, or no right to make networks.
    pub fn start() -> Option<Self> {
        Self::with("", "bin:TOOLS:/usr/bin:/bin")
    }

    /// With flags for the service, and another PATH in the box.
    pub fn with(flags: &str, path: &str) -> Option<Self> {
        Self::of(path, || Bench::start(flags))
    }

    /// Beside a person's machine of one's own.
    pub fn of(path: &str, bench: impl FnOnce() -> Bench) -> Option<Self> {
        let sshd = peer("SSO_TEST_SSHD", "/usr/sbin/sshd")?;
        let mut network = network()?;
        // sshd's own folder; its package leaves it to the service.
        let _ = fs::create_dir_all("/run/sshd");
        let bench = bench();
        let root = bench.served.sandbox.root().to_owned();
        let (home, bin) = (root.join("box"), root.join("box/bin"));
        fs::create_dir_all(home.join(".aws")).unwrap();
        fs::create_dir_all(&bin).unwrap();
        fs::copy(bench.home().join(".aws/config"), home.join(".aws/config")).unwrap();
        // What leads the AWS CLI to the service.
        let copied = Command::new("cp")
            .arg("-r")
            .arg(bench.home().join(".aws/models"))
            .arg(home.join(".aws"))
            .status();
        assert!(copied.unwrap().success());
        for key in ["host", "user"] {
            let key = root.join(key);
            let made =
                Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
            assert!(made.unwrap().success());
        }

        let (bin, tools) = (bin.display().to_string(), support::tools().display().to_string());
        let path = path.replace("TOOLS", &tools).replace("bin:", &format!("{bin}:"));
        // The clock of an AWS CLI there could not be fixed.
        let mut variables =
            format!("HOME={} PATH={path} SSO_NOW={NOW} SSO_LOGIN_VIA=pkce LC_ALL=C.UTF-8", home.display());
        for (name, value) in bench.served.document["export"].as_object().unwrap() {
            if name.starts_with("AWS_ENDPOINT") || name == "AWS_EC2_METADATA_DISABLED" {
                write!(variables, " {name}={}", value.as_str().unwrap()).unwrap();
            }
        }
        let root = root.display();
        let daemon_config = format!(
            "HostKey {root}/host\nPidFile none\nAuthorizedKeysFile {root}/user.pub\nStrictModes no\nUsePAM no\n\
             PasswordAuthentication no\nPermitRootLogin yes\nLogLevel ERROR\nMaxStartups 100\nSetEnv {variables}\n"
        );
        fs::write(format!("{root}/sshd"), daemon_config).unwrap();
        let namespace = format!("/proc/{}/ns/net", network.id());
        let ssh_config = format!(
            "Host dead dead2\n ProxyCommand false\nHost hanging\n ProxyCommand sleep 1000\nHost shared\n ControlMaster auto\n ControlPath {root}/master\n ControlPersist 60\n\
             Host *\n ProxyCommand nsenter --net={namespace} {} -i -f {root}/sshd\n IdentityFile {root}/user\n \
             IdentitiesOnly yes\n User root\n StrictHostKeyChecking no\n UserKnownHostsFile /dev/null\n LogLevel ERROR\n",
            sshd.display()
        );
        fs::write(format!("{root}/ssh_config"), ssh_config).unwrap();
        bench
            .served
            .sandbox
            .program("ssh", &format!("#!/bin/sh\nexec /usr/bin/ssh -F {root}/ssh_config \"$@\"\n"));

        let mut line = String::new();
        BufReader::new(network.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "up\n");
        let mut metta = Self { bench, network, relays: Vec::new() };
        metta.relay();
        Some(metta)
    }

    /// Leads the service's ports back from the box's loopback, as AWS is reached from a real one.
    fn relay(&mut self) {
        let mut ssh = self.bench.served.sandbox.command("ssh");
        for name in ["oidcUrl", "portalUrl", "stsUrl"] {
            let port = self.bench.served.url(name, "").rsplit_once(':').unwrap().1.to_owned();
            ssh.args(["-R", &format!("127.0.0.1:{port}:127.0.0.1:{port}")]);
        }
        ssh.args(["-o", "ExitOnForwardFailure=yes", "metta1", "echo ready; exec cat"]);
        // Its stdin is held open as long as this child is, and the box's end goes with it.
        let mut child = ssh.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        self.relays.push(child);
    }

    pub fn home(&self) -> PathBuf {
        self.bench.file("box")
    }

    /// Adds to the config of the box.
    pub fn configure(&self, more: &str) {
        let path = self.home().join(".aws/config");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(path, text + more).unwrap();
    }

    /// A program of the box.
    pub fn program(&self, name: &str, script: &str) {
        let path = self.home().join("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A command on the person's machine, whose browser follows pages by itself.
    pub fn command(&self, line: &str) -> Command {
        let mut command = self.bench.command(line);
        command.env("BROWSER", self.bench.served.document["export"]["BROWSER"].as_str().unwrap());
        command
    }

    /// A pipe on the person's machine.
    pub fn shell(&self, script: &str) -> Command {
        let mut command = self.command("bash -euo pipefail -c");
        command.arg(script);
        command
    }

    /// A command in the box's network.
    pub fn inside(&self, words: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/proc/{}/ns/net", self.network.id())).args(words);
        command
    }

    /// Something in the box that answers on a port, as a login's callback does.
    pub fn listen(&mut self) -> u16 {
        let script = "import http.server as h
s = h.HTTPServer(('127.0.0.1', 0), h.BaseHTTPRequestHandler)
print(s.server_address[1], flush=True)
s.serve_forever()";
        let mut child = self.inside(&["/usr/bin/python3", "-c", script]);
        let mut child = child.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        self.relays.push(child);
        line.trim().parse().unwrap()
    }

    /// Waits until nobody holds the login lock of the box, and nobody listens there but what the test made.
    #[track_caller]
    pub fn is_left_alone(&self, port: u16) {
        until("the login in the box to end", || {
            let listening = self.inside(&["ss", "-Hltn"]).output().unwrap();
            !String::from_utf8(listening.stdout).unwrap().contains(&format!(":{port} "))
                && !self.home().join(".aws/sso-renewer/login.lock").exists()
        });
    }

    /// Who the box says it is, in the last document.
    #[track_caller]
    pub fn is_logged_in(&self, last: &Value) {
        assert_eq!(last["accountId"], "111122223333", "{last}");
        assert!(last["arn"].as_str().unwrap().contains("AWSReservedSSO_Developer_"), "{last}");
        assert!(!last["host"].as_str().unwrap().is_empty());
        assert!(!support::names(self.home().join(".aws/sso/cache")).is_empty());
        // Nothing of it came over.
        assert_eq!(support::names(self.bench.cache()), [""; 0]);
    }
}

impl Drop for Metta {
    fn drop(&mut self) {
        for child in self.relays.iter_mut().chain([&mut self.network]) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A network of its own with nothing but loopback; held by a process that says so once it is up.
fn network() -> Option<Child> {
    static DRAWN: AtomicUsize = AtomicUsize::new(0);
    if !may_make_networks() {
        return None;
    }
    // A port that the host draws has to be free on the person's machine, too, whose own ones come from 32768 up.
    let first = 20_000 + DRAWN.fetch_add(1, Ordering::Relaxed) % 12 * 1000;
    let script = format!(
        "ip link set lo up && echo {first} {} > /proc/sys/net/ipv4/ip_local_port_range && echo up && exec sleep 1000",
        first + 999
    );
    Some(Command::new("unshare").args(["--net", "sh", "-c", &script]).stdout(Stdio::piped()).spawn().unwrap())
}

/// Whether networks can be made; where they can't, the test is skipped by name.
pub fn may_make_networks() -> bool {
    let made = Command::new("unshare").args(["--net", "true"]).stderr(Stdio::null()).status();
    let may = made.is_ok_and(|status| status.success());
    if !may {
        assert!(std::env::var_os("CI").is_none(), "networks can't be made: run the tests as root");
        crate::support::skip("no right to make networks (unshare --net)");
    }
    may
}

/// A page like a login's, that comes back to that port.
pub fn page(port: u16) -> String {
    format!(
        "https://oidc.us-east-1.amazonaws.com/authorize?client_id=x&redirect_uri=http%3A%2F%2F127.0.0.1%3A{port}\
         %2Foauth%2Fcallback&state=y"
    )
}
