//! Where a set-up logs in: an sso-session that the config has, or a new one.

use std::time::{Duration, Instant};

use sso_cache::registration::Flow;
use sso_profile::request::{Request, writable_name};
use sso_profile::scopes;
use sso_profile::{AwsConfig, Sso, StartUrl};
use sso_tool::exit::{Exit, Fault};
use sso_tool::settings::Settings;

use super::config_copy::unused;
use super::prompter::Prompter;
use crate::aws_api::oidc::Oidc;
use crate::aws_api::refusal::Refusal;
use crate::flows::client::Client;
use crate::session::cached::Session;
use crate::session::obtain::{HowFar, Want, obtain};

/// How long the SSO service may take to say whether it knows a portal.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A session to log in to.
#[derive(Debug)]
pub(crate) struct PortalSession {
    /// The session's final name: one name is one registration and one consent.
    pub(crate) name: String,
    pub(crate) sso: Sso,
    /// Whether the config doesn't have it yet.
    pub(crate) is_new: bool,
}

impl PortalSession {
    /// What a profile says that makes or names it.
    pub(crate) fn request(&self) -> Request {
        let new = Some(&self.sso).filter(|_| self.is_new);
        Request {
            sso_session: Some(self.name.clone()),
            start_url: new.map(|sso| sso.start_url.clone()),
            sso_region: new.map(|sso| sso.region.clone()),
            scopes: new.and_then(|sso| Some(sso.scopes.as_ref()?.join(","))),
            ..Request::default()
        }
    }

    /// Whether the valid token of its name, if the cache has one, is of this portal: it may be that of a session which the
    /// config had once.
    pub(crate) fn has_own_token(&self, settings: &Settings) -> anyhow::Result<Option<bool>> {
        let token = obtain(&Session::new(settings, &self.sso)?, Want::Valid, HowFar::Cached)?.cached();
        let own = StartUrl::of(&self.sso.start_url);
        Ok(token.map(|token| token.start_url.is_none_or(|url| StartUrl::of(&url) == own)))
    }

    /// Why the SSO service of that region doesn't know the portal, if it doesn't. A region that isn't the portal's is found out
    /// before the login: in a browser it would be a page of AWS's that says nothing of it.
    fn refusal(&self, settings: &Settings) -> anyhow::Result<Option<Fault>> {
        if self.has_own_token(settings)? == Some(true) {
            return Ok(None);
        }
        let Sso { start_url, region, .. } = &self.sso;
        let oidc = Oidc::new(region, None)?;
        let session = Session::new(settings, &self.sso)?;
        let client = Client::new(&session, Flow::Device);
        let ask = async {
            // A client of its own: nobody is asked to allow it, so it must not be taken for one that was allowed.
            let registered = oidc.register(&client.name(), &client.scopes()).await?;
            oidc.authorize(&registered, start_url).await.map(drop)
        };
        let asked = crate::runtime::wait_for(async {
            tokio::time::timeout_at((Instant::now() + TIMEOUT).into(), ask).await
        })?;
        let (exit, message, hint) = match asked.ok() {
            Some(Err(Refusal::Other(name))) if name == "InvalidRequestException" => (
                Exit::Config,
                format!("the portal {start_url} isn't in the region {region}"),
                "give the region of IAM Identity Center, which its console shows, with --sso-region",
            ),
            Some(Err(Refusal::Unreachable(why))) => (
                Exit::Unavailable,
                format!("the SSO service in {region} can't be reached: {why}"),
                "sso-login doctor --text",
            ),
            // Anything else the login itself says better.
            Some(Ok(()) | Err(_)) => return Ok(None),
            None => (
                Exit::Unavailable,
                format!("the SSO service in {region} did not answer in time"),
                "sso-login doctor --text",
            ),
        };
        Ok(Some(Fault::new(exit, message).hint(hint)))
    }
}

/// What the command line says of a session, and a profile that is there.
#[derive(Debug, Default)]
pub(crate) struct Given {
    /// The name of a session to use, or else to make, even if its portal has another one.
    pub(crate) session: Option<String>,
    pub(crate) start_url: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) scopes: Option<String>,
    /// The portal of a legacy profile that is to get a session.
    pub(crate) legacy: Option<Sso>,
    /// What a new session is called; without it as the portal.
    pub(crate) name: Option<String>,
    /// Whether a person is asked for another name of a new session.
    pub(crate) is_name_asked: bool,
    /// The flag that names a session, if the command has one.
    pub(crate) flag: Option<&'static str>,
}

