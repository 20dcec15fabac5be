//! Every account and role that a session gives access to, as the portal lists them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use sso_profile::{Profile, Sso};
use sso_tool::secret::Secret;
use sso_tool::settings::Settings;
use sso_tool::stream::Document;
use sso_tool::subject::is_event;
use sso_tool::time;
use tokio::task::JoinHandle;

use crate::aws_api::portal::{Account, Denial, Portal};
use crate::credentials::role::of_denial;
use crate::interrupt::unless_told;
use crate::session::cached::Session;
use crate::session::error::SessionError;
use crate::session::obtain::{Effort, HowFar, Queue, Want, obtain};
use crate::session::target::no_sso;

/// How long getting a token may take.
const TIMEOUT: Duration = Duration::from_secs(45);
/// Calls under way at a time. The pace decides how many begin in a second; this bounds what a slow service piles up.
const AHEAD: usize = 32;

/// Lists them as documents, each as soon as the next one is known: the last one says how many there are, and of an empty
/// listing there is a document that says so. Answers what stopped it, if anything did.
pub(crate) fn documents(
    settings: &Settings,
    profile: &Profile,
    session: &Session<'_>,
    each: &mut dyn FnMut(Document) -> anyhow::Result<()>,
) -> anyhow::Result<Option<SessionError>> {
    let listed = listed(session.sso)?;
    let mut count: u64 = 0;
    // Which one is the last shows when there is no other.
    let mut held: Option<Document> = None;
    let ended = list(settings, profile, session, &mut |account, role| {
        count += 1;
        let before = held.replace(document(&listed, session.sso, account, role));
        before.map_or(Ok(()), &mut *each)
    });
    // Whoever takes what isn't listed for gone must know that the listing is whole.
    let is_whole = matches!(ended, Ok(None));
    match held {
        Some(last) if is_whole => each(last.with("listed", count))?,
        Some(last) => each(last)?,
        None if is_whole => {
            let mut empty = Document::new().with("event", "listed").with("count", 0);
            empty.extend((*listed).clone());
            each(empty)?;
        }
        None => {}
    }
    ended
}

/// Lists those of a profile's session as documents, without any other.
pub(crate) fn rows(
    settings: &Settings,
    profile: &Profile,
    each: &mut dyn FnMut(Document) -> anyhow::Result<()>,
) -> anyhow::Result<Option<SessionError>> {
    let Some(sso) = &profile.sso else { return Err(no_sso(profile).into()) };
    documents(settings, profile, &Session::new(settings, sso)?, &mut |document| {
        if is_event(&document) { Ok(()) } else { each(document) }
    })
}

/// Lists them, sorted by account; answers what stopped it, if anything did.
pub(crate) fn list(
    settings: &Settings,
    profile: &Profile,
    session: &Session<'_>,
    each: &mut dyn FnMut(&Account, &str) -> anyhow::Result<()>,
) -> anyhow::Result<Option<SessionError>> {
    let token = |want| -> anyhow::Result<_> {
        let effort = Effort { settings, profile, deadline: Instant::now() + TIMEOUT, queue: Queue::Looking };
        Ok(obtain(session, want, HowFar::Refresh(&effort))?.token(settings, session))
    };
    let mut access = match token(Want::Valid)? {
        Ok(token) => token.access_token,
        Err(error) => return Ok(Some(error)),
    };
    let portal = Arc::new(Portal::new(settings, profile, &session.sso.region)?);
    let runtime = crate::runtime::runtime()?;
    let mut accounts = runtime.block_on(unless_told(portal.accounts(&access)))?;
    if accounts == Err(Denial::Unauthorized) {
        access = match token(Want::Another(&access))? {
            Ok(token) => token.access_token,
            Err(error) => return Ok(Some(error)),
        };
        accounts = runtime.block_on(unless_told(portal.accounts(&access)))?;
    }
    let accounts = match accounts {
        Ok(accounts) => accounts,
        Err(denial) => return Ok(Some(of_denial(session, denial))),
    };
    let ended = runtime.block_on(unless_told(roles(&portal, &Arc::new(access), accounts, each)))??;
    Ok(ended.map(|denial| of_denial(session, denial)))
}

/// Gives the roles of each account in order; answers what stopped it, if anything did.
async fn roles(
    portal: &Arc<Portal>,
    access: &Arc<Secret>,
    accounts: Vec<Account>,
    each: &mut dyn FnMut(&Account, &str) -> anyhow::Result<()>,
) -> anyhow::Result<Option<Denial>> {
    let ask = |account: Account| {
        let (portal, access) = (Arc::clone(portal), Arc::clone(access));
        tokio::spawn(async move {
            let roles = portal.roles(&access, &account.id).await;
            (account, roles)
        })
    };
    let mut waiting = accounts.into_iter();
    let mut asked: VecDeque<JoinHandle<_>> = waiting.by_ref().take(AHEAD).map(ask).collect();
    while let Some(next) = asked.pop_front() {
        let (account, roles) = next.await.context("cannot wait for the portal")?;
        asked.extend(waiting.next().map(ask));
        match roles {
            Ok(roles) => roles.iter().try_for_each(|role| each(&account, role))?,
            Err(denial) => return Ok(Some(denial)),
        }
    }
    Ok(None)
}

/// What tells this listing from others: it is in each of its documents.
fn listed(sso: &Sso) -> anyhow::Result<Document> {
    let mut listed = Document::new();
    if let Some(session) = &sso.session {
        listed.set("ssoSession", session.as_str());
    }
    Ok(listed.with("startUrl", sso.start_url.as_str()).with("listedAt", time::format(time::now()?)))
}

/// What `sso-profile write` needs to make a profile of it.
fn document(listed: &Document, sso: &Sso, account: &Account, role: &str) -> Document {
    let mut document = listed.clone();
    document.set("ssoRegion", sso.region.as_str());
    if let Some(scopes) = &sso.scopes {
        document.set("scopes", scopes.clone());
    }
    document.set("accountId", account.id.as_str());
    document.set("accountName", account.name.as_str());
    if let Some(email) = &account.email {
        document.set("emailAddress", email.as_str());
    }
    document.with("roleName", role)
}
