//! The address that is listened at, and who holds it if somebody does.

use std::fs;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use sso_tool::exit::{Exit, Fault, WithFault as _};
use sso_tool::process::{Program, on_path};
use sso_tool::sanitize::sanitize;

/// How long `lsof` may look.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Listens at `text` (`HOST:PORT`, or a port of loopback). Status 75 if somebody else does.
pub(crate) fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = match TcpListener::bind(address) {
        Ok(listener) => listener,
        Err(err) if err.kind() == ErrorKind::AddrInUse => {
            let holder = holder(address).unwrap_or_else(|| "another process".to_owned());
            return Err(Fault::new(Exit::TryLater, format!("{address} is in use: {holder} listens there"))
                .hint("stop it, or listen elsewhere: --listen 127.0.0.1:8001")
                .into());
        }
        Err(err) => return Err(err).with_context(|| format!("cannot listen at {address}")),
    };
    listener.set_nonblocking(true).context("cannot set up the port")?;
    Ok(listener)
}

/// The address that a text means: status 2 for none.
pub(crate) fn address(text: &str) -> anyhow::Result<SocketAddr> {
    let full = if text.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("127.0.0.1:{text}")
    } else {
        text.to_owned()
    };
    let found = full.to_socket_addrs().with_fault(|| {
        Fault::new(Exit::Usage, format!("`{text}` isn't an address to listen on"))
            .hint("--listen 127.0.0.1:8000")
    })?;
    let all: Vec<SocketAddr> = found.collect();
    // `localhost` may be ::1 first; browsers and SDKs try both, curl on an old host doesn't.
    all.iter().find(|address| address.is_ipv4()).or(all.first()).copied().ok_or_else(|| {
        Fault::new(Exit::Usage, format!("`{text}` isn't an address to listen on"))
            .hint("--listen 127.0.0.1:8000")
            .into()
    })
}

/// Who listens at a port, by the kernel's tables, else by lsof.
fn holder(address: SocketAddr) -> Option<String> {
    of_kernel(address.port()).or_else(|| of_lsof(address.port()))
}

fn of_kernel(port: u16) -> Option<String> {
    let tables =
        ["/proc/net/tcp", "/proc/net/tcp6"].into_iter().filter_map(|path| fs::read_to_string(path).ok());
    let inodes: Vec<String> = tables.flat_map(|table| listening(&table, port)).collect();
    let is_holder = |link: &std::path::Path| {
        let target = fs::read_link(link).unwrap_or_default();
        let target = target.to_string_lossy();
        inodes.iter().any(|inode| target == format!("socket:[{inode}]"))
    };
    for process in fs::read_dir("/proc").ok()?.flatten() {
        let name = process.file_name();
        let Some(id) = name.to_str().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())) else {
            continue;
        };
        let Ok(files) = fs::read_dir(process.path().join("fd")) else { continue };
        if files.flatten().any(|file| is_holder(&file.path())) {
            let program = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Some(format!("{} (process {id})", sanitize(program.trim())));
        }
    }
    None
}

/// The inodes of the sockets of a table that listen at a port (proc(5)).
fn listening(table: &str, port: u16) -> Vec<String> {
    const LISTEN: &str = "0A";
    let port = format!(":{port:04X}");
    let lines = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    lines
        .filter(|words| words.get(1).is_some_and(|local| local.ends_with(&port)))
        .filter(|words| words.get(3) == Some(&LISTEN))
        .filter_map(|words| words.get(9).map(|inode| (*inode).to_owned()))
        .collect()
}

fn of_lsof(port: u16) -> Option<String> {
    let mut command = Command::new(on_path("lsof")?);
    command.args(["-nP", &format!("-iTCP:{port}"), "-sTCP:LISTEN", "-Fpc"]);
    let text = Program::new(command).until(Instant::now() + TIMEOUT).output().ok()?.stdout;
    let field = |mark: char| text.lines().find_map(|line| line.strip_prefix(mark)).map(sanitize);
    Some(format!("{} (process {})", field('c')?, field('p')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_be_a_port() {
        assert_eq!(address("8000").unwrap(), "127.0.0.1:8000".parse().unwrap());
        assert_eq!(address("[::1]:0").unwrap(), "[::1]:0".parse().unwrap());
        for text in ["", "localhost", "127.0.0.1", "127.0.0.1:99999", "http://localhost:8000"] {
            assert!(address(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_listening_socket_is_found_in_the_kernels_table() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
             \x20  0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1\n\
             \x20  1: 0100007F:1F40 0100007F:9999 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1\n";
        assert_eq!(listening(table, 8000), ["4711"]);
        assert!(listening(table, 8001).is_empty());
    }
}
