//! Ensure a session: valid already, renewed silently, or logged in, once for however many ask at the same time.

mod on_host;

use std::io::{self, IsTerminal as _};
use std::time::{Duration, Instant};

use sso_cache::registration::Flow;
use sso_profile::{AwsConfig, Profile};
use sso_signal::config_stamp;
use sso_tool::aws_cli;
use sso_tool::episode;
use sso_tool::exit::{Exit, Fault, hint_of, status_of, warn};
use sso_tool::outcome::Outcome;
use sso_tool::settings::Settings;
use sso_tool::shell::shell_word;
use sso_tool::stream::{Document, Output};
use sso_tool::subject::Subject;
use sso_tool::time::{self, Moment, format_duration};

use crate::ask::{Consent, Occasion};
use crate::aws_cli::{complaint, login};
use crate::flows::device::DeviceLogin;
use crate::flows::pkce::PkceLogin;
use crate::flows::progress::Progress;
use crate::login::consent_forecast::ConsentForecast;
use crate::login::consent_forecast::registered::Registered;
use crate::login::route::{self, Choice, Route};
use crate::session::answer::Answer;
use crate::session::cached::Session;
use crate::session::error::named;
use crate::session::login_options::{LoginOptions, Permission, Via, lock_timeout};
use crate::session::obtain::{Effort, HowFar, Obtained, Queue, Want, obtain};
use crate::session::outlook::{Outlook, Prospect};
use crate::session::sign_out::sign_out;
use crate::session::target::{self, no_sso};

const STANDALONE: &str = "the mode is standalone: nobody is asked, and nobody logs in";

/// A login asked for, for one profile.
pub struct Ensure<'a> {
    pub settings: &'a Settings,
    /// What to do.
    pub options: LoginOptions,
    consent: Consent<'a>,
}

impl<'a> Ensure<'a> {
    /// Logins as `options` says, for any number of profiles.
    pub fn new(settings: &'a Settings, options: LoginOptions) -> Self {
        Self { settings, options, consent: Consent::new(settings, options.ask_timeout) }
    }

    /// Ensures the session that `subject` is about, and adds what came of it to `document`. `None`: it is about nobody, and
    /// stays as it is.
    pub fn ensure(
        &self,
        subject: Subject,
        document: &mut Document,
        output: &mut Output,
    ) -> anyhow::Result<Option<Answer>> {
        if subject.is_passed_on() {
            return Ok(None);
        }
        // What an earlier login needed is no answer of this one.
        for key in ["registration", "registrationReason"] {
            document.shift_remove(key);
        }
        let answer = match target::choose(subject, document, self.settings)? {
            // A login here would mend nothing there, and the signal would be cleared all the same.
            Subject::Remote(remote) => self.on_host(&remote, document, output)?,
            subject => self.here(&subject, document, output)?,
        };
        answer.add_to(document);
        Ok(Some(answer))
    }

    fn here(
        &self,
        subject: &Subject,
        document: &mut Document,
        output: &mut Output,
    ) -> anyhow::Result<Answer> {
        let (profile, session_profiles) = match self.resolve(subject, document)? {
            Ok(found) => found,
            Err(answer) => return Ok(answer),
        };
        let Some(sso) = &profile.sso else {
            return self.unknown(&no_sso(&profile).into());
        };
        if let Some(session) = &sso.session {
            document.set("ssoSession", session.as_str());
        }
        document.set("startUrl", sso.start_url.as_str());
        document.set("sessionProfiles", session_profiles);

        let session = Session::new(self.settings, sso)?;
        let outlook = self.outlook(&session, document)?;
        let mut valid = self.valid(&session, outlook.as_ref())?;
        if valid.is_none() && session.salvage(self.settings)? {
            valid = self.valid(&session, outlook.as_ref())?;
        }
        if let Some(answer) = valid {
            self.say_unknown(&session, outlook.as_ref())?;
            return Ok(answer);
        }
        let episode = session.token()?.whole().map(|token| time::format(token.expires_at));
        let mut progress = Progress::new(output, &profile);
        let answer = self.get(&profile, &session, outlook.as_ref(), document, &mut progress)?;
        if answer.is_good() {
            self.say_unknown(&session, outlook.as_ref())?;
        }
        // What a person decides holds until the next expiry, also where no signal stands that names this one.
        Ok(if document.contains_key("episode") || answer.is_good() || answer.is_login() {
            answer
        } else {
            answer.with("episode", episode.unwrap_or_else(|| "missing".to_owned()))
        })
    }

