//! A proxy between a tool and the service, which keeps all that passes.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

pub struct Proxy {
    pub url: String,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    requests: Vec<String>,
    traffic: Vec<u8>,
}

impl Proxy {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::<Mutex<Seen>>::default();
        let shared = Arc::clone(&seen);
        thread::spawn(move || {
            for client in listener.incoming() {
                let seen = Arc::clone(&shared);
                thread::spawn(move || forward(client.unwrap(), &seen));
            }
        });
        Self { url, seen }
    }

    /// The first lines of the connections since the last time.
    pub fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().unwrap().requests)
    }

    /// All that passed, both ways.
    pub fn traffic(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap().traffic).into_owned()
    }
}

/// Forwards one connection to one server; refuses to CONNECT.
fn forward(mut client: TcpStream, seen: &Arc<Mutex<Seen>>) {
    let mut reader = BufReader::new(client.try_clone().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    seen.lock().unwrap().requests.push(line.trim_end().to_owned());
    let target = line.split(' ').nth(1).unwrap();
    let Some(rest) = target.strip_prefix("http://") else {
        client.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").unwrap();
        return;
    };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let mut server = TcpStream::connect(host).unwrap();
    server.write_all(line.replacen(target, path, 1).as_bytes()).unwrap();
    let answers = server.try_clone().unwrap();
    let shared = Arc::clone(seen);
    thread::spawn(move || copy(answers, client, &shared));
    copy(reader, server, seen);
}

fn copy(mut from: impl Read, mut to: impl Write, seen: &Mutex<Seen>) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        seen.lock().unwrap().traffic.extend(&buffer[..count]);
        if to.write_all(&buffer[..count]).is_err() {
            return;
        }
    }
}
