//! The device flow: a code that a person approves on any machine (RFC 8628; AWS-FORMATS 4).

use std::time::{Duration, Instant};

use sso_tool::settings::Settings;
use sso_tool::time;

use crate::aws_api::oidc::{Created, Device, Oidc, Refusal, Registered};
use crate::aws_api::page_host::OwnHosts;
use crate::flows::browser::Opening;
use crate::flows::client::LoginClient;
use crate::flows::progress::{Authorize, Progress};
use crate::interrupt::{self, Interrupt};
use crate::session::answer::Answer;
use crate::session::cached::Session;
use crate::session::login_options::Via;

/// What RFC 8628 3.5 adds to the interval at each `slow_down`.
pub(crate) const SLOWER: Duration = Duration::from_secs(5);
/// Polls in a row that may fail to reach the service: a laptop changes its network.
pub(crate) const MOST_LOST_POLLS: u32 = 3;

/// A login by device flow.
pub struct DeviceLogin<'a> {
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
    pub(crate) fn run(
        &self,
        mut client: LoginClient<'_>,
        deadline: Instant,
        progress: &mut Progress<'_>,
    ) -> anyhow::Result<Answer> {
        let interrupt = Interrupt::hold()?;
        let mut is_shown = false;
        let ended = crate::runtime::runtime()?.block_on(async {
            let flow = Box::pin(self.flow(&mut client, progress, &mut is_shown));
            tokio::select! {
                ended = tokio::time::timeout_at(deadline.into(), flow) => ended.ok(),
                signal = interrupt::signal(&interrupt) => Some(Ok(Answer::interrupted(signal))),
            }
        });
        match ended {
            Some(answer) => answer,
            None if is_shown => {
                Ok(Answer::timeout("nobody approved the login in time; its code no longer works"))
            }
            None => Ok(Answer::timeout("the SSO service did not answer in time")),
        }
    }

    async fn flow(
        &self,
        client: &mut LoginClient<'_>,
        progress: &mut Progress<'_>,
        is_shown: &mut bool,
    ) -> anyhow::Result<Answer> {
        let (registered, device) = match self.start(client).await? {
            Ok(started) => started,
            Err(refusal) => return Ok(self.refused(&refusal)),
        };
        let expires_at = time::after(time::now()?, device.expires_in);
        *is_shown = true;
        let own = OwnHosts::of_session(&self.session.sso.start_url, Some(&self.oidc.base_url().await?));
        let opening = Opening::of(&device.url, &own, self.opens_browser);
        progress.authorize(&Authorize {
            url: device.url.clone(),
            user_code: Some(device.user_code.clone()),
            expires_at: Some(expires_at),
            via: Via::Device,
            is_opened: opening.is_opened(),
            foreign_host: opening.foreign_host.clone(),
        });
        opening.open(self.settings);
        match self.approved(&registered, &device).await {
            Ok(created) => Ok(Answer::success(Via::Device, self.session.keep(&registered, created)?)),
            Err(refusal) => {
                if refusal == Refusal::InvalidClient {
                    // A client that got so far and no further would get no further next time either.
                    client.forget()?;
                }
                Ok(self.refused(&refusal))
            }
        }
    }

    /// Starts the authorization, with the cached registration if there is a good one. A registration that the service
    /// rejects is replaced once: it may have been deleted there, and no file says so.
    async fn start(
        &self,
        client: &mut LoginClient<'_>,
    ) -> anyhow::Result<Result<(Registered, Device), Refusal>> {
        let start_url = &self.session.sso.start_url;
        if let Some(registered) = client.reused() {
            match self.oidc.authorize(&registered, start_url).await {
                Ok(device) => return Ok(Ok((registered, device))),
                Err(Refusal::InvalidClient) => {}
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        let registered = match self.oidc.register(&client.name(), &client.scopes()).await {
            Ok(registered) => registered,
            Err(refusal) => return Ok(Err(refusal)),
        };
        client.remember(&registered)?;
        Ok(self.oidc.authorize(&registered, start_url).await.map(|device| (registered, device)))
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

    fn refused(&self, refusal: &Refusal) -> Answer {
        match refusal {
            Refusal::Unreachable(_) => Answer::unreachable(refusal.to_string()),
            Refusal::Expired => Answer::expired_code(refusal.to_string()),
            Refusal::Other(name) if name == "InvalidRequestException" => {
                Answer::failed(name, refusal.to_string()).hint(self.session.place_hint())
            }
            refusal => Answer::failed(refusal.word(), refusal.to_string()),
        }
    }
}
