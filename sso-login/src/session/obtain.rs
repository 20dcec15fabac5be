//! The one way to a session's token: the cached one, one renewed without a person, or one of a new login.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use sso_cache::entry::Entry;
use sso_cache::token::Token;
use sso_lock::{Acquired, Guard, Lock, Owner};
use sso_profile::Profile;
use sso_tool::atomic_write::is_unwritable;
use sso_tool::secret::Secret;
use sso_tool::settings::Settings;
use sso_tool::time::{self, Moment};

use crate::aws_api::oidc::Refusal;
use crate::interrupt;
use crate::session::answer::Answer;
use crate::session::cached::Session;
use crate::session::error::{SessionError, named};
use crate::session::failure::Failures;
use crate::session::outlook::{Outlook, Prospect};
use crate::session::refresh::{Renewed, refresh};
use crate::session::waiting;

/// Between two looks at a file that somebody else is about to write.
const LOOK: Duration = Duration::from_millis(100);

/// Which token will do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Want<'a> {
    /// One that is valid now.
    Valid,
    /// One that lasts for longer than this.
    Lasting(TimeDelta),
    /// One of a session that lasts for as long as is needed; the token itself may be shorter if it can be renewed.
    Outlasting(&'a Outlook<'a>),
    /// A valid one other than this, which the service has just refused.
    Another(&'a Secret),
    /// One of a new login: neither what is in the file nor its renewal.
    New,
}

impl Want<'_> {
    /// What a whole token in the file is good for.
    fn judge(self, session: &Session<'_>, token: Token, now: Moment) -> anyhow::Result<Verdict> {
        let is_met = match self {
            Self::Valid => now < token.expires_at,
            Self::Lasting(left) => left < token.expires_at - now,
            Self::Another(refused) => now < token.expires_at && token.access_token != *refused,
            Self::New => false,
            Self::Outlasting(outlook) => {
                return Ok(match outlook.of(&token, now)? {
                    Prospect::Lasts => Verdict::Met(token),
                    Prospect::NeedsRenewal => Verdict::Renewable(token),
                    Prospect::Ends(end) if end <= now => Verdict::Spent(SessionError::expired(session)),
                    Prospect::Ends(end) => Verdict::Spent(SessionError::ending(session, &time::format(end))),
                });
            }
        };
        Ok(if is_met {
            Verdict::Met(token)
        } else if self.takes_renewed() && token.is_refreshable(now) {
            Verdict::Renewable(token)
        } else {
            Verdict::Spent(spent(session, &token, self, now))
        })
    }

    fn takes_renewed(self) -> bool {
        !matches!(self, Self::New)
    }
}

/// What may be done to get a token.
pub(crate) enum HowFar<'a> {
    /// A look at the file. Nothing is written, and nobody is waited for.
    Cached,
    /// A renewal without a person.
    Refresh(&'a Effort<'a>),
    /// A login, by this function, where nothing less helps. The login lock is held meanwhile.
    Login(&'a Effort<'a>, &'a mut dyn FnMut() -> anyhow::Result<Answer>),
}

/// What a renewal or a login needs.
pub(crate) struct Effort<'a> {
    pub(crate) settings: &'a Settings,
    /// A profile of the session.
    pub(crate) profile: &'a Profile,
    /// When to give up.
    pub(crate) deadline: Instant,
    /// The wait for who holds the login lock.
    pub(crate) queue: Queue,
}

/// How the login or refresh of another process is waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Queue {
    /// Silently until the deadline. The file is looked at all the while, since who holds the lock may be busy with another
    /// session.
    Looking,
    /// In line for this long. A login of this session that fails meanwhile is the answer for all who waited.
    InLine {
        /// The longest wait.
        timeout: Duration,
        /// Whether the person at the terminal hears of it.
        is_told: bool,
    },
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Obtained {
    /// The token that was in the file.
    Cached(Token),
    /// A renewed token, or the newer one that somebody else wrote meanwhile.
    Renewed(Token),
    /// How a login ended: this process's, or the one that was waited for.
    LoggedIn(Answer),
    /// Nothing that may be done helps.
    Failed(SessionError),
    /// The service can't be reached.
    Unreachable(Refusal),
    /// No answer by the deadline.
    TimedOut,
    /// Another process holds the login lock for too long.
    Busy(Lock, Option<Owner>),
    /// Nothing can be written to that folder. A refresh token may be good for one use: whoever renews must be able to keep the next one.
    Unwritable(anyhow::Error, PathBuf),
}

