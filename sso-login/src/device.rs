//! The device flow: a code that a person approves on any machine (RFC 8628; AWS-FORMATS 4).

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use sso_cache::key::Registrant;
use sso_cache::registration::{Flow, Registration};
use sso_cache::token::Token;
use sso_profile::Sso;
use sso_signal::settings::Settings;
use sso_signal::time;

use crate::answer::Answer;
use crate::browser;
use crate::interrupt::Interrupt;
use crate::oidc::{Created, Device, Oidc, Refusal, Registered};
use crate::progress::{Authorize, Progress};
use crate::session::Session;

/// What RFC 8628 3.5 adds to the interval at each `slow_down`.
const SLOWER: Duration = Duration::from_secs(5);
/// Polls in a row that may fail to reach the service: a laptop changes its network.
const MOST_LOST_POLLS: u32 = 3;

/// A login by device flow.
pub struct DeviceLogin<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// Whose session.
    pub session: &'a Session<'a>,
    /// The service.
    pub oidc: &'a Oidc,
    /// Whether a browser may be opened here.
    pub opens_browser: bool,
}

impl DeviceLogin<'_> {
    /// Logs in and writes the token file; ends at `deadline` at the latest, and at a signal.
    pub fn run(&self, deadline: Instant, progress: &mut Progress<'_>) -> anyhow::Result<Answer> {
        let interrupt = Interrupt::hold()?;
        let mut is_shown = false;
        let ended = crate::runtime()?.block_on(async {
            let flow = Box::pin(self.flow(progress, &mut is_shown));
            tokio::select! {
                ended = tokio::time::timeout_at(deadline.into(), flow) => ended.ok(),
                signal = received(&interrupt) => Some(Ok(Answer::interrupted(signal))),
            }
        });
        match ended {
            Some(answer) => answer,
            None if is_shown => {
                Ok(Answer::timeout("nobody approved the login in time; its code is not asked for any more"))
            }
            None => Ok(Answer::timeout("the SSO service did not answer in time")),
        }
    }

    async fn flow(&self, progress: &mut Progress<'_>, is_shown: &mut bool) -> anyhow::Result<Answer> {
        let (client, device) = match self.start().await? {
            Ok(started) => started,
            Err(refusal) => return Ok(self.refused(&refusal)),
        };
        let expires_at = time::after(time::now()?, device.expires_in);
        *is_shown = true;
        progress.authorize(&Authorize {
            url: device.url.clone(),
            user_code: Some(device.user_code.clone()),
            expires_at: Some(expires_at),
            via: "device",
        })?;
        if self.opens_browser {
            browser::open(self.settings, &device.url);
        }
        match self.approved(&client, &device).await {
            Ok(created) => self.keep(&client, created),
            Err(refusal) => {
                if refusal == Refusal::InvalidClient {
                    self.forget_registration()?;
                }
                Ok(self.refused(&refusal))
            }
        }
    }

    /// Starts the authorization, with the cached registration if there is a good one. A registration that the service
    /// rejects is replaced once: it may have been deleted there, and no file says so.
    async fn start(&self) -> anyhow::Result<Result<(Registered, Device), Refusal>> {
        let sso = self.session.sso;
        if let Some(client) = self.cached_registration()? {
            match self.oidc.authorize(&client, &sso.start_url).await {
                Ok(device) => return Ok(Ok((client, device))),
                Err(Refusal::InvalidClient) => {}
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        let client = match self.oidc.register(&client_name(sso), &scopes(sso)).await {
            Ok(client) => client,
            Err(refusal) => return Ok(Err(refusal)),
        };
        self.keep_registration(&client)?;
        Ok(self.oidc.authorize(&client, &sso.start_url).await.map(|device| (client, device)))
    }

    /// Polls until somebody approved, as slowly as the service asks. The first poll comes at once, as the AWS CLI's does:
    /// an authorization may be approved already.
    async fn approved(&self, client: &Registered, device: &Device) -> Result<Created, Refusal> {
        let end = Instant::now() + device.expires_in;
        let mut interval = device.interval;
        let mut lost = 0;
        loop {
            match self.oidc.poll(client, &device.device_code).await {
                Err(Refusal::Pending) => lost = 0,
                Err(Refusal::SlowDown) => {
                    lost = 0;
                    interval += SLOWER;
                }
                Err(Refusal::Unreachable(why)) if lost + 1 < MOST_LOST_POLLS => {
                    lost += 1;
                    self.settings.debug(|| format!("a poll was lost: {why}"));
                }
                done => return done,
            }
            if Instant::now() + interval > end {
                return Err(Refusal::Expired);
            }
            tokio::time::sleep(interval).await;
        }
    }

    fn keep(&self, client: &Registered, created: Created) -> anyhow::Result<Answer> {
        let sso = self.session.sso;
        let expires_at = created.expires_at(time::now()?);
        let mut token = Token::new(created.access_token, expires_at);
        token.start_url = Some(sso.start_url.clone());
        token.region = Some(sso.region.clone());
        token.client_id = Some(client.client_id.clone());
        token.client_secret = Some(client.client_secret.clone());
        token.registration_expires_at = Some(client.expires_at);
        token.refresh_token = created.refresh_token;
        token.write(&self.session.token_file())?;
        Ok(Answer::success("device", expires_at))
    }

    fn cached_registration(&self) -> anyhow::Result<Option<Registered>> {
        let now = time::now()?;
        let found = Registration::read(&self.registration_file())?.whole();
        Ok(found.filter(|registration| registration.is_reusable(Flow::Device, now)).map(|registration| {
            Registered {
                client_id: registration.client_id,
                client_secret: registration.client_secret,
                expires_at: registration.expires_at,
            }
        }))
    }

    fn keep_registration(&self, client: &Registered) -> anyhow::Result<()> {
        let secret = client.client_secret.clone();
        let mut registration =
            Registration::new(client.client_id.as_str(), secret, client.expires_at, Flow::Device);
        registration.scopes = Some(scopes(self.session.sso)).filter(|scopes| !scopes.is_empty());
        registration.write(&self.registration_file())
    }

    /// A client that got so far and no further would get no further next time either.
    fn forget_registration(&self) -> anyhow::Result<()> {
        let path = self.registration_file();
        match fs::remove_file(&path) {
            Err(err) if err.kind() != ErrorKind::NotFound => {
                Err(err).with_context(|| format!("cannot remove {}", path.display()))
            }
            _ => Ok(()),
        }
    }

    fn registration_file(&self) -> PathBuf {
        let sso = self.session.sso;
        let scopes = scopes(sso);
        self.session.cache.registration(Registrant {
            region: &sso.region,
            scopes: (!scopes.is_empty()).then_some(scopes.as_slice()),
            session_name: sso.session.as_deref(),
            start_url: &sso.start_url,
            tool: Flow::Device.tool(),
        })
    }

    fn refused(&self, refusal: &Refusal) -> Answer {
        let sso = self.session.sso;
        match refusal {
            Refusal::Unreachable(_) => Answer::unreachable(refusal.to_string()),
            Refusal::Other(name) if name == "InvalidRequestException" => {
                Answer::failed(name, refusal.to_string()).hint(format!(
                    "check that the start URL {} and the SSO region {} belong together",
                    sso.start_url, sso.region
                ))
            }
            refusal => Answer::failed(refusal.word(), refusal.to_string()),
        }
    }
}

/// The signal that this process got, as soon as it got one.
async fn received(interrupt: &Interrupt) -> i32 {
    const LOOK: Duration = Duration::from_millis(50);
    loop {
        if let Some(signal) = interrupt.received() {
            return signal;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The scopes to ask for. Without one a token can't be refreshed, so a session gets the usual one; a legacy profile
/// gets none, since no client would refresh its token (AWS-FORMATS 1.5, 4.1).
fn scopes(sso: &Sso) -> Vec<String> {
    match (&sso.scopes, &sso.session) {
        (Some(scopes), _) if !scopes.is_empty() => scopes.clone(),
        (_, Some(_)) => vec!["sso:account:access".to_owned()],
        (_, None) => Vec::new(),
    }
}

/// What the person reads on the consent page.
fn client_name(sso: &Sso) -> String {
    match &sso.session {
        Some(session) => format!("sso-login-{session}"),
        None => "sso-login".to_owned(),
    }
}
