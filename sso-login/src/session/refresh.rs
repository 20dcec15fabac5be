//! Renewing a session without a person: the refresh token of its token file (AWS-FORMATS 1).

use std::thread;
use std::time::{Duration, Instant};

use sso_cache::entry::{Entry, Written};
use sso_cache::session_store::Happened;
use sso_cache::token::{Renewal, Token};
use sso_tool::time;

use crate::aws_api::oidc::{Oidc, Refusal};
use crate::session::cached::Session;

/// What came of it.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one for each renewal, taken apart at once")]
pub(crate) enum Renewed {
    /// There is a valid token: a renewed one, or a newer one that somebody else wrote meanwhile.
    Token(Token),
    /// Somebody ended the session meanwhile, and it stays ended.
    Gone,
    /// Only a person can go on.
    Refused(Refusal),
    /// The service can't be reached; in words.
    Unreachable(Refusal),
    /// No answer by the deadline.
    TimedOut,
}

/// How often a token that somebody else replaced meanwhile is renewed in its turn.
const TRIES: usize = 3;

/// Renews `token` and writes it back. Hold the login lock, and have read the token under it: a refresh token may be
/// good for one use only.
///
/// Nobody's newer word is overwritten: the renewed token is written only if the file still holds `token`. Gone
/// meanwhile, it stays gone; replaced meanwhile, the newer one is the answer.
///
/// A refresh token that the service doesn't take any more is removed from the file, so that whoever looks at the
/// session sees that a person is needed, and nobody tries it again.
pub(crate) fn refresh(
    session: &Session<'_>,
    oidc: &Oidc,
    token: &Token,
    deadline: Instant,
) -> anyhow::Result<Renewed> {
    let mut token = token.clone();
    for _ in 0..TRIES {
        // Held until the answer is written.
        let room = session.room()?;
        let (written, end) = match trade(oidc, &token, deadline)? {
            Traded::Renewed(renewed) => {
                let renewed = token.clone().renewed(renewed);
                (renewed.write_instead_of(&token, room)?, Renewed::Token(renewed))
            }
            Traded::Refused(Refusal::InvalidGrant) if is_replaced_soon(session, &token, deadline)? => {
                (Written::Replaced, Renewed::Refused(Refusal::InvalidGrant))
            }
            Traded::Refused(refusal @ (Refusal::InvalidGrant | Refusal::InvalidClient)) => {
                let mut dead = token.clone();
                dead.refresh_token = None;
                (dead.write_instead_of(&token, room)?, Renewed::Refused(refusal))
            }
            Traded::Refused(refusal) => return Ok(Renewed::Refused(refusal)),
            Traded::Unreachable(refusal) => return Ok(Renewed::Unreachable(refusal)),
            Traded::TimedOut => return Ok(Renewed::TimedOut),
        };
        match written {
            Written::Done => {
                match &end {
                    Renewed::Token(renewed) => session.note(Happened::Renewed(renewed)),
                    // An expired registration ends no session: nothing is learned of the session's length.
                    Renewed::Refused(Refusal::InvalidClient) => {}
                    _ => session.note(Happened::Refused),
                }
                return Ok(end);
            }
            Written::Gone => return Ok(Renewed::Gone),
            Written::Replaced => {}
        }
        // Other clients don't take the login lock.
        match session.token()? {
            Entry::Whole(newer) if time::now()? < newer.expires_at => return Ok(Renewed::Token(newer)),
            Entry::Whole(newer) => token = newer,
            Entry::Missing => return Ok(Renewed::Gone),
            // Somebody's writer broke off: a person's login is the next thing.
            Entry::Corrupt(_) => return Ok(Renewed::Refused(Refusal::InvalidGrant)),
        }
    }
    Ok(Renewed::Refused(Refusal::InvalidGrant))
}

/// Whether somebody else writes another token within a moment. A refresh token that is refused may have been used just now by
/// the AWS CLI, which takes part in no lock: a person would be asked to log in for a session that is renewed.
fn is_replaced_soon(session: &Session<'_>, token: &Token, deadline: Instant) -> anyhow::Result<bool> {
    const MOMENT: Duration = Duration::from_millis(500);
    const LOOK: Duration = Duration::from_millis(50);
    let until = deadline.min(Instant::now() + MOMENT);
    loop {
        let is_awaited = match session.token()? {
            Entry::Whole(there) => there.is_same(token),
            Entry::Corrupt(_) => true,
            Entry::Missing => false,
        };
        if !is_awaited || Instant::now() >= until {
            return Ok(!is_awaited);
        }
        thread::sleep(LOOK);
    }
}

enum Traded {
    Renewed(Renewal),
    Refused(Refusal),
    Unreachable(Refusal),
    TimedOut,
}

fn trade(oidc: &Oidc, token: &Token, deadline: Instant) -> anyhow::Result<Traded> {
    let Some(grant) = token.grant(time::now()?) else {
        return Ok(Traded::Refused(Refusal::InvalidGrant));
    };
    let call = oidc.refresh(grant.client_id, grant.client_secret, grant.refresh_token);
    let answer = crate::runtime::wait_for(async { tokio::time::timeout_at(deadline.into(), call).await })?;
    let created = match answer {
        Ok(Ok(created)) => created,
        Ok(Err(refusal @ Refusal::Unreachable(_))) => return Ok(Traded::Unreachable(refusal)),
        Ok(Err(refusal)) => return Ok(Traded::Refused(refusal)),
        Err(_) => return Ok(Traded::TimedOut),
    };
    let expires_at = created.expires_at(time::now()?);
    Ok(Traded::Renewed(Renewal {
        access_token: created.access_token,
        expires_at,
        refresh_token: created.refresh_token,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sso_cache::folder::Cache;
    use sso_profile::Sso;
    use std::fs;

    #[test]
    fn a_refused_token_is_looked_at_again_until_another_one_is_written_or_the_time_is_up() {
        let home = tempfile::tempdir().unwrap();
        let start_url = "https://d-1234567890.awsapps.com/start".to_owned();
        let sso =
            Sso { session: Some("corp".to_owned()), start_url, region: "us-east-1".to_owned(), scopes: None };
        let session = Session::in_cache(&sso, Cache::of_home(home.path()));
        let put = |access: &str| {
            let file = session.token_file();
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            let token = format!(r#"{{"accessToken":"{access}","expiresAt":"2026-11-21T18:00:00Z"}}"#);
            fs::write(file, token).unwrap();
        };
        put("old");
        let Entry::Whole(old) = session.token().unwrap() else { panic!("no token") };
        let soon = |seconds| is_replaced_soon(&session, &old, Instant::now() + Duration::from_secs(seconds));
        assert!(!soon(0).unwrap());
        put("new");
        assert!(soon(60).unwrap());
        fs::remove_file(session.token_file()).unwrap();
        assert!(soon(60).unwrap());
    }
}
