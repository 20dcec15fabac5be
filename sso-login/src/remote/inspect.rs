//! `sso-login inspect`: how the sessions of a host are, asked over ssh. One process asks one host, so that `xargs -P` asks a
//! fleet.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use clap::Args;
use sso_lock::{Acquired, Lock};
use sso_tool::exit::Exit;
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::stream::{Document, Output};
use sso_tool::time::parse_duration;

use super::assembler::{Assembler, Piece};
use super::feed::{Arrival, Feed};
use super::ssh_host::SshHost;
use super::untrusted::{cleaned, odd_key};
use crate::interrupt::Interrupt;
use crate::session::answer::Answer;
use crate::session::login_options::after;
use sso_tool::process::code;

/// How long the others that ask at the same time may take to print what they found.
const TURN: Duration = Duration::from_secs(60);
/// The most documents that are taken from one host: more are a host gone wild.
const MOST: usize = 10_000;
/// What runs on the host. It looks at files only, so it needs no lock and no network there.
const SCRIPT: &str = "PATH=$PATH:$HOME/.local/bin:/usr/local/bin; \
    if command -v sso-profile >/dev/null 2>&1 && command -v sso-cache >/dev/null 2>&1; \
    then sso-profile list | sso-cache check; \
    else echo 'there is no sso-profile and sso-cache' >&2; exit 127; fi";

/// Ask a host over ssh about its sessions
#[derive(Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct InspectArgs {
    /// The host, by the name that you give to ssh
    host: String,
    /// A container on the host, for `docker exec`
    #[arg(long, value_name = "NAME")]
    container: Option<String>,
    /// Give up after this time
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = parse_duration)]
    timeout: Duration,
    /// End with a status that says whether the host answered
    #[arg(short, long)]
    exit_status: bool,
    /// Options for ssh
    #[arg(last = true, value_name = "SSH-OPTION")]
    options: Vec<OsString>,
}

const EXAMPLES: &str = "\
Examples:
  sso-login inspect metta@metta1
  xargs -P 16 -n 1 sso-login inspect < hosts.txt
  xargs -P 16 -n 1 sso-login inspect < hosts.txt | sso-signal write --source sso-fleet

It runs `sso-profile list | sso-cache check` on the host and adds `host` to every document. The last
document has `\"event\":\"inspected\"` and the number of `profiles`, or `error` (`unreachable`,
`timeout`, `no-tools`, `failed`) and the reason. The documents of a host are written together.
ssh asks for nothing: no password, no new host key.

Exit status:
  0      the last document has the result
  2      bad command line
  69     with -e: a host can't be reached
  74     a stream failed; with -e: a host's tools failed
  78     with -e: a host lacks the tools
  124    with -e: a host took too long
  128+N  ended by signal N";

pub fn run(args: &InspectArgs, settings: &Settings) -> anyhow::Result<Exit> {
    let mut options = args.options.clone();
    options.extend(["-o".into(), "BatchMode=yes".into()]);
    let output = &mut Output::stdout();
    let place = match SshHost::new(&args.host, args.container.as_deref(), &options) {
        Ok(place) => place,
        Err(err) => {
            // A line of a list that is no host is accounted for, too.
            let document = said_of("failed", format!("{err:#}")).with("host", sanitize(&args.host));
            output.document(&document)?;
            return Err(err);
        }
    };
    let (mut documents, exit) = ask(&place, after(args.timeout))?;
    if let Exit::Command(_) = exit {
        return Ok(exit);
    }
    for document in &mut documents {
        document.set("host", place.host());
    }
    // One host at a time: many ask at once, and a pipe keeps only short lines whole.
    let lock = Lock::of(settings, "inspect")?;
    let turn = lock.acquire("sso-login", TURN)?;
    for document in &documents {
        output.document(document)?;
    }
    if let Acquired::Held(guard) = turn {
        guard.release()?;
    }
    Ok(if args.exit_status { exit } else { Exit::Done })
}

/// The documents of the host, the last of which says how it went.
fn ask(place: &SshHost, deadline: Instant) -> anyhow::Result<(Vec<Document>, Exit)> {
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

fn said_of(error: &str, reason: String) -> Document {
    Document::new().with("error", error).with("reason", reason)
}
