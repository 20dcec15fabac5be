//! `sso-login accounts`: every account and role that a session gives access to.

use std::collections::BTreeSet;

use sso_tool::exit::Exit;
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;

use crate::aws_api::portal::Account;
use crate::commands::subjects::{self, Elsewhere, Question, Reply, RoleFlags};
use crate::credentials::listing::{self, list};
use crate::session::cached::Session;
use crate::session::target::no_sso;

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

Prints a document for each account and role, sorted by account name and role, as they arrive. The
last one says how many documents there are (`listed`), so that `sso-profile write --all --prune`
doesn't mistake roles missing from an incomplete listing for removed ones. If there are no roles,
the only document is `\"event\":\"listed\"` with `\"count\":0`. As a filter it lists each session once.
It makes at most 18 calls a second (the portal allows 20): 500 accounts take half a minute.

Exit status:
  0   all of them
  2   bad command line
  65  bad document
  69  the service can't be reached
  74  a file failed
  75  not now: another login is under way
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
        let error = if args.question.text {
            list(settings, profile, &session, &mut |account, role| output.text(&line(account, role)))?
        } else {
            listing::documents(settings, profile, &session, &mut |document| output.document(&document))?
        };
        if error.is_none() {
            listed.insert(session.token_file());
        }
        Ok(Reply::from(error))
    })
}

fn line(account: &Account, role: &str) -> String {
    format!("{}  {}  {}", sanitize(&account.id), sanitize(role), sanitize(&account.name))
}
