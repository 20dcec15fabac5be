//! The web application that people sign in to: where its SSO is and which role says who they are. It needs no profile:
//! `AWS_SSO_START_URL`, `AWS_SSO_REGION`, `AWS_SSO_ACCOUNT_ID` and `AWS_SSO_ROLE_NAME` of the environment or `.env`.

use sso_profile::{AwsConfig, Profile, Sso, StartUrl};
use sso_tool::exit::{Exit, Fault};
use sso_tool::placeholder::is_placeholder;
use sso_tool::secret::Secret;
use sso_tool::settings::Settings;

use crate::credentials::signing_keys::Credentials;

const START_URL: &str = "AWS_SSO_START_URL";
const REGION: &str = "AWS_SSO_REGION";
const ACCOUNT_ID: &str = "AWS_SSO_ACCOUNT_ID";
const ROLE_NAME: &str = "AWS_SSO_ROLE_NAME";
const SECRET_KEY: &str = "SECRET_KEY";
/// What signs with HMAC-SHA256 must be as long as its digest (RFC 7518 3.2).
const SHORTEST_SECRET: usize = 32;

/// The web application.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) sso: Sso,
    /// What stands for it where a profile is asked for.
    pub(crate) profile: Profile,
    /// The account of the role that says who signed in.
    pub(crate) account_id: String,
    pub(crate) role_name: String,
}

impl App {
    /// The application of the settings, else of the profile that they choose; `None` if neither says where to sign in.
    /// Status 78 for a placeholder, and for half of the settings.
    pub(crate) fn of(settings: &Settings) -> anyhow::Result<Option<Self>> {
        let account_id = value(settings, ACCOUNT_ID)?;
        let role_name = value(settings, ROLE_NAME)?;
        let Some(sso) = sso_of(settings)? else {
            if let Some(name) = account_id.and(Some(ACCOUNT_ID)).or(role_name.and(Some(ROLE_NAME))) {
                return Err(missing(START_URL, name).into());
            }
            return Ok(Self::of_profile(settings));
        };
        let account_id = account_id.ok_or_else(|| missing(ACCOUNT_ID, START_URL))?;
        let role_name = role_name.ok_or_else(|| missing(ROLE_NAME, START_URL))?;
        if account_id.len() != 12 || !account_id.bytes().all(|byte| byte.is_ascii_digit()) {
            let fault = Fault::new(Exit::Config, format!("{ACCOUNT_ID} is not 12 digits"));
            return Err(fault.hint("the access portal (the start URL) shows accounts and roles").into());
        }
        let profile = profile_of(&[
            ("sso_start_url", Some(&sso.start_url)),
            ("sso_region", Some(&sso.region)),
            ("sso_account_id", Some(&account_id)),
            ("sso_role_name", Some(&role_name)),
            ("region", region(settings).as_ref()),
        ])?;
        Ok(Some(Self { sso, profile, account_id, role_name }))
    }

    /// The SSO of a profile with an account and a role. A config that can't be read is no reason not to serve the rest.
    fn of_profile(settings: &Settings) -> Option<Self> {
        let profile = AwsConfig::load(settings).ok()?.profile(&settings.profile()).ok()??;
        let (account_id, role_name) = (profile.account_id.clone()?, profile.role_name.clone()?);
        Some(Self { sso: profile.sso.clone()?, profile, account_id, role_name })
    }

    /// Whom the tokens are for: those of an application with another role say nothing here.
    pub(crate) fn audience(app: Option<&Self>) -> String {
        app.map_or_else(|| "aws-login".to_owned(), |app| format!("{}/{}", app.account_id, app.role_name))
    }
}

/// Where `AWS_SSO_START_URL` and `AWS_SSO_REGION` say that people log in, if they do. Status 78 for a placeholder, and for
/// one without the other: the region of SSO is never that of `AWS_REGION`, which is where the work is done.
pub(crate) fn sso_of(settings: &Settings) -> anyhow::Result<Option<Sso>> {
    let start_url = value(settings, START_URL)?;
    let region = value(settings, REGION)?;
    let (start_url, region) = match (start_url, region) {
        (None, None) => return Ok(None),
        (Some(_), None) => return Err(missing(REGION, START_URL).into()),
        (None, Some(_)) => return Err(missing(START_URL, REGION).into()),
        (Some(start_url), Some(region)) => (start_url, region),
    };
    // Written clean: nobody looks for a token file of this start URL.
    let start_url = StartUrl::parse(&start_url)?.to_string();
    let scopes = Some(vec!["sso:account:access".to_owned()]);
    Ok(Some(Sso { session: None, start_url, region, scopes }))
}

