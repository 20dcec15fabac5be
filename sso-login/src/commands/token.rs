//! `sso-login token`: the last step of a device flow, asked once or until somebody has decided.

use std::time::{Duration, Instant};

use sso_profile::Sso;
use sso_tool::exit::{Exit, Fault};
use sso_tool::outcome::Outcome;
use sso_tool::secret::Secret;
use sso_tool::settings::Settings;
use sso_tool::stream::{self, Document};
use sso_tool::time::{self, parse_duration};

use crate::aws_api::oidc::{Created, Oidc, Refusal, Registered};
use crate::commands::steps::{client_of, each, moment, oidc, required, sso_of};
use crate::flows::device::{MOST_LOST_POLLS, SLOWER};
use crate::flows::stop::Stop;
use crate::session::cached::Session;
use crate::session::login_options::after;

/// Ask for the token of a device authorization: the third step
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = TOKEN)]
pub struct Args {
    /// Poll, as often as the service allows, until somebody has decided
    #[arg(long)]
    wait: bool,
    /// Wait no longer than this [default: until the code expires]
    #[arg(long, value_name = "DURATION", requires = "wait", value_parser = parse_duration)]
    timeout: Option<Duration>,
    /// Write the token into the cache, where every AWS tool finds it, and leave it out of the document
    #[arg(long)]
    save: bool,
}

const TOKEN: &str = "\
Examples:
  sso-login register corp | sso-login authorize | sso-login token --wait --save
  until sso-login token < login.json > token.json; [ $? -ne 75 ]; do sleep 5; done

Without --wait it makes one attempt. On success, `accessToken`, `refreshToken`, `tokenType` and
`expiresAt` replace the device code. Otherwise `error` has the reason: `authorization_pending`,
`slow_down` (`interval` is 5 s longer), `access_denied`, `expired_token`, `invalid_grant`,
`invalid_client` or `unreachable`.

Exit status:
  0    the token is printed
  2    bad command line
  65   bad document
  69   the service can't be reached
  74   a stream failed
  75   not now: nobody has decided yet (or slow down); with --wait, not before the end of --timeout
  77   denied, or the code or registration isn't valid
  78   configuration wrong
  124  the code expired";

pub fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    each(stream::stdin()?, Some("deviceCode"), |_, document| redeemed(document, args, settings))
}

fn redeemed(document: &mut Document, args: &Args, settings: &Settings) -> anyhow::Result<Option<Stop>> {
    if document.contains_key("accessToken") {
        return Ok(None);
    }
    let sso = if args.save { Some(savable(document)?) } else { None };
    let session = sso.as_ref().map(|sso| Session::new(settings, sso)).transpose()?;
    if let Some(session) = &session {
        // A code is good for one token: its space is held until it is written.
        session.hold_room()?;
    }
    let client = client_of(document)?;
    let code = Secret::from(required(document, "deviceCode", "sso-login authorize")?);
    let mut poll = Poll {
        oidc: oidc(document)?,
        client,
        code,
        interval: interval(document)?,
        code_end: code_end(document)?,
        deadline: args.timeout.map(after),
    };
    let answer = crate::runtime::wait_for(poll.run(args.wait))?;
    document.set("interval", poll.interval.as_secs());
    let created = match answer {
        Ok(created) => created,
        Err(refusal) => return Ok(Some(stop(refusal))),
    };
    for key in ["deviceCode", "userCode", "verificationUri", "verificationUriComplete", "interval"] {
        document.shift_remove(key);
    }
    if let Some(session) = &session {
        return save(document, session, &poll.client, created).map(|()| None);
    }
    document.set("tokenType", "Bearer");
    document.set("accessToken", created.access_token.expose());
    document.set("expiresAt", time::format(created.expires_at(time::now()?)));
    if let Some(refresh_token) = &created.refresh_token {
        document.set("refreshToken", refresh_token.expose());
    }
    Ok(None)
}

fn stop(refusal: Refusal) -> Stop {
    match refusal {
        Refusal::Expired => Stop {
            hint: Some(
                "sso-login register PROFILE | sso-login authorize | sso-login token --wait".to_owned(),
            ),
            ..Stop::new("authorization timed out", refusal)
        },
        refusal => Stop::new("failed to get a token", refusal),
    }
}

fn save(
    document: &mut Document,
    session: &Session<'_>,
    client: &Registered,
    created: Created,
) -> anyhow::Result<()> {
    let expires_at = session.keep(client, created)?;
    document.shift_remove("clientSecret");
    document.set("expiresAt", time::format(expires_at));
    document.set("outcome", Outcome::Success.word());
    Ok(())
}

fn savable(document: &Document) -> anyhow::Result<Sso> {
    let missing = "to save a token, the document needs `startUrl` and `ssoRegion`";
    sso_of(document)?.ok_or_else(|| Fault::new(Exit::Data, missing).into())
}

/// A device code that is asked about.
struct Poll {
    oidc: Oidc,
    client: Registered,
    code: Secret,
    interval: Duration,
    /// When the code expires.
    code_end: Instant,
    /// When the timeout of the caller ends.
    deadline: Option<Instant>,
}

impl Poll {
    /// Asks until somebody has decided. At the caller's deadline the code lives on, so that is no expiry.
    async fn run(&mut self, waits: bool) -> Result<Created, Refusal> {
        let Some(deadline) = self.deadline else { return self.decided(waits).await };
        let mut last = None;
        match tokio::time::timeout_at(deadline.into(), self.decided_noting(waits, &mut last)).await {
            Ok(decided) => decided,
            Err(_) => Err(last.unwrap_or(Refusal::Pending)),
        }
    }

    async fn decided(&mut self, waits: bool) -> Result<Created, Refusal> {
        self.decided_noting(waits, &mut None).await
    }

    async fn decided_noting(&mut self, waits: bool, last: &mut Option<Refusal>) -> Result<Created, Refusal> {
        let mut unanswered = 0;
        loop {
            let refusal = match self.oidc.poll(&self.client, &self.code).await {
                Ok(created) => return Ok(created),
                Err(refusal) => refusal,
            };
            match &refusal {
                Refusal::Pending => unanswered = 0,
                Refusal::SlowDown => {
                    unanswered = 0;
                    self.interval += SLOWER;
                }
                Refusal::Unreachable(_) if unanswered + 1 < MOST_LOST_POLLS => unanswered += 1,
                _ => return Err(refusal),
            }
            if !waits {
                return Err(refusal);
            }
            *last = Some(refusal);
            if Instant::now() + self.interval > self.code_end {
                return Err(Refusal::Expired);
            }
            tokio::time::sleep(self.interval).await;
        }
    }
}

/// When the code expires.
fn code_end(document: &Document) -> anyhow::Result<Instant> {
    let now = time::now()?;
    let expires_at = moment(document, "expiresAt")?;
    Ok(after(expires_at.map_or(Duration::from_secs(600), |at| (at - now).to_std().unwrap_or_default())))
}

/// The pause between two questions: at least a second, and no longer than any code lives.
fn interval(document: &Document) -> anyhow::Result<Duration> {
    const USUAL: i64 = 5;
    const LONGEST: i64 = 3600;
    let seconds = document.whole("interval")?.unwrap_or(USUAL).clamp(1, LONGEST);
    Ok(Duration::from_secs(seconds.unsigned_abs()))
}
