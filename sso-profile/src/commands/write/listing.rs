//! What `write --all` reads: documents, and the profiles that they ask for.

use std::collections::HashMap;

use anyhow::Context as _;
use sso_tool::exit::{Exit, Fault};
use sso_tool::sanitize::sanitize;
use sso_tool::stream::Document;
use sso_tool::subject::{Remote, Subject};

use crate::config::Content;
use crate::listed::Listed;
use crate::plan::RoleProfile;
use crate::profile::Sso;
use crate::request::{Request, failed, writable_name};
use crate::start_url::StartUrl;
use crate::template::{Names, Template};

/// What is asked for.
pub(crate) struct AllRequest {
    /// What every profile is to say.
    pub(crate) request: Request,
    /// The profiles' names.
    pub(crate) template: Template,
    /// Whether the profiles go whose role is gone.
    pub(crate) prunes: bool,
    /// Whether the documents are all there is, though the end of their listing is missing.
    pub(crate) is_complete: bool,
}

/// What came in.
pub(crate) struct Listing {
    /// The documents, each with the place of its profile in `wanted` unless it is an event.
    pub(crate) documents: Vec<(Document, Option<usize>)>,
    pub(crate) wanted: Vec<RoleProfile>,
    /// The sessions that were listed and have no role any more.
    pub(crate) empty: Vec<String>,
    /// Their start URLs, as far as the listings say.
    portals: Vec<(String, String)>,
}

impl Listing {
    /// Reads all documents. Status 65 for a document without an account or a role, for one that is a failure (`error`), and
    /// for pruning by a listing that isn't whole.
    pub(crate) fn read(
        stream: impl Iterator<Item = anyhow::Result<Document>>,
        asked: &AllRequest,
    ) -> anyhow::Result<Self> {
        let mut listing =
            Self { documents: Vec::new(), wanted: Vec::new(), empty: Vec::new(), portals: Vec::new() };
        let mut listed = Listed::default();
        let mut names: HashMap<String, usize> = HashMap::new();
        for (number, document) in (1..).zip(stream) {
            let document = document?;
            let in_document = || format!("document {number}");
            let subject = Subject::of(&document).with_context(in_document)?;
            if let Subject::Failure(_) = subject {
                return Err(failed(&document, &in_document()).into());
            }
            if asked.prunes {
                refuse_remote(&document, &in_document())?;
            }
            if listed.note(&document)? && asked.prunes {
                let session = session_of(&document, &asked.request).with_context(in_document)?;
                if let Some(url) = document.text("startUrl")? {
                    listing.portals.push((session.clone(), url.to_owned()));
                }
                listing.empty.push(session);
            }
            // An event on its way to a later tool, or what another host has, asks for nothing here.
            if let Subject::Nobody | Subject::Remote(_) = subject {
                listing.documents.push((document, None));
                continue;
            }
            let wanted = wanted(&document, asked).with_context(in_document)?;
            let index = match names.get(&wanted.name) {
                Some(index) => {
                    listing.collide(*index, &wanted)?;
                    *index
                }
                None => {
                    names.insert(wanted.name.clone(), listing.wanted.len());
                    listing.wanted.push(wanted);
                    listing.wanted.len() - 1
                }
            };
            listing.documents.push((document, Some(index)));
        }
        if listing.documents.is_empty() {
            return Err(Fault::new(Exit::Data, "no document came in: nothing is written or removed")
                .hint("sso-login accounts PROFILE | sso-profile write --all")
                .into());
        }
        if asked.prunes && !asked.is_complete {
            listed.check()?;
        }
        Ok(listing)
    }

    /// Refuses an empty listing of another portal than its session has here (65): it says nothing of this one's roles. Any
    /// other listing brings its start URL into the config, which is compared there.
    pub(crate) fn check_portals(&self, content: &Content) -> Result<(), Fault> {
        for (session, url) in &self.portals {
            let known = content.sessions.get(session).and_then(|keys| Sso::of_session(session, keys));
            if let Some(known) = known.filter(|known| StartUrl::of(&known.start_url) != StartUrl::of(url)) {
                let (url, own) = (sanitize(url), sanitize(&known.start_url));
                let message = format!(
                    "the empty listing of session `{session}` is for {url}, but the config has {own}"
                );
                return Err(Fault::new(Exit::Data, message)
                    .hint("with --sso-session, name the session that was listed"));
            }
        }
        Ok(())
    }

    /// One role twice does no harm; two roles with one name do.
    fn collide(&self, index: usize, wanted: &RoleProfile) -> Result<(), Fault> {
        let Some(other) = self.wanted.get(index).filter(|other| !other.is_same_role(wanted)) else {
            return Ok(());
        };
        let role = |wanted: &RoleProfile| {
            format!("{} in {} ({})", wanted.role_name, wanted.account_id, wanted.session)
        };
        Err(Fault::new(
            Exit::Config,
            format!("both {} and {} would be profile `{}`", role(other), role(wanted), wanted.name),
        )
        .hint("tell them apart with --name-template '{account}-{accountId}-{role}' or '{session}-…'"))
    }
}

/// Refuses to prune by what another host lists, the end of its listing included: its sessions are others than those of the
/// same names here.
fn refuse_remote(document: &Document, what: &str) -> anyhow::Result<()> {
    let Some(Remote { host, .. }) = Remote::of(document)? else { return Ok(()) };
    let message = format!("{what} is about {}, whose roles aren't those of this machine", sanitize(&host));
    Err(Fault::new(Exit::Data, message).hint("list here: sso-login accounts PROFILE").into())
}

/// What one document asks for.
fn wanted(document: &Document, asked: &AllRequest) -> anyhow::Result<RoleProfile> {
    let mut request = asked.request.clone().or(Request::of(document)?);
    let required = |value: &Option<String>, key: &str| {
        value.clone().with_context(|| {
            Fault::new(Exit::Data, format!("it has no `{key}`"))
                .hint("sso-login accounts gives what is needed")
        })
    };
    let account_id = required(&request.account_id, "accountId")?;
    let role_name = required(&request.role_name, "roleName")?;
    let session = session_of(document, &asked.request)?;
    request.sso_session = Some(session.clone());
    let request = request.cleaned()?;
    let names = Names {
        account: document.text("accountName")?.unwrap_or_default(),
        account_id: &account_id,
        role: &role_name,
        session: &session,
        email: document.text("emailAddress")?.unwrap_or_default(),
    };
    let name = asked.template.name(&names);
    writable_name("profile", &name)?;
    if name.eq_ignore_ascii_case("default") {
        return Err(Fault::new(
            Exit::Config,
            format!("{role_name} in {account_id} would become profile `{name}`, the one that every tool falls back to"),
        )
        .hint("add more fields to --name-template, for example '{account}-{role}'")
        .into());
    }
    Ok(RoleProfile { name, session, account_id, role_name, request })
}

fn session_of(document: &Document, flags: &Request) -> anyhow::Result<String> {
    let session = match &flags.sso_session {
        Some(session) => Some(session.as_str()),
        None => document.text("ssoSession")?.filter(|session| !session.is_empty()),
    };
    session.map(str::to_owned).with_context(|| {
        Fault::new(Exit::Data, "it has no `ssoSession`").hint("name the session with --sso-session")
    })
}