/// The AWS keys of the environment, of a file of settings that somebody named, or of `.env`: all from one place. A
/// placeholder among them is refused (78).
pub(crate) fn static_keys(settings: &Settings) -> anyhow::Result<Option<Credentials>> {
    let found = Credentials::of_environment()
        .or_else(|| Credentials::of_files(settings))
        .or_else(|| Credentials::of_dotenv(settings));
    if let Some(credentials) = &found {
        refuse_placeholders(credentials)?;
    }
    Ok(found)
}

/// Refuses keys that a manual prints (78).
pub(crate) fn refuse_placeholders(credentials: &Credentials) -> anyhow::Result<()> {
    let parts = [
        ("AWS_ACCESS_KEY_ID", Some(&credentials.access_key_id)),
        ("AWS_SECRET_ACCESS_KEY", Some(&credentials.secret_access_key)),
        ("AWS_SESSION_TOKEN", credentials.session_token.as_ref()),
    ];
    match parts.into_iter().find(|(_, part)| part.is_some_and(|part| is_placeholder(part.expose()))) {
        Some((name, _)) => Err(placeholder(name).into()),
        None => Ok(()),
    }
}

/// `AWS_REGION` of the settings, for STS.
pub(crate) fn region(settings: &Settings) -> Option<String> {
    settings.text("AWS_REGION").or_else(|| settings.text("AWS_DEFAULT_REGION"))
}

/// What STS is asked with for keys that no profile has.
pub(crate) fn keys_profile(settings: &Settings) -> anyhow::Result<Profile> {
    profile_of(&[("region", region(settings).as_ref())])
}

/// The profile that these keys would make in a config.
fn profile_of(keys: &[(&str, Option<&String>)]) -> anyhow::Result<Profile> {
    let lines = keys.iter().filter_map(|(key, value)| Some(format!("{key} = {}\n", (*value)?)));
    AwsConfig::of_text(&format!("[profile serve]\n{}", lines.collect::<String>()))?.known_profile("serve")
}

/// `SECRET_KEY`, if it is set. Status 78 for one that can be guessed: whoever does signs in as anybody.
pub(crate) fn secret_key(settings: &Settings) -> anyhow::Result<Option<Secret>> {
    let Some(secret) = settings.text(SECRET_KEY) else { return Ok(None) };
    let kinds: std::collections::BTreeSet<u8> = secret.bytes().collect();
    // 32 times the same letter is as long, and no secret.
    if secret.len() < SHORTEST_SECRET || kinds.len() < 8 || is_placeholder(&secret) {
        return Err(Fault::new(
            Exit::Config,
            format!("{SECRET_KEY} is too weak: it must be {SHORTEST_SECRET} random bytes or more"),
        )
        .hint("openssl rand -base64 48, or remove SECRET_KEY: the server then makes its own key")
        .into());
    }
    Ok(Some(secret.into()))
}

fn value(settings: &Settings, name: &str) -> anyhow::Result<Option<String>> {
    let found = settings.text(name);
    match &found {
        Some(value) if is_placeholder(value) => Err(placeholder(name).into()),
        Some(value) if value.contains(|c: char| c.is_control() || c.is_whitespace()) => {
            Err(Fault::new(Exit::Config, format!("{name} has blanks or control characters in it")).into())
        }
        _ => Ok(found),
    }
}

fn placeholder(name: &str) -> Fault {
    Fault::new(Exit::Config, format!("{name} is a placeholder from a manual"))
        .hint(format!("put the real value of {name} into .env, or remove the line"))
}

fn missing(name: &str, beside: &str) -> Fault {
    Fault::new(Exit::Config, format!("{beside} is set, but {name} is not"))
        .hint(format!("add {name}=… to .env"))
}
