//! Where to log in for a key that is set up: a known start URL needs no typing.

use sso_profile::request::{Request, writable_name};
use sso_profile::{AwsConfig, Sso, StartUrl};
use sso_tool::exit::{Exit, Fault};
use sso_tool::settings::Settings;

use super::args::SetUp;
use super::prompter::Answers;

/// An sso-session to log in with.
#[derive(Debug)]
pub(super) struct Site {
    /// Its final name: one name is one registration and one consent.
    pub(super) session: String,
    pub(super) start_url: String,
    pub(super) sso_region: String,
    /// Scopes to register with, where the config doesn't say them.
    pub(super) scopes: Option<String>,
    /// Whether the config doesn't have it yet.
    pub(super) is_new: bool,
}

/// What is known about it before anything is asked.
enum Known {
    Session(Sso),
    /// Several sessions of one start URL, or none was named.
    Several(Vec<Sso>),
    /// None; of a legacy profile's start URL maybe.
    New(Option<Sso>),
}

impl Site {
    /// The names of the flags that are missing where nobody can be asked.
    pub(super) fn missing(set_up: &SetUp, config: &AwsConfig, settings: &Settings) -> Vec<&'static str> {
        match known(set_up, config, settings) {
            Known::Session(_) | Known::New(Some(_)) => Vec::new(),
            Known::Several(_) if start_url(set_up, settings).is_some() => vec!["--sso-session"],
            Known::Several(_) | Known::New(None) => {
                [("--start-url", start_url(set_up, settings)), ("--sso-region", sso_region(set_up, settings))]
                    .into_iter()
                    .filter_map(|(flag, given)| given.is_none().then_some(flag))
                    .collect()
            }
        }
    }

    /// Finds out where to log in. `profile` is the name that the profile will have, if that is known.
    pub(super) fn find(
        set_up: &SetUp,
        profile: Option<&str>,
        config: &AwsConfig,
        settings: &Settings,
        answers: &Answers<'_>,
    ) -> anyhow::Result<Self> {
        match known(set_up, config, settings) {
            Known::Session(sso) => Self::of(sso, set_up),
            Known::Several(known) => match pick(known, answers)? {
                Some(sso) if sso.session.is_some() => Self::of(sso, set_up),
                legacy => Self::new(set_up, legacy.as_ref(), profile, config, settings, answers),
            },
            Known::New(legacy) => Self::new(set_up, legacy.as_ref(), profile, config, settings, answers),
        }
    }

    fn of(sso: Sso, set_up: &SetUp) -> anyhow::Result<Self> {
        let session = sso.session.unwrap_or_default();
        let differs = |given: &Option<String>, is: &str| given.as_deref().is_some_and(|given| given != is);
        let is_other_portal = (set_up.start_url.as_deref())
            .is_some_and(|given| StartUrl::of(given) != StartUrl::of(&sso.start_url));
        if is_other_portal || differs(&set_up.sso_region, &sso.region) {
            let message = format!(
                "sso-session `{session}` belongs to {} in {}, which differs from the flags",
                sso.start_url, sso.region
            );
            return Err(Fault::new(Exit::Config, message)
                .hint("leave out --start-url and --sso-region, or name another --sso-session")
                .into());
        }
        let scopes = sso.scopes.as_ref().map(|scopes| scopes.join(","));
        if set_up.scopes.is_some() && set_up.scopes != scopes {
            let message = format!("sso-session `{session}` has other scopes than --scopes");
            return Err(Fault::new(Exit::Config, message).hint("name another --sso-session").into());
        }
        Ok(Self { session, start_url: sso.start_url, sso_region: sso.region, scopes: None, is_new: false })
    }

    fn new(
        set_up: &SetUp,
        legacy: Option<&Sso>,
        profile: Option<&str>,
        config: &AwsConfig,
        settings: &Settings,
        answers: &Answers<'_>,
    ) -> anyhow::Result<Self> {
        let start_url = answers.text(
            legacy.map(|sso| sso.start_url.clone()).or_else(|| start_url(set_up, settings)).as_deref(),
            "Start URL of the access portal",
            None,
            |url| Request { start_url: Some(url.to_owned()), ..Request::default() }.check(),
        )?;
        let is_same = |sso: &Sso| StartUrl::of(&sso.start_url) == StartUrl::of(&start_url);
        if set_up.sso_session.is_none()
            && let Some(typed) = config.sessions().find(is_same)
        {
            return Self::of(typed, set_up);
        }
        let sso_region = answers.text(
            legacy.map(|sso| sso.region.clone()).or_else(|| sso_region(set_up, settings)).as_deref(),
            "Region of IAM Identity Center",
            Some("us-east-1"),
            |region| Request { sso_region: Some(region.to_owned()), ..Request::default() }.check(),
        )?;
        // Whoever says so much by flags has said all that is needed.
        let is_told = !answers.is_somebody_there() || set_up.start_url.is_some();
        let given = set_up.sso_session.as_deref().or(profile.filter(|_| is_told));
        let default = profile.unwrap_or_else(|| first_label(&start_url));
        let session = answers.text(given, "Name of the sso-session", Some(default), |name| {
            writable_name("sso-session", name)?;
            let is_taken = config.sessions().any(|sso| sso.session.as_deref() == Some(name));
            if is_taken {
                let message = format!("there is an sso-session `{name}` for another start URL");
                return Err(Fault::new(Exit::Config, message).hint("name another one with --sso-session"));
            }
            Ok(())
        })?;
        Ok(Self { session, start_url, sso_region, scopes: set_up.scopes.clone(), is_new: true })
    }

    /// What a profile says that makes or names it.
    pub(super) fn request(&self) -> Request {
        let new = |text: &String| self.is_new.then(|| text.clone());
        Request {
            sso_session: Some(self.session.clone()),
            start_url: new(&self.start_url),
            sso_region: new(&self.sso_region),
            scopes: self.scopes.clone().filter(|_| self.is_new),
            ..Request::default()
        }
    }
}

