//! A session ended, at the service and in the caches of this machine. Other sessions, other tools' files and client
//! registrations stay, unlike with `aws sso logout` (AWS-FORMATS 9).

use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::time::Duration;

use sso_cache::session_store::Happened;
use sso_cache::{copies, salvage};
use sso_lock::{Acquired, Lock};
use sso_profile::{AwsConfig, Profile};
use sso_tool::atomic_write;
use sso_tool::settings::Settings;
use sso_tool::state_dir;
use sso_tool::stream::Document;
use sso_tool::time;

use crate::session::cached::Session;
use crate::session::error::SessionError;
use crate::session::sign_out::sign_out;
use crate::session::target::no_sso;
use crate::session::waiting;

/// How long a refresh that is under way may hold us up.
const LOCKED: Duration = Duration::from_secs(15);

/// Ends the session of a profile, with the role credentials of all its profiles. The document gets what was ended; the answer
/// is what could not be.
pub(crate) fn logout(
    settings: &Settings,
    config: &AwsConfig,
    profile: &Profile,
    document: &mut Document,
) -> anyhow::Result<Option<SessionError>> {
    let Some(sso) = &profile.sso else { return Err(no_sso(profile).into()) };
    let session = &Session::new(settings, sso)?;
    let profiles = config.session_profiles(profile);
    let mut files = vec![session.token_file()];
    for name in &profiles {
        let Some(other) = config.profile(name)? else { continue };
        if let (Some(account_id), Some(role_name)) = (&other.account_id, &other.role_name) {
            files.push(session.role_file(account_id, role_name));
        }
    }
    end(settings, profile, session, profiles, files, document)
}

/// Ends a session and removes its files; `profiles` are those that have it.
pub(crate) fn end(
    settings: &Settings,
    profile: &Profile,
    session: &Session<'_>,
    profiles: Vec<String>,
    files: Vec<PathBuf>,
    document: &mut Document,
) -> anyhow::Result<Option<SessionError>> {
    // A refresh that is under way would write the token again.
    let lock = Lock::of(settings, "login")?;
    let guard = match waiting::acquire(settings, &lock, "sso-login logout", LOCKED, true) {
        Ok(Acquired::Held(guard)) => Some(guard),
        // Nobody can make one on a full disk. That keeps no session alive.
        Err(err) if is_full(&err) => None,
        Err(err) => return Err(err),
        Ok(Acquired::Busy(owner)) => {
            let holder = waiting::in_words(owner.as_ref());
            let busy = SessionError::busy(format!("a login or refresh is under way: {holder}"));
            return Ok(Some(busy.hint(lock.help(owner.as_ref()))));
        }
    };
    let token = session.token()?.whole();
    let now = time::now()?;
    let was_logged_in =
        token.as_ref().is_some_and(|token| now < token.expires_at || token.is_refreshable(now));
    let mut removed = Vec::new();
    let signed_out = match &token {
        Some(token) => sign_out(settings, profile, session, token)?,
        None => Ok(()),
    };
    let state_dir = settings.state_dir()?;
    // A repair that is under way may be about to put a token back; where no turn can be taken, none is.
    let turn = if state_dir.is_dir() { state_dir::lock(&state_dir).ok() } else { None };
    for file in files {
        let copies = copies::of(&file, &state_dir);
        removed.extend(atomic_write::remove(&file)?.then_some(file));
        for copy in copies {
            // Another token of the session, such as one that a killed writer left, keeps it alive at the service.
            let other = salvage::any_token_in(&copy).filter(|other| {
                now < other.expires_at && token.as_ref().is_none_or(|token| !token.is_same(other))
            });
            if let Some(other) = other
                && let Err(why) = sign_out(settings, profile, session, &other)?
            {
                settings.debug(|| format!("the service couldn't be told about {}: {why}", copy.display()));
            }
            let is_removed = copies::remove(&copy)?;
            removed.extend(is_removed.then_some(copy));
        }
    }
    drop(turn);
    // A sign-in that the portal wasn't told of lives on there, and the next login gets it, with its old end.
    session.note(if was_logged_in && signed_out.is_ok() { Happened::LoggedOut } else { Happened::Absent });
    if let Some(guard) = guard {
        guard.release()?;
    }

    if let Some(name) = &session.sso.session {
        document.set("ssoSession", name.as_str());
    }
    document.set("startUrl", session.sso.start_url.as_str());
    document.set("loggedOut", true);
    document.set("wasLoggedIn", was_logged_in);
    document.set("serviceTold", token.is_some() && signed_out.is_ok());
    document.set("sessionProfiles", profiles);
    document.set("observedAt", time::format_millis(time::now()?));
    document.set(
        "removed",
        removed.iter().map(|path| path.to_string_lossy()).map(String::from).collect::<Vec<_>>(),
    );
    let Err(why) = signed_out else { return Ok(None) };
    let untold = SessionError::unreachable(format!(
        "the files are removed, but the SSO service couldn't be told: {why}"
    ));
    document.set("note", untold.reason());
    Ok(Some(untold))
}

fn is_full(err: &anyhow::Error) -> bool {
    let is_it = |err: &io::Error| matches!(err.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
    err.chain().any(|cause| cause.downcast_ref().is_some_and(is_it))
}