/// How a session is found: by what is given, what the config has, and what a person says.
pub(crate) struct Finder<'a> {
    pub(crate) given: Given,
    pub(crate) config: &'a AwsConfig,
    pub(crate) settings: &'a Settings,
    pub(crate) prompter: &'a Prompter<'a>,
}

/// What is known of it before anything is asked.
enum Known {
    Session(Sso),
    /// The sessions of one portal.
    Several(Vec<Sso>),
    /// A portal that has none, or is to get another one.
    New(StartUrl),
    /// Nothing; these may be meant.
    Unknown(Vec<Sso>),
}

impl Finder<'_> {
    /// The flags that are missing where nobody can be asked.
    pub(crate) fn missing(&self) -> anyhow::Result<Vec<&'static str>> {
        let (start_url, region) = ("--start-url", "--sso-region");
        Ok(match self.known()? {
            Known::Several(_) => self.given.flag.into_iter().collect(),
            Known::New(url) if self.region(Some(&url)).is_none() => vec![region],
            Known::Session(_) | Known::New(_) => Vec::new(),
            Known::Unknown(_) if self.region(None).is_none() => vec![start_url, region],
            Known::Unknown(_) => vec![start_url],
        })
    }

    /// Finds out where to log in.
    pub(crate) fn find(&self) -> anyhow::Result<PortalSession> {
        self.chosen(self.known()?)
    }

    fn chosen(&self, known: Known) -> anyhow::Result<PortalSession> {
        match known {
            Known::Session(sso) => self.existing(sso),
            Known::New(start_url) => self.new_session(&start_url),
            Known::Several(sessions) => {
                let chosen = if self.prompter.is_somebody_there() { self.pick(&sessions, None)? } else { 0 };
                self.chosen(
                    sessions.into_iter().nth(chosen).map_or(Known::Unknown(Vec::new()), Known::Session),
                )
            }
            Known::Unknown(portals) if portals.is_empty() => {
                let check = |url: &str| StartUrl::parse(url).map(drop);
                let url = self.prompter.text(None, "Start URL of the access portal", None, check)?;
                self.chosen(self.of_portal(StartUrl::parse(&url)?))
            }
            Known::Unknown(portals) => {
                let chosen = self.pick(&portals, Some("another start URL"))?;
                self.chosen(match portals.into_iter().nth(chosen) {
                    None => Known::Unknown(Vec::new()),
                    Some(sso) if sso.session.is_none() => Known::New(StartUrl::parse(&sso.start_url)?),
                    Some(sso) => Known::Session(sso),
                })
            }
        }
    }

    fn known(&self) -> anyhow::Result<Known> {
        let named = |sso: &Sso| self.given.session.is_some() && sso.session == self.given.session;
        if let Some(sso) = self.config.sessions().find(named) {
            return Ok(Known::Session(sso));
        }
        if let Some(start_url) = self.start_url()? {
            return Ok(self.of_portal(start_url));
        }
        // A name of a session to come: what is known doesn't have it.
        let is_known = self.given.session.is_none();
        Ok(Known::Unknown(if is_known { self.portals() } else { Vec::new() }))
    }

    /// A portal that has a session for roles never gets a second one unasked: that would be two logins from then on.
    fn of_portal(&self, start_url: StartUrl) -> Known {
        let is_it = |sso: &Sso| sso.is_for_roles() && StartUrl::of(&sso.start_url) == start_url;
        let unasked = self.config.sessions().filter(|_| self.given.session.is_none());
        let sessions: Vec<_> = unasked.filter(is_it).collect();
        match sessions.as_slice() {
            [] => Known::New(start_url),
            [one] => Known::Session(one.clone()),
            _ => Known::Several(sessions),
        }
    }

    /// The sessions of the config, and the portals that only legacy profiles have.
    fn portals(&self) -> Vec<Sso> {
        let mut found: Vec<_> = self.config.sessions().collect();
        for sso in self.config.profiles().filter_map(|(_, profile)| profile.ok()?.sso) {
            let is_same = |other: &Sso| StartUrl::of(&other.start_url) == StartUrl::of(&sso.start_url);
            if sso.session.is_none() && !found.iter().any(is_same) {
                found.push(sso);
            }
        }
        found
    }

    fn start_url(&self) -> anyhow::Result<Option<StartUrl>> {
        let Given { start_url, legacy, .. } = &self.given;
        let known = start_url.clone().or_else(|| Some(legacy.as_ref()?.start_url.clone()));
        let url = known.or_else(|| self.settings.text("AWS_SSO_START_URL"));
        Ok(url.as_deref().map(StartUrl::parse).transpose()?)
    }

    /// The region that is given, or that the config has for the portal.
    fn region(&self, portal: Option<&StartUrl>) -> Option<String> {
        let known = || self.known_region(portal?);
        self.given.region.clone().or_else(known).or_else(|| self.settings.text("AWS_SSO_REGION"))
    }

    fn known_region(&self, portal: &StartUrl) -> Option<String> {
        let is_it = |sso: &Sso| StartUrl::of(&sso.start_url) == *portal;
        self.portals().into_iter().find(is_it).map(|sso| sso.region)
    }

    /// A session that the config has; flags may repeat it, and not contradict it.
    fn existing(&self, sso: Sso) -> anyhow::Result<PortalSession> {
        let Given { start_url, region, scopes: list, flag, .. } = &self.given;
        let name = sso.session.clone().unwrap_or_default();
        let rename = flag.map_or("choose another NAME".to_owned(), |flag| format!("name another {flag}"));
        let is_of = |url: &String| StartUrl::of(url) == StartUrl::of(&sso.start_url);
        let (message, hint) = if !start_url.as_ref().is_none_or(is_of) {
            let (url, region) = (&sso.start_url, &sso.region);
            let message =
                format!("sso-session `{name}` belongs to {url} in {region}, which differs from the flags");
            (message, format!("leave out --start-url, or {rename}"))
        } else if let Some(region) = region.as_ref().filter(|region| **region != sso.region) {
            let message = format!("sso-session `{name}` is in {}, not in {region}", sso.region);
            (message, "leave out --sso-region".to_owned())
        } else if list.is_some() && list.as_deref().map(scopes) != sso.scopes {
            (format!("sso-session `{name}` has other scopes than --scopes"), rename)
        } else {
            return Ok(PortalSession { name, sso, is_new: false });
        };
        Err(Fault::new(Exit::Config, message).hint(hint).into())
    }

    /// A session that the config doesn't have.
    fn new_session(&self, start_url: &StartUrl) -> anyhow::Result<PortalSession> {
        let Given { session, name, scopes: list, is_name_asked, .. } = &self.given;
        let is_taken = |name: &str| self.config.sessions().any(|sso| sso.session.as_deref() == Some(name));
        let own = start_url.as_str().trim_start_matches("https://").split(['.', '/']).next();
        let usual = session.as_deref().or(name.as_deref()).or(own).unwrap_or_default();
        let usual = unused(usual, is_taken)?;
        let region = self.region(Some(start_url));
        let known = self.known_region(start_url);
        let mut found = loop {
            let check =
                |region: &str| Request { sso_region: Some(region.to_owned()), ..Request::default() }.check();
            let question = "Region of IAM Identity Center";
            let sso = Sso {
                session: Some(usual.clone()),
                start_url: start_url.to_string(),
                region: self.prompter.text(region.as_deref(), question, Some("us-east-1"), check)?,
                scopes: list.as_deref().map(scopes),
            };
            let found = PortalSession { name: usual.clone(), sso, is_new: true };
            // Where the config has the portal in that region, the service needn't be asked.
            let is_known = known.as_ref() == Some(&found.sso.region);
            match if is_known { None } else { found.refusal(self.settings)? } {
                None => break found,
                Some(fault) if region.is_some() => return Err(fault.into()),
                Some(fault) => self.prompter.say(&format!("  {fault}\n"))?,
            }
        };
        let is_asked = *is_name_asked && session.is_none() && self.prompter.is_somebody_there();
        let given = (!is_asked).then_some(usual.as_str());
        found.name = self.prompter.text(given, "Name of the sso-session", Some(&usual), |name| {
            writable_name("sso-session", name)?;
            if is_taken(name) {
                let message = format!("there is an sso-session `{name}` for another start URL");
                return Err(Fault::new(Exit::Config, message));
            }
            Ok(())
        })?;
        found.sso.session = Some(found.name.clone());
        Ok(found)
    }

    /// A person's choice among these and another one, by its number.
    fn pick(&self, known: &[Sso], other: Option<&str>) -> anyhow::Result<usize> {
        let row = |sso: &Sso| match &sso.session {
            Some(name) => format!("{}  ({name})", sso.start_url),
            None => sso.start_url.clone(),
        };
        let rows: Vec<_> = known.iter().map(row).chain(other.map(str::to_owned)).collect();
        self.prompter.one_of("Where do you log in?", &rows)
    }
}
