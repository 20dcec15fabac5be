//! `sso-login inspect`: how the sessions of a host are. One process asks one host, so that `xargs -P` asks a fleet.

use std::ffi::OsString;
use std::time::Duration;

use sso_lock::{Acquired, Lock};
use sso_tool::exit::Exit;
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::stream::Output;
use sso_tool::time::parse_duration;

use crate::remote::inspect::{ask, said_of};
use crate::remote::ssh_host::SshHost;
use crate::session::login_options::after;

/// How long the others that ask at the same time may take to print what they found.
const TURN: Duration = Duration::from_secs(60);

/// Ask a host over ssh about its sessions
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
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

pub fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
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