fn known(set_up: &SetUp, config: &AwsConfig, settings: &Settings) -> Known {
    let sessions: Vec<_> = config.sessions().collect();
    if let Some(name) = &set_up.sso_session
        && let Some(named) = sessions.iter().find(|sso| sso.session.as_ref() == Some(name))
    {
        return Known::Session(named.clone());
    }
    let mut legacy = legacy(config, &sessions);
    let Some(url) = start_url(set_up, settings) else {
        let all: Vec<_> = sessions.into_iter().chain(legacy).collect();
        // A name of a session to come: what is known doesn't have it.
        let is_named = set_up.sso_session.is_some();
        return if is_named || all.is_empty() { Known::New(None) } else { Known::Several(all) };
    };
    let is_it = |sso: &Sso| StartUrl::of(&sso.start_url) == StartUrl::of(&url);
    legacy.retain(is_it);
    let mut fitting: Vec<_> = sessions.into_iter().filter(is_it).collect();
    match fitting.len() {
        _ if set_up.sso_session.is_some() => Known::New(legacy.pop()),
        0 => Known::New(legacy.pop()),
        1 => fitting.pop().map_or(Known::New(None), Known::Session),
        _ => Known::Several(fitting),
    }
}

/// The start URLs that only legacy profiles have.
fn legacy(config: &AwsConfig, sessions: &[Sso]) -> Vec<Sso> {
    let mut found: Vec<Sso> = Vec::new();
    for sso in config.profiles().filter_map(|(_, profile)| profile.ok()?.sso) {
        let is_same = |other: &Sso| StartUrl::of(&other.start_url) == StartUrl::of(&sso.start_url);
        if sso.session.is_none() && !sessions.iter().chain(&found).any(is_same) {
            found.push(sso);
        }
    }
    found
}

/// A person's choice; `None` for another one than these.
fn pick(known: Vec<Sso>, answers: &Answers<'_>) -> anyhow::Result<Option<Sso>> {
    let row = |sso: &Sso| match &sso.session {
        Some(name) => format!("{}  ({name})", sso.start_url),
        None => sso.start_url.clone(),
    };
    let other = "another start URL".to_owned();
    let rows: Vec<_> = known.iter().map(row).chain([other]).collect();
    let chosen = answers.one_of("Where do you log in?", &rows)?;
    Ok(known.into_iter().nth(chosen))
}

fn start_url(set_up: &SetUp, settings: &Settings) -> Option<String> {
    set_up.start_url.clone().or_else(|| settings.text("AWS_SSO_START_URL"))
}

fn sso_region(set_up: &SetUp, settings: &Settings) -> Option<String> {
    set_up.sso_region.clone().or_else(|| settings.text("AWS_SSO_REGION"))
}

/// What a portal is called: `d-1234567890`, or the name that an organisation gave it.
fn first_label(url: &str) -> &str {
    let host = url.strip_prefix("https://").unwrap_or(url);
    host.split(['.', '/']).next().unwrap_or(host)
}
