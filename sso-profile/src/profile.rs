//! What a profile comes to: its kind, its SSO session and its keys, resolved as botocore resolves
//! them (AWS-FORMATS 7).

use serde_json::Value as Json;
use sso_tool::exit::{Exit, Fault};
use sso_tool::shell::shell_word;
use sso_tool::stream::Document;
use sso_tool::subject::AskedRole;

use crate::config::{Keys, Named};
use crate::endpoints::Endpoints;
use crate::kind::Kind;
use crate::merged::{Merged, text_of};
use crate::start_url::StartUrl;
use crate::unusable::Unusable;
use crate::values::scopes;

/// The `note` of a profile with an account that can't be one.
const ODD_ACCOUNT: &str = "sso_account_id is not 12 digits: AWS has no such account";

/// The scope that role credentials and refresh tokens need.
pub(crate) const USUAL_SCOPE: &str = "sso:account:access";

/// A profile that resolved. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    pub name: String,
    /// Where its credentials come from.
    pub kind: Kind,
    /// The session that a login for this profile gets: its own, else that of the SSO profile at the end of its
    /// `source_profile` chain. Credentials of another kind may not depend on it: see [`Profile::needs_session`].
    pub sso: Option<Sso>,
    /// The profile at the end of its `source_profile` chain, if its credentials come from one that is logged in: by SSO, or
    /// by `aws login`.
    pub source: Option<String>,
    /// Why it gives no credentials although a login works: an account without a role, an empty role.
    pub no_credentials: Option<String>,
    /// `login_session`, its own (kind [`Kind::Login`]) or that of its source.
    pub login_session: Option<String>,
    /// `sso_account_id`; SSO kinds only.
    pub account_id: Option<String>,
    /// `sso_role_name`; SSO kinds only.
    pub role_name: Option<String>,
    /// `region`: for the work done, not for SSO.
    pub region: Option<String>,
    /// The config file it was looked up in.
    pub config_file: Option<String>,
    /// Endpoints the config sets instead of AWS's.
    pub endpoints: Endpoints,
}

/// What a token belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sso {
    /// The `[sso-session]`; `None` for a legacy profile.
    pub session: Option<String>,
    /// `sso_start_url`.
    pub start_url: String,
    /// `sso_region`, where the OIDC and portal services are.
    pub region: String,
    /// `sso_registration_scopes`, if set.
    pub scopes: Option<Vec<String>>,
}

impl Sso {
    /// Whether a login gives role credentials. Without the scope that they need, the session is some other tool's.
    pub fn is_for_roles(&self) -> bool {
        self.scopes.as_ref().is_none_or(|list| list.iter().any(|scope| scope == USUAL_SCOPE))
    }

    /// What an `[sso-session]` says by itself; `None` if it lacks the URL or the region.
    pub(crate) fn of_session(name: &str, keys: &Keys) -> Option<Self> {
        let text = |key| text_of(keys.get(key), key).ok().flatten().filter(|text| !text.is_empty());
        Some(Self {
            session: Some(name.to_owned()),
            start_url: text("sso_start_url")?.to_owned(),
            region: text("sso_region")?.to_owned(),
            scopes: text("sso_registration_scopes").map(scopes),
        })
    }
}

impl Profile {
    /// A profile that no config here has: of another machine, or of a session that is left without profiles.
    pub fn elsewhere(name: impl Into<String>, kind: Kind) -> Self {
        Self {
            name: name.into(),
            kind,
            sso: None,
            source: None,
            no_credentials: None,
            login_session: None,
            account_id: None,
            role_name: None,
            region: None,
            config_file: None,
            endpoints: Endpoints::default(),
        }
    }

    /// The profile that `aws sso login --profile` takes for its session: a role of another profile has no SSO keys itself.
    pub fn login_name(&self) -> &str {
        self.source.as_deref().unwrap_or(&self.name)
    }

    /// Whether its credentials or tokens come from its SSO session, so that an end of the session is its end. Keys of a
    /// file, a process or a web identity last without one, even beside an `sso_session` that a login would get.
    pub fn needs_session(&self) -> bool {
        self.sso.is_some() && (self.kind.is_sso() || self.kind == Kind::AssumeRole)
    }

