//! `sso-login refresh`: renew sessions without anybody.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use sso_cache::check::check_ahead;
use sso_cache::folder::Cache;
use sso_cache::session_ends::SessionEnds;
use sso_tool::exit::Exit;
use sso_tool::failure::FailureKind;
use sso_tool::outcome::Outcome;
use sso_tool::settings::Settings;
use sso_tool::stream::{Document, Output};
use sso_tool::time::{self, parse_duration};
use sso_tool::token_state::TokenState;

use crate::commands::subjects::{self, Elsewhere, Form, Reply, RoleFlags, SubjectFlags, Target};
use crate::session::cached::Session;
use crate::session::obtain::{Effort, HowFar, Queue, Want, obtain};
use crate::session::target::no_sso;

/// How long a renewal may take, other logins that are under way included.
const TIMEOUT: Duration = Duration::from_secs(45);
/// As a command, what is left must be worth a while: the AWS CLI renews at this point, too (AWS-FORMATS 1).
const SOON: Duration = Duration::from_mins(15);

/// Renew a session without asking anybody
///
/// It never logs in. As a filter it renews the sessions that are `refreshable` and passes on the rest.
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// Profile whose session to renew
    profile: Option<String>,
    #[command(flatten)]
    subject: SubjectFlags,
    /// Renew if the token expires within this time [default: 15m; as a filter, only expired tokens]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    before: Option<Duration>,
    /// As a filter, end with the status of the first answer that isn't good
    #[arg(short, long)]
    exit_status: bool,
}

const EXAMPLES: &str = "\
Examples:
  sso-login refresh corp || sso-login corp
  sso-profile list --every 60s | sso-cache check | sso-login refresh |
    sso-signal write --source monitor

A document whose token is `refreshable` gets `outcome` and the new state; any other is passed on
unchanged. If the service can't be reached, the document stays as it was and `note` says so: a lost
network isn't a reason to log in.

Exit status:
  0   renewed, or still good for 15 minutes
  2   bad command line
  65  bad document
  69  the service can't be reached
  74  a file failed
  75  not now: another login is under way
  77  a person must log in
  78  profile or configuration wrong";

/// Renews each session that is asked about.
pub fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let asked = args.subject.asked(args.profile.as_deref(), &RoleFlags::default())?;
    let form = Form {
        command: "refresh",
        is_status_wanted: args.exit_status,
        is_text: false,
        has_role: false,
        elsewhere: Elsewhere::PassedOn,
    };
    let mut has_waited = false;
    subjects::answer(asked, form, settings, |target, document, output| {
        // A renewal takes its time. What was valid before it may have been logged out since, and a late word of it would
        // pass for a login.
        if has_waited && state_of(document) == Some(TokenState::Valid) {
            let mut fresh = document.clone();
            if look_again(&mut fresh, settings).is_ok() {
                *document = fresh;
            }
        }
        has_waited |= !is_settled(document, args.before);
        answer(args, settings, target, document, output)
    })
}

fn answer(
    args: &Args,
    settings: &Settings,
    target: &Target<'_>,
    document: &mut Document,
    output: &mut Output,
) -> anyhow::Result<Reply> {
    let Target { profile, is_command, .. } = target;
    let is_command = *is_command;
    let is_settled = !is_command && is_settled(document, args.before);
    let Some(sso) = &profile.sso else {
        if is_command && !is_settled {
            return Err(no_sso(profile).into());
        }
        return written(document, output);
    };
    let session = Session::new(settings, sso)?;
    if is_settled {
        // The login of another client is learned of where nothing is to be renewed, too.
        let _ = session.seen();
        return written(document, output);
    }
    session.salvage(settings)?;
    let default = if is_command { SOON } else { Duration::ZERO };
    let left = TimeDelta::from_std(args.before.unwrap_or(default)).unwrap_or(TimeDelta::MAX);
    let now = time::now()?;
    let before = session.token()?.whole().map(|token| token.expires_at);
    let deadline = Instant::now() + TIMEOUT;
    let effort = Effort { settings, profile, deadline, queue: Queue::Looking };
    let obtained = obtain(&session, Want::Lasting(left), HowFar::Refresh(&effort))?;
    let renewed = obtained.token(settings, &session);

    // The keys that name the session are needed to look at it, and by whoever comes next.
    if !document.contains_key("ssoSession") && !document.contains_key("startUrl") {
        let from = document.text("profileFrom")?.map(str::to_owned);
        profile.add_to(document, from.as_deref());
    }
    match renewed {
        Ok(token) => {
            look_again(document, settings)?;
            document.set("outcome", outcome_of(before == Some(token.expires_at)).word());
            document.set("expiresAt", time::format(token.expires_at));
        }
        Err(error) if is_command => {
            look_again(document, settings)?;
            error.add_to(document);
            document.set("outcome", Outcome::Failed.word());
            // People read the reason once, on standard error.
            if !output.is_text() {
                output.document(document)?;
            }
            return Ok(Reply::Failed(error));
        }
        Err(error) if error.kind == FailureKind::Expired && before.is_none_or(|end| end <= now) => {
            look_again(document, settings)?;
            document.set("outcome", Outcome::Failed.word());
            // The service may have refused without the file telling; then the file alone gives hope.
            if document.flag("loginRequired")? != Some(true) {
                document.set("loginRequired", true);
                document.set("reason", error.reason());
                document.set(
                    "episode",
                    before.map_or_else(|| TokenState::Missing.word().to_owned(), time::format),
                );
            }
        }
        Err(error) => document.set("note", error.reason()),
    }
    written(document, output)
}

/// Passes a document on; if it says that a person must log in, that is its status.
fn written(document: &Document, output: &mut Output) -> anyhow::Result<Reply> {
    output.document(document)?;
    let is_required = document.get("loginRequired").is_some_and(|flag| flag == true);
    Ok(Reply::Written(if is_required { Exit::LoginRequired } else { Exit::Done }))
}

/// Whether an earlier tool has looked, and found that there is nothing to renew.
fn is_settled(document: &Document, before: Option<Duration>) -> bool {
    match state_of(document) {
        None | Some(TokenState::Refreshable) => false,
        Some(TokenState::Valid) => before.is_none(),
        Some(TokenState::Corrupt) => !is_salvageable(document),
        // Nothing puts off the end that is near.
        Some(TokenState::Ending | TokenState::Expired | TokenState::Missing) => true,
    }
}

fn outcome_of(was_valid: bool) -> Outcome {
    if was_valid { Outcome::Valid } else { Outcome::Success }
}

fn state_of(document: &Document) -> Option<TokenState> {
    TokenState::of_word(document.get("token")?.get("state")?.as_str()?)
}

/// Whether an earlier tool has found a torn file in which one whole token is left.
fn is_salvageable(document: &Document) -> bool {
    document.get("token").and_then(|token| token.get("salvageable")).is_some_and(|flag| flag == true)
}

/// The state as the files have it now.
fn look_again(document: &mut Document, settings: &Settings) -> anyhow::Result<()> {
    // What is known of the session's end stays in the document, since the last renewal tells it best.
    let session_ends = SessionEnds::read(settings, Duration::ZERO)?;
    check_ahead(document, &Cache::of_home(settings.home()?), &session_ends, time::now()?)?;
    Ok(())
}
