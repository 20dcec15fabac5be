//! The authorization-code flow with PKCE: a browser on this machine that comes back to loopback (RFC 7636, RFC 8252;
//! AWS-FORMATS 4).

use std::time::{Duration, Instant};

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use sso_tool::secret::Secret;
use sso_tool::settings::Settings;
use sso_tool::time::{self, Moment};

use crate::aws_api::oidc::{Created, Oidc, Refusal, Registered};
use crate::aws_api::page_host::OwnHosts;
use crate::flows::browser::Opening;
use crate::flows::callback::{AuthorizationResponse, Callback, Visit};
use crate::flows::client::LoginClient;
use crate::flows::landing::Landing;
use crate::flows::progress::{Authorize, Progress};
use crate::flows::query::encode;
use crate::flows::random;
use crate::interrupt::{self, Interrupt};
use crate::session::answer::Answer;
use crate::session::cached::Session;
use crate::session::login_options::Via;

/// As long as the AWS CLI waits; the service forgets an authorization about then, too.
const LONGEST: Duration = Duration::from_secs(600);
/// The characters of a verifier (RFC 7636 4.1).
const UNRESERVED: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

/// A login by a browser on this machine, for a session (a legacy profile has no such login).
pub struct PkceLogin<'a> {
    pub settings: &'a Settings,
    /// Whose session.
    pub session: &'a Session<'a>,
    /// The service.
    pub oidc: &'a Oidc,
    /// Whether a browser may be opened here.
    pub opens_browser: bool,
}

/// What only this login knows: which answer is its own, and what proves that the code is.
struct Grant {
    state: String,
    verifier: Secret,
}

/// Why it ended without a token.
enum Stop {
    Refused(Refusal),
    /// The browser didn't come back in time.
    TimedOut,
    /// The service didn't answer in time.
    NoAnswer,
    Interrupted(i32),
    Broken(anyhow::Error),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<anyhow::Error> for Stop {
    fn from(err: anyhow::Error) -> Self {
        Self::Broken(err)
    }
}

/// What ends each wait: the deadline and signals.
struct Limits {
    deadline: Instant,
    interrupt: Interrupt,
}

impl PkceLogin<'_> {
    /// Logs in and writes the token file; ends at `deadline` or after ten minutes, and at a signal.
    pub(crate) fn run(
        &self,
        mut client: LoginClient<'_>,
        deadline: Instant,
        progress: &mut Progress<'_>,
    ) -> anyhow::Result<Answer> {
        let limits =
            Limits { deadline: deadline.min(Instant::now() + LONGEST), interrupt: Interrupt::hold()? };
        let ended = crate::runtime::runtime()?.block_on(self.flow(&mut client, &limits, progress));
        let answer = match ended {
            Ok(expires_at) => Answer::success(Via::Pkce, expires_at),
            Err(Stop::Refused(refusal @ Refusal::Unreachable(_))) => Answer::unreachable(refusal.to_string()),
            Err(Stop::Refused(refusal)) => {
                let answer = Answer::failed(refusal.word(), refusal.to_string());
                match refusal {
                    Refusal::Other(_) | Refusal::InvalidGrant => answer.hint(self.session.place_hint()),
                    _ => answer,
                }
            }
            Err(Stop::TimedOut) => {
                Answer::timeout("the browser did not return in time; its page no longer works")
                    .hint("sso-login --via device, if the browser is on another machine")
            }
            Err(Stop::NoAnswer) => Answer::timeout("the SSO service did not answer in time"),
            Err(Stop::Interrupted(signal)) => Answer::interrupted(signal),
            Err(Stop::Broken(err)) => return Err(err),
        };
        Ok(answer)
    }

    async fn flow(
        &self,
        client: &mut LoginClient<'_>,
        limits: &Limits,
        progress: &mut Progress<'_>,
    ) -> Result<Moment, Stop> {
        // Bound before anything is shown: a browser with a live sign-in comes back at once.
        let callback = Callback::listen().await?;
        let scopes = client.scopes().join(" ");
        if let Some(registered) = client.reused() {
            match self.attempt(&callback, &registered, &scopes, Landing::Again, limits, progress).await {
                // It may have been deleted at the service, and no file says so: it is replaced once.
                Err(Stop::Refused(Refusal::InvalidClient)) => client.forget()?,
                ended => {
                    self.count(client, &ended);
                    return ended;
                }
            }
        }
        let registered = match limits.hold(self.register(client)).await {
            Err(Stop::TimedOut) => return Err(Stop::NoAnswer),
            ended => ended?,
        };
        client.remember(&registered)?;
        let ended = self.attempt(&callback, &registered, &scopes, Landing::Failed, limits, progress).await;
        match ended {
            Err(Stop::Refused(Refusal::InvalidClient)) => client.forget()?,
            ref ended => self.count(client, ended),
        }
        ended
    }

    /// Counts the logins in a row that nobody answered. The service may have told the browser that it doesn't know this
    /// client, which only a person sees; or there is no person. The second in a row gives it up.
    fn count(&self, client: &mut LoginClient<'_>, ended: &Result<Moment, Stop>) {
        let remembered = match ended {
            Err(Stop::TimedOut) => client.remember_unanswered(),
            Ok(_) | Err(Stop::Refused(Refusal::Denied)) => client.remember_answered(),
            Err(_) => Ok(()),
        };
        if let Err(err) = remembered {
            self.settings.debug(|| format!("{err:#}"));
        }
    }