    /// What people call it: a profile, or a session that no profile stands for.
    pub fn noun(&self) -> &'static str {
        match self.kind {
            Kind::Session => "sso-session",
            _ => "profile",
        }
    }

    /// What names it on a command line of this suite, quoted for a shell.
    pub fn arguments(&self) -> String {
        let name = shell_word(&self.name);
        match self.kind {
            Kind::Session => format!("--sso-session {name}"),
            _ => name,
        }
    }

    /// The keys of a profile document, in their order. Absent values are left out.
    pub fn document(&self, profile_from: Option<&str>) -> Document {
        let mut document = Document::new();
        self.add_to(&mut document, profile_from);
        document
    }

    /// Whether its account can't be one: botocore takes it, and the portal will not.
    fn is_odd(&self) -> bool {
        let is_account = |id: &String| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit());
        self.account_id.as_ref().is_some_and(|id| !is_account(id))
    }

    /// A warning, if its portal is of another partition of AWS than its SSO region.
    pub fn partition_warning(&self) -> Option<String> {
        let sso = self.sso.as_ref()?;
        StartUrl::of(&sso.start_url).partition_warning(&sso.region)
    }

    /// Whether the profile stands for the role that a document names.
    pub(crate) fn is_role(&self, role: &AskedRole) -> bool {
        role.agrees_with(self.account_id.as_deref(), self.role_name.as_deref())
    }

    /// The refusal of a document that names another role than the profile's.
    pub(crate) fn other_role(&self) -> Fault {
        let message = format!("the document names another role than profile `{}` has", self.name);
        Fault::new(Exit::Config, message).hint("sso-profile write NAME makes a profile of the document")
    }

    /// Adds the keys of a profile document; those of an older look at the profile go.
    pub fn add_to(&self, document: &mut Document, profile_from: Option<&str>) {
        let sso = self.sso.as_ref().filter(|_| self.needs_session());
        let text = |value: &str| Json::from(value);
        let source = self.source.as_deref();
        let keys: [(&str, Option<Json>); 16] = [
            ("profile", (self.kind != Kind::Session).then(|| text(&self.name))),
            ("profileFrom", profile_from.map(text)),
            ("kind", Some(text(self.kind.name()))),
            ("credentialsFrom", source.map(|_| text("source_profile"))),
            ("sourceProfile", source.map(text)),
            ("loginSession", self.login_session.as_deref().map(text)),
            ("ssoSession", sso.and_then(|sso| sso.session.as_deref()).map(text)),
            ("startUrl", sso.map(|sso| text(&sso.start_url))),
            ("ssoRegion", sso.map(|sso| text(&sso.region))),
            ("scopes", sso.and_then(|sso| sso.scopes.clone()).map(Json::from)),
            ("accountId", self.account_id.as_deref().map(text)),
            ("roleName", self.role_name.as_deref().map(text)),
            ("region", self.region.as_deref().map(text)),
            ("configFile", self.config_file.as_deref().map(text)),
            ("endpoints", self.endpoints.document().map(Json::from)),
            ("error", None),
        ];
        for (key, value) in keys {
            match value {
                Some(value) => document.set(key, value),
                None => {
                    document.shift_remove(key);
                }
            }
        }
        // Other tools have notes of their own.
        if self.is_odd() {
            document.set("note", ODD_ACCOUNT);
        } else if let Some(warning) = self.partition_warning() {
            document.set("note", warning);
        } else if document.get("note") == Some(&ODD_ACCOUNT.into()) {
            document.shift_remove("note");
        }
    }
}