    /// Gets a session that isn't there: silently if it can be renewed, else with a person's consent where that is
    /// needed. A question may take minutes, so it comes before the lock.
    fn get(
        &self,
        profile: &Profile,
        session: &Session<'_>,
        outlook: Option<&Outlook<'_>>,
        document: &Document,
        progress: &mut Progress<'_>,
    ) -> anyhow::Result<Answer> {
        session.rehearse()?;
        let permission = self.options.permission(self.settings, document)?;
        if (permission != Permission::Given || outlook.is_some()) && !self.options.force {
            let effort = self.effort(profile, document)?;
            match obtain(session, self.want(outlook), HowFar::Refresh(&effort))? {
                Obtained::Failed(_) => {}
                obtained => return answer(obtained),
            }
        }
        if permission == Permission::Denied {
            return Ok(Answer::dismissed(Some(STANDALONE)));
        }
        // A session that runs is of use to somebody until its end: only a person gives it up for a new one.
        let ends_at = match outlook {
            Some(_) => running_until(session, time::now()?)?,
            None => None,
        };
        if ends_at.is_some()
            && let Some(outlook) = outlook
            && let Some(lasts) = outlook.too_short()?
        {
            return Ok(too_short(outlook, lasts).exiting(Exit::TryLater));
        }
        let asks = permission == Permission::Asked || (ends_at.is_some() && !self.options.is_agreed);
        if asks {
            let valid = || self.valid(session, outlook);
            let occasion = self.occasion(document, outlook, session)?;
            if let Some(answer) = self.consent.ask(profile, session, document, occasion, valid)? {
                return disagreed(profile, session, occasion, answer);
            }
        }
        let effort = self.effort(profile, document)?;
        let mut log_in = || self.log_in(profile, session, outlook.is_some(), effort.deadline, progress);
        let answer = answer(obtain(session, self.want(outlook), HowFar::Login(&effort, &mut log_in))?)?;
        if asks {
            self.consent.keep(profile, session, &answer)?;
        }
        match outlook {
            Some(outlook) if answer.is_good() => self.judged(session, outlook, answer),
            _ => Ok(answer),
        }
    }

