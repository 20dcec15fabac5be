//! How the sessions of a host are, asked over ssh.

use std::time::Instant;

use sso_tool::exit::Exit;
use sso_tool::sanitize::sanitize;
use sso_tool::stream::Document;

use super::assembler::{Assembler, Piece};
use super::feed::{Arrival, Feed};
use super::ssh_host::SshHost;
use super::untrusted::{cleaned, odd_key};
use crate::interrupt::Interrupt;
use crate::session::answer::Answer;
use sso_tool::process::code;

/// The most documents that are taken from one host: more are a host gone wild.
const MOST: usize = 10_000;
/// What runs on the host. It looks at files only, so it needs no lock and no network there.
const SCRIPT: &str = "PATH=$PATH:$HOME/.local/bin:/usr/local/bin; \
    if command -v sso-profile >/dev/null 2>&1 && command -v sso-cache >/dev/null 2>&1; \
    then sso-profile list | sso-cache check; \
    else echo 'there is no sso-profile and sso-cache' >&2; exit 127; fi";

/// The documents of the host, the last of which says how it went.
pub(crate) fn ask(place: &SshHost, deadline: Instant) -> anyhow::Result<(Vec<Document>, Exit)> {
    let interrupt = Interrupt::hold()?;
    let mut feed = Feed::start(place.command(&["sh", "-c", SCRIPT]))?;
    let (mut documents, mut assembler, mut odd) = (Vec::new(), Assembler::default(), None);
    let status = loop {
        if let Some(signal) = interrupt.received() {
            return Ok((Vec::new(), Answer::interrupted(signal).exit()));
        }
        if Instant::now() >= deadline {
            break Status::TimedOut;
        }
        match feed.look()? {
            Arrival::Line(line) => {
                for piece in assembler.read(&line) {
                    // A login shell may greet; what has no profile is none of ours.
                    let Piece::Document(document) = piece else { continue };
                    let document = cleaned(&document);
                    if !document.contains_key("profile") || documents.len() >= MOST {
                        continue;
                    }
                    match odd_key(&document) {
                        Some(key) => odd = odd.or(Some(key)),
                        None => documents.push(document),
                    }
                }
            }
            Arrival::Quiet => {}
            Arrival::Over(status) => break Status::Ended(status.map_or(0, code)),
            Arrival::TooMuch => break Status::TooMuch,
        }
    };
    let why =
        if feed.complaint.is_empty() { "without a message".to_owned() } else { sanitize(&feed.complaint) };
    let failed = |reason: String| (said_of("failed", reason), Exit::Io);
    let (said, exit) = match (status, odd) {
        (Status::TimedOut, _) => (said_of("timeout", "no answer in time".to_owned()), Exit::Timeout),
        (Status::TooMuch, _) => failed("it prints too much".to_owned()),
        (Status::Ended(255), _) => (said_of("unreachable", why), Exit::Unavailable),
        (Status::Ended(127), _) => (said_of("no-tools", why), Exit::Config),
        (Status::Ended(0), Some(key)) => failed(format!("`{key}` in its answer has the wrong type")),
        (Status::Ended(0), None) => {
            (Document::new().with("event", "inspected").with("profiles", documents.len()), Exit::Done)
        }
        (Status::Ended(status), _) => failed(format!("ended with status {status}: {why}")),
    };
    documents.push(said);
    Ok((documents, exit))
}

/// How the question ended.
enum Status {
    Ended(i32),
    TimedOut,
    TooMuch,
}

pub(crate) fn said_of(error: &str, reason: String) -> Document {
    Document::new().with("error", error).with("reason", reason)
}