/// Resolves a profile by itself; whose credentials come from another one is [`chain`](crate::chain)'s.
pub(crate) fn resolve(name: &str, keys: Merged<'_>, sessions: &Named) -> Result<Profile, Unusable> {
    let kind = keys.kind();
    let mut profile = Profile { region: owned(keys.text("region")?), ..Profile::elsewhere(name, kind) };
    if !kind.is_sso() {
        profile.sso = login_only(keys, sessions);
        profile.login_session = match kind {
            Kind::Login => owned(keys.text("login_session")?),
            _ => None,
        };
        return Ok(profile);
    }
    let session = match keys.text("sso_session")? {
        Some(session) => Some((session, known_session(session, name, keys, kind, sessions)?)),
        None => None,
    };
    let shared = |key: &str| session.and_then(|(_, keys)| keys.get(key));
    let text = |key: &str| text_of(shared(key).or_else(|| keys.value(key)), key);
    if matches!(kind, Kind::SsoSession | Kind::SsoLegacy) {
        // A legacy profile without account and role is good for a login (AWS-FORMATS 7).
        let is_login_only = !keys.has("sso_account_id") && !keys.has("sso_role_name");
        let optional = |key: &str| is_login_only && ROLE_KEYS.contains(&key);
        let lacks = lacking(|key| optional(key) || keys.has(key) || shared(key).is_some());
        // A login asks for a start URL and a region alone, as `aws sso login` does.
        if lacks.iter().any(|key| !ROLE_KEYS.contains(key)) {
            return Err(Unusable::new(format!("profile `{name}` uses SSO but lacks {}", lacks.join(", "))));
        }
        profile.no_credentials = if lacks.is_empty() {
            let empty =
                ROLE_KEYS.into_iter().find(|key| matches!(text(key), Ok(Some(text)) if text.is_empty()));
            empty.map(|key| format!("`{key}` of profile `{name}` is empty"))
        } else {
            Some(format!("profile `{name}` uses SSO but lacks {}", lacks.join(", ")))
        };
    }
    let start_url = text("sso_start_url")?.unwrap_or_default();
    if let Some(refusal) = StartUrl::refusal(start_url) {
        return Err(Unusable::new(format!("profile `{name}`: {refusal}")));
    }
    profile.account_id = owned(text("sso_account_id")?.filter(|id| !id.is_empty()));
    profile.role_name = owned(text("sso_role_name")?.filter(|role| !role.is_empty()));
    profile.sso = Some(Sso {
        session: owned(session.map(|(session, _)| session)),
        start_url: start_url.to_owned(),
        region: owned(text("sso_region")?).unwrap_or_default(),
        scopes: text("sso_registration_scopes")?.map(scopes),
    });
    Ok(profile)
}

/// The keys that only role credentials need.
const ROLE_KEYS: [&str; 2] = ["sso_role_name", "sso_account_id"];

/// The session that `aws sso login` gets for a profile whose credentials come from elsewhere, if it names a whole one.
fn login_only(keys: Merged<'_>, sessions: &Named) -> Option<Sso> {
    let text = |key: &str| keys.text(key).ok().flatten().filter(|text| !text.is_empty());
    if let Some(session) = text("sso_session") {
        return Sso::of_session(session, sessions.get(session)?);
    }
    Some(Sso {
        session: None,
        start_url: text("sso_start_url")?.to_owned(),
        region: text("sso_region")?.to_owned(),
        scopes: text("sso_registration_scopes").map(scopes),
    })
}

/// The session a profile names: there, complete (a login looks nowhere else), and, if role credentials
/// are at stake, not at odds with the profile.
fn known_session<'c>(
    session: &str,
    name: &str,
    keys: Merged<'_>,
    kind: Kind,
    sessions: &'c Named,
) -> Result<&'c Keys, Unusable> {
    let Some(shared) = sessions.get(session) else {
        return Err(Unusable::new(format!(
            "profile `{name}` names sso-session `{session}`, which does not exist"
        )));
    };
    // The values stay out of the message: any key may be in both places, secrets included.
    let at_odds = shared.iter().find(|(key, value)| keys.value(key).is_some_and(|own| own != *value));
    if let (Kind::SsoSession, Some((key, _))) = (kind, at_odds) {
        let message = format!("`{key}` of profile `{name}` is not the same as in sso-session `{session}`");
        return Err(Unusable::new(message));
    }
    if let Some(missing) = ["sso_start_url", "sso_region"].iter().find(|key| !shared.contains_key(key)) {
        return Err(Unusable::new(format!("sso-session `{session}` of profile `{name}` lacks {missing}")));
    }
    Ok(shared)
}

fn lacking(has: impl Fn(&str) -> bool) -> Vec<&'static str> {
    ["sso_role_name", "sso_account_id", "sso_start_url", "sso_region"]
        .into_iter()
        .filter(|key| !has(key))
        .collect()
}

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}