    /// How long the session has to last, if any valid one won't do: as `--min-left` says, or, for the signal of an end that is
    /// near, beyond that.
    fn outlook(&self, session: &Session<'_>, document: &Document) -> anyhow::Result<Option<Outlook<'a>>> {
        if let Some(left) = self.options.min_left {
            return Ok(Some(Outlook::lasting(self.settings, session, left)));
        }
        let Some(end) = document.text("episode")?.and_then(episode::end_of) else { return Ok(None) };
        let raised = document.text("timestamp")?.and_then(time::parse);
        Outlook::beyond(self.settings, session, end, raised)
    }

    /// Why a person is asked: a session that runs, and ends too early, or none.
    fn occasion(
        &self,
        document: &Document,
        outlook: Option<&Outlook<'_>>,
        session: &Session<'_>,
    ) -> anyhow::Result<Occasion> {
        let now = time::now()?;
        let token = session.token()?.whole();
        let ends_at = match outlook.zip(token) {
            Some((outlook, token)) => match outlook.of(&token, now)? {
                Prospect::Ends(end) => Some(end).filter(|end| now < *end),
                // Whoever forces a login ends it all the same.
                Prospect::Lasts | Prospect::NeedsRenewal => Some(token.expires_at).filter(|end| now < *end),
            },
            None => None,
        };
        let needed = self.options.min_left.filter(|_| !document.contains_key("mode"));
        Ok(Occasion { ends_at, needed })
    }

    /// The answer after a login for a session that is to last: what AWS gave may be known to end too early.
    fn judged(&self, session: &Session<'_>, outlook: &Outlook<'_>, answer: Answer) -> anyhow::Result<Answer> {
        let now = time::now()?;
        let Some(token) = session.token()?.whole() else { return Ok(answer) };
        let Prospect::Ends(end) = outlook.of(&token, now)? else { return Ok(answer) };
        self.settings.debug(|| format!("the new session ends at {}", time::format(end)));
        let lasts = (end - now).to_std().unwrap_or_default();
        // A new session is as long as AWS makes it, less the seconds since: nothing longer can be had.
        if outlook.is_about(end - now) {
            return Ok(answer);
        }
        let (error, reason) = shortness(outlook, lasts);
        Ok(answer.with("error", error).because(reason).exiting(Exit::TryLater))
    }

    /// Says that nobody knows whether the session lasts as long as --min-left wants. Nothing is claimed, so that the session will do.
    fn say_unknown(&self, session: &Session<'_>, outlook: Option<&Outlook<'_>>) -> anyhow::Result<()> {
        let (Some(outlook), Some(needed)) = (outlook, self.options.min_left) else { return Ok(()) };
        let Some(token) = session.token()?.whole() else { return Ok(()) };
        if outlook.is_unknown(&token, time::now()?)? {
            let (name, needed) = (named(session), format_duration(needed));
            warn(
                self.settings.tool(),
                &format!(
                    "nobody knows yet when {name} ends, so it may not last {needed}; if you know how long \
                     sessions last, set it: export SSO_SESSION_LENGTH=8h"
                ),
            );
        }
        Ok(())
    }

    fn want<'o>(&self, outlook: Option<&'o Outlook<'o>>) -> Want<'o> {
        match outlook {
            _ if self.options.force => Want::New,
            Some(outlook) => Want::Outlasting(outlook),
            None => Want::Valid,
        }
    }

    /// The time for a renewal or login begins now: a person's time to answer isn't the login's.
    fn effort<'b>(&'b self, profile: &'b Profile, document: &Document) -> anyhow::Result<Effort<'b>> {
        let deadline = self.options.deadline(self.settings);
        let timeout = lock_timeout(document, deadline)?;
        // Programs are told at the end, by the outcome.
        let queue = Queue::InLine { timeout, is_told: io::stderr().is_terminal() };
        Ok(Effort { settings: self.settings, profile, deadline, queue })
    }

    fn valid(&self, session: &Session<'_>, outlook: Option<&Outlook<'_>>) -> anyhow::Result<Option<Answer>> {
        let token = obtain(session, self.want(outlook), HowFar::Cached)?.cached();
        Ok(token.map(|token| Answer::valid(token.expires_at)))
    }

    fn log_in(
        &self,
        profile: &Profile,
        session: &Session<'_>,
        ends_old: bool,
        deadline: Instant,
        progress: &mut Progress<'_>,
    ) -> anyhow::Result<Answer> {
        let (via, opens_browser) = (self.options.via.meant(self.settings), self.options.opens_browser);
        let route = match route::find(self.settings, session.sso, via, opens_browser, deadline) {
            Choice::Way(route) => route,
            Choice::NoAws(others) => return Ok(no_aws(&others)),
            Choice::Nobody(why) => {
                let reason = format!(
                    "nobody can log in here: {why}; --via device shows a page and a code to whoever reads the output"
                );
                let hint = format!("sso-login {} --via device", shell_word(&profile.name));
                return Ok(Answer::failed("nobody", reason).hint(hint));
            }
            Choice::TimedOut(asked) => {
                return Ok(Answer::timeout(format!("there was no time to log in: {}", asked.join("; "))));
            }
            Choice::Interrupted(signal) => return Ok(Answer::interrupted(signal)),
        };
        if via == Via::Pkce && session.sso.session.is_none() {
            let name = &profile.name;
            warn(
                self.settings.tool(),
                &format!(
                    "profile `{name}` has no sso_session, so it logs in by the device flow instead of pkce"
                ),
            );
        }
        let forecast = ConsentForecast::new(session, &profile.name, &route)?;
        let forecast = forecast.mended(self.settings, session)?;
        if ends_old && let Some(answer) = self.end_running(profile, session)? {
            return Ok(answer);
        }
        progress.ends_at(deadline);
        progress.expect(Registered::expected(forecast.clone()));
        let answer = match route {
            Route::Aws { aws, uses_code } => {
                self.settings.debug(|| format!("logging in with {} ({})", aws.path.display(), aws.version));
                progress.tell_registration();
                let mut answer =
                    login::login(&aws, profile, session, opens_browser, uses_code, deadline, progress)?;
                if answer.error() == Some(complaint::REJECTED)
                    && let Some(again) = forecast.rejected()?
                {
                    progress.expect(Registered::expected(again));
                    progress.tell_registration();
                    answer =
                        login::login(&aws, profile, session, opens_browser, uses_code, deadline, progress)?;
                }
                answer.with("via", Via::Aws.word())
            }
            Route::Pkce | Route::Device => {
                session.hold_room()?;
                let oidc = &session.oidc(profile)?;
                if let Some(fault) = oidc.refuses(&session.sso.start_url) {
                    return Ok(own_domain(fault));
                }
                let settings = self.settings;
                if matches!(route, Route::Pkce) {
                    let client = forecast.client(session, Flow::AuthorizationCode);
                    let login = PkceLogin { settings, session, oidc, opens_browser };
                    login.run(client, deadline, progress)?.with("via", Via::Pkce.word())
                } else {
                    let client = forecast.client(session, Flow::Device);
                    let login = DeviceLogin { settings, session, oidc, opens_browser };
                    login.run(client, deadline, progress)?.with("via", Via::Device.word())
                }
            }
        };
        Ok(progress.settle(answer))
    }

    /// Ends the session that runs, at the portal and in the cache, since AWS would hand it out again, with its old end. Answers
    /// what came of it if that failed. Role credentials that were fetched by it stay good, and stay.
    fn end_running(&self, profile: &Profile, session: &Session<'_>) -> anyhow::Result<Option<Answer>> {
        let now = time::now()?;
        let token = session.token()?.whole();
        let Some(token) = token.filter(|token| now < token.expires_at || token.is_refreshable(now)) else {
            return Ok(None);
        };
        warn(
            self.settings.tool(),
            &format!(
                "{} is ended at the AWS access portal before the new login, because AWS would otherwise \
                 keep its old end",
                named(session)
            ),
        );
        if let Err(why) = sign_out(self.settings, profile, session, &token)? {
            return Ok(Some(Answer::unreachable(format!(
                "the current session couldn't be ended, and stays: {why}"
            ))));
        }
        // A token that no service takes any more would pass for a valid one.
        session.forget()?;
        Ok(None)
    }

    /// The profile and all profiles of its session; or the answer, if it isn't one to log in with.
    fn resolve(
        &self,
        subject: &Subject,
        document: &Document,
    ) -> anyhow::Result<Result<(Profile, Vec<String>), Answer>> {
        let config = match AwsConfig::load(self.settings) {
            Ok(config) => config,
            Err(err) if status_of(&err) == Exit::Config => return self.unknown(&err).map(Err),
            Err(err) => return Err(err),
        };
        match target::find(&config, subject, document) {
            Ok(profile) => {
                let session_profiles = config.session_profiles(&profile);
                Ok(Ok((profile, session_profiles)))
            }
            Err(err) if status_of(&err) == Exit::Config => self.unknown(&err).map(Err),
            Err(err) => Err(err),
        }
    }

    /// Nothing helps until the config changes: the document says which file, and how it was.
    fn unknown(&self, err: &anyhow::Error) -> anyhow::Result<Answer> {
        let answer = Answer::unknown_profile(format!("{err:#}")).hint_if(hint_of(err));
        let Some(path) = sso_profile::config_file::config_path(self.settings)? else { return Ok(answer) };
        let stamp = config_stamp(&path.to_string_lossy());
        let answer = answer.with("configFile", stamp.file);
        Ok(match stamp.modified {
            Some(modified) => answer.with("configModified", modified),
            None => answer,
        })
    }
}

/// The answer of a command that needs a session for so long, where nobody agreed to a login.
fn disagreed(
    profile: &Profile,
    session: &Session<'_>,
    occasion: Occasion,
    answer: Answer,
) -> anyhow::Result<Answer> {
    let Some(needed) = occasion.needed.filter(|_| answer.outcome() == Outcome::Dismissed) else {
        return Ok(answer);
    };
    let state = match occasion.ends_at {
        Some(end) => format!("ends at {}, but {} are needed", time::format(end), format_duration(needed)),
        None if session.token()?.whole().is_some() => "has expired".to_owned(),
        None => "has no token in the cache (never logged in, or logged out)".to_owned(),
    };
    let name = named(session);
    let answer = match answer.reason() {
        Some(why) => {
            let reason = format!("{name} {state}; {why}");
            answer.because(reason)
        }
        None => answer.because(format!("{name} {state}, and nobody agreed to a new login")),
    };
    let (profile, left) = (shell_word(&profile.name), format_duration(needed).replace(' ', ""));
    Ok(answer.exiting(Exit::LoginRequired).hint(format!("sso-login {profile} --min-left {left} --yes")))
}

/// When the token of a session ends that runs: valid, or waiting for a renewal.
fn running_until(session: &Session<'_>, now: Moment) -> anyhow::Result<Option<Moment>> {
    let token = session.token()?.whole();
    let running = token.filter(|token| now < token.expires_at || token.is_refreshable(now));
    Ok(running.map(|token| token.expires_at))
}

/// The answer where a login would be in vain.
fn too_short(outlook: &Outlook<'_>, lasts: Duration) -> Answer {
    let (error, reason) = shortness(outlook, lasts);
    Answer::failed(error, reason)
}

/// Why a new session is too short, as a word and in words.
fn shortness(outlook: &Outlook<'_>, lasts: Duration) -> (&'static str, String) {
    let whole = |length: Duration| format_duration(Duration::from_secs(length.as_secs().div_ceil(60) * 60));
    let reason = format!("a new session lasts {}, but {} are needed", whole(lasts), whole(outlook.needed()));
    ("short-session", reason)
}

fn own_domain(fault: Fault) -> Answer {
    let err = fault.into();
    Answer::failed("start-url", format!("{err:#}")).exiting(Exit::Config).hint_if(hint_of(&err))
}

fn no_aws(others: &[String]) -> Answer {
    let reason = match others {
        [] => "there is no AWS CLI v2".to_owned(),
        others => format!("there is no AWS CLI v2: {}", others.join("; ")),
    };
    let hint = format!(
        "use --via device, name an AWS CLI v2 in SSO_AWS, or install it: {}",
        aws_cli::how_to_install()
    );
    Answer::failed("no-aws-cli", reason).exiting(Exit::Config).hint(hint)
}

/// The outcome of a login or renewal. What can't be written here is the command's failure (74).
fn answer(obtained: Obtained) -> anyhow::Result<Answer> {
    Ok(match obtained {
        Obtained::Cached(token) => Answer::valid(token.expires_at),
        Obtained::Renewed(token) => Answer::renewed(token.expires_at),
        Obtained::LoggedIn(answer) => answer,
        Obtained::Failed(error) => Answer::failed(error.kind.word(), error.reason()),
        Obtained::Unreachable(refusal) => Answer::unreachable(refusal.to_string()),
        Obtained::TimedOut => Answer::timeout("the SSO service did not answer in time"),
        Obtained::Busy(lock, owner) => Answer::busy(&lock, owner.as_ref()),
        Obtained::Unwritable(err, _) => return Err(err),
    })
}
