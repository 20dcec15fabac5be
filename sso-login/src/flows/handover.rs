//! A secret link handed to the browser: its command line, which every user of the host can read, has an address of this
//! process instead, which leads to the link once.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use sso_tool::exit::{Exit, Fault};
use sso_tool::secret::Secret;
use sso_tool::settings::Settings;

use crate::flows::{browser, random};
use crate::interrupt::{Interrupt, interrupted};

/// How long a browser may take to come.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How long a connection may take to ask. Browsers open some in advance.
const ASKING: Duration = Duration::from_millis(500);
/// Between two looks for a connection.
const BEAT: Duration = Duration::from_millis(20);
/// More than the first line of a request takes.
const HEAD: usize = 4096;

/// Opens a link in the browser without showing it to anybody else. `false` if there is no browser.
pub(crate) fn open(settings: &Settings, link: &Secret) -> anyhow::Result<bool> {
    let listener = listen().context("cannot listen on 127.0.0.1 for the browser")?;
    let port = listener.local_addr().context("cannot find out the port for the browser")?.port();
    let path = format!("/{}", random::token(24)?);
    let interrupt = Interrupt::hold()?;
    if browser::open(settings, &format!("http://127.0.0.1:{port}{path}")).is_none() {
        return Ok(false);
    }
    let begin = Instant::now();
    while begin.elapsed() < TIMEOUT {
        if let Some(signal) = interrupt.received() {
            return Err(interrupted(signal));
        }
        match listener.accept() {
            Ok((stream, _)) => {
                // A client that disconnects early doesn't use the link up.
                if answer(stream, &path, link).unwrap_or(false) {
                    return Ok(true);
                }
            }
            Err(err) if err.kind() == io::ErrorKind::WouldBlock => thread::sleep(BEAT),
            Err(err) => return Err(err).context("cannot wait for the browser"),
        }
    }
    let message = format!("no browser came for the link within {} s", TIMEOUT.as_secs());
    Err(Fault::new(Exit::Unavailable, message)
        .hint("sso-login console --federated --print shows the link")
        .into())
}

fn listen() -> io::Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Answers one request. `true` if it was for the link.
fn answer(mut stream: TcpStream, path: &str, link: &Secret) -> io::Result<bool> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(ASKING))?;
    stream.set_write_timeout(Some(ASKING))?;
    let mut head = Vec::new();
    let mut bytes = [0; 1024];
    while !head.contains(&b'\n') && head.len() < HEAD {
        match stream.read(&mut bytes)? {
            0 => break,
            length => head.extend(bytes.iter().take(length)),
        }
    }
    let is_it = head.starts_with(format!("GET {path} HTTP/1.").as_bytes());
    let response = if is_it {
        format!(
            "HTTP/1.1 303 See Other\r\nLocation: {}\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n\
             Content-Length: 0\r\nConnection: close\r\n\r\n",
            link.expose()
        )
    } else {
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned()
    };
    stream.write_all(response.as_bytes())?;
    Ok(is_it)
}