/// A session's token. One renewal or login for however many processes ask: a look without the lock, the lock, another look,
/// and only then the act.
pub(crate) fn obtain(session: &Session<'_>, want: Want<'_>, how_far: HowFar<'_>) -> anyhow::Result<Obtained> {
    let (effort, log_in) = match how_far {
        HowFar::Cached => {
            return Ok(judge(session, session.seen()?, want)?.without_renewal(session));
        }
        HowFar::Refresh(effort) => (effort, None),
        HowFar::Login(effort, log_in) => (effort, Some(log_in)),
    };
    session.seen()?;
    let lock = Lock::of(effort.settings, "login")?;
    let failures = Failures::before_waiting(effort.settings, session)?;
    loop {
        interrupt::check()?;
        match look(session, want)? {
            Verdict::Met(token) => return Ok(Obtained::Cached(token)),
            Verdict::Torn(_) if session.salvage(effort.settings)? => continue,
            Verdict::Torn(why) | Verdict::Spent(why) if log_in.is_none() => return Ok(Obtained::Failed(why)),
            _ => {}
        }
        let guard = match effort.acquire(&lock) {
            Ok(Acquired::Held(guard)) => guard,
            Ok(Acquired::Busy(_)) if matches!(effort.queue, Queue::Looking) && !effort.is_late() => continue,
            Ok(Acquired::Busy(owner)) => return Ok(Obtained::Busy(lock, owner)),
            Err(err) if is_unwritable(&err) => {
                return Ok(Obtained::Unwritable(err, effort.settings.state_dir()?));
            }
            Err(err) => return Err(err),
        };
        let obtained = locked(session, want, effort, &failures, log_in);
        guard.release()?;
        return match obtained {
            Err(err) if is_unwritable(&err) => {
                Ok(Obtained::Unwritable(err, session.cache.token_dir().to_owned()))
            }
            obtained => obtained,
        };
    }
}

/// The token under the login lock. Who held the lock before may have renewed or logged in for this process, too, or have been told no
/// for it.
fn locked(
    session: &Session<'_>,
    want: Want<'_>,
    effort: &Effort<'_>,
    failures: &Failures,
    log_in: Option<&mut dyn FnMut() -> anyhow::Result<Answer>>,
) -> anyhow::Result<Obtained> {
    let obtained = match look(session, want)? {
        Verdict::Renewable(token) => match renewed(session, &token, want, effort)? {
            // It may have told that the session ends too early.
            Obtained::Renewed(token) if matches!(want, Want::Outlasting(_)) => {
                match want.judge(session, token.clone(), time::now()?)? {
                    Verdict::Spent(error) => Obtained::Failed(error),
                    _ => Obtained::Renewed(token),
                }
            }
            obtained => obtained,
        },
        look => look.without_renewal(session),
    };
    let Obtained::Failed(error) = obtained else { return Ok(obtained) };
    if want.takes_renewed()
        && matches!(effort.queue, Queue::InLine { .. })
        && let Some(answer) = failures.since()
    {
        return Ok(Obtained::LoggedIn(answer));
    }
    let Some(log_in) = log_in else { return Ok(Obtained::Failed(error)) };
    let answer = log_in()?;
    if let Err(err) = failures.keep(&answer) {
        // Those who waited ask for themselves, then; how it ended counts for more.
        effort.settings.debug(|| format!("{err:#}"));
    }
    Ok(Obtained::LoggedIn(answer))
}

