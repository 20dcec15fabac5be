//! The tunnel: a port of this machine that leads to the same port of the host.

use std::ffi::OsString;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use sso_tool::exit::Exit;
use sso_tool::process::Program;

use super::feed::{Arrival, Feed};
use super::ssh_host::{LEASH, SshHost};
use crate::flows::way_back::Loopback;
use crate::interrupt::Interrupt;
use crate::session::answer::Answer;

/// How long a connection through the tunnel may take to say something.
const TIMEOUT: Duration = Duration::from_secs(10);
const TICK: Duration = Duration::from_millis(50);
/// A request that no login takes for a browser's: whatever answers it, it is an answer from the host.
const KNOCK: &[u8] = b"OPTIONS * HTTP/1.0\r\n\r\n";

/// A tunnel that forwards; closed with this value.
pub(crate) struct Forward {
    held: Held,
}

/// Who holds the port.
enum Held {
    /// An ssh of ours.
    Own(Feed),
    /// The master connection that the user has open already: the command that takes the forward away again.
    Master(Vec<OsString>),
}

/// What a knock found.
enum Knock {
    Answered,
    /// Nobody listens here yet.
    NotYet,
    /// Taken and dropped: nobody listens on the host.
    Nobody,
    /// Neither an answer nor the end within the timeout.
    Silence,
}

impl Forward {
    /// Opens the tunnel, and returns once the host has answered through it; or why the host doesn't.
    pub(crate) fn open(
        place: &SshHost,
        loopback: &Loopback,
        interrupt: &Interrupt,
        deadline: Instant,
    ) -> anyhow::Result<Result<Self, Answer>> {
        let port = loopback.port;
        // The listener goes at once; ssh fails by itself if somebody is faster.
        if let Err(err) = TcpListener::bind(loopback.address()) {
            return Ok(Err(unbindable(port, &err)));
        }
        let mut forward = Self { held: Held::open(place, loopback)? };
        loop {
            if let Some(signal) = interrupt.received() {
                return Ok(Err(Answer::interrupted(signal)));
            }
            if Instant::now() >= deadline {
                let reason = format!("the tunnel to {} took too long to open", place.in_words());
                return Ok(Err(Answer::timeout(reason)));
            }
            if let Some(why) = forward.broken()? {
                return Ok(Err(Answer::unreachable(format!(
                    "cannot open a tunnel to port {port} of {}: {why}",
                    place.in_words()
                ))));
            }
            match knock(loopback, interrupt) {
                Knock::Answered | Knock::Silence => return Ok(Ok(forward)),
                Knock::NotYet => {}
                Knock::Nobody => {
                    let reason = format!(
                        "nobody listens on port {port} of {}: the login there has ended, or its container \
                         has a separate network",
                        place.host()
                    );
                    return Ok(Err(Answer::failed("no-listener", reason)
                        .hint("start the login again; a container needs --network host")));
                }
            }
        }
    }

    /// Why it forwards no more, if that is so.
    pub(crate) fn broken(&mut self) -> anyhow::Result<Option<String>> {
        let Held::Own(feed) = &mut self.held else { return Ok(None) };
        loop {
            match feed.look()? {
                Arrival::Line(_) => {}
                Arrival::Quiet => return Ok(None),
                Arrival::TooMuch => return Ok(Some("ssh prints too much".to_owned())),
                Arrival::Over(_) if feed.complaint.is_empty() => return Ok(Some("ssh ended".to_owned())),
                Arrival::Over(_) => return Ok(Some(feed.complaint.clone())),
            }
        }
    }
}

impl Held {
    fn open(place: &SshHost, loopback: &Loopback) -> anyhow::Result<Self> {
        let spec = loopback.forward();
        if quietly(&place.ssh(&["-O", "check"])) && quietly(&place.ssh(&["-O", "forward", "-L", &spec])) {
            return Ok(Self::Master(place.ssh(&["-O", "cancel", "-L", &spec])));
        }
        // A connection of its own: a new master would outlive the login, and the port with it. On the leash, so that
        // it goes with this process, however that ends.
        let ssh = place.ssh(&[
            "-N",
            "-T",
            "-L",
            &spec,
            "-o",
            "ExitOnForwardFailure=yes",
            "-o",
            "ControlMaster=no",
            "-o",
            "ControlPath=none",
            "-o",
            "ServerAliveInterval=15",
        ]);
        let mut command = Command::new("sh");
        command.args(["-c", LEASH, "sh"]).args(ssh);
        Feed::start(command).map(Self::Own)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Self::Master(cancel) = self {
            quietly(cancel);
        }
    }
}

/// Runs a command that talks to a master connection on this machine only; answers whether it went well.
fn quietly(words: &[OsString]) -> bool {
    let Some((program, arguments)) = words.split_first() else { return false };
    let mut command = Command::new(program);
    command.args(arguments);
    Program::new(command).output().is_ok_and(|output| output.is_good())
}

fn unbindable(port: u16, err: &std::io::Error) -> Answer {
    let why = match err.kind() {
        ErrorKind::AddrInUse => format!("port {port} of this machine is in use"),
        _ => format!("cannot use port {port} of this machine: {err}"),
    };
    Answer::failed("port", why).exiting(Exit::TryLater).hint("start the login again: it uses another port")
}

/// Connects through the tunnel and sees whether the other end says something.
fn knock(loopback: &Loopback, interrupt: &Interrupt) -> Knock {
    let Ok(mut stream) = TcpStream::connect_timeout(&loopback.address(), TIMEOUT) else {
        std::thread::sleep(TICK);
        return Knock::NotYet;
    };
    let begin = Instant::now();
    if stream.set_read_timeout(Some(TICK)).is_err() || stream.write_all(KNOCK).is_err() {
        return Knock::Nobody;
    }
    while begin.elapsed() < TIMEOUT && interrupt.received().is_none() {
        match stream.read(&mut [0; 1]) {
            Ok(0) => return Knock::Nobody,
            Ok(_) => {
                let _ = stream.shutdown(Shutdown::Both);
                return Knock::Answered;
            }
            Err(err)
                if matches!(
                    err.kind(),
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                ) => {}
            Err(_) => return Knock::Nobody,
        }
    }
    Knock::Silence
}