    async fn register(&self, client: &LoginClient<'_>) -> Result<Registered, Refusal> {
        self.oidc.register_for_browser(&client.name(), &client.scopes(), &self.session.sso.start_url).await
    }

    /// One round through the browser. It sees `no_client` if the service doesn't know the client.
    async fn attempt(
        &self,
        callback: &Callback,
        registered: &Registered,
        scopes: &str,
        no_client: Landing,
        limits: &Limits,
        progress: &mut Progress<'_>,
    ) -> Result<Moment, Stop> {
        let grant = Grant::new()?;
        let redirect_uri = callback.redirect_uri();
        let url = self.authorize_url(&registered.client_id, &redirect_uri, scopes, &grant).await?;
        let own = OwnHosts::of_session(&self.session.sso.start_url, Some(&self.oidc.base_url().await?));
        let opening = Opening::of(&url, &own, self.opens_browser);
        let mut visit = callback.expect(&grant.state);
        progress.authorize(&Authorize {
            url,
            user_code: None,
            expires_at: Some(limits.until()?),
            via: Via::Pkce,
            is_opened: opening.is_opened(),
            foreign_host: opening.foreign_host.clone(),
        });
        opening.open(self.settings);
        let ended = limits.hold(self.redeemed(&mut visit, registered, &redirect_uri, &grant.verifier)).await;
        let ended = ended.and_then(|created| Ok(self.session.keep(registered, created)?));
        visit
            .show(match &ended {
                Ok(_) => Landing::LoggedIn(self.session.sso.session.clone().unwrap_or_default()),
                Err(Stop::Refused(Refusal::Denied)) => Landing::Denied,
                Err(Stop::Refused(Refusal::InvalidClient)) => no_client,
                Err(_) => Landing::Failed,
            })
            .await;
        ended
    }

    /// Waits for the browser and trades its code for a token.
    async fn redeemed(
        &self,
        visit: &mut Visit,
        registered: &Registered,
        redirect_uri: &str,
        verifier: &Secret,
    ) -> Result<Created, Refusal> {
        match visit.said().await {
            AuthorizationResponse::Code(code) => {
                self.oidc.redeem(registered, &code, redirect_uri, verifier).await
            }
            AuthorizationResponse::Error(error) => Err(Refusal::of_name(&error)),
        }
    }

    /// The URL that the browser opens: what the AWS CLI sends, in its order, strictly encoded. `scopes` is plural here,
    /// unlike RFC 6749's.
    async fn authorize_url(
        &self,
        client_id: &str,
        redirect_uri: &str,
        scopes: &str,
        grant: &Grant,
    ) -> anyhow::Result<String> {
        let query = grant.query(client_id, redirect_uri, scopes);
        Ok(format!("{}/authorize?{query}", self.oidc.base_url().await?))
    }
}

impl Grant {
    fn new() -> anyhow::Result<Self> {
        Ok(Self { state: random::uuid()?, verifier: random::letters(UNRESERVED, 64)?.into() })
    }

    fn query(&self, client_id: &str, redirect_uri: &str, scopes: &str) -> String {
        [
            ("response_type", "code"),
            ("client_id", client_id),
            ("redirect_uri", redirect_uri),
            ("state", &self.state),
            ("code_challenge_method", "S256"),
            ("scopes", scopes),
            ("code_challenge", &self.challenge()),
        ]
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .join("&")
    }

    /// base64url(SHA-256(verifier)), without padding (RFC 7636 4.2).
    fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.expose()))
    }
}

impl Limits {
    /// Waits for `action`, but no longer than the limits allow.
    async fn hold<T, E: Into<Stop>>(&self, action: impl Future<Output = Result<T, E>>) -> Result<T, Stop> {
        tokio::select! {
            ended = tokio::time::timeout_at(self.deadline.into(), Box::pin(action)) => match ended {
                Ok(ended) => ended.map_err(Into::into),
                Err(_) => Err(Stop::TimedOut),
            },
            signal = interrupt::signal(&self.interrupt) => Err(Stop::Interrupted(signal)),
        }
    }

    /// The deadline on the clock of documents.
    fn until(&self) -> anyhow::Result<Moment> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        Ok(time::after(time::now().context("cannot tell the time")?, left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_is_that_of_the_aws_cli() {
        let grant = Grant {
            state: "1b4e28ba-2fa1-41d2-883f-0016d3cca427".to_owned(),
            verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into(),
        };
        assert_eq!(
            grant.query("id", "http://127.0.0.1:4711/oauth/callback", "sso:account:access x:y"),
            "response_type=code&client_id=id&redirect_uri=http%3A%2F%2F127.0.0.1%3A4711%2Foauth%2Fcallback\
             &state=1b4e28ba-2fa1-41d2-883f-0016d3cca427&code_challenge_method=S256\
             &scopes=sso%3Aaccount%3Aaccess%20x%3Ay&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn each_grant_has_its_own_state_and_verifier() {
        let (one, other) = (Grant::new().unwrap(), Grant::new().unwrap());
        assert_ne!(one.state, other.state);
        assert_ne!(one.verifier, other.verifier);
        assert_eq!((one.verifier.expose().len(), one.challenge().len(), one.state.len()), (64, 43, 36));
        assert!(one.verifier.expose().bytes().all(|byte| UNRESERVED.contains(&byte)));
    }
}