impl Effort<'_> {
    fn acquire(&self, lock: &Lock) -> anyhow::Result<Acquired<Guard>> {
        match self.queue {
            Queue::Looking => lock.acquire("sso-login", LOOK),
            Queue::InLine { timeout, is_told } => {
                waiting::acquire(self.settings, lock, "sso-login", timeout, is_told)
            }
        }
    }

    fn is_late(&self) -> bool {
        Instant::now() >= self.deadline
    }
}

impl Obtained {
    /// The token, for a caller that doesn't log anybody in.
    pub(crate) fn token(self, settings: &Settings, session: &Session<'_>) -> Result<Token, SessionError> {
        Err(match self {
            Self::Cached(token) | Self::Renewed(token) => return Ok(token),
            Self::Failed(error) => error,
            Self::LoggedIn(_) => SessionError::expired(session),
            Self::Unreachable(refusal) => SessionError::unreachable(refusal.to_string()),
            Self::TimedOut => SessionError::unreachable("the SSO service did not answer in time"),
            Self::Busy(lock, owner) => {
                let holder = waiting::in_words(owner.as_ref());
                SessionError::busy(format!("another login or refresh is under way: {holder}"))
                    .hint(lock.help(owner.as_ref()))
            }
            Self::Unwritable(err, folder) => {
                settings.debug(|| format!("no renewal here: {err:#}"));
                SessionError::unwritable(session, &folder)
            }
        })
    }

    /// The token that was in the file.
    pub(crate) fn cached(self) -> Option<Token> {
        match self {
            Self::Cached(token) => Some(token),
            _ => None,
        }
    }
}

/// What one look at the file finds.
enum Verdict {
    /// A token that will do.
    Met(Token),
    /// One that won't, and that can be renewed.
    Renewable(Token),
    /// A file that no client can read.
    Torn(SessionError),
    /// No token, or one that nothing but a login can replace.
    Spent(SessionError),
}

impl Verdict {
    fn without_renewal(self, session: &Session<'_>) -> Obtained {
        match self {
            Self::Met(token) => Obtained::Cached(token),
            Self::Torn(error) | Self::Spent(error) => Obtained::Failed(error),
            Self::Renewable(_) => Obtained::Failed(SessionError::expired(session)),
        }
    }
}

fn look(session: &Session<'_>, want: Want<'_>) -> anyhow::Result<Verdict> {
    judge(session, session.token()?, want)
}

fn judge(session: &Session<'_>, entry: Entry<Token>, want: Want<'_>) -> anyhow::Result<Verdict> {
    let now = time::now()?;
    Ok(match entry {
        Entry::Missing => Verdict::Spent(SessionError::absent(session)),
        Entry::Corrupt(why) => Verdict::Torn(SessionError::torn(session, why)),
        Entry::Whole(token) => want.judge(session, token, now)?,
    })
}

/// Why a token that can't be renewed won't do.
fn spent(session: &Session<'_>, token: &Token, want: Want<'_>, now: Moment) -> SessionError {
    match want {
        _ if token.expires_at <= now => SessionError::expired(session),
        Want::Lasting(_) | Want::Outlasting(_) => {
            SessionError::ending(session, &time::format(token.expires_at))
        }
        Want::Valid | Want::Another(_) | Want::New => SessionError::rejected(session),
    }
}

fn renewed(
    session: &Session<'_>,
    token: &Token,
    want: Want<'_>,
    effort: &Effort<'_>,
) -> anyhow::Result<Obtained> {
    let oidc = session.oidc(effort.profile)?;
    Ok(match refresh(session, &oidc, token, effort.deadline)? {
        Renewed::Token(token) => Obtained::Renewed(token),
        Renewed::Gone => Obtained::Failed(SessionError::absent(session)),
        Renewed::Unreachable(refusal) => Obtained::Unreachable(refusal),
        Renewed::TimedOut => Obtained::TimedOut,
        Renewed::Refused(refusal) => {
            effort.settings.debug(|| format!("{} can't be renewed: {refusal}", named(session)));
            Obtained::Failed(spent(session, token, want, time::now()?))
        }
    })
}
