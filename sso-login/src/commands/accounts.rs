//! `sso-login accounts`: every account and role that a session gives access to.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use sso_profile::{Profile, Sso};
use sso_tool::exit::Exit;
use sso_tool::sanitize::sanitize;
use sso_tool::secret::Secret;
use sso_tool::settings::Settings;
use sso_tool::stream::{Document, Output};
use sso_tool::time;
use tokio::task::JoinHandle;

use crate::aws_api::portal::{Account, Denial, Portal};
use crate::commands::subjects::{self, Elsewhere, Question, Reply, RoleFlags};
use crate::credentials::role::of_denial;
use crate::session::cached::Session;
use crate::session::error::SessionError;
use crate::session::obtain::{Effort, HowFar, Queue, Want, obtain};
use crate::session::target::no_sso;

/// How long getting a token may take.
const TIMEOUT: Duration = Duration::from_secs(45);
/// Calls under way at a time. The pace decides how many begin in a second; this bounds what a slow service piles up.
const AHEAD: usize = 32;

/// List every account and role of a session
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    question: Question,
}

const EXAMPLES: &str = "\
Examples:
  sso-login accounts corp --text
  sso-login accounts corp | sso-profile choose | sso-profile write corp-dev
  sso-login accounts corp | jq -c 'select(.roleName == \"ReadOnly\")'

One document for each account and role, sorted by account name and role, each as soon as the next
one is known. The last one says how many there are (`listed`), so that `sso-profile write --all
--prune` takes no listing that was cut short for roles that are gone; where there is none at all, the
only document is `\"event\":\"listed\"` with `\"count\":0`. A filter lists each session once. At most 18
calls a second, since the portal takes 20: 500 accounts need half a minute.

Exit status:
  0   all of them
  2   bad command line
  65  bad document
  69  the service can't be reached
  74  a file failed
  75  another login is under way
  77  a person must log in
  78  profile or configuration wrong";

/// Lists each session once.
pub fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    // Sessions are told apart by their files.
    let mut listed = BTreeSet::new();
    let asked = args.question.asked(&RoleFlags::default())?;
    let form = args.question.form("accounts", false, Elsewhere::PassedOn);
    subjects::answer(asked, form, settings, |target, _, output| {
        let profile = &target.profile;
        let Some(sso) = &profile.sso else { return Err(no_sso(profile).into()) };
        let session = Session::new(settings, sso)?;
        if listed.contains(&session.token_file()) {
            return Ok(Reply::Written(Exit::Done));
        }
        let lack = list(settings, profile, &session, args.question.text, output)?;
        if lack.is_none() {
            listed.insert(session.token_file());
        }
        Ok(Reply::from(lack))
    })
}

fn list(
    settings: &Settings,
    profile: &Profile,
    session: &Session<'_>,
    as_text: bool,
    output: &mut Output,
) -> anyhow::Result<Option<SessionError>> {
    let sso = session.sso;
    let token = |want| -> anyhow::Result<_> {
        let effort = Effort { settings, profile, deadline: Instant::now() + TIMEOUT, queue: Queue::Looking };
        Ok(obtain(session, want, HowFar::Refresh(&effort))?.token(settings, session))
    };
    let mut access = match token(Want::Valid)? {
        Ok(token) => token.access_token,
        Err(lack) => return Ok(Some(lack)),
    };
    let portal = Arc::new(Portal::new(settings, profile, &sso.region)?);
    let runtime = crate::runtime()?;
    let mut accounts = runtime.block_on(portal.accounts(&access));
    if accounts == Err(Denial::Unauthorized) {
        access = match token(Want::Another(&access))? {
            Ok(token) => token.access_token,
            Err(lack) => return Ok(Some(lack)),
        };
        accounts = runtime.block_on(portal.accounts(&access));
    }
    let accounts = match accounts {
        Ok(accounts) => accounts,
        Err(denial) => return Ok(Some(of_denial(session, denial))),
    };
    let listed = listed(sso)?;
    let mut count: u64 = 0;
    // Which one is the last shows when there is no other.
    let mut held: Option<Document> = None;
    let mut show = |account: &Account, role: &str| {
        if as_text {
            return output.text(&line(account, role));
        }
        count += 1;
        let before = held.replace(document(&listed, sso, account, role));
        before.map_or(Ok(()), |before| output.document(&before))
    };
    let ended = runtime.block_on(roles(&portal, &Arc::new(access), accounts, &mut show));
    // Whoever takes what isn't listed for gone must know that the listing is whole.
    let is_whole = matches!(ended, Ok(None));
    match held {
        Some(last) if is_whole => output.document(&last.with("listed", count))?,
        Some(last) => output.document(&last)?,
        None if is_whole && !as_text => {
            let mut empty = Document::new().with("event", "listed").with("count", 0);
            empty.extend((*listed).clone());
            output.document(&empty)?;
        }
        None => {}
    }
    Ok(ended?.map(|denial| of_denial(session, denial)))
}

/// Shows the roles of each account in order; answers what stopped it, if anything did.
async fn roles(
    portal: &Arc<Portal>,
    access: &Arc<Secret>,
    accounts: Vec<Account>,
    show: &mut impl FnMut(&Account, &str) -> anyhow::Result<()>,
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
            Ok(roles) => roles.iter().try_for_each(|role| show(&account, role))?,
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

fn line(account: &Account, role: &str) -> String {
    format!("{}  {}  {}", sanitize(&account.id), sanitize(role), sanitize(&account.name))
}
