//! Logins on other hosts: the browser of this machine logs in a host that has none. The host's tokens stay on the host.

pub(crate) mod assembler;
pub(crate) mod feed;
mod forward;
pub(crate) mod hosts;
pub(crate) mod inspect;
pub(crate) mod login;
mod machine;
pub(crate) mod ssh_host;
pub(crate) mod untrusted;
mod verify;

use std::cell::RefCell;
use std::time::Duration;

use sso_tool::settings::Settings;
use sso_tool::stream::{Document, Output};

use crate::session::answer::Answer;
use crate::session::login_options::after;
use feed::Feed;
use login::RemoteLogin;
use ssh_host::SshHost;

/// As long as the AWS CLI and the service wait for a browser.
const USUAL: Duration = Duration::from_secs(600);

/// A login on another host: whose, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionRequest<'a> {
    /// The profile there.
    pub(crate) profile: &'a str,
    /// How long its session is to last, if any valid one won't do. A person has agreed that the one that runs is ended for it.
    pub(crate) min_left: Option<Duration>,
    /// How long the login may take.
    pub(crate) timeout: Option<Duration>,
}

/// Logs a profile in on a host that this machine's owner has listed, for a signal about it.
pub(crate) fn log_in(
    settings: &Settings,
    host: &str,
    request: SessionRequest<'_>,
    output: &mut Output,
) -> anyhow::Result<(Document, Answer)> {
    let SessionRequest { profile, min_left, timeout } = request;
    let place = SshHost::new(host, None, &[])?;
    let login = RemoteLogin {
        settings,
        place: &place,
        profile: Some(profile.to_owned()),
        opens_browser: true,
        deadline: after(timeout.unwrap_or(USUAL)),
        unseen: RefCell::default(),
    };
    let min_left = min_left.map(|left| format!("{}s", left.as_secs())).unwrap_or_default();
    started(&login, profile, "auto", &min_left, output)
}

/// Starts a login on the host and follows it. The port is the host's choice: one that is taken here is no reason to bother
/// a person, for the next login there takes another.
pub(crate) fn started(
    login: &RemoteLogin<'_>,
    profile: &str,
    via: &str,
    min_left: &str,
    output: &mut Output,
) -> anyhow::Result<(Document, Answer)> {
    const TRIES: usize = 3;
    let script = verify::login_script();
    let words = ["sh", "-c", &script, "sh", profile, via, min_left];
    for _ in 1..TRIES {
        let (document, answer) = login.run(Feed::start(login.place.command(&words))?, output)?;
        if answer.error() != Some("port") {
            return Ok((document, answer));
        }
    }
    login.run(Feed::start(login.place.command(&words))?, output)
}
