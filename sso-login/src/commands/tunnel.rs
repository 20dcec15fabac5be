//! `sso-login tunnel`: the browser of this machine logs in a host that has none.

use std::cell::RefCell;
use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::time::Duration;

use sso_tool::exit::{Exit, Fault};
use sso_tool::profile_name::check_profile;
use sso_tool::settings::Settings;
use sso_tool::stream::Output;

use crate::remote::feed::Feed;
use crate::remote::login::RemoteLogin;
use crate::remote::ssh_host::SshHost;
use crate::remote::started;
use crate::session::login_options::{Via, after, parse_timeout};

/// Log in on a host without a browser, with the browser of this machine
///
/// Runs the login on the host over ssh, opens a tunnel for the port that its page returns to, and opens the page here.
/// Afterwards the host asks STS for its identity. Tokens, codes and secrets stay on the host.
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// The host, by the name that you give to ssh
    host: String,
    /// Profile to log in on the host; without it, the output of a login there is read from stdin
    profile: Option<String>,
    /// A container on the host, for `docker exec`
    #[arg(long, value_name = "NAME")]
    container: Option<String>,
    /// How the host logs in, if it has an sso-login
    #[arg(long, value_enum, default_value = "auto", requires = "profile")]
    via: Via,
    /// Profile to test afterwards, for a login on stdin that doesn't name its profile (the AWS CLI's)
    #[arg(long = "profile", value_name = "PROFILE", id = "profile_on_stdin", conflicts_with = "profile")]
    named: Option<String>,
    /// Open no browser here: show the page only
    #[arg(long)]
    no_browser: bool,
    /// Give up after this time
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = parse_timeout)]
    timeout: Duration,
    /// Options for ssh
    #[arg(last = true, value_name = "SSH-OPTION")]
    options: Vec<OsString>,
}

const EXAMPLES: &str = "\
Examples:
  sso-login tunnel metta@metta1 softmax
  sso-login tunnel metta@metta1 softmax --container metta
  sso-login tunnel metta1 softmax -- -p 2222 -J bastion
  ssh metta@metta1 sso-login softmax --no-browser | sso-login tunnel metta@metta1
  ssh metta1 aws sso login --profile softmax --no-browser |
    sso-login tunnel metta1 --profile softmax

The documents of the host are passed on with `host`. The last one has `outcome` and, after the host
has asked STS, `arn` and `accountId`. If the page returns to a port on loopback, a tunnel to that
port is opened first; a page with a code needs no tunnel. With PROFILE, the login on the host ends
whenever this command ends.

Exit status:
  0      there is a session on the host
  2      bad command line
  69     the host can't be reached
  74     a stream failed
  75     not now: the port is in use or another login is under way
  77     no login
  78     the profile on the host is wrong
  124    timed out
  128+N  ended by signal N";

pub fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let place = SshHost::new(&args.host, args.container.as_deref(), &args.options)?;
    let profile = args.profile.as_ref().or(args.named.as_ref());
    if let Some(profile) = profile {
        check_profile(profile)?;
    }
    if args.profile.is_none() && std::io::stdin().is_terminal() {
        return Err(Fault::new(
            Exit::Usage,
            "a login on the host is read from standard input, which is a terminal",
        )
        .hint(format!("sso-login tunnel {} PROFILE", args.host))
        .into());
    }
    let login = RemoteLogin {
        settings,
        place: &place,
        profile: profile.cloned(),
        opens_browser: !args.no_browser,
        deadline: after(args.timeout),
        unseen: RefCell::default(),
    };
    let output = &mut Output::stdout();
    let (mut document, answer) = match &args.profile {
        Some(profile) => started(&login, profile, args.via.word(), "", output)?,
        None => login.run(Feed::stdin(), output)?,
    };
    answer.add_to(&mut document);
    output.document(&document)?;
    let profile = document.text("profile")?.unwrap_or("unknown");
    match answer.fault("profile", profile) {
        Some(fault) if !answer.is_good() => Err(fault.into()),
        _ => Ok(answer.exit()),
    }
}
